//! Making the DNS say what is planned.

use std::collections::BTreeSet;

use dns::{Change, Found, Record, diff, publish::Publisher, zones};
use rules::Fault;
use store::{SendingDomain, ZoneRecord};

use crate::{Ops, Publishing};

/// What was changed, and what the operator should know besides.
type Published = (Vec<Change>, Vec<String>);

impl Ops {
    pub(super) async fn publish(&self, domain: &SendingDomain, planned: &[Record]) -> Result<Published, Fault> {
        match &self.publishing {
            Publishing::Embedded => self.publish_embedded(domain, planned).await,
            Publishing::Rfc2136(publisher) => self.publish_by(publisher, domain, planned).await,
            Publishing::Provider(publisher) => self.publish_by(publisher, domain, planned).await,
            Publishing::Print => {
                let actual = self.actual(planned).await?;
                let note = String::from("nothing was published: put the printed records into your DNS");
                Ok((diff(planned, &actual), vec![note]))
            }
        }
    }

    /// Through the store: the embedded DNS, in this process or another, loads them from there.
    async fn publish_embedded(&self, domain: &SendingDomain, planned: &[Record]) -> Result<Published, Fault> {
        let mut there = Vec::new();
        for record in self.store.zone_records(&domain.id).await? {
            let data = dns::Data::parse(&record.kind, &record.rdata)?;
            there.push(Record { owner: record.owner, ttl: record.ttl, data });
        }
        let changes = diff(planned, &there);
        self.store.set_zone_records(&domain.id, rows(domain, planned)).await?;
        Ok((changes, Vec::new()))
    }

    async fn publish_by(
        &self,
        publisher: &dyn Publisher,
        domain: &SendingDomain,
        planned: &[Record],
    ) -> Result<Published, Fault> {
        let mut published = Vec::new();
        let mut notes = Vec::new();
        for zone in zones(&domain.name, planned) {
            let changes = diff(&zone.records, &self.actual(&zone.records).await?);
            if changes.is_empty() {
                continue;
            }
            let is_reverse = zone.origin.ends_with(".arpa");
            let origin = if is_reverse { zone.origin.clone() } else { self.apex(&zone.origin).await };
            match publisher.publish(&origin, &changes).await {
                Ok(()) => published.extend(changes),
                // Reverse DNS mostly belongs to whoever the IP comes from.
                Err(fault) if is_reverse => notes.push(format!(
                    "reverse DNS was not set ({fault}): ask whoever gave you {} for the name {}",
                    domain.egress_ip, domain.mail_host
                )),
                Err(fault) => return Err(fault.context(format!("publishing {}", zone.origin))),
            }
        }
        Ok((published, notes))
    }

    /// Takes records out of the DNS that are in no plan any more. What the embedded DNS serves follows the plan by itself.
    pub(super) async fn withdraw(&self, domain: &SendingDomain, gone: &[Record]) -> Result<Vec<String>, Fault> {
        let publisher: &dyn Publisher = match &self.publishing {
            Publishing::Embedded => return Ok(Vec::new()),
            Publishing::Rfc2136(publisher) => publisher,
            Publishing::Provider(publisher) => publisher,
            Publishing::Print => {
                let note = |record: &Record| format!("take {} {} out of your DNS", record.owner, record.data.kind());
                return Ok(gone.iter().map(note).collect());
            }
        };
        let mut there = self.actual(gone).await?;
        there.retain(|record| gone.iter().any(|other| other.owner == record.owner && other.data == record.data));
        let changes: Vec<Change> = there.into_iter().map(|record| Change::Remove { record }).collect();
        if !changes.is_empty() {
            let origin = self.apex(domain.name.as_str()).await;
            publisher
                .publish(&origin, &changes)
                .await
                .map_err(|fault| fault.context(format!("publishing {origin}")))?;
        }
        Ok(Vec::new())
    }

    /// The zone that a sub-domain's records go into: the nearest name above that has name servers.
    pub(crate) async fn apex(&self, name: &str) -> String {
        let mut candidate = name;
        loop {
            if let Ok(Found::Records(_)) = self.resolver.records(candidate, "NS").await {
                return candidate.to_owned();
            }
            match candidate.split_once('.') {
                Some((_, parent)) if parent.contains('.') => candidate = parent,
                _ => return name.to_owned(),
            }
        }
    }

    /// What live queries say at the owners and types of a plan.
    pub(super) async fn actual(&self, planned: &[Record]) -> Result<Vec<Record>, Fault> {
        let sets: BTreeSet<(&str, &str)> =
            planned.iter().map(|record| (record.owner.as_str(), record.data.kind())).collect();
        let mut actual = Vec::new();
        for (owner, kind) in sets {
            let found = self.resolver.records(owner, kind).await?;
            actual.extend(found.records().into_iter().map(|data| Record::new(owner, 0, data)));
        }
        Ok(actual)
    }
}

fn rows(domain: &SendingDomain, planned: &[Record]) -> Vec<ZoneRecord> {
    let rows = zones(&domain.name, planned).into_iter().flat_map(|zone| {
        zone.records.into_iter().map(move |record| ZoneRecord {
            zone: zone.origin.clone(),
            owner: record.owner,
            ttl: record.ttl,
            kind: record.data.kind().into(),
            rdata: record.data.rdata(),
        })
    });
    rows.collect()
}
