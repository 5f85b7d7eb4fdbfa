//! TLS on both sides. rustls with aws-lc-rs.

use std::{path::Path, sync::Arc};

use rules::Fault;

/// What a server shows.
#[derive(Clone)]
pub struct ServerTls(pub(crate) Arc<rustls::ServerConfig>);

/// What a client trusts.
#[derive(Clone)]
pub struct ClientTls(pub(crate) Arc<rustls::ClientConfig>);

impl ServerTls {
    /// A new self-signed certificate for these names.
    ///
    /// # Errors
    /// `tls.certificate`.
    pub fn self_signed(_names: &[String]) -> Result<Self, Fault> {
        todo!()
    }
    /// A self-signed certificate kept in `folder` (made on first use, key readable by the owner only).
    ///
    /// # Errors
    /// `tls.certificate`.
    pub fn kept_in(_folder: &Path, _names: &[String]) -> Result<Self, Fault> {
        todo!()
    }
    /// From PEM files.
    ///
    /// # Errors
    /// `tls.certificate`.
    pub fn from_pem(_certificate: &Path, _key: &Path) -> Result<Self, Fault> {
        todo!()
    }
}

impl ClientTls {
    /// Encrypts without checking who is there: opportunistic STARTTLS. RFC 7435.
    pub fn opportunistic() -> Self {
        todo!()
    }
    /// Checks the certificate against the public roots.
    pub fn verified() -> Self {
        todo!()
    }
}
