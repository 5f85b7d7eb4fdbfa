//! SPF of a domain for an IP. RFC 7208.

use std::net::IpAddr;

use auth::Verdict;
use syntax::{Address, Domain};

use crate::{Checks, Finding, Kind, State};

const RESULT: Kind = Kind::outbound("spf.result", "spf", "RFC 7208 §2.6");

pub(crate) const KINDS: &[&Kind] = &[&RESULT];

impl Checks {
    /// Whether the domain, as envelope sender, allows that IP.
    pub async fn spf(&self, domain: &Domain, ip: IpAddr) -> Vec<Finding> {
        let sender = Address::new("postmaster", domain.clone()).ok();
        let (verdict, about) = self.verifier.spf(ip, domain.as_str(), sender.as_ref()).await;
        let state = match verdict {
            Verdict::Pass => State::Ok,
            Verdict::TempError => State::Unknown,
            _ => State::Bad,
        };
        vec![RESULT.found(state, format!("SPF of {about} for {ip}: {}", verdict.as_str()))]
    }
}
