//! SPF, DKIM and DMARC of a message that arrived. RFC 7208, 6376, 9989, 8601.

use std::net::IpAddr;

use dns::Resolver;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, Error, MessageAuthenticator, SpfOutput, SpfResult,
    dkim::DkimError,
    dmarc::{self, verify::DmarcParameters},
    spf::verify::SpfParameters,
};
use rules::{Blame, Fault, Retry};
use syntax::{Address, Domain, Message, parse_from};

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

impl Verdict {
    /// The name of RFC 8601 §2.7.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::None => "none",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
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
    /// Each DKIM signature.
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
    /// Whether the From domain vouches for the message: DMARC, or a DKIM signature or SPF of that domain or one that it
    /// is within or holds.
    pub fn author_is_proved(&self) -> bool {
        let Some(from) = &self.from_domain else { return false };
        let is_akin =
            |name: &str| Domain::parse(name).is_ok_and(|domain| domain.is_within(from) || from.is_within(&domain));
        let signed = self.dkim.iter().any(|dkim| dkim.verdict == Verdict::Pass && is_akin(&dkim.domain));
        self.dmarc == Verdict::Pass || signed || (self.spf == Verdict::Pass && is_akin(&self.spf_domain))
    }

    /// The Authentication-Results field, name and final CRLF included. RFC 8601.
    pub fn header(&self, authserv_id: &str) -> String {
        let mut results = vec![format!("spf={} smtp.mailfrom={}", self.spf.as_str(), token(&self.spf_domain))];
        for dkim in &self.dkim {
            results.push(format!(
                "dkim={} header.d={} header.s={} header.a={}",
                dkim.verdict.as_str(),
                token(&dkim.domain),
                token(&dkim.selector),
                token(&dkim.algorithm)
            ));
        }
        if self.dkim.is_empty() {
            results.push(String::from("dkim=none"));
        }
        let from = self.from_domain.as_ref().map(|domain| format!(" header.from={domain}")).unwrap_or_default();
        results.push(format!("dmarc={}{from}", self.dmarc.as_str()));
        format!("Authentication-Results: {authserv_id};\r\n\t{}\r\n", results.join(";\r\n\t"))
    }
}

/// A value of the message that cannot end the field or begin another result.
fn token(value: &str) -> String {
    let is_safe = |letter: &char| letter.is_ascii_alphanumeric() || "-._@+".contains(*letter);
    let token: String = value.chars().filter(is_safe).take(255).collect();
    if token.is_empty() { String::from("unknown") } else { token }
}

/// Verifies. Cheap to clone.
#[derive(Clone)]
pub struct Verifier {
    inner: MessageAuthenticator,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// Over the servers of `resolver`.
    ///
    /// # Errors
    /// `dns.config`.
    pub fn new(resolver: &Resolver) -> Result<Self, Fault> {
        let (config, options) = resolver.parts();
        let inner = MessageAuthenticator::new(config, options).map_err(|error| {
            Fault::new("dns.config", Blame::Operator, Retry::AfterChange).caused_by(error.to_string())
        })?;
        Ok(Self { inner })
    }

    /// SPF alone, at MAIL: the verdict and the domain it is about.
    pub async fn spf(&self, ip: IpAddr, helo: &str, mail_from: Option<&Address>) -> (Verdict, String) {
        let output = self.spf_output(ip, helo, mail_from).await;
        (spf_verdict(output.result()), spf_domain(helo, mail_from))
    }

    /// The DKIM signatures of a message alone: of one that came back, whose peer nobody knows.
    pub async fn dkim(&self, message: &[u8]) -> Vec<Dkim> {
        let Some(parsed) = AuthenticatedMessage::parse(message) else { return Vec::new() };
        self.inner.verify_dkim(&parsed).await.iter().map(dkim_of).collect()
    }

    /// The library's own.
    pub(crate) fn inner(&self) -> &MessageAuthenticator {
        &self.inner
    }

    /// Everything, once the message is there. Never fails: what could not be looked up is `temperror`.
    pub async fn verify(&self, arrived: &Arrived<'_>) -> Verdicts {
        let spf = self.spf_output(arrived.ip, arrived.helo, arrived.mail_from).await;
        let mut verdicts = Verdicts {
            spf: spf_verdict(spf.result()),
            spf_domain: spf_domain(arrived.helo, arrived.mail_from),
            dkim: Vec::new(),
            dmarc: Verdict::None,
            policy: None,
            from_domain: from_domain(arrived.message),
        };
        self.look(arrived.message, arrived, &spf, &mut verdicts).await;
        let has_failed = verdicts.dkim.iter().any(|dkim| dkim.verdict == Verdict::Fail);
        if let Some(plain) = without_blank_tail(arrived.message).filter(|_| has_failed) {
            // Lines of white space at the end are hashed by mail-auth 0.13 and dropped by RFC 6376 §3.4.4.
            self.look(&plain, arrived, &spf, &mut verdicts).await;
        }
        verdicts
    }

    async fn look(&self, message: &[u8], arrived: &Arrived<'_>, spf: &SpfOutput, verdicts: &mut Verdicts) {
        let Some(parsed) = AuthenticatedMessage::parse(message) else { return };
        let dkim = self.inner.verify_dkim(&parsed).await;
        verdicts.dkim = dkim.iter().map(dkim_of).collect();
        if verdicts.from_domain.is_none() {
            // RFC 9989: without exactly one From domain there is nothing to be aligned with.
            verdicts.dmarc = Verdict::PermError;
            return;
        }
        let mail_from = spf_domain(arrived.helo, arrived.mail_from);
        let dmarc = self.inner.verify_dmarc(DmarcParameters::new(&parsed, &dkim, &mail_from, spf)).await;
        verdicts.dmarc = dmarc_verdict(&dmarc.result());
        verdicts.policy = match dmarc.policy() {
            dmarc::Policy::None => Some(Policy::None),
            dmarc::Policy::Quarantine => Some(Policy::Quarantine),
            dmarc::Policy::Reject => Some(Policy::Reject),
            dmarc::Policy::Unspecified => None,
        };
    }

    pub(crate) async fn spf_output(&self, ip: IpAddr, helo: &str, mail_from: Option<&Address>) -> SpfOutput {
        match mail_from {
            Some(address) => {
                let sender = address.to_string();
                self.inner.verify_spf(SpfParameters::verify_mail_from(ip, helo, helo, &sender)).await
            }
            // RFC 7208 §2.4: a null reverse-path is checked as postmaster of the HELO name.
            None => self.inner.verify_spf(SpfParameters::verify_ehlo(ip, helo, helo)).await,
        }
    }
}

fn spf_domain(helo: &str, mail_from: Option<&Address>) -> String {
    mail_from.map_or_else(|| helo.to_ascii_lowercase(), |address| address.domain().to_string())
}

/// The domain of the one address in the one From field.
fn from_domain(message: &[u8]) -> Option<Domain> {
    let parsed = Message::parse(message).ok()?;
    let mut fields = parsed.all("From");
    let (field, second) = (fields.next()?, fields.next());
    if second.is_some() {
        return None;
    }
    parse_from(&field.value()).ok().map(|from| from.address.domain().clone())
}

fn without_blank_tail(message: &[u8]) -> Option<Vec<u8>> {
    let trimmed = message.trim_ascii_end();
    let mut plain = trimmed.to_vec();
    plain.extend_from_slice(b"\r\n");
    (plain.len() < message.len()).then_some(plain)
}

fn spf_verdict(result: SpfResult) -> Verdict {
    match result {
        SpfResult::Pass => Verdict::Pass,
        SpfResult::Fail => Verdict::Fail,
        SpfResult::SoftFail => Verdict::SoftFail,
        SpfResult::Neutral => Verdict::Neutral,
        SpfResult::TempError => Verdict::TempError,
        SpfResult::PermError => Verdict::PermError,
        SpfResult::None => Verdict::None,
    }
}

fn dkim_of(output: &DkimOutput<'_>) -> Dkim {
    let (verdict, reason) = match output.result() {
        DkimResult::Pass => (Verdict::Pass, None),
        // The library calls it neutral; the signature was there and its test failed. RFC 8601 §2.7.1
        DkimResult::Neutral(error @ Error::Dkim(DkimError::FailedBodyHashMatch)) => (Verdict::Fail, Some(error)),
        DkimResult::Neutral(error) => (Verdict::Neutral, Some(error)),
        DkimResult::Fail(error) => (Verdict::Fail, Some(error)),
        DkimResult::PermError(error) => (Verdict::PermError, Some(error)),
        DkimResult::TempError(error) => (Verdict::TempError, Some(error)),
        DkimResult::None => (Verdict::None, None),
    };
    let signature = output.signature();
    Dkim {
        domain: signature.map(|signature| signature.d.clone()).unwrap_or_default(),
        selector: signature.map(|signature| signature.s.clone()).unwrap_or_default(),
        algorithm: signature.map(|signature| algorithm(&format!("{:?}", signature.a))).unwrap_or_default(),
        verdict,
        reason: reason.map(ToString::to_string),
    }
}

/// `RsaSha256` → `rsa-sha256`.
fn algorithm(name: &str) -> String {
    name.to_ascii_lowercase().replace("sha", "-sha")
}

fn dmarc_verdict(result: &DmarcResult) -> Verdict {
    match result {
        DmarcResult::Pass => Verdict::Pass,
        DmarcResult::Fail(_) => Verdict::Fail,
        DmarcResult::TempError(_) => Verdict::TempError,
        DmarcResult::PermError(_) => Verdict::PermError,
        DmarcResult::None => Verdict::None,
    }
}
