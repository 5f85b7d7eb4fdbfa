//! Proof by real queries: does the DNS say what is planned?

use std::collections::BTreeMap;

use dns::{Data, Record, diff};
use rules::Fault;
use syntax::Domain;

use crate::Ops;

/// One live proof: a planned record set and what a real query says.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Check {
    /// Owner and type.
    pub name: String,
    /// Planned.
    pub planned: Vec<String>,
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
    /// Proof by real queries, one check a planned record set.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn check_domain(&self, name: &Domain) -> Result<Vec<Check>, Fault> {
        let (summary, planned) = self.planned_of(name).await?;
        let mut sets: BTreeMap<(String, &'static str), Vec<Record>> = BTreeMap::new();
        for record in planned {
            sets.entry((record.owner.clone(), record.data.kind())).or_default().push(record);
        }
        let mut checks = Vec::new();
        for ((owner, kind), wanted) in sets {
            checks.push(self.check_set(&summary.name, &owner, kind, &wanted).await);
        }
        Ok(checks)
    }

    pub(super) async fn check_set(&self, domain: &Domain, owner: &str, kind: &str, wanted: &[Record]) -> Check {
        let check = |found: Vec<Data>, status: &str| {
            let entry = (status != "ok").then(|| entry_of(owner, kind, wanted));
            Check {
                name: format!("{owner} {kind}"),
                planned: wanted.iter().map(|record| record.data.rdata()).collect(),
                found: found.iter().map(Data::rdata).collect(),
                status: status.into(),
                fix: entry.map(|entry| fix_of(entry, domain)),
                entry: entry.map(String::from),
            }
        };
        let found = match self.resolver.records(owner, kind).await {
            Ok(found) => found.records(),
            Err(fault) => {
                let mut check = check(Vec::new(), "unknown");
                check.found = vec![fault.to_string()];
                return check;
            }
        };
        let actual: Vec<Record> = found.iter().map(|data| Record::new(owner, 0, data.clone())).collect();
        let status = match (diff(wanted, &actual).is_empty(), found.is_empty()) {
            (true, _) => "ok",
            (false, true) => "missing",
            (false, false) => "different",
        };
        check(found, status)
    }
}

fn entry_of(owner: &str, kind: &str, wanted: &[Record]) -> &'static str {
    let text = wanted.iter().find_map(|record| match &record.data {
        Data::Txt(text) => Some(text.as_str()),
        _ => None,
    });
    match (kind, text) {
        ("TXT", Some(text)) if text.starts_with("v=spf1") => "spf-record-wrong",
        ("TXT", Some(_)) if owner.contains("._domainkey.") => "dkim-record-wrong",
        ("TXT", Some(text)) if text.starts_with("v=DMARC1") => "dmarc-record-wrong",
        ("TXT", Some(text)) if text.starts_with("v=STSv1") => "mta-sts-record-wrong",
        ("TXT", Some(text)) if text.starts_with("v=TLSRPTv1") => "tls-rpt-record-wrong",
        ("MX", _) => "mx-record-wrong",
        ("PTR", _) => "ptr-wrong",
        ("A" | "AAAA", _) => "address-record-wrong",
        _ => "service-record-wrong",
    }
}

fn fix_of(entry: &str, domain: &Domain) -> String {
    let step = reference::entry(entry).and_then(|page| page.steps.first().map(|step| step.title.clone()));
    let apply = format!("`coldrelay domain apply {domain}` publishes it");
    step.map_or_else(|| apply.clone(), |step| format!("{step} ({apply})"))
}
