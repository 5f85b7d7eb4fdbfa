//! Messages with how their recipients stand.

use rules::{
    Fault,
    id::{DomainId, MailboxId, MessageId, WorkspaceId},
};
use syntax::{Address, Timestamp};

use super::{Select, anywhere};
use crate::{State, Store, row::Row};

/// Newest messages among whose subjects words are looked for: a subject has no index.
const SUBJECTS: u32 = 2_000;

/// A message as a list shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MessageRow {
    /// Id.
    pub id: MessageId,
    /// The submitting mailbox.
    pub mailbox: MailboxId,
    /// From.
    pub from: Address,
    /// Subject, as the sender wrote it.
    pub subject: String,
    /// When accepted.
    pub accepted_at: Timestamp,
    /// The first recipient.
    pub first: Option<Address>,
    /// Its state.
    pub first_state: Option<State>,
    /// Recipients.
    pub recipients: u32,
    /// Of them delivered.
    pub delivered: u32,
    /// Of them bounced.
    pub bounced: u32,
    /// Of them waiting or being sent.
    pub waiting: u32,
}

/// Which messages.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// Whose; `None`: all.
    pub workspace: Option<WorkspaceId>,
    /// Only with a recipient in this state.
    pub state: Option<State>,
    /// Only of this sending domain.
    pub domain: Option<DomainId>,
    /// Only of this mailbox.
    pub mailbox: Option<MailboxId>,
    /// An address (of either side), `@domain` of recipients, an id, a Message-ID, or words of a recent subject.
    pub search: Option<String>,
    /// Only what was accepted before this message: the cursor.
    pub before: Option<MessageId>,
    /// At most so many.
    pub limit: u32,
}

const COLUMNS: &str = "SELECT m.id, m.mailbox, m.from_address, m.subject, m.accepted_at, \
    (SELECT r.address FROM recipient r WHERE r.message = m.id ORDER BY r.id LIMIT 1) AS first_address, \
    (SELECT r.state FROM recipient r WHERE r.message = m.id ORDER BY r.id LIMIT 1) AS first_state, \
    (SELECT COUNT(*) FROM recipient r WHERE r.message = m.id) AS recipients, \
    (SELECT COUNT(*) FROM recipient r WHERE r.message = m.id AND r.state = 'delivered') AS delivered, \
    (SELECT COUNT(*) FROM recipient r WHERE r.message = m.id AND r.state = 'bounced') AS bounced, \
    (SELECT COUNT(*) FROM recipient r WHERE r.message = m.id \
     AND r.state IN ('queued', 'deferred', 'sending', 'in_doubt')) AS waiting \
    FROM message m";

impl Store {
    /// Messages by a filter, the newest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn message_rows(&self, filter: &MessageFilter) -> Result<Vec<MessageRow>, Fault> {
        let mut select = Select::default();
        // The page is found first, then its rows are read: what a list shows beside is not read of all that fits.
        if let Some(workspace) = &filter.workspace {
            let mark = select.text(workspace.0.clone());
            select.and(format!("m.domain IN (SELECT d.id FROM domain d WHERE d.workspace = {mark})"));
        }
        for (column, value) in [
            ("m.domain", filter.domain.as_ref().map(|id| &id.0)),
            ("m.mailbox", filter.mailbox.as_ref().map(|id| &id.0)),
        ] {
            if let Some(value) = value {
                let mark = select.text(value.clone());
                select.and(format!("{column} = {mark}"));
            }
        }
        if let Some(state) = filter.state {
            in_state(&mut select, state, filter);
        }
        if let Some(search) = &filter.search {
            found(&mut select, search);
        }
        if let Some(before) = &filter.before {
            let mark = select.text(before.0.clone());
            select.and(format!("m.id < {mark}"));
        }
        let limit = select.number(i64::from(filter.limit));
        let page = "m.id IN (SELECT m.id FROM message m";
        let query = select.query(
            &format!("{COLUMNS} WHERE {page}"),
            &format!("ORDER BY m.id DESC LIMIT {limit}) ORDER BY m.id DESC"),
        );
        self.rows("list messages", query).await?.iter().map(read).collect()
    }
    /// The workspace that a message belongs to.
    ///
    /// # Errors
    /// `store.*`
    pub async fn message_workspace(&self, id: &MessageId) -> Result<Option<WorkspaceId>, Fault> {
        let query =
            crate::row::sql("SELECT d.workspace FROM message m JOIN domain d ON d.id = m.domain WHERE m.id = $1")
                .bind(id.0.clone());
        let row = self.row("read a message", query).await?;
        row.map(|row| row.text("workspace").map(WorkspaceId)).transpose()
    }
}

/// Along an index of states when nothing else is asked for but whose; else each message that fits is looked at.
fn in_state(select: &mut Select, state: State, filter: &MessageFilter) {
    // A word of ours, and no mark: the index of what ended serves only those whose text says which.
    let mark = format!("'{}'", state.as_str());
    if filter.mailbox.is_some() || filter.search.is_some() {
        return select.and(format!("EXISTS (SELECT 1 FROM recipient r WHERE r.message = m.id AND r.state = {mark})"));
    }
    let whose = match (&filter.workspace, &filter.domain) {
        (_, Some(domain)) => format!(" AND r.domain = {}", select.text(domain.0.clone())),
        (Some(workspace), None) => {
            let mark = select.text(workspace.0.clone());
            format!(" AND r.domain IN (SELECT d.id FROM domain d WHERE d.workspace = {mark})")
        }
        (None, None) => String::new(),
    };
    let before = filter.before.as_ref().map(|before| select.text(before.0.clone()));
    let before = before.map(|mark| format!(" AND r.message < {mark}")).unwrap_or_default();
    let limit = select.number(i64::from(filter.limit));
    select.and(format!(
        "m.id IN (SELECT DISTINCT r.message FROM recipient r WHERE r.state = {mark}{whose}{before} \
         ORDER BY r.message DESC LIMIT {limit})"
    ));
}

fn found(select: &mut Select, search: &str) {
    let search = search.trim();
    if let Some(domain) = search.strip_prefix('@') {
        let mark = select.text(domain.to_ascii_lowercase());
        select.and(format!("m.id IN (SELECT r.message FROM recipient r WHERE r.to_domain = {mark})"));
        return;
    }
    let exact = select.text(search.trim_matches(['<', '>']));
    let pattern = select.text(anywhere(search));
    // Each look-up has an index of its own; an OR over them would read every message.
    select.and(format!(
        "m.id IN (SELECT n.id FROM message n WHERE n.id = {exact} \
         UNION SELECT n.id FROM message n WHERE n.message_id = {exact} \
         UNION SELECT n.id FROM message n WHERE n.from_address = {exact} \
         UNION SELECT r.message FROM recipient r WHERE r.address = {exact} \
         UNION SELECT latest.id FROM (SELECT n.id, n.subject FROM message n ORDER BY n.id DESC LIMIT {SUBJECTS}) \
         latest WHERE LOWER(latest.subject) LIKE {pattern} ESCAPE '\\')"
    ));
}

fn read(row: &Row) -> Result<MessageRow, Fault> {
    let state = row.text_or_none("first_state")?;
    Ok(MessageRow {
        id: MessageId(row.text("id")?),
        mailbox: MailboxId(row.text("mailbox")?),
        from: row.parsed("from_address")?,
        subject: row.text("subject")?,
        accepted_at: row.moment("accepted_at")?,
        first: row.parsed_or_none("first_address")?,
        first_state: state.as_deref().and_then(State::parse),
        recipients: row.count("recipients")?,
        delivered: row.count("delivered")?,
        bounced: row.count("bounced")?,
        waiting: row.count("waiting")?,
    })
}
