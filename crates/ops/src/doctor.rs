//! Everything around the program that must be right for it to work, looked at once: what is wrong, and how to put it right.
//!
//! Nothing is changed: a database of an older schema is not brought up to date, and the ports are given back at once.

mod database;
mod listeners;
mod mail;
mod place;

use std::{net::SocketAddr, path::PathBuf};

use check::{Checks, State};
use rules::Fault;
use serde::Serialize;
use syntax::Timestamp;

use crate::Installation;

/// What is looked at.
pub struct Doctor {
    /// Database, data folder, configuration.
    pub installation: Installation,
    /// Looks into the DNS.
    pub checks: Checks,
    /// Where `serve` listens by TCP: the setting and the address.
    pub listen: Vec<(&'static str, SocketAddr)>,
    /// Where the embedded DNS listens.
    pub listen_dns: Vec<SocketAddr>,
    /// Where health is served.
    pub listen_http: Vec<SocketAddr>,
    /// The certificate: file, and whether it is one of our own making.
    pub certificate: PathBuf,
    /// Whether the configuration names it; else it is self-signed.
    pub has_certificate: bool,
    /// Connections at the same time that the configuration asks for, over all listeners.
    pub connections: u64,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Diagnosis {
    /// Stable id: `disk.room`.
    pub id: String,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub seen: String,
    /// How to put it right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The entry of the reference that says more: `coldrelay explain <entry>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
}

impl Diagnosis {
    fn ok(id: &str, seen: impl Into<String>) -> Self {
        Self { id: id.to_owned(), state: State::Ok, seen: seen.into(), fix: None, entry: None }
    }
    fn warn(id: &str, seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { state: State::Warn, fix: Some(fix.into()), ..Self::ok(id, seen) }
    }
    fn bad(id: &str, seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { state: State::Bad, fix: Some(fix.into()), ..Self::ok(id, seen) }
    }
    fn unknown(id: &str, seen: impl Into<String>) -> Self {
        Self { state: State::Unknown, ..Self::ok(id, seen) }
    }
    fn explained(self, entry: &str) -> Self {
        Self { entry: reference::entry(entry).map(|entry| entry.id.clone()), ..self }
    }
}

impl Doctor {
    /// Looks at everything; `tell` hears of each as it comes.
    pub async fn examine(&self, now: Timestamp, tell: &mut (dyn FnMut(&Diagnosis) + Send)) -> Vec<Diagnosis> {
        let mut found = Vec::new();
        let mut note = |more: Vec<Diagnosis>| {
            more.iter().for_each(&mut *tell);
            found.extend(more);
        };
        let is_serving = place::is_serving(&self.installation.data_dir);
        note(place::look(self));
        note(listeners::look(self, is_serving).await);
        note(mail::certificate(self, now));
        note(mail::resolver(self).await);
        let database = database::look(self, now).await;
        let domains = database.domains.clone();
        note(database.found);
        if is_serving {
            note(listeners::readiness(self).await);
        }
        for domain in domains {
            note(mail::domain(self, &domain).await);
        }
        found
    }
}

/// The worst of them.
pub fn worst(found: &[Diagnosis]) -> State {
    found.iter().map(|one| one.state).max().unwrap_or(State::Ok)
}

fn of_fault(id: &str, fault: &Fault, fix: &str) -> Diagnosis {
    Diagnosis::bad(id, format!("{fault} [{}]", fault.code), fix)
}
