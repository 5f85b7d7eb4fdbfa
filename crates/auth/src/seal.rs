//! Secrets that must be read again, sealed for the database. AES-256-GCM, NIST SP 800-38D.

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use rules::{Blame, Fault, Retry, secret::Key};

/// Length of a nonce, in octets.
const NONCE: usize = 12;

/// Seals octets under a key: a nonce made at random, then the text and its tag, in base64. `about` (the owner's id) must be
/// the same when it is opened, so that a sealed value cannot be moved to another row.
///
/// # Errors
/// `secret.seal`
pub fn seal(key: &Key, about: &str, octets: &[u8]) -> Result<String, Fault> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, &key.0).map_err(|_| broken())?;
    let mut text = octets.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(about.as_bytes()), &mut text).map_err(|_| broken())?;
    let sealed: Vec<u8> = nonce.as_ref().iter().copied().chain(text).collect();
    Ok(syntax::encode_base64(&sealed))
}

/// Opens what [`seal`] made.
///
/// # Errors
/// `secret.seal` when the key, the owner or the text is another.
pub fn unseal(key: &Key, about: &str, sealed: &str) -> Result<Vec<u8>, Fault> {
    let sealed = syntax::decode_base64(sealed).ok_or_else(broken)?;
    let (nonce, text) = sealed.split_at_checked(NONCE).ok_or_else(broken)?;
    let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, &key.0).map_err(|_| broken())?;
    let mut text = text.to_vec();
    let open = key.open_in_place(nonce, Aad::from(about.as_bytes()), &mut text).map_err(|_| broken())?;
    Ok(open.to_vec())
}

fn broken() -> Fault {
    Fault::new("secret.seal", Blame::Operator, Retry::AfterChange)
        .context("a sealed secret cannot be opened: is secret.key the one that the database was made with?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_with_its_key_for_its_owner_only() {
        let (key, other) = (Key([1; 32]), Key([2; 32]));
        let sealed = seal(&key, "ann", b"secret").unwrap();
        assert_eq!(unseal(&key, "ann", &sealed).unwrap(), b"secret");
        assert!(unseal(&key, "bob", &sealed).is_err());
        assert!(unseal(&other, "ann", &sealed).is_err());
        assert!(unseal(&key, "ann", "AAAA").is_err());
        assert_ne!(seal(&key, "ann", b"secret").unwrap(), sealed);
    }
}
