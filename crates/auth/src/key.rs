//! DKIM keys. RFC 6376 §3.6.1, RFC 8463.

use rules::Fault;

/// Algorithm of a DKIM key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// RSA, 2048 bits.
    Rsa,
    /// Ed25519.
    Ed25519,
}

/// A private key: PKCS#8 DER. Its `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(pub Vec<u8>);

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey([redacted])")
    }
}

/// A new key and the TXT value that publishes it (`v=DKIM1; k=rsa; p=…`).
///
/// # Errors
/// `dkim.key`.
pub fn generate(_algorithm: Algorithm) -> Result<(PrivateKey, String), Fault> {
    todo!()
}

/// 32 octets from the system's random generator.
///
/// # Errors
/// `random`.
pub fn generate_secret() -> Result<[u8; 32], Fault> {
    todo!()
}
