//! How far a domain is: from its row to the first mailbox that may send, each step shown.

use rules::Fault;
use syntax::Domain;

use super::{Check, DomainReport};
use crate::Ops;

/// How far a domain is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DomainState {
    /// The domain.
    pub name: Domain,
    /// The last step that is done, with all before it: `created`, `keys`, `published`, `proved` or `active`.
    pub state: &'static str,
    /// Every step in its order.
    pub steps: Vec<DomainStep>,
}

/// One step of a domain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DomainStep {
    /// Its word.
    pub step: &'static str,
    /// Whether it is done.
    pub done: bool,
    /// How far it is: `11 of 12 record sets are as planned`.
    pub what: String,
    /// What to do when it is not done.
    pub next: Option<String>,
}

impl Ops {
    /// How far a domain is, its records asked for by real queries.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn domain_state(&self, name: &Domain) -> Result<DomainState, Fault> {
        let report = self.show_domain(name).await?;
        let checks = self.check_domain(name).await?;
        let first = match self.store.domain(name).await? {
            Some(domain) => self.store.mailboxes_after(None, Some(&domain.id), "", 1).await?.into_iter().next(),
            None => None,
        };
        Ok(state(name, &report, &checks, first.is_some()))
    }
}

fn state(name: &Domain, report: &DomainReport, checks: &[Check], has_mailbox: bool) -> DomainState {
    let sets = checks.len();
    let count = |fits: fn(&Check) -> bool| checks.iter().filter(|check| fits(check)).count();
    let (there, proved) = (count(|check| !check.found.is_empty() && check.status != "unknown"), count(is_ok));
    let keys = &report.domain.selectors;
    let fix = checks.iter().find(|check| !is_ok(check)).and_then(|check| check.fix.clone());
    let apply = format!("coldrelay domain apply {name}");
    let step = |step, done: bool, what: String, next: Option<String>| DomainStep {
        step,
        done,
        what,
        next: next.filter(|_| !done),
    };
    let steps = vec![
        step("created", true, format!("sends from {} as {}", report.domain.egress_ip, report.domain.mail_host), None),
        step("keys", !keys.is_empty(), format!("DKIM selectors: {}", keys.join(" ")), Some(apply.clone())),
        step("published", there == sets, format!("{there} of {sets} record sets are in the DNS"), Some(apply)),
        step("proved", proved == sets, format!("{proved} of {sets} record sets are as planned"), fix),
        step(
            "active",
            has_mailbox,
            String::from(if has_mailbox { "it has a mailbox" } else { "it has no mailbox" }),
            Some(format!("coldrelay mailbox add ann@{name}")),
        ),
    ];
    let state = steps.iter().take_while(|step| step.done).last().map_or("created", |step| step.step);
    DomainState { name: name.clone(), state, steps }
}

fn is_ok(check: &Check) -> bool {
    check.status == "ok"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DomainSummary;

    fn told(statuses: &[&str], has_mailbox: bool) -> DomainState {
        let name: Domain = "a.test".parse().unwrap();
        let domain = DomainSummary {
            name: name.clone(),
            egress_ip: [192, 0, 2, 1].into(),
            mail_host: name.child("box"),
            catch_all: None,
            dmarc_policy: "reject".into(),
            publisher: "embedded".into(),
            selectors: vec!["r1".into()],
            created_at: None,
        };
        let (planned, changes, notes) = (Vec::new(), Vec::new(), Vec::new());
        let report = DomainReport { domain, planned, changes, zone_text: String::new(), notes };
        let check = |status: &&str| Check {
            name: "a.test MX".into(),
            planned: Vec::new(),
            found: if *status == "missing" { Vec::new() } else { vec!["x".into()] },
            status: (*status).into(),
            entry: None,
            fix: (*status != "ok").then(|| String::from("mend it")),
        };
        let checks: Vec<Check> = statuses.iter().map(check).collect();
        state(&name, &report, &checks, has_mailbox)
    }

    #[test]
    fn a_domain_is_as_far_as_its_first_step_that_is_not_done() {
        assert_eq!(told(&["ok", "missing"], true).state, "keys");
        assert_eq!(
            told(&["ok", "unknown"], true).state,
            "keys",
            "what could not be looked at is not known to be there"
        );
        assert_eq!(told(&["ok", "different"], true).state, "published");
        assert_eq!(told(&["ok", "ok"], false).state, "proved");
        assert_eq!(told(&["ok", "ok"], true).state, "active");
        let steps = told(&["ok", "different"], true).steps;
        let proved = steps.iter().find(|step| step.step == "proved").unwrap();
        assert_eq!(
            (proved.what.as_str(), proved.next.as_deref()),
            ("1 of 2 record sets are as planned", Some("mend it"))
        );
    }
}
