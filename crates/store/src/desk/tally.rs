//! Counts by day and by cause, suppressions, blocklist history and events, page by page.

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
        let mut days: std::collections::BTreeMap<i64, DayTally> = std::collections::BTreeMap::new();
        let rows = self.rows("count messages by day", accepted(workspace, since)).await?;
        for row in rows.iter().chain(&self.rows("count results by day", ended(workspace, since)).await?) {
            let day = row.number("day")?;
            let start = Timestamp::from_micros(day.saturating_mul(DAY));
            let tally = days.entry(day).or_insert(DayTally { day: start, accepted: 0, delivered: 0, bounced: 0 });
            let count = row.count("counted")?;
            match row.text("what")?.as_str() {
                "accepted" => tally.accepted = count,
                "delivered" => tally.delivered = count,
                _ => tally.bounced = count,
            }
        }
        Ok(days.into_values().collect())
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
        let mut select = Select::default();
        select.of(workspace);
        let mark = select.number(since.micros());
        select.and(format!("a.verdict = 'bounced' AND a.ended_at >= {mark}"));
        let limit = select.number(i64::from(limit));
        let columns = "SELECT a.entry, r.to_domain, a.ended_at / 86400000000 AS day, COUNT(*) AS counted FROM attempt a \
                       JOIN recipient r ON r.id = a.recipient JOIN message m ON m.id = r.message \
                       JOIN domain d ON d.id = m.domain";
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
        let count = |text: &'static str, condition: Option<&str>| {
            let mut select = Select::default();
            select.of(workspace);
            if let Some(condition) = condition {
                select.and(condition.to_owned());
            }
            select.query(text, "")
        };
        let mailboxes = "SELECT COUNT(*) AS counted FROM mailbox b JOIN domain d ON d.id = b.domain";
        let recipients = "SELECT COUNT(*) AS counted FROM recipient r JOIN message m ON m.id = r.message \
                          JOIN domain d ON d.id = m.domain";
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
    /// What blocklists said of the domains and IPs of a workspace, what began last first; `now`: only what stands.
    ///
    /// # Errors
    /// `store.*`
    pub async fn listing_rows(
        &self,
        workspace: Option<&WorkspaceId>,
        now: bool,
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
        if now {
            select.and("l.ended_at IS NULL".to_owned());
        }
        let limit = select.number(i64::from(limit));
        let rest = format!("ORDER BY CASE l.state WHEN 'listed' THEN 0 ELSE 1 END, l.since DESC, l.zone LIMIT {limit}");
        let rest = if now { rest } else { format!("ORDER BY l.since DESC, l.zone LIMIT {limit}") };
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
            // The kind is the first field of every event's JSON: `{"kind":"delivered",…`.
            let mark = select.text(format!("{{\"kind\":\"{}\"%", kind.replace(['%', '_', '"', '\\'], "")));
            select.and(format!("event LIKE {mark}"));
        }
        let limit = select.number(i64::from(limit));
        let query =
            select.query("SELECT sequence, at, event FROM event", &format!("ORDER BY sequence DESC LIMIT {limit}"));
        self.rows("list events", query).await?.iter().map(crate::event::read).collect()
    }
}

fn accepted(workspace: Option<&WorkspaceId>, since: Timestamp) -> crate::row::Query {
    let mut select = Select::default();
    select.of(workspace);
    let mark = select.number(since.micros());
    select.and(format!("m.accepted_at >= {mark}"));
    let columns = "SELECT m.accepted_at / 86400000000 AS day, 'accepted' AS what, COUNT(*) AS counted \
                   FROM message m JOIN domain d ON d.id = m.domain";
    select.query(columns, "GROUP BY 1")
}

fn ended(workspace: Option<&WorkspaceId>, since: Timestamp) -> crate::row::Query {
    let mut select = Select::default();
    select.of(workspace);
    let mark = select.number(since.micros());
    select.and(format!("a.verdict IN ('delivered', 'bounced') AND a.ended_at >= {mark}"));
    let all = "SELECT a.ended_at / 86400000000 AS day, a.verdict AS what, COUNT(*) AS counted FROM attempt a";
    // Without a workspace the index alone answers.
    let joined = match workspace {
        None => all.to_owned(),
        Some(_) => format!(
            "{all} JOIN recipient r ON r.id = a.recipient JOIN message m ON m.id = r.message \
             JOIN domain d ON d.id = m.domain"
        ),
    };
    select.query(&joined, "GROUP BY 1, 2")
}
