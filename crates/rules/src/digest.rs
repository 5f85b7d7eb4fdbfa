//! What tells whether a file is as it was written. FIPS 180-4.

use sha2::{Digest as _, Sha256};

/// SHA-256 of octets that come in pieces.
#[derive(Debug, Clone, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// Takes a piece.
    pub fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    /// Lower-case hex.
    pub fn hex(self) -> String {
        self.0.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// Of octets that are there whole.
    pub fn of(octets: &[u8]) -> String {
        let mut digest = Self::default();
        digest.update(octets);
        digest.hex()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_as_the_whole() {
        let mut digest = Digest::default();
        digest.update(b"a");
        digest.update(b"bc");
        // FIPS 180-4, example "abc".
        assert_eq!(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Digest::of(b"").len(), 64);
    }
}
