//! Publishers: ways to make the DNS say what is planned. One file each.

mod provider;
mod rfc2136;

pub use provider::Provider;
pub use rfc2136::Rfc2136;

use async_trait::async_trait;
use rules::Fault;

use crate::Change;

/// Carries out changes in a zone. The embedded DNS and the printed zone file are done by `ops`.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Carries out `changes` in `zone`; all of one owner and type together.
    ///
    /// # Errors
    /// `publish.refused`, `publish.unreachable`, `publish.config`.
    async fn publish(&self, zone: &str, changes: &[Change]) -> Result<(), Fault>;
}
