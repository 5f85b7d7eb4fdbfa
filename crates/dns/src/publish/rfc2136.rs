//! Dynamic update with TSIG. RFC 2136, RFC 8945.

use std::net::SocketAddr;

use async_trait::async_trait;
use rules::Fault;

use crate::{Change, publish::Publisher};

/// An authoritative server that takes updates.
#[derive(Clone)]
pub struct Rfc2136 {
    /// The server.
    pub server: SocketAddr,
    /// TSIG key name.
    pub key_name: String,
    /// TSIG secret, base64.
    pub secret: String,
    /// `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
    pub algorithm: String,
}

#[async_trait]
impl Publisher for Rfc2136 {
    async fn publish(&self, _zone: &str, _changes: &[Change]) -> Result<(), Fault> {
        todo!()
    }
}
