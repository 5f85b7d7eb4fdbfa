//! Mailboxes with what they sent and what bounced.

use std::time::Duration;

use rules::{
    Fault,
    id::{DomainId, MailboxId, WorkspaceId},
};
use syntax::{Address, Domain, Timestamp};

use super::{Select, anywhere};
use crate::{RampDay, Store, row::Row};

/// A mailbox as a list shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MailboxRow {
    /// Id.
    pub id: MailboxId,
    /// Its domain.
    pub domain: DomainId,
    /// The workspace of its domain.
    pub workspace: WorkspaceId,
    /// The domain's name.
    pub domain_name: Domain,
    /// The domain's mail host.
    pub mail_host: Domain,
    /// Where mail to unknown local parts of its domain goes.
    pub catch_all: Option<Address>,
    /// Address: From, login, and where replies land.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Messages it may submit in 24 hours.
    pub daily_cap: u32,
    /// When made.
    pub created_at: Timestamp,
    /// Since when it is suspended.
    pub suspended_at: Option<Timestamp>,
    /// How far it has come to its cap; `None`: it has the whole of it.
    pub ramp: Option<RampDay>,
    /// Messages accepted from it in the last 24 hours.
    pub sent: u32,
    /// Recipients of the last seven days that bounced.
    pub bounced: u32,
    /// Recipients of the last seven days.
    pub recipients: u32,
}

impl MailboxRow {
    /// Messages that it may submit in 24 hours now.
    pub fn allowance(&self) -> u32 {
        self.ramp.map_or(self.daily_cap, |ramp| ramp.allowance.min(self.daily_cap))
    }
}

/// What a mailbox can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxState {
    /// May send now.
    Active,
    /// Suspended.
    Suspended,
    /// Has sent its messages of the last 24 hours.
    AtCap,
}

/// The order of a list. All have an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MailboxOrder {
    /// By address.
    #[default]
    Address,
    /// By address, backwards.
    AddressDown,
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
}

/// Which mailboxes.
#[derive(Debug, Clone, Default)]
pub struct MailboxFilter {
    /// Whose; `None`: all.
    pub workspace: Option<WorkspaceId>,
    /// Only of this domain.
    pub domain: Option<DomainId>,
    /// Only in this state.
    pub state: Option<MailboxState>,
    /// Only where address or display name hold this, whatever the case.
    pub search: Option<String>,
    /// Only these.
    pub ids: Vec<MailboxId>,
    /// In which order.
    pub order: MailboxOrder,
    /// Only what comes after this mailbox: the cursor.
    pub after: Option<MailboxId>,
    /// At most so many.
    pub limit: u32,
}

const DAY: i64 = 86_400_000_000;
/// Accepted from a mailbox since then; the index is `message_accepted`.
const SENT: &str = "(SELECT COUNT(*) FROM message m WHERE m.mailbox = b.id AND m.accepted_at >= ";
const RECIPIENTS: &str = "(SELECT COUNT(*) FROM message m JOIN recipient r ON r.message = m.id \
                          WHERE m.mailbox = b.id AND m.accepted_at >= ";

impl Store {
    /// Mailboxes by a filter.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mailbox_rows(&self, filter: &MailboxFilter) -> Result<Vec<MailboxRow>, Fault> {
        // Who is at their cap takes a walk over everything that was sent today, a search one over all mailboxes.
        match filter.state == Some(MailboxState::AtCap) || filter.search.is_some() {
            true => self.kept(format!("{filter:?}"), Duration::ZERO, || self.mailbox_rows_now(filter)).await,
            false => self.mailbox_rows_now(filter).await,
        }
    }

    async fn mailbox_rows_now(&self, filter: &MailboxFilter) -> Result<Vec<MailboxRow>, Fault> {
        let now = self.clock().now().micros();
        let mut select = Select::default();
        let (day, week) = (select.number(now - DAY), select.number(now - 7 * DAY));
        conditions(&mut select, filter, &day);
        let columns = format!(
            "SELECT b.*, d.workspace, d.name AS domain_name, d.mail_host, d.catch_all, {SENT}{day}) AS sent, \
             {RECIPIENTS}{week}) AS recipients, {RECIPIENTS}{week} AND r.state = 'bounced') AS bounced \
             FROM mailbox b JOIN domain d ON d.id = b.domain"
        );
        let limit = select.number(i64::from(filter.limit));
        // The page is found first, then its rows are read: what a list shows beside is not counted for all that fits.
        let (column, _, _) = order(filter.order);
        let page = "b.id IN (SELECT b.id FROM mailbox b";
        let query = select
            .query(&format!("{columns} WHERE {page}"), &format!("ORDER BY {column} LIMIT {limit}) ORDER BY {column}"));
        self.rows("list mailboxes", query).await?.iter().map(read).collect()
    }
}

/// The column and its direction, the column alone, and how a row after the cursor compares.
fn order(order: MailboxOrder) -> (&'static str, &'static str, &'static str) {
    match order {
        MailboxOrder::Address => ("b.address_key", "address_key", ">"),
        MailboxOrder::AddressDown => ("b.address_key DESC", "address_key", "<"),
        MailboxOrder::Newest => ("b.id DESC", "id", "<"),
        MailboxOrder::Oldest => ("b.id", "id", ">"),
    }
}

fn conditions(select: &mut Select, filter: &MailboxFilter, day: &str) {
    if let Some(workspace) = &filter.workspace {
        let mark = select.text(workspace.0.clone());
        select.and(format!("b.domain IN (SELECT d.id FROM domain d WHERE d.workspace = {mark})"));
    }
    if let Some(domain) = &filter.domain {
        let mark = select.text(domain.0.clone());
        select.and(format!("b.domain = {mark}"));
    }
    match filter.state {
        None => {}
        Some(MailboxState::Suspended) => select.and("b.suspended_at IS NOT NULL".to_owned()),
        Some(MailboxState::Active) => select.and("b.suspended_at IS NULL".to_owned()),
        // Those that sent are counted in one walk along the index of today's messages; grouped by the bare column, SQLite
        // would walk along that of all mailboxes instead.
        Some(MailboxState::AtCap) => select.and(format!(
            "b.id IN (SELECT t.sender FROM (SELECT m.mailbox || '' AS sender, COUNT(*) AS sent FROM message m \
             WHERE m.accepted_at >= {day} GROUP BY m.mailbox || '') t JOIN mailbox c ON c.id = t.sender \
             WHERE t.sent >= c.daily_cap OR t.sent >= c.ramp_allowance)"
        )),
    }
    if let Some(search) = &filter.search {
        let mark = select.text(anywhere(search));
        select.and(format!("b.words LIKE {mark} ESCAPE '\\'"));
    }
    if !filter.ids.is_empty() {
        let marks: Vec<String> = filter.ids.iter().map(|id| select.text(id.0.clone())).collect();
        select.and(format!("b.id IN ({})", marks.join(", ")));
    }
    if let Some(after) = &filter.after {
        let (_, column, compare) = order(filter.order);
        let mark = select.text(after.0.clone());
        select.and(format!("b.{column} {compare} (SELECT c.{column} FROM mailbox c WHERE c.id = {mark})"));
    }
}

fn read(row: &Row) -> Result<MailboxRow, Fault> {
    Ok(MailboxRow {
        id: MailboxId(row.text("id")?),
        domain: DomainId(row.text("domain")?),
        workspace: WorkspaceId(row.text("workspace")?),
        domain_name: row.parsed("domain_name")?,
        mail_host: row.parsed("mail_host")?,
        catch_all: row.parsed_or_none("catch_all")?,
        address: row.parsed("address")?,
        display: row.text_or_none("display")?,
        daily_cap: row.count("daily_cap")?,
        created_at: row.moment("created_at")?,
        suspended_at: row.moment_or_none("suspended_at")?,
        ramp: crate::ramp::read(row)?,
        sent: row.count("sent")?,
        bounced: row.count("bounced")?,
        recipients: row.count("recipients")?,
    })
}
