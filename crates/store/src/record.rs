//! What a domain has sent, counted: the ground of every word about volume and bounces.

use rules::{Fault, id::DomainId};
use syntax::Timestamp;

use crate::{
    State, Store,
    row::{Row, sql},
};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// How many recipients of one day and one destination are in one state.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DayCount {
    /// The day (UTC) on which the messages were accepted, at its start.
    pub day: Timestamp,
    /// The recipients' domain.
    pub to_domain: String,
    /// Their state now.
    pub state: State,
    /// How many.
    pub recipients: u64,
}

impl Store {
    /// What a domain has sent since then, by day, destination and state; oldest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn sent_by_day(&self, domain: &DomainId, since: Timestamp) -> Result<Vec<DayCount>, Fault> {
        let counted = sql("SELECT message.accepted_at / 86400000000 AS day, recipient.to_domain AS to_domain, \
                           recipient.state AS state, COUNT(*) AS recipients \
                           FROM message JOIN recipient ON recipient.message = message.id \
                           WHERE message.domain = $1 AND message.accepted_at >= $2 \
                           GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
        .bind(domain.0.clone())
        .bind(since.micros());
        self.rows("count what was sent", counted).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<DayCount, Fault> {
    Ok(DayCount {
        day: Timestamp::from_micros(row.number("day")?.saturating_mul(DAY)),
        to_domain: row.text("to_domain")?,
        state: row.named("state", State::parse)?,
        recipients: row.count("recipients")?,
    })
}
