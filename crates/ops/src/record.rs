//! What a domain's own log says about it: volume, growth, bounces, deferrals, caps.

use std::{collections::BTreeMap, time::Duration};

use check::{Finding, Kind, State as Answer};
use rules::Fault;
use store::{DayCount, State};
use syntax::{Domain, Timestamp};

use crate::{Ops, domain::unknown};

/// How far back is looked.
const DAYS: u64 = 14;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Fewer recipients than that show nothing about growth.
const FEW: u64 = 50;
/// The last day against the average of the days before. Practice: receivers notice a doubling.
const GROWTH: u64 = 2;
/// Fewer recipients than that show nothing about rates.
const SAMPLE: u64 = 20;

const VOLUME: Kind = Kind::outbound("volume.grew", "volume", "Gmail, 2026-03: raise the volume slowly");
const BOUNCES: Kind = Kind::outbound("volume.bounce-rate", "complaints", "practice: below 2 % of recipients");
const DEFERRALS: Kind = Kind::outbound("volume.deferrals", "volume", "practice: below 10 % of recipients");
const CAP: Kind = Kind::outbound("account.cap", "account", "the mailbox's own daily cap");

/// Every kind of finding that the log yields.
pub const KINDS: &[&Kind] = &[&VOLUME, &BOUNCES, &DEFERRALS, &CAP];

/// The sending record of a domain.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SendingRecord {
    /// The domain.
    pub domain: Domain,
    /// By day, destination and state, oldest first.
    pub days: Vec<DayCount>,
    /// What it means.
    pub findings: Vec<Finding>,
}

impl Ops {
    /// What the log of the last two weeks says about a domain of ours.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn sending_record(&self, name: &Domain) -> Result<SendingRecord, Fault> {
        let domain = self.store.domain(name).await?.ok_or_else(|| unknown(name))?;
        let now = self.store.clock().now();
        let days = self.store.sent_by_day(&domain.id, now - DAY * u32::try_from(DAYS).unwrap_or(14)).await?;
        let mut findings = vec![growth(name, &days, now), bounces(name, &days), deferrals(name, &days)];
        let mut capped = Vec::new();
        for mailbox in self.store.mailboxes(Some(&domain.id)).await? {
            let submitter = self.store.submitter(&mailbox.id, now - DAY).await?;
            let sent = submitter.map_or(0, |submitter| submitter.accepted);
            if sent >= mailbox.allowance() {
                capped.push(format!("{} has sent {sent} of {}", mailbox.address, mailbox.allowance()));
            }
        }
        findings.push(match capped.as_slice() {
            [] => CAP.ok(format!("no mailbox of {name} is at its cap")),
            [first, ..] => capped.iter().fold(
                CAP.warn(format!("{} mailboxes of {name} have used up their day: {first}", capped.len())),
                |finding, line| finding.with("mailbox", line),
            ),
        });
        Ok(SendingRecord { domain: name.clone(), days, findings })
    }
}

/// The last full or running day against those before it.
fn growth(name: &Domain, days: &[DayCount], now: Timestamp) -> Finding {
    let mut by_day: BTreeMap<i64, u64> = BTreeMap::new();
    for count in days {
        *by_day.entry(count.day.micros()).or_default() += count.recipients;
    }
    let today = now.micros().div_euclid(i64::try_from(DAY.as_micros()).unwrap_or(1));
    let day_of = |micros: i64| micros.div_euclid(i64::try_from(DAY.as_micros()).unwrap_or(1));
    let last = by_day.iter().next_back().map_or((today, 0), |(day, count)| (day_of(*day), *count));
    let before: u64 = by_day.iter().filter(|(day, _)| day_of(**day) < last.0).map(|(_, count)| count).sum();
    let earlier = u64::try_from(by_day.len().saturating_sub(1)).unwrap_or(0);
    let average = before.checked_div(earlier).unwrap_or(0);
    let finding = if last.1 >= FEW && last.1 > average * GROWTH {
        VOLUME.warn(format!("{name} sent to {} recipients on its last day, and to {average} a day before", last.1))
    } else {
        VOLUME.ok(format!("{name} sent to {} recipients on its last day, {average} a day before", last.1))
    };
    by_day.iter().fold(finding, |finding, (day, count)| {
        finding.with(Timestamp::from_micros(*day).day(), format!("{count} recipients"))
    })
}

fn bounces(name: &Domain, days: &[DayCount]) -> Finding {
    let (bounced, all) = share(days, |state| state == State::Bounced);
    let seen = format!("{bounced} of {all} recipients of {name} bounced in {DAYS} days");
    // Practice: list quality is doubted from 2 %, and receivers act from about 5 %.
    rated(&BOUNCES, seen, bounced, all, (2, 5), days, State::Bounced)
}

fn deferrals(name: &Domain, days: &[DayCount]) -> Finding {
    let waits = |state| matches!(state, State::Deferred | State::InDoubt);
    let (waiting, all) = share(days, waits);
    let seen = format!("{waiting} of {all} recipients of {name} are put off");
    rated(&DEFERRALS, seen, waiting, all, (10, 30), days, State::Deferred)
}

fn share(days: &[DayCount], counts: impl Fn(State) -> bool) -> (u64, u64) {
    let sum = |of: &dyn Fn(&&DayCount) -> bool| days.iter().filter(of).map(|count| count.recipients).sum();
    (sum(&|count| counts(count.state)), sum(&|_| true))
}

/// Middling and bad from these per cent on, with the destinations behind it.
fn rated(
    kind: &'static Kind,
    seen: String,
    part: u64,
    all: u64,
    (middling, bad): (u64, u64),
    days: &[DayCount],
    state: State,
) -> Finding {
    let answer = match part * 100 {
        _ if all < SAMPLE => Answer::Ok,
        share if share >= bad * all => Answer::Bad,
        share if share >= middling * all => Answer::Warn,
        _ => Answer::Ok,
    };
    let mut by_domain: BTreeMap<&str, u64> = BTreeMap::new();
    for count in days.iter().filter(|count| count.state == state) {
        *by_domain.entry(&count.to_domain).or_default() += count.recipients;
    }
    let mut most: Vec<(&str, u64)> = by_domain.into_iter().collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    most.into_iter().take(5).fold(kind.found(answer, seen), |finding, (domain, count)| finding.with(domain, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64, state: State, recipients: u64) -> DayCount {
        let day = Timestamp::from_micros(number * 86_400_000_000);
        DayCount { day, to_domain: format!("to{}.test", number % 2), state, recipients }
    }

    fn name() -> Domain {
        Domain::parse("a.test").unwrap()
    }

    #[test]
    fn a_doubled_day_is_told_and_a_steady_one_is_not() {
        let now = Timestamp::from_micros(20_010 * 86_400_000_000);
        let check = |last: u64, answer: Answer| {
            let days: Vec<DayCount> = (20_001..20_007).map(|number| day(number, State::Delivered, 60)).collect();
            let days = [days, vec![day(20_009, State::Delivered, last)]].concat();
            assert_eq!(growth(&name(), &days, now).state, answer, "{last}");
        };
        check(60, Answer::Ok);
        check(120, Answer::Ok);
        check(121, Answer::Warn);
        assert_eq!(growth(&name(), &[], now).state, Answer::Ok);
        assert_eq!(growth(&name(), &[day(20_009, State::Delivered, 49)], now).state, Answer::Ok, "too few to tell");
        assert_eq!(growth(&name(), &[day(20_009, State::Delivered, 50)], now).state, Answer::Warn, "from nothing");
    }

    #[test]
    fn bounces_are_rated_once_there_are_enough() {
        let check = |bounced: u64, delivered: u64, answer: Answer| {
            let days = [day(1, State::Bounced, bounced), day(2, State::Delivered, delivered)];
            assert_eq!(bounces(&name(), &days).state, answer, "{bounced} of {}", bounced + delivered);
        };
        check(1, 99, Answer::Ok);
        check(2, 98, Answer::Warn);
        check(5, 95, Answer::Bad);
        check(3, 3, Answer::Ok);
        let worst = bounces(&name(), &[day(1, State::Bounced, 50), day(2, State::Bounced, 9)]);
        assert_eq!(worst.evidence[0].what, "to1.test");
    }
}
