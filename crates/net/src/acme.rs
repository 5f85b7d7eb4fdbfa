//! Certificates from a CA by ACME (RFC 8555). The protocol is `instant-acme`'s; sockets, bounds, and the words in which a refusal
//! is told are ours.
//!
//! Whoever orders answers the CA's challenges ([`Answers`]) and says where its hosts are ([`Lookup`]): this floor has no resolver.

mod order;
mod wire;

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use instant_acme::{Account, AccountCredentials, NewAccount, Problem};
use rules::{Blame, Fault, Retry};

use crate::ClientTls;
use wire::Wire;

/// Longest text of a CA that is kept.
const LONGEST_TEXT: usize = 1000;

/// A CA and what it is told.
#[derive(Clone)]
pub struct Acme {
    /// URL of its directory.
    pub directory: String,
    /// Where it may write to: an address.
    pub contact: Option<String>,
    /// Whether its terms of service are agreed to.
    pub terms_agreed: bool,
    /// Roots (DER) that are trusted beside the public ones, for its own HTTPS.
    pub roots: Vec<Vec<u8>>,
    /// Which challenge is answered.
    pub challenge: Challenge,
    /// Where its hosts are.
    pub lookup: Arc<dyn Lookup>,
    /// Longest wait for one request.
    pub request_limit: Duration,
    /// Longest wait for an order to be ready, and again for the certificate.
    pub order_limit: Duration,
}

impl std::fmt::Debug for Acme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acme")
            .field("directory", &self.directory)
            .field("challenge", &self.challenge)
            .finish_non_exhaustive()
    }
}

/// How it is shown that a name is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Challenge {
    /// A TXT record at `_acme-challenge.<name>`. RFC 8555 §8.4
    #[serde(rename = "dns-01")]
    Dns,
    /// A file at `http://<name>/.well-known/acme-challenge/<token>`, port 80. RFC 8555 §8.3
    #[serde(rename = "http-01")]
    Http,
}

/// What answers one challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The name that is to be shown to be ours.
    pub name: String,
    /// Token of the challenge: the last part of the path.
    pub token: String,
    /// Key authorization: the body of the file.
    pub answer: String,
    /// Its digest: the text of the record.
    pub record: String,
}

/// Makes the world see proofs.
#[async_trait]
pub trait Answers: Send + Sync {
    /// Returns once they can be seen.
    ///
    /// # Errors
    /// Why they cannot be shown.
    async fn show(&self, proofs: &[Proof]) -> Result<(), Fault>;
}

/// Finds hosts.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// Addresses of a host, to be tried in order.
    ///
    /// # Errors
    /// `dns.*`
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Fault>;
}

/// A certificate that was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The chain, PEM, the certificate of the names first.
    pub chain: String,
    /// Its private key, PEM.
    pub key: String,
    /// Begin of its life, in seconds since 1970.
    pub not_before: i64,
    /// End of its life, in seconds since 1970.
    pub not_after: i64,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued")
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// An order that came to nothing.
#[derive(Debug)]
pub struct Refused {
    /// `acme.unreachable`, `acme.broken`, `acme.rate-limited`, `acme.challenge-failed`, `acme.refused`, `acme.account-unknown`,
    /// `acme.terms`, or the fault of whoever should have shown the proofs.
    pub fault: Fault,
    /// Retry-After, as the CA wrote it.
    pub retry_after: Option<String>,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self { fault, retry_after: None }
    }
}

/// An account at a CA. Cheap to make from its credentials; it is used for one order.
pub struct AcmeAccount {
    acme: Acme,
    account: Account,
    wire: Wire,
}

impl Acme {
    /// Makes an account. Its credentials, JSON with a private key, are to be kept where nobody else reads them.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn register(&self) -> Result<(AcmeAccount, String), Refused> {
        if !self.terms_agreed {
            return Err(Fault::new("acme.terms", Blame::Operator, Retry::AfterChange)
                .context(format!(
                    "the terms of service of {} are not agreed to: read them there, and set `acme.terms_agreed = true`",
                    self.directory
                ))
                .into());
        }
        let wire = self.wire();
        let contact: Vec<String> = self.contact.iter().map(|address| format!("mailto:{address}")).collect();
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let made = Account::builder_with_http(Box::new(wire.clone())).create(&new, self.directory.clone(), None).await;
        let (account, credentials) = made.map_err(|error| self.refused(error, &wire, "making an account"))?;
        let credentials =
            serde_json::to_string(&credentials).map_err(|error| broken(&self.directory).caused_by(error))?;
        Ok((AcmeAccount { acme: self.clone(), account, wire }, credentials))
    }

    /// The account of these credentials.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn account(&self, credentials: &str) -> Result<AcmeAccount, Refused> {
        let wire = self.wire();
        let credentials: AccountCredentials = serde_json::from_str(credentials).map_err(|error| {
            Fault::new("acme.account-unknown", Blame::Us, Retry::Later)
                .context("reading the kept credentials of the account")
                .caused_by(error)
        })?;
        let found = Account::builder_with_http(Box::new(wire.clone())).from_credentials(credentials).await;
        let account = found.map_err(|error| self.refused(error, &wire, "reading the directory"))?;
        Ok(AcmeAccount { acme: self.clone(), account, wire })
    }

    fn wire(&self) -> Wire {
        Wire::new(self.lookup.clone(), ClientTls::verified_by(&self.roots), self.request_limit)
    }

    /// A failure in our words, with the CA's.
    fn refused(&self, error: instant_acme::Error, wire: &Wire, doing: &str) -> Refused {
        use instant_acme::Error;
        let retry_after = wire.retry_after();
        let fault = match error {
            Error::Api(problem) => told(&problem),
            Error::Other(other) => match other.downcast::<Fault>() {
                Ok(fault) => *fault,
                Err(other) => broken(&self.directory).caused_by(other),
            },
            // What is no problem document is no answer of ACME: a proxy's page, an overloaded server.
            Error::Json(_) if wire.was_busy() => limited().context("it answered that it is busy"),
            other => broken(&self.directory).caused_by(other),
        };
        Refused { fault: fault.context(format!("{doing} at {}", self.directory)), retry_after }
    }
}

fn broken(directory: &str) -> Fault {
    Fault::new("acme.broken", Blame::Peer, Retry::Later)
        .context(format!("what answers at {directory} does not speak ACME as RFC 8555 has it"))
}

fn limited() -> Fault {
    Fault::new("acme.rate-limited", Blame::Peer, Retry::Later)
}

/// What a problem document says. RFC 8555 §6.7
fn told(problem: &Problem) -> Fault {
    let kind =
        problem.r#type.as_deref().and_then(|urn| urn.strip_prefix("urn:ietf:params:acme:error:")).unwrap_or_default();
    let fault = match kind {
        "rateLimited" => limited(),
        "accountDoesNotExist" => Fault::new("acme.account-unknown", Blame::Peer, Retry::Later),
        "badNonce" | "serverInternal" => Fault::new("acme.broken", Blame::Peer, Retry::Later),
        "caa" | "connection" | "dns" | "incorrectResponse" | "tls" | "unauthorized" => {
            Fault::new("acme.challenge-failed", Blame::Operator, Retry::AfterChange)
        }
        _ => Fault::new("acme.refused", Blame::Operator, Retry::AfterChange),
    };
    fault.context(text_of(problem))
}

/// Type and words, those of its parts too; bounded, and on one line.
fn text_of(problem: &Problem) -> String {
    let mut text = problem.detail.clone().unwrap_or_else(|| "the CA gave no reason".to_owned());
    if let Some(kind) = &problem.r#type {
        text.push_str(&format!(" ({kind})"));
    }
    for part in &problem.subproblems {
        text.push_str(&format!("; {}", part.detail.as_deref().unwrap_or_default()));
    }
    text.chars().take(LONGEST_TEXT).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
