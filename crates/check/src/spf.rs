//! SPF of a domain for an IP. RFC 7208.

use std::net::IpAddr;

use auth::{Verdict, Verifier};
use syntax::{Address, Domain};

use crate::{Finding, State};

pub(crate) async fn look(verifier: &Verifier, domain: &Domain, ip: IpAddr) -> Finding {
    let sender = Address::new("postmaster", domain.clone()).ok();
    let (verdict, about) = verifier.spf(ip, domain.as_str(), sender.as_ref()).await;
    let state = match verdict {
        Verdict::Pass => State::Ok,
        Verdict::TempError => State::Unknown,
        _ => State::Bad,
    };
    Finding::new("spf", state, format!("SPF of {about} for {ip}: {}", verdict.as_str()))
}
