//! Keyed hashes of high-entropy secrets.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The installation's secret key. Its `Debug` is redacted.
#[derive(Clone)]
pub struct Key(pub [u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key([redacted])")
    }
}

/// HMAC-SHA-256 of a generated password, lower-case hex.
pub fn hash_password(key: &Key, password: &str) -> String {
    digest(key, "password", password.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Compares in constant time.
pub fn verify_password(key: &Key, password: &str, hash: &str) -> bool {
    same(&hash_password(key, password), hash)
}

/// HMAC-SHA-256 of a token that was made at random, lower-case hex; `purpose` keeps kinds of tokens apart.
pub fn hash_token(key: &Key, purpose: &str, token: &str) -> String {
    digest(key, &format!("token/{purpose}"), token.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Compares in constant time.
pub fn same(left: &str, right: &str) -> bool {
    let difference = left.bytes().zip(right.bytes()).fold(0, |sum, (left, right)| sum | (left ^ right));
    left.len() == right.len() && difference == 0
}

/// A key of its own for one purpose.
pub fn derive(key: &Key, purpose: &str) -> Key {
    Key(digest(key, "derive", purpose.as_bytes()))
}

/// HMAC-SHA-256 over a purpose and some octets: one key serves several purposes without mixing them.
pub(crate) fn digest(key: &Key, purpose: &str, octets: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(octets);
    mac.finalize().into_bytes().into()
}

/// A name that nobody can guess without the key and that is unique as long as `seed` is: for Message-IDs.
pub fn unguessable(key: &Key, seed: &str) -> String {
    digest(key, "name", seed.as_bytes()).iter().take(12).map(|octet| format!("{octet:02x}")).collect()
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
fn keyed(key: &Key) -> Hmac<Sha256> {
    Hmac::new_from_slice(&key.0).expect("any key length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_keyed_hash() {
        let (key, other) = (Key([1; 32]), Key([2; 32]));
        let hash = hash_password(&key, "correct horse");
        assert_eq!(hash.len(), 64);
        assert!(verify_password(&key, "correct horse", &hash));
        assert!(!verify_password(&key, "wrong", &hash));
        assert!(!verify_password(&other, "correct horse", &hash));
        assert!(!verify_password(&key, "correct horse", ""));
    }

    #[test]
    fn the_key_does_not_show() {
        assert_eq!(format!("{:?}", Key([7; 32])), "Key([redacted])");
    }
}
