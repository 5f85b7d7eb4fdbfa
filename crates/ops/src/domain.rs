//! Domains: plan, apply, diff, show, check.

use std::net::IpAddr;

use dns::{Change, Record};
use rules::Fault;
use store::SendingDomain;
use syntax::Domain;

use crate::Ops;

/// A domain asked for.
#[derive(Debug, Clone)]
pub struct DomainRequest {
    /// Name.
    pub name: Domain,
    /// Workspace, `default` when not said.
    pub workspace: String,
    /// Dedicated egress IP; required the first time.
    pub egress_ip: Option<IpAddr>,
    /// `none`, `quarantine`, `reject`; `reject` when not said.
    pub dmarc_policy: Option<String>,
    /// `Some(None)` turns it off.
    pub catch_all: Option<Option<syntax::Address>>,
}

/// What plan, apply, diff and show tell.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DomainReport {
    /// The domain.
    pub domain: SendingDomain,
    /// Planned records.
    pub planned: Vec<Record>,
    /// What differs from what the DNS says (or what was changed, for apply).
    pub changes: Vec<Change>,
    /// Planned records as zone files, one per zone.
    pub zone_text: String,
}

/// One live proof: a planned record and what a real query says.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Check {
    /// Owner and type.
    pub name: String,
    /// Planned.
    pub planned: String,
    /// Answered.
    pub found: Vec<String>,
    /// `ok`, `missing`, `different`, `unknown` (could not look).
    pub status: String,
    /// Reference entry when not ok.
    pub entry: Option<String>,
    /// What to do when not ok.
    pub fix: Option<String>,
}

impl Ops {
    /// What `apply` would make and publish. Nothing is written; keys of a new domain are shown as `(made by apply)`.
    ///
    /// # Errors
    /// `domain.*`, `store.*`, `dns.*`
    pub async fn plan_domain(&self, _request: &DomainRequest) -> Result<DomainReport, Fault> {
        todo!()
    }
    /// Makes what is missing (row, keys), publishes what differs. A second apply changes nothing.
    ///
    /// # Errors
    /// `domain.*`, `store.*`, `dns.*`, `publish.*`
    pub async fn apply_domain(&self, _request: &DomainRequest) -> Result<DomainReport, Fault> {
        todo!()
    }
    /// Drift: plan against live queries.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`, `dns.*`
    pub async fn diff_domain(&self, _name: &Domain) -> Result<DomainReport, Fault> {
        todo!()
    }
    /// Plan and state, without queries.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn show_domain(&self, _name: &Domain) -> Result<DomainReport, Fault> {
        todo!()
    }
    /// Proof by real queries, one check a planned record set.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn check_domain(&self, _name: &Domain) -> Result<Vec<Check>, Fault> {
        todo!()
    }
}
