//! What waits in the queue, and what the last attempt was told.

use std::time::Duration;

use rules::{
    Fault,
    id::{MessageId, RecipientId, WorkspaceId},
};
use syntax::{Address, Timestamp};

use super::Select;
use crate::{State, Store, row::Row};

/// A recipient that waits.
#[derive(Debug, Clone, serde::Serialize)]
pub struct WaitingRow {
    /// Id.
    pub recipient: RecipientId,
    /// Its message.
    pub message: MessageId,
    /// From.
    pub from: Address,
    /// To.
    pub to: Address,
    /// Subject, as the sender wrote it.
    pub subject: String,
    /// State.
    pub state: State,
    /// Attempts begun.
    pub attempts: u32,
    /// When the message was accepted.
    pub accepted_at: Timestamp,
    /// Next attempt.
    pub next_at: Option<Timestamp>,
    /// Reply of the last attempt.
    pub reply: Option<String>,
    /// Entry of the last attempt.
    pub entry: Option<String>,
    /// MX host of the last attempt.
    pub mx_host: Option<String>,
}

const COLUMNS: &str = "SELECT r.id, r.message, r.address, r.state, r.attempts, r.next_at, m.from_address, m.subject, \
    m.accepted_at, a.reply, a.entry, a.mx_host FROM recipient r JOIN message m ON m.id = r.message \
    JOIN domain d ON d.id = r.domain LEFT JOIN attempt a ON a.recipient = r.id AND a.number = r.attempts";

/// The last attempts of what waits are looked up for one page alone; a tenant's domains lead to what waits of them.
const PAGE: &str = "SELECT r.id FROM recipient r";
const PAGE_OF_TENANT: &str = "SELECT r.id FROM domain d JOIN recipient r ON r.domain = d.id";

/// Joined in this order, which SQLite keeps: from a tenant's domains to what waits of them, and not along all messages.
const TENANTS_PAGE: &str = "SELECT r.id FROM domain d CROSS JOIN recipient r CROSS JOIN message m";
const TENANTS_DEFERRED: &str =
    "r.domain = d.id AND m.id = r.message AND r.next_at IS NOT NULL AND r.state IN ('deferred', 'in_doubt')";

impl Store {
    /// Waiting recipients by their next attempt, after a cursor (next attempt in microseconds, recipient).
    ///
    /// # Errors
    /// `store.*`
    pub async fn waiting_rows(
        &self,
        workspace: Option<&WorkspaceId>,
        after: Option<&(i64, RecipientId)>,
        limit: u32,
    ) -> Result<Vec<WaitingRow>, Fault> {
        let mut select = Select::default();
        select.of(workspace);
        select.and("r.next_at IS NOT NULL".to_owned());
        if let Some((at, recipient)) = after {
            let (at, recipient) = (select.number(*at), select.text(recipient.0.clone()));
            select.and(format!("(r.next_at, r.id) > ({at}, {recipient})"));
        }
        let limit = select.number(i64::from(limit));
        let page = if workspace.is_some() { PAGE_OF_TENANT } else { PAGE };
        let query = select.query(
            &format!("{COLUMNS} WHERE r.id IN ({page}"),
            &format!("ORDER BY r.next_at, r.id LIMIT {limit}) ORDER BY r.next_at, r.id"),
        );
        self.rows("list what waits", query).await?.iter().map(read).collect()
    }
    /// Recipients put off whose message was accepted before that moment, the oldest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn long_deferred(
        &self,
        workspace: Option<&WorkspaceId>,
        accepted_before: Timestamp,
        limit: u32,
    ) -> Result<Vec<WaitingRow>, Fault> {
        let question = format!("long deferred {workspace:?} {limit}");
        self.kept(question, Duration::ZERO, || self.long_deferred_now(workspace, accepted_before, limit)).await
    }

    async fn long_deferred_now(
        &self,
        workspace: Option<&WorkspaceId>,
        accepted_before: Timestamp,
        limit: u32,
    ) -> Result<Vec<WaitingRow>, Fault> {
        let mut select = Select::default();
        select.of(workspace);
        let mark = select.number(accepted_before.micros());
        select.and(format!("m.accepted_at < {mark}"));
        let limit = select.number(i64::from(limit));
        let order = format!("ORDER BY m.accepted_at, r.id LIMIT {limit}");
        let query = match workspace {
            Some(_) => {
                select.and(TENANTS_DEFERRED.to_owned());
                select.query(&format!("{COLUMNS} WHERE r.id IN ({TENANTS_PAGE}"), &format!(") {order}"))
            }
            // Ids rise with the time of acceptance, so the index of states has the oldest first.
            None => {
                let oldest = |state: &str| {
                    format!(
                        "SELECT {state}.id FROM (SELECT o.id FROM recipient o WHERE o.state = '{state}' \
                         ORDER BY o.message LIMIT {limit}) {state}"
                    )
                };
                select.and(format!("r.id IN ({} UNION ALL {})", oldest("deferred"), oldest("in_doubt")));
                select.query(COLUMNS, &order)
            }
        };
        self.rows("list what waits long", query).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<WaitingRow, Fault> {
    Ok(WaitingRow {
        recipient: RecipientId(row.text("id")?),
        message: MessageId(row.text("message")?),
        from: row.parsed("from_address")?,
        to: row.parsed("address")?,
        subject: row.text("subject")?,
        state: row.named("state", State::parse)?,
        attempts: row.count("attempts")?,
        accepted_at: row.moment("accepted_at")?,
        next_at: row.moment_or_none("next_at")?,
        reply: row.text_or_none("reply")?,
        entry: row.text_or_none("entry")?,
        mx_host: row.text_or_none("mx_host")?,
    })
}
