//! Live checks: one file a check; each returns a [`Finding`] that is always set and carries its
//! evidence. What could not be looked up is unknown, never good.
//!
//! The ids are those of `reference`'s `catalogue/checks.toml`. Reading order: [`Facts`], [`Finding`], [`Checks::run`].

mod dkim;
mod dmarc;
mod finding;
mod mx;
mod ptr;
mod spf;

use std::net::IpAddr;

use auth::Verifier;
use dns::Resolver;
use rules::Fault;
use syntax::Domain;

pub use finding::{Finding, State};

/// What is known about a refusal; a check that needs more than is known does not run.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The domain in From and in the envelope sender.
    pub domain: Option<Domain>,
    /// The IP that sent.
    pub ip: Option<IpAddr>,
    /// The DKIM selector.
    pub selector: Option<String>,
    /// The recipient's domain.
    pub recipient_domain: Option<Domain>,
}

/// Checks over one resolver.
#[derive(Debug)]
pub struct Checks {
    resolver: Resolver,
    verifier: Verifier,
}

impl Checks {
    /// Over that resolver.
    ///
    /// # Errors
    /// `dns.config`.
    pub fn new(resolver: Resolver) -> Result<Self, Fault> {
        let verifier = Verifier::new(&resolver)?;
        Ok(Self { resolver, verifier })
    }

    /// Runs the check of that id; `None` when there is no such live check, or a fact that it needs is
    /// not known.
    pub async fn run(&self, id: &str, facts: &Facts) -> Option<Finding> {
        match id {
            "spf" => Some(spf::look(&self.verifier, facts.domain.as_ref()?, facts.ip?).await),
            "dkim" => Some(dkim::look(&self.resolver, facts.domain.as_ref()?, facts.selector.as_deref()?).await),
            "dmarc" => Some(dmarc::look(&self.resolver, facts.domain.as_ref()?).await),
            "ptr" => Some(ptr::look(&self.resolver, facts.ip?).await),
            "sender-mx" => Some(mx::look(&self.resolver, "sender-mx", facts.domain.as_ref()?).await),
            "recipient-mx" => Some(mx::look(&self.resolver, "recipient-mx", facts.recipient_domain.as_ref()?).await),
            _ => None,
        }
    }
}
