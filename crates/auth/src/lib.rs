//! SPF, DKIM and DMARC, signed and verified over mail-auth (its only door); key generation.

mod key;
mod sign;
mod verify;

pub use key::{Algorithm, PrivateKey, generate, generate_secret};
pub use sign::{Signer, SigningKey};
pub use verify::{Arrived, Dkim, Policy, Verdict, Verdicts, Verifier};
