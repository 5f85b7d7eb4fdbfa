//! Domains: plan, apply, diff, show, check, change of keys.

mod facts;
mod proof;
mod publishing;
mod rotation;
mod state;

use std::net::IpAddr;

use auth::Algorithm;
use dns::{Change, DkimRecord, Plan, Record, diff, plan, write_zone, zones};
use rules::{Blame, Fault, Retry, event::Event, rotation::selectors};
use store::{DkimKey, NewDomain, SendingDomain};
use syntax::{Address, Domain, Timestamp};

pub use facts::name_deeds;
pub use proof::Check;
pub use rotation::{RotatedKey, Rotation, RotationStep};
pub use state::{DomainState, DomainStep};

use crate::{Ops, Publishing};

/// Seconds that planned records may be remembered.
const TTL: u32 = 300;
/// What stands in a plan for a key that is not made yet.
const KEY_TO_BE_MADE: &str = "v=DKIM1; p=(made by apply)";

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
    pub catch_all: Option<Option<Address>>,
}

/// What plan, apply, diff and show tell.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DomainReport {
    /// The domain.
    pub domain: DomainSummary,
    /// Planned records.
    pub planned: Vec<Record>,
    /// What differs from what the DNS says (or what was changed, for apply).
    pub changes: Vec<Change>,
    /// Planned records as zone files, one after another.
    pub zone_text: String,
    /// What the operator should know besides.
    pub notes: Vec<String>,
}

/// A domain as it is, or as it would be.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DomainSummary {
    /// Name.
    pub name: Domain,
    /// Dedicated egress IP.
    pub egress_ip: IpAddr,
    /// Mail host.
    pub mail_host: Domain,
    /// Where mail for unknown local parts goes.
    pub catch_all: Option<Address>,
    /// `none`, `quarantine` or `reject`.
    pub dmarc_policy: String,
    /// `embedded`, `rfc2136`, `provider` or `print`.
    pub publisher: String,
    /// Selectors of its keys.
    pub selectors: Vec<String>,
    /// When it was made; absent when it is only planned.
    pub created_at: Option<Timestamp>,
}

impl Ops {
    /// What `apply` would make and publish. Nothing is written; keys of a new domain are shown as `(made by apply)`.
    ///
    /// # Errors
    /// `domain.*`, `store.*`, `dns.*`
    pub async fn plan_domain(&self, request: &DomainRequest) -> Result<DomainReport, Fault> {
        let (summary, keys) = match self.store.domain(&request.name).await? {
            Some(domain) => {
                let keys = self.store.dkim_keys(&domain.id).await?;
                (summary(&changed(domain, request), &keys), published(&keys))
            }
            None => {
                let selectors = self.new_selectors();
                let keys = selectors
                    .iter()
                    .map(|(selector, _)| DkimRecord { selector: selector.clone(), txt: String::from(KEY_TO_BE_MADE) });
                let keys = keys.collect::<Vec<_>>();
                (self.new_summary(request, &keys)?, keys)
            }
        };
        let planned = planned(&summary, keys)?;
        let actual = self.actual(&planned).await?;
        Ok(report(summary, planned.clone(), diff(&planned, &actual), Vec::new()))
    }

    /// Makes what is missing (row, keys), publishes what differs. A second apply changes nothing.
    ///
    /// # Errors
    /// `domain.*`, `store.*`, `dns.*`, `publish.*`
    pub async fn apply_domain(&self, request: &DomainRequest) -> Result<DomainReport, Fault> {
        check_policy(request)?;
        let domain = match self.store.domain(&request.name).await? {
            Some(domain) => self.update(domain, request).await?,
            None => self.make(request).await?,
        };
        self.bring_to_plan(&domain).await
    }

    /// Publishes what differs from the plan.
    async fn bring_to_plan(&self, domain: &SendingDomain) -> Result<DomainReport, Fault> {
        let keys = self.store.dkim_keys(&domain.id).await?;
        let summary = summary(domain, &keys);
        let planned = planned(&summary, published(&keys))?;
        let (changes, notes) = self.publish(domain, &planned).await?;
        if !changes.is_empty() {
            let event = Event::DomainPublished { domain: domain.name.clone(), changes: changes.len() };
            self.store.record(vec![event]).await?;
        }
        Ok(report(summary, planned, changes, notes))
    }

    /// Drift: plan against live queries.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`, `dns.*`
    pub async fn diff_domain(&self, name: &Domain) -> Result<DomainReport, Fault> {
        let (summary, planned) = self.planned_of(name).await?;
        let actual = self.actual(&planned).await?;
        let changes = diff(&planned, &actual);
        Ok(report(summary, planned, changes, Vec::new()))
    }

    /// Plan and state, without queries.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn show_domain(&self, name: &Domain) -> Result<DomainReport, Fault> {
        let (summary, planned) = self.planned_of(name).await?;
        Ok(report(summary, planned, Vec::new(), Vec::new()))
    }

    /// Every domain, by name.
    ///
    /// # Errors
    /// `store.*`
    pub async fn domains(&self) -> Result<Vec<DomainSummary>, Fault> {
        let mut summaries = Vec::new();
        for domain in self.store.domains(None).await? {
            let keys = self.store.dkim_keys(&domain.id).await?;
            summaries.push(summary(&domain, &keys));
        }
        Ok(summaries)
    }

    async fn planned_of(&self, name: &Domain) -> Result<(DomainSummary, Vec<Record>), Fault> {
        let domain = self.store.domain(name).await?.ok_or_else(|| unknown(name))?;
        let keys = self.store.dkim_keys(&domain.id).await?;
        let summary = summary(&domain, &keys);
        let planned = planned(&summary, published(&keys))?;
        Ok((summary, planned))
    }

    async fn make(&self, request: &DomainRequest) -> Result<SendingDomain, Fault> {
        let egress_ip = request.egress_ip.ok_or_else(|| no_ip(request))?;
        let workspace = self.store.ensure_workspace(&request.workspace).await?;
        let keys = make_keys(self.new_selectors()).await?;
        let new = NewDomain {
            workspace: workspace.id,
            name: request.name.clone(),
            egress_ip,
            mail_host: request.name.child("box"),
            dmarc_policy: request.dmarc_policy.clone().unwrap_or_else(default_policy),
            publisher: self.publishing.name().into(),
            keys,
        };
        let domain = self.store.add_domain(new).await?;
        self.update(domain, request).await
    }

    async fn update(&self, domain: SendingDomain, request: &DomainRequest) -> Result<SendingDomain, Fault> {
        let wanted = SendingDomain { publisher: self.publishing.name().into(), ..changed(domain.clone(), request) };
        let is_same = wanted.egress_ip == domain.egress_ip
            && wanted.catch_all == domain.catch_all
            && wanted.dmarc_policy == domain.dmarc_policy
            && wanted.publisher == domain.publisher;
        if !is_same {
            self.store.update_domain(&wanted).await?;
        }
        Ok(wanted)
    }

    /// Dated, so that keys can be changed one after another.
    fn new_selectors(&self) -> [(String, Algorithm); 2] {
        let (rsa, ed25519) = selectors(&self.store.clock().now().day(), &[]);
        [(rsa, Algorithm::Rsa), (ed25519, Algorithm::Ed25519)]
    }

    fn new_summary(&self, request: &DomainRequest, keys: &[DkimRecord]) -> Result<DomainSummary, Fault> {
        check_policy(request)?;
        Ok(DomainSummary {
            name: request.name.clone(),
            egress_ip: request.egress_ip.ok_or_else(|| no_ip(request))?,
            mail_host: request.name.child("box"),
            catch_all: request.catch_all.clone().flatten(),
            dmarc_policy: request.dmarc_policy.clone().unwrap_or_else(default_policy),
            publisher: self.publishing.name().into(),
            selectors: keys.iter().map(|key| key.selector.clone()).collect(),
            created_at: None,
        })
    }
}

impl Publishing {
    /// Its name in the store and in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Rfc2136(_) => "rfc2136",
            Self::Provider(_) => "provider",
            Self::Print => "print",
        }
    }
}

async fn make_keys(wanted: [(String, Algorithm); 2]) -> Result<Vec<DkimKey>, Fault> {
    let mut keys = Vec::new();
    for (selector, algorithm) in wanted {
        // Some hundred milliseconds of computing: not on the threads that serve.
        let made = tokio::task::spawn_blocking(move || auth::generate(algorithm)).await;
        let (key, txt) = made.map_err(|error| Fault::new("dkim.key", Blame::Us, Retry::Later).caused_by(error))??;
        let algorithm = algorithm.as_str().into();
        keys.push(DkimKey { selector, algorithm, private_key: key.0, txt, active: true });
    }
    Ok(keys)
}

fn changed(domain: SendingDomain, request: &DomainRequest) -> SendingDomain {
    SendingDomain {
        egress_ip: request.egress_ip.unwrap_or(domain.egress_ip),
        catch_all: request.catch_all.clone().unwrap_or(domain.catch_all),
        dmarc_policy: request.dmarc_policy.clone().unwrap_or(domain.dmarc_policy),
        ..domain
    }
}

pub(crate) fn summary(domain: &SendingDomain, keys: &[DkimKey]) -> DomainSummary {
    DomainSummary {
        name: domain.name.clone(),
        egress_ip: domain.egress_ip,
        mail_host: domain.mail_host.clone(),
        catch_all: domain.catch_all.clone(),
        dmarc_policy: domain.dmarc_policy.clone(),
        publisher: domain.publisher.clone(),
        selectors: keys.iter().map(|key| key.selector.clone()).collect(),
        created_at: Some(domain.created_at),
    }
}

fn published(keys: &[DkimKey]) -> Vec<DkimRecord> {
    keys.iter().map(|key| DkimRecord { selector: key.selector.clone(), txt: key.txt.clone() }).collect()
}

fn planned(summary: &DomainSummary, dkim: Vec<DkimRecord>) -> Result<Vec<Record>, Fault> {
    let reports = Address::new("reports", summary.name.clone())
        .map_err(|malformed| Fault::caller("domain.name", format!("{}: {malformed}", summary.name)))?;
    Ok(plan(&Plan {
        domain: summary.name.clone(),
        mail_host: summary.mail_host.clone(),
        egress_ips: vec![summary.egress_ip],
        dkim,
        dmarc_policy: summary.dmarc_policy.clone(),
        reports,
        // The id names the version of the policy, which changes with the mail host alone.
        mta_sts_id: Some(summary.created_at.map_or_else(|| String::from("1"), Timestamp::day)),
        ttl: TTL,
    }))
}

fn report(domain: DomainSummary, planned: Vec<Record>, changes: Vec<Change>, notes: Vec<String>) -> DomainReport {
    let zones = zones(&domain.name, &planned);
    let zone_text = zones.iter().map(write_zone).collect::<Vec<_>>().join("\n");
    DomainReport { domain, planned, changes, zone_text, notes }
}

fn default_policy() -> String {
    String::from("reject")
}

fn check_policy(request: &DomainRequest) -> Result<(), Fault> {
    match request.dmarc_policy.as_deref() {
        None | Some("none" | "quarantine" | "reject") => Ok(()),
        Some(other) => {
            let what = format!("DMARC policy `{other}`: use none, quarantine or reject");
            Err(Fault::caller("domain.dmarc-policy", what))
        }
    }
}

fn no_ip(request: &DomainRequest) -> Fault {
    let what = format!("{} is new: say which IP it sends from, with --egress-ip", request.name);
    Fault::caller("domain.egress-ip", what)
}

/// There is no such domain.
pub(crate) fn unknown(name: &Domain) -> Fault {
    let what =
        format!("{name} is not a domain of this installation: `coldrelay domain apply {name} --egress-ip IP` makes it");
    Fault::caller("domain.unknown", what)
}
