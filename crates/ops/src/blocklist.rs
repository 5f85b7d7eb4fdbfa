//! Blocklists and our own IPs and domains: looked at on a schedule, with a history and an event for each change.

use std::time::Duration;

use check::{BlocklistReport, Blocklists, Checks, Choice, Subject, ZoneReport};
use net::Stop;
use rules::{Fault, event::Event, listing::Listing, reach::Reach};
use store::{ListingPeriod, SeenListing};
use tokio::task::JoinSet;

use crate::Ops;

#[cfg(test)]
mod tests;

/// Subjects that are looked at at the same time. Each asks all zones at once; test points are asked once for all.
const AT_ONCE: usize = 8;
/// Shortest and longest time between two looks at what is due.
const TICK: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(60));

/// How our own IPs and domains are watched.
#[derive(Debug, Clone)]
pub struct BlocklistWatch {
    /// How lists are asked.
    pub blocklists: Blocklists,
    /// Time between two looks at the same subject.
    pub interval: Duration,
    /// Which IPs are asked about: no list knows private ones.
    pub reach: Reach,
}

/// What lists say of one of our IPs or domains, over time.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ListedSubject {
    /// The IP or domain.
    pub subject: String,
    /// What holds now and what was, what began last first.
    pub periods: Vec<ListingPeriod>,
}

/// Most periods of one subject that are shown.
const HISTORY: u32 = 500;

impl Ops {
    /// Every egress IP and every domain of the installation.
    ///
    /// # Errors
    /// `store.*`
    pub async fn blocklist_subjects(&self) -> Result<Vec<Subject>, Fault> {
        let mut subjects = Vec::new();
        for domain in self.store.domains(None).await? {
            for subject in [Subject::ip(domain.egress_ip), Subject::Domain(domain.name)] {
                if !subjects.contains(&subject) {
                    subjects.push(subject);
                }
            }
        }
        Ok(subjects)
    }

    /// Whether it is an IP or a domain of the installation.
    ///
    /// # Errors
    /// `store.*`
    pub async fn is_own_subject(&self, subject: &Subject) -> Result<bool, Fault> {
        Ok(self.blocklist_subjects().await?.contains(subject))
    }

    /// Writes down what the zones say of a subject of ours; the events of what has changed.
    ///
    /// # Errors
    /// `store.*`
    pub async fn keep_listings(&self, report: &BlocklistReport) -> Result<Vec<Event>, Fault> {
        self.store.see_listings(&report.about, report.zones.iter().map(seen).collect()).await
    }

    /// What lists say and said of these subjects; of all of ours for none.
    ///
    /// # Errors
    /// `blocklist.unknown` for one that was never looked at, `store.*`
    pub async fn listing_history(&self, subjects: &[Subject]) -> Result<Vec<ListedSubject>, Fault> {
        let own = self.blocklist_subjects().await?;
        let mut all = Vec::new();
        for subject in if subjects.is_empty() { own.as_slice() } else { subjects } {
            let periods = self.store.listing_history(&subject.to_string(), HISTORY).await?;
            if periods.is_empty() && !subjects.is_empty() && !own.contains(subject) {
                let what = format!("{subject} is none of our IPs and domains, and has no history");
                return Err(Fault::caller("blocklist.unknown", what));
            }
            all.push(ListedSubject { subject: subject.to_string(), periods });
        }
        Ok(all)
    }

    /// Looks at every IP and domain of ours whose time has come; the events of what has changed.
    ///
    /// # Errors
    /// `store.*`, `dns.config`
    pub async fn look_at_blocklists(&self, watch: &BlocklistWatch) -> Result<Vec<Event>, Fault> {
        let due = self.due_subjects(watch).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let checks = Checks::new(self.resolver.clone())?.with_blocklists(watch.blocklists.clone());
        let mut due = due.into_iter();
        let (mut running, mut events) = (JoinSet::new(), Vec::new());
        loop {
            while running.len() < AT_ONCE
                && let Some(subject) = due.next()
            {
                let checks = checks.clone();
                running.spawn(async move { checks.blocklist(&subject, &Choice::default()).await });
            }
            let Some(ended) = running.join_next().await else { return Ok(events) };
            // A look that was cancelled has seen nothing; it is due again.
            if let Ok(report) = ended {
                events.extend(self.keep_listings(&report?).await?);
            }
        }
    }

    async fn due_subjects(&self, watch: &BlocklistWatch) -> Result<Vec<Subject>, Fault> {
        let (now, asked) = (self.store.clock().now(), self.store.listings_asked_at().await?);
        let is_due = |subject: &Subject| {
            let last = asked.get(&subject.to_string());
            subject.within(watch.reach).is_ok() && last.is_none_or(|last| *last + watch.interval <= now)
        };
        Ok(self.blocklist_subjects().await?.into_iter().filter(is_due).collect())
    }
}

impl BlocklistWatch {
    /// Looks again and again until it is stopped. What cannot be looked at now is tried at the next tick.
    pub(crate) async fn run(self, ops: Ops, mut stop: Stop) {
        let tick = (self.interval / 10).clamp(TICK.0, TICK.1);
        loop {
            let look = async {
                if let Err(fault) = ops.look_at_blocklists(&self).await {
                    tracing::warn!(code = fault.code, %fault, "blocklists cannot be looked at now");
                }
                tokio::time::sleep(tick).await;
            };
            tokio::select! {
                () = stop.stopped() => return,
                () = look => {}
            }
        }
    }
}

fn seen(zone: &ZoneReport) -> SeenListing {
    SeenListing {
        zone: zone.zone.to_owned(),
        state: zone.state,
        codes: zone.codes.iter().map(|told| told.code.to_string()).fold(Vec::new(), |mut codes, code| {
            if codes.last() != Some(&code) {
                codes.push(code);
            }
            codes
        }),
        bad: zone.state == Listing::Listed && zone.codes.iter().any(|told| told.bad),
        reason: zone.reason.clone(),
        why: zone.why.clone(),
    }
}
