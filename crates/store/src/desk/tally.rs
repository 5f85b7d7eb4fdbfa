//! Counts by day and by cause, suppressions, blocklist history and events, page by page.

use std::time::Duration;

use rules::{Fault, id::WorkspaceId};
use syntax::{Address, Timestamp};

use super::{Select, anywhere};
use crate::{ListingPeriod, Store, StoredEvent, Suppression, row::Row};

const DAY: i64 = 86_400_000_000;

/// What happened on one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct DayTally {
    /// Its start.
    pub day: Timestamp,
    /// Messages accepted.
    pub accepted: u64,
    /// Recipients delivered.
    pub delivered: u64,
    /// Recipients bounced.
    pub bounced: u64,
}

/// Recipients that bounced for one cause, at one destination, on one day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BounceCount {
    /// Reference entry; `None`: not told apart.
    pub entry: Option<String>,
    /// The recipients' domain.
    pub to_domain: String,
    /// The day, at its start.
    pub day: Timestamp,
    /// How many.
    pub count: u64,
}

/// What there is altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct DeskCounts {
    /// Domains.
    pub domains: u64,
    /// Mailboxes.
    pub mailboxes: u64,
    /// Recipients waiting.
    pub waiting: u64,
    /// Suspended mailboxes.
    pub suspended: u64,
}

impl Store {
    /// Day by day since then; days without anything are missing. Oldest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn day_tallies(&self, workspace: Option<&WorkspaceId>, since: Timestamp) -> Result<Vec<DayTally>, Fault> {
        let (mut tallies, now) = (Vec::new(), self.clock().now().micros());
        for day in since.micros().div_euclid(DAY)..=now.div_euclid(DAY) {
            let (from, until) = ((day * DAY).max(since.micros()), (day + 1) * DAY);
            let question = format!("tally {workspace:?} {from}");
            let tally = self.kept(question, least(until, now), || self.tally(workspace, from, until)).await?;
            tallies.extend(Some(tally).filter(|tally| tally.accepted + tally.delivered + tally.bounced > 0));
        }
        Ok(tallies)
    }

    /// What happened between two moments of one day.
    async fn tally(&self, workspace: Option<&WorkspaceId>, from: i64, until: i64) -> Result<DayTally, Fault> {
        let day = Timestamp::from_micros(from.div_euclid(DAY) * DAY);
        let mut tally = DayTally { day, accepted: 0, delivered: 0, bounced: 0 };
        if let Some(row) = self.row("count messages of a day", accepted(workspace, from, until)).await? {
            tally.accepted = row.count("counted")?;
        }
        for row in self.rows("count results of a day", ended(workspace, from, until)).await? {
            match row.text("what")?.as_str() {
                "delivered" => tally.delivered = row.count("counted")?,
                _ => tally.bounced = row.count("counted")?,
            }
        }
        Ok(tally)
    }

    /// Bounces since then, by entry, destination and day; the most first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn bounce_counts(
        &self,
        workspace: Option<&WorkspaceId>,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<BounceCount>, Fault> {
        // The page moves on with the clock; its answer may be a little older.
        let days = self.clock().now().since(since).as_secs() / 86_400;
        let question = format!("bounces {workspace:?} {days} {limit}");
        self.kept(question, Duration::ZERO, || self.bounces_by_day(workspace, since, limit)).await
    }

    /// Day by day: those that are over do not change any more.
    async fn bounces_by_day(
        &self,
        workspace: Option<&WorkspaceId>,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<BounceCount>, Fault> {
        let (mut counts, now) = (Vec::new(), self.clock().now().micros());
        for day in since.micros().div_euclid(DAY)..=now.div_euclid(DAY) {
            let (from, until) = ((day * DAY).max(since.micros()), (day + 1) * DAY);
            let question = format!("bounces {workspace:?} from {from} {limit}");
            let look = || self.bounces(workspace, from, until, limit);
            // A day that was begun in the middle is asked for once: the next question begins a little later.
            let whole = from.rem_euclid(DAY) == 0;
            counts.extend(if whole { self.kept(question, least(until, now), look).await? } else { look().await? });
        }
        counts.sort_by(|one: &BounceCount, other| {
            let rest = |count: &BounceCount| (count.entry.clone(), count.to_domain.clone(), count.day);
            other.count.cmp(&one.count).then_with(|| rest(one).cmp(&rest(other)))
        });
        counts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(counts)
    }

    async fn bounces(
        &self,
        workspace: Option<&WorkspaceId>,
        from: i64,
        until: i64,
        limit: u32,
    ) -> Result<Vec<BounceCount>, Fault> {
        let mut select = Select::default();
        of(&mut select, workspace);
        let (from, until) = (select.number(from), select.number(until));
        select.and(format!("a.verdict = 'bounced' AND a.ended_at >= {from} AND a.ended_at < {until}"));
        let limit = select.number(i64::from(limit));
        let columns = "SELECT a.entry, r.to_domain, a.ended_at / 86400000000 AS day, COUNT(*) AS counted FROM attempt a \
                       JOIN recipient r ON r.id = a.recipient";
        let query = select.query(columns, &format!("GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT {limit}"));
        let read = |row: &Row| {
            Ok(BounceCount {
                entry: row.text_or_none("entry")?,
                to_domain: row.text("to_domain")?,
                day: Timestamp::from_micros(row.number("day")?.saturating_mul(DAY)),
                count: row.count("counted")?,
            })
        };
        self.rows("count bounces by cause", query).await?.iter().map(read).collect()
    }

    /// What there is altogether.
    ///
    /// # Errors
    /// `store.*`
    pub async fn desk_counts(&self, workspace: Option<&WorkspaceId>) -> Result<DeskCounts, Fault> {
        self.kept(format!("counts {workspace:?}"), Duration::ZERO, || self.counts_now(workspace)).await
    }

    async fn counts_now(&self, workspace: Option<&WorkspaceId>) -> Result<DeskCounts, Fault> {
        let count = |text: &'static str, condition: Option<&str>| {
            let mut select = Select::default();
            select.of(workspace);
            if let Some(condition) = condition {
                select.and(condition.to_owned());
            }
            select.query(text, "")
        };
        let (mailboxes, recipients) = match workspace {
            None => ("SELECT COUNT(*) AS counted FROM mailbox b", "SELECT COUNT(*) AS counted FROM recipient r"),
            Some(_) => (
                "SELECT COUNT(*) AS counted FROM mailbox b JOIN domain d ON d.id = b.domain",
                "SELECT COUNT(*) AS counted FROM domain d JOIN recipient r ON r.domain = d.id",
            ),
        };
        let mut counts = [0_u64; 4];
        let queries = [
            count("SELECT COUNT(*) AS counted FROM domain d", None),
            count(mailboxes, None),
            count(recipients, Some("r.next_at IS NOT NULL")),
            count(mailboxes, Some("b.suspended_at IS NOT NULL")),
        ];
        for (place, query) in counts.iter_mut().zip(queries) {
            *place = self.row("count what there is", query).await?.map_or(Ok(0), |row| row.count("counted"))?;
        }
        let [domains, mailboxes, waiting, suspended] = counts;
        Ok(DeskCounts { domains, mailboxes, waiting, suspended })
    }
    /// Suppressed addresses by address, after a cursor. Of a workspace: those that it has written to.
    ///
    /// # Errors
    /// `store.*`
    pub async fn suppression_rows(
        &self,
        workspace: Option<&WorkspaceId>,
        search: Option<&str>,
        after: Option<&Address>,
        limit: u32,
    ) -> Result<Vec<Suppression>, Fault> {
        let look = || self.suppressions_now(workspace, search, after, limit);
        match search {
            // A search walks over all.
            Some(search) => {
                let question = format!("suppressions {workspace:?} {search:?} {after:?} {limit}");
                self.kept(question, Duration::ZERO, look).await
            }
            None => look().await,
        }
    }

    async fn suppressions_now(
        &self,
        workspace: Option<&WorkspaceId>,
        search: Option<&str>,
        after: Option<&Address>,
        limit: u32,
    ) -> Result<Vec<Suppression>, Fault> {
        let mut select = Select::default();
        if let Some(workspace) = workspace {
            let mark = select.text(workspace.0.clone());
            select.and(format!(
                "EXISTS (SELECT 1 FROM recipient r JOIN message m ON m.id = r.message JOIN domain d ON d.id = m.domain \
                 WHERE r.address = s.address AND d.workspace = {mark})"
            ));
        }
        if let Some(search) = search {
            let mark = select.text(anywhere(search));
            select.and(format!("(s.address_key LIKE {mark} ESCAPE '\\' OR s.reason LIKE {mark} ESCAPE '\\')"));
        }
        if let Some(after) = after {
            let mark = select.text(after.key());
            select.and(format!("s.address_key > {mark}"));
        }
        let limit = select.number(i64::from(limit));
        let query = select.query("SELECT s.* FROM suppression s", &format!("ORDER BY s.address_key LIMIT {limit}"));
        self.rows("list suppressions", query).await?.iter().map(crate::suppression::read).collect()
    }
    /// What blocklists said of the domains and IPs of a workspace: what stands, the worst first; what has ended, the latest
    /// first; or all, what began last first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn listing_rows(
        &self,
        workspace: Option<&WorkspaceId>,
        standing: Option<bool>,
        limit: u32,
    ) -> Result<Vec<ListingPeriod>, Fault> {
        let mut select = Select::default();
        if let Some(workspace) = workspace {
            let mark = select.text(workspace.0.clone());
            select.and(format!(
                "(l.subject IN (SELECT d.name FROM domain d WHERE d.workspace = {mark}) \
                 OR l.subject IN (SELECT d.egress_ip FROM domain d WHERE d.workspace = {mark}))"
            ));
        }
        let order = match standing {
            Some(true) => {
                select.and("l.ended_at IS NULL".to_owned());
                "CASE l.state WHEN 'listed' THEN 0 ELSE 1 END, l.since DESC, l.zone"
            }
            Some(false) => {
                select.and("l.ended_at IS NOT NULL".to_owned());
                "l.ended_at DESC, l.zone"
            }
            None => "l.since DESC, l.zone",
        };
        let limit = select.number(i64::from(limit));
        let rest = format!("ORDER BY {order} LIMIT {limit}");
        let query = select.query("SELECT l.* FROM listing l", &rest);
        self.rows("list what blocklists say", query).await?.iter().map(crate::listing::read).collect()
    }
    /// Events before a sequence, the newest first, of these kinds (empty: all).
    ///
    /// # Errors
    /// `store.*`
    pub async fn events_before(
        &self,
        before: Option<i64>,
        kind: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, Fault> {
        let mut select = Select::default();
        if let Some(before) = before {
            let mark = select.number(before);
            select.and(format!("sequence < {mark}"));
        }
        if let Some(kind) = kind {
            // The kind is the first field of every event's JSON: `{"kind":"delivered",…`. The index has its first letters.
            let first: String = format!("{kind}\",\"").chars().take(8).collect();
            let mark = select.text(first);
            select.and(format!("SUBSTR(event, 10, 8) = {mark}"));
            let mark = select.text(format!("{{\"kind\":\"{}\"%", kind.replace(['%', '_', '"', '\\'], "")));
            select.and(format!("event LIKE {mark}"));
        }
        let limit = select.number(i64::from(limit));
        let query =
            select.query("SELECT sequence, at, event FROM event", &format!("ORDER BY sequence DESC LIMIT {limit}"));
        self.rows("list events", query).await?.iter().map(crate::event::read).collect()
    }
}

/// How long the count of a day is good at least: of one that is over, for an hour.
fn least(until: i64, now: i64) -> Duration {
    if until <= now { Duration::from_secs(60 * 60) } else { Duration::ZERO }
}

/// How ids begin that are made in that millisecond. RFC 9562 §5.7
fn beginning(at: i64) -> String {
    let ms = at.max(0) / 1000;
    format!("{:08x}-{:04x}", ms >> 16, ms & 0xffff)
}

fn accepted(workspace: Option<&WorkspaceId>, from: i64, until: i64) -> crate::row::Query {
    let mut select = Select::default();
    select.of(workspace);
    // A second of room on both sides: `accepted_at` decides.
    let (from_at, until_at) = (from.saturating_sub(1_000_000), until.saturating_add(1_000_000));
    let (from, until) = (select.number(from), select.number(until));
    select.and(format!("m.accepted_at >= {from} AND m.accepted_at < {until}"));
    if workspace.is_some() {
        // Ids are made at the moment of acceptance: the index of a domain's messages has them in this order.
        let (first, behind) = (select.text(beginning(from_at)), select.text(beginning(until_at)));
        select.and(format!("m.id >= {first} AND m.id < {behind}"));
    }
    // Without a workspace the index alone answers.
    let columns = match workspace {
        None => "SELECT COUNT(*) AS counted FROM message m",
        Some(_) => "SELECT COUNT(*) AS counted FROM message m JOIN domain d ON d.id = m.domain",
    };
    select.query(columns, "")
}

fn ended(workspace: Option<&WorkspaceId>, from: i64, until: i64) -> crate::row::Query {
    let mut select = Select::default();
    of(&mut select, workspace);
    let (from, until) = (select.number(from), select.number(until));
    select.and(format!("a.verdict IN ('delivered', 'bounced') AND a.ended_at >= {from} AND a.ended_at < {until}"));
    // An index alone answers.
    select.query("SELECT a.verdict AS what, COUNT(*) AS counted FROM attempt a", "GROUP BY 1")
}

/// Only attempts for a workspace's domains.
fn of(select: &mut Select, workspace: Option<&WorkspaceId>) {
    if let Some(workspace) = workspace {
        let mark = select.text(workspace.0.clone());
        select.and(format!("a.domain IN (SELECT d.id FROM domain d WHERE d.workspace = {mark})"));
    }
}
