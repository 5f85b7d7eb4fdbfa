//! A provider's API, over the `dns-update` crate.

use async_trait::async_trait;
use rules::Fault;

use crate::{Change, publish::Publisher};

/// An account at a provider.
#[derive(Clone)]
pub struct Provider {
    /// `cloudflare`, `digitalocean`, `desec`, `ovh`…
    pub name: String,
    /// API token.
    pub token: String,
}

#[async_trait]
impl Publisher for Provider {
    async fn publish(&self, _zone: &str, _changes: &[Change]) -> Result<(), Fault> {
        todo!()
    }
}
