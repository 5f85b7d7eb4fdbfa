//! Bounces by cause.

use std::{collections::BTreeMap, time::Duration};

use rules::{Fault, id::WorkspaceId};
use store::BounceCount;
use syntax::Timestamp;

use super::overview::start_of_day;
use crate::Ops;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Groups of cause, destination and day that are read; beyond that only rare ones are missing.
const GROUPS: u32 = 5_000;
/// Destinations told of each cause.
const DESTINATIONS: usize = 5;

/// A cause of bounces.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BounceCause {
    /// Reference entry; `None`: the refusals were not told apart.
    pub entry: Option<String>,
    /// Its title.
    pub title: String,
    /// The first step of the fix.
    pub fix: String,
    /// Recipients.
    pub count: u64,
    /// Recipients of each day, oldest first.
    pub trend: Vec<u64>,
    /// Destinations with most of them, the most first.
    pub destinations: Vec<(String, u64)>,
}

impl Ops {
    /// Bounces of the last days by cause, the most first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn desk_bounces(&self, workspace: Option<&WorkspaceId>, days: u32) -> Result<Vec<BounceCause>, Fault> {
        let now = self.store.clock().now();
        let counts = self.store.bounce_counts(workspace, now - DAY * days, GROUPS).await?;
        Ok(by_cause(&counts, now, days))
    }
}

fn by_cause(counts: &[BounceCount], now: Timestamp, days: u32) -> Vec<BounceCause> {
    let mut causes: BTreeMap<Option<&str>, Vec<&BounceCount>> = BTreeMap::new();
    for count in counts {
        causes.entry(count.entry.as_deref()).or_default().push(count);
    }
    let mut causes: Vec<BounceCause> =
        causes.into_iter().map(|(entry, counts)| cause(entry, &counts, now, days)).collect();
    causes.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.title.cmp(&other.title)));
    causes
}

fn cause(entry: Option<&str>, counts: &[&BounceCount], now: Timestamp, days: u32) -> BounceCause {
    let page = entry.and_then(reference::entry);
    let mut destinations: BTreeMap<&str, u64> = BTreeMap::new();
    for count in counts {
        *destinations.entry(&count.to_domain).or_default() += count.count;
    }
    let mut destinations: Vec<(String, u64)> =
        destinations.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    destinations.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    destinations.truncate(DESTINATIONS);
    let on = |day: Timestamp| counts.iter().filter(|count| count.day == day).map(|count| count.count).sum();
    let first = start_of_day(now) - DAY * days;
    let fix = page.and_then(|page| page.steps.first()).map(|step| step.title.clone());
    BounceCause {
        entry: page.map(|page| page.id.clone()),
        title: page
            .map_or_else(|| entry.unwrap_or("Refusals that were not told apart").to_owned(), |page| page.title.clone()),
        fix: fix.unwrap_or_else(|| String::from("Read the reply in the message's timeline")),
        count: counts.iter().map(|count| count.count).sum(),
        trend: (0..=days).map(|number| on(first + DAY * number)).collect(),
        destinations,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounces_are_put_together_by_cause_the_most_first() {
        let now = Timestamp::from_micros(1_795_435_200_000_000);
        let count = |entry: &str, to: &str, back: u32, count: u64| BounceCount {
            entry: Some(entry.to_owned()),
            to_domain: to.to_owned(),
            day: start_of_day(now) - DAY * back,
            count,
        };
        let counts = [
            count("550-5-1-1", "a.test", 0, 2),
            count("550-5-1-1", "b.test", 1, 3),
            count("552-5-2-2", "a.test", 0, 1),
        ];
        let causes = by_cause(&counts, now, 7);
        assert_eq!(causes[0].count, 5);
        assert_eq!(causes[0].destinations, [("b.test".to_owned(), 3), ("a.test".to_owned(), 2)]);
        assert_eq!(causes[0].trend, [0, 0, 0, 0, 0, 0, 3, 2]);
        assert!(!causes[0].title.is_empty() && !causes[0].fix.is_empty());
        assert_eq!(causes[1].count, 1);
    }
}
