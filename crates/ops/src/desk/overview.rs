//! What needs attention, and how much there is.

use std::{collections::BTreeMap, time::Duration};

use rules::{Fault, id::WorkspaceId, listing::Listing};
use store::{DayTally, DeskCounts, ListingPeriod, MailboxFilter, MailboxRow, MailboxState, WaitingRow};
use syntax::Timestamp;

use super::BounceCause;
use crate::Ops;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Days of the chart, today included.
const DAYS: u32 = 14;
/// A message that waits longer than that is worth a look: greylisting and a busy host are over by then.
const LONG: Duration = Duration::from_secs(4 * 60 * 60);
/// Rows of each kind; the page links to the rest.
const FEW: u32 = 5;

/// The first screen.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Overview {
    /// Totals.
    pub counts: DeskCounts,
    /// The last 14 days, oldest first, without gaps.
    pub days: Vec<DayTally>,
    /// Bounces of the last 24 hours by cause, the most first.
    pub bounces: Vec<BounceCause>,
    /// Recipients that have waited for more than four hours; the first five.
    pub deferred: Vec<WaitingRow>,
    /// Mailboxes that have sent their messages of the day; the first five.
    pub at_cap: Vec<MailboxRow>,
    /// Listings that stand; the first five.
    pub listed: Vec<ListingPeriod>,
}

impl Ops {
    /// The first screen.
    ///
    /// # Errors
    /// `store.*`
    pub async fn desk_overview(&self, workspace: Option<&WorkspaceId>) -> Result<Overview, Fault> {
        let now = self.store.clock().now();
        let at_cap = MailboxFilter {
            workspace: workspace.cloned(),
            state: Some(MailboxState::AtCap),
            limit: FEW,
            ..MailboxFilter::default()
        };
        let mut listed = self.store.listing_rows(workspace, Some(true), FEW).await?;
        listed.retain(|period| period.state == Listing::Listed);
        let first = start_of_day(now) - DAY * (DAYS - 1);
        Ok(Overview {
            counts: self.store.desk_counts(workspace).await?,
            days: without_gaps(first, &self.store.day_tallies(workspace, first).await?),
            bounces: self.desk_bounces(workspace, 1).await?,
            deferred: self.store.long_deferred(workspace, now - LONG, FEW).await?,
            at_cap: self.store.mailbox_rows(&at_cap).await?,
            listed,
        })
    }
}

pub(super) fn start_of_day(now: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.micros().div_euclid(day).saturating_mul(day))
}

fn without_gaps(first: Timestamp, days: &[DayTally]) -> Vec<DayTally> {
    let known: BTreeMap<i64, DayTally> = days.iter().map(|tally| (tally.day.micros(), *tally)).collect();
    let one = |number: u32| {
        let day = first + DAY * number;
        known.get(&day.micros()).copied().unwrap_or(DayTally { day, accepted: 0, delivered: 0, bounced: 0 })
    };
    (0..DAYS).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_mail_stands_in_the_chart() {
        let first = start_of_day(Timestamp::from_micros(1_795_435_200_000_000));
        let busy = DayTally { day: first + DAY * 3, accepted: 7, delivered: 5, bounced: 2 };
        let days = without_gaps(first, &[busy]);
        assert_eq!(days.len(), 14);
        assert_eq!(days[3], busy);
        assert_eq!((days[4].day, days[4].accepted), (first + DAY * 4, 0));
    }
}
