//! Keyed hashes of high-entropy secrets.

/// The installation's secret key. Its `Debug` is redacted.
#[derive(Clone)]
pub struct Key(pub [u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key([redacted])")
    }
}

/// HMAC-SHA-256 of a generated password, lower-case hex.
pub fn hash_password(_key: &Key, _password: &str) -> String {
    todo!()
}

/// Compares in constant time.
pub fn verify_password(_key: &Key, _password: &str, _hash: &str) -> bool {
    todo!()
}
