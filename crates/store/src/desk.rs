//! What the dashboard lists: pages of rows by a cursor, and counts. Reading only.
//!
//! Everything takes the workspace whose rows may be seen; `None` sees all.

mod domain;
mod inbox;
mod mailbox;
mod message;
mod tally;
mod waiting;

pub use domain::{DomainFilter, DomainRow};
pub use inbox::{InboxFilter, InboxRow};
pub use mailbox::{MailboxFilter, MailboxOrder, MailboxRow, MailboxState};
pub use message::{MessageFilter, MessageRow};
pub use tally::{BounceCount, DayTally, DeskCounts};
pub use waiting::WaitingRow;

use rules::id::WorkspaceId;

use crate::row::{Query, free_text, sql_made};

/// A statement that is put together: fixed pieces of text, and values in the order of their numbers.
#[derive(Default)]
pub(crate) struct Select {
    conditions: Vec<String>,
    values: Vec<Value>,
}

enum Value {
    Text(String),
    Number(i64),
}

impl Select {
    /// The mark of a text.
    pub(crate) fn text(&mut self, value: impl Into<String>) -> String {
        self.values.push(Value::Text(value.into()));
        format!("${}", self.values.len())
    }
    /// The mark of a number.
    pub(crate) fn number(&mut self, value: i64) -> String {
        self.values.push(Value::Number(value));
        format!("${}", self.values.len())
    }
    /// One more condition.
    pub(crate) fn and(&mut self, condition: String) {
        self.conditions.push(condition);
    }
    /// Only what belongs to a workspace; `d` is the domain's row.
    pub(crate) fn of(&mut self, workspace: Option<&WorkspaceId>) {
        if let Some(workspace) = workspace {
            let mark = self.text(workspace.0.clone());
            self.and(format!("d.workspace = {mark}"));
        }
    }
    /// The statement.
    pub(crate) fn query(self, before: &str, after: &str) -> Query {
        let joined = match self.conditions.is_empty() {
            true => String::new(),
            false => format!("WHERE {}", self.conditions.join(" AND ")),
        };
        let query = sql_made(format!("{before} {joined} {after}"));
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(free_text(&text)),
            Value::Number(number) => query.bind(number),
        })
    }
}

/// A pattern that finds `text` anywhere, with `\` as its escape; lower-case.
pub(crate) fn anywhere(text: &str) -> String {
    let text = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{text}%")
}
