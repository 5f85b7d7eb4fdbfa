//! SPF, DKIM and DMARC of a message that arrived. RFC 7208, 6376, 9989, 8601.

use std::net::IpAddr;

use dns::Resolver;
use syntax::{Address, Domain};

/// A verdict, always set. RFC 8601 §2.7 names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// pass
    Pass,
    /// fail
    Fail,
    /// softfail
    SoftFail,
    /// neutral
    Neutral,
    /// none
    None,
    /// temperror
    TempError,
    /// permerror
    PermError,
}

/// DMARC policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// none
    None,
    /// quarantine
    Quarantine,
    /// reject
    Reject,
}

/// What arrived.
#[derive(Debug, Clone)]
pub struct Arrived<'a> {
    /// Peer.
    pub ip: IpAddr,
    /// HELO argument.
    pub helo: &'a str,
    /// Reverse-path.
    pub mail_from: Option<&'a Address>,
    /// Message.
    pub message: &'a [u8],
}

/// The verdicts.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Verdicts {
    /// SPF of the reverse-path's domain (of HELO when null).
    pub spf: Verdict,
    /// The domain SPF was evaluated for.
    pub spf_domain: String,
    /// Each DKIM signature: `d=`, `s=`, algorithm (`rsa-sha256`), verdict, reason.
    pub dkim: Vec<Dkim>,
    /// DMARC of the From domain.
    pub dmarc: Verdict,
    /// Published policy, when there is a record.
    pub policy: Option<Policy>,
    /// The From domain, when there is one.
    pub from_domain: Option<Domain>,
}

/// The verdict on one signature.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Dkim {
    /// `d=`
    pub domain: String,
    /// `s=`
    pub selector: String,
    /// `a=`
    pub algorithm: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Why, when not pass.
    pub reason: Option<String>,
}

impl Verdicts {
    /// The Authentication-Results field, name and final CRLF included. RFC 8601.
    pub fn header(&self, _authserv_id: &str) -> String {
        todo!()
    }
}

/// Verifies. Cheap to clone.
#[derive(Clone)]
pub struct Verifier {}

impl Verifier {
    /// Over the servers of `resolver`.
    ///
    /// # Errors
    /// `dns.config`.
    pub fn new(_resolver: &Resolver) -> Result<Self, rules::Fault> {
        todo!()
    }
    /// SPF alone, at MAIL.
    pub async fn spf(&self, _ip: IpAddr, _helo: &str, _mail_from: Option<&Address>) -> (Verdict, String) {
        todo!()
    }
    /// Everything, once the message is there. Never fails: what could not be looked up is `temperror`.
    pub async fn verify(&self, _arrived: &Arrived<'_>) -> Verdicts {
        todo!()
    }
}
