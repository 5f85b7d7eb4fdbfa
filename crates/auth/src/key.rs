//! DKIM keys. RFC 6376 §3.6.1, RFC 8463.

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rand::{SecureRandom as _, SystemRandom},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use rules::{Blame, Fault, Retry};

/// Algorithm of a DKIM key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// RSA, 2048 bits.
    Rsa,
    /// Ed25519.
    Ed25519,
}

impl Algorithm {
    /// `rsa` or `ed25519`: the `k=` tag, and how the store keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        }
    }

    /// Reads [`Algorithm::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Rsa, Self::Ed25519].into_iter().find(|algorithm| algorithm.as_str() == text)
    }
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
pub fn generate(algorithm: Algorithm) -> Result<(PrivateKey, String), Fault> {
    let (private, public) = match algorithm {
        Algorithm::Rsa => rsa()?,
        Algorithm::Ed25519 => ed25519()?,
    };
    let txt = format!("v=DKIM1; k={}; p={}", algorithm.as_str(), syntax::encode_base64(&public));
    Ok((PrivateKey(private), txt))
}

/// 32 octets from the system's random generator.
///
/// # Errors
/// `random`.
pub fn generate_secret() -> Result<[u8; 32], Fault> {
    let mut secret = [0; 32];
    SystemRandom::new()
        .fill(&mut secret)
        .map_err(|error| Fault::new("random", Blame::Operator, Retry::Later).caused_by(error.to_string()))?;
    Ok(secret)
}

/// PKCS#8 and SubjectPublicKeyInfo.
fn rsa() -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(fault)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(fault)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(fault)?;
    Ok((private.as_ref().to_vec(), public.as_ref().to_vec()))
}

/// PKCS#8 and the bare 32 octets (RFC 8463 §4).
fn ed25519() -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(fault)?;
    let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).map_err(|error| fault_of(error.to_string()))?;
    Ok((private.as_ref().to_vec(), pair.public_key().as_ref().to_vec()))
}

fn fault(error: aws_lc_rs::error::Unspecified) -> Fault {
    fault_of(error.to_string())
}

pub(crate) fn fault_of(error: impl Into<String>) -> Fault {
    Fault::new("dkim.key", Blame::Us, Retry::Later).caused_by(error.into())
}
