//! DKIM signing with every active key of a domain.

use rules::Fault;
use syntax::Domain;

use crate::{Algorithm, PrivateKey};

/// One key to sign with.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// `d=`
    pub domain: Domain,
    /// `s=`
    pub selector: String,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// Key.
    pub key: PrivateKey,
}

/// Signs.
pub struct Signer {}

impl Signer {
    /// With these keys, one signature each.
    ///
    /// # Errors
    /// `dkim.key`: a key that cannot be read.
    pub fn new(_keys: &[SigningKey]) -> Result<Self, Fault> {
        todo!()
    }
    /// The message with its DKIM-Signature fields on top (body normalised so that every verifier agrees).
    ///
    /// # Errors
    /// `dkim.sign`.
    pub fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, Fault> {
        todo!()
    }
}
