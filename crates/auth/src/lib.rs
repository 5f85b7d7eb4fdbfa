//! SPF, DKIM and DMARC, signed and verified over mail-auth (its only door); SPF evaluated by ourselves, with a trace; key
//! generation.

mod arc;
mod dmarc;
mod key;
mod seal;
mod sign;
mod spf;
mod verify;

pub use dmarc::{
    DmarcMethod, DmarcNote, DmarcRecord, DmarcStep, DmarcWalk, Psd, is_dmarc, organizational_domain, parse_dmarc,
    walk_dmarc,
};
pub use key::{Algorithm, PrivateKey, generate, generate_secret};
pub use seal::{seal, unseal};
pub use sign::{Signer, SigningKey};
pub use spf::{
    BadTerm, Directive, Lengths, MAX_LOOKUPS, MAX_VOIDS, Mechanism, Qualifier, SpfProblem, SpfQuery, SpfRecord,
    SpfReport, SpfStep, SpfSurvey, evaluate_spf, is_spf, parse_spf, survey_spf,
};
pub use verify::{Arrived, Dkim, Policy, Verdict, Verdicts, Verifier};
