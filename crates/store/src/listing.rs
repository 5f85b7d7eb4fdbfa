//! What blocklists said of our own IPs and domains, and since when.

use std::collections::HashMap;

use rules::{
    Fault,
    event::Event,
    listing::{Listing, Look, Next, next},
};
use syntax::Timestamp;

use crate::{
    Store,
    committer::Tx,
    fault::corrupt,
    row::{Row, free_text, sql},
};

/// What one list says now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenListing {
    /// The zone.
    pub zone: String,
    /// What it says.
    pub state: Listing,
    /// The codes of its answer.
    pub codes: Vec<String>,
    /// Whether mail is refused for it.
    pub bad: bool,
    /// The reason that it gives.
    pub reason: Option<String>,
    /// Why it is refused, dead or unknown.
    pub why: Option<String>,
}

/// A time in which a list said the same of a subject.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ListingPeriod {
    /// The IP or domain.
    pub subject: String,
    /// The zone.
    pub zone: String,
    /// What it said.
    pub state: Listing,
    /// The codes of its answer.
    pub codes: Vec<String>,
    /// The reason that it gave.
    pub reason: Option<String>,
    /// Why it is refused, dead or unknown; beside a state that stands: why nothing newer could be learned.
    pub why: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// When it was seen last.
    pub seen_at: Timestamp,
    /// When the list was asked last.
    pub asked_at: Timestamp,
    /// When another state began; `None` for what holds now.
    pub ended_at: Option<Timestamp>,
}

impl Store {
    /// Writes down what the lists say of a subject now, with an event for each change that is told. Gives these events.
    ///
    /// # Errors
    /// `store.*`
    pub async fn see_listings(&self, subject: &str, seen: Vec<SeenListing>) -> Result<Vec<Event>, Fault> {
        let subject = subject.to_owned();
        self.write("write down what blocklists say", move |tx| {
            Box::pin(async move {
                let known = known(tx, &subject).await?;
                let mut events = Vec::new();
                for one in &seen {
                    events.extend(see(tx, &subject, known.get(&one.zone), one).await?);
                }
                tx.record(&events).await?;
                Ok(events)
            })
        })
        .await
    }

    /// What holds now, of one subject or of all; by subject, then zone.
    ///
    /// # Errors
    /// `store.*`
    pub async fn listings(&self, subject: Option<&str>) -> Result<Vec<ListingPeriod>, Fault> {
        let query = match subject {
            Some(subject) => sql("SELECT * FROM listing WHERE ended_at IS NULL AND subject = $1 ORDER BY zone")
                .bind(subject.to_owned()),
            None => sql("SELECT * FROM listing WHERE ended_at IS NULL ORDER BY subject, zone"),
        };
        self.rows("read what blocklists say", query).await?.iter().map(read).collect()
    }

    /// Everything that was said of a subject, what began last first; at most `limit`.
    ///
    /// # Errors
    /// `store.*`
    pub async fn listing_history(&self, subject: &str, limit: u32) -> Result<Vec<ListingPeriod>, Fault> {
        let query = sql("SELECT * FROM listing WHERE subject = $1 ORDER BY since DESC, zone, id DESC LIMIT $2")
            .bind(subject.to_owned())
            .bind(i64::from(limit));
        self.rows("read what blocklists said", query).await?.iter().map(read).collect()
    }

    /// When each subject was asked about last.
    ///
    /// # Errors
    /// `store.*`
    pub async fn listings_asked_at(&self) -> Result<HashMap<String, Timestamp>, Fault> {
        let query =
            sql("SELECT subject, MAX(asked_at) AS asked_at FROM listing WHERE ended_at IS NULL GROUP BY subject");
        let rows = self.rows("read when blocklists were asked", query).await?;
        rows.iter().map(|row| Ok((row.text("subject")?, row.moment("asked_at")?))).collect()
    }
}

/// What holds now, by zone, with its row.
async fn known(tx: &mut Tx, subject: &str) -> Result<HashMap<String, (String, ListingPeriod)>, Fault> {
    let query = sql("SELECT * FROM listing WHERE ended_at IS NULL AND subject = $1").bind(subject.to_owned());
    let rows = tx.rows(query).await?;
    rows.iter().map(|row| Ok((row.text("zone")?, (row.text("id")?, read(row)?)))).collect()
}

async fn see(
    tx: &mut Tx,
    subject: &str,
    known: Option<&(String, ListingPeriod)>,
    now: &SeenListing,
) -> Result<Option<Event>, Fault> {
    let before = known.map(|(_, period)| Look { state: period.state, codes: &period.codes });
    let at = tx.now.micros();
    let why = now.why.as_deref().map(free_text);
    match (next(before, Look { state: now.state, codes: &now.codes }), known) {
        (Next::Same, Some((id, _))) => {
            let update = sql("UPDATE listing SET seen_at = $2, asked_at = $2, reason = $3, why = $4 WHERE id = $1")
                .bind(id.clone())
                .bind(at)
                .bind(now.reason.as_deref().map(free_text))
                .bind(why);
            tx.run(update).await?;
            Ok(None)
        }
        (Next::Stands, Some((id, _))) => {
            let update =
                sql("UPDATE listing SET asked_at = $2, why = $3 WHERE id = $1").bind(id.clone()).bind(at).bind(why);
            tx.run(update).await?;
            Ok(None)
        }
        (next, known) => {
            if let Some((id, _)) = known {
                let end =
                    sql("UPDATE listing SET ended_at = $2, asked_at = $2 WHERE id = $1").bind(id.clone()).bind(at);
                tx.run(end).await?;
            }
            begin(tx, subject, now).await?;
            let told = next == Next::Begins { told: true };
            Ok(told.then(|| changed(subject, known.map(|(_, period)| period.state), now)))
        }
    }
}

async fn begin(tx: &mut Tx, subject: &str, now: &SeenListing) -> Result<(), Fault> {
    let codes = serde_json::to_string(&now.codes).map_err(|error| corrupt("write down what blocklists say", error))?;
    let at = tx.now.micros();
    let insert = sql("INSERT INTO listing (id, subject, zone, state, codes, reason, why, since, seen_at, asked_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8)")
    .bind(tx.id())
    .bind(subject.to_owned())
    .bind(now.zone.clone())
    .bind(now.state.as_str())
    .bind(codes)
    .bind(now.reason.as_deref().map(free_text))
    .bind(now.why.as_deref().map(free_text))
    .bind(at);
    tx.run(insert).await.map(drop)
}

fn changed(subject: &str, before: Option<Listing>, now: &SeenListing) -> Event {
    Event::ListingChanged {
        subject: subject.to_owned(),
        zone: now.zone.clone(),
        before,
        now: now.state,
        codes: now.codes.clone(),
        bad: now.bad,
    }
}

pub(crate) fn read(row: &Row) -> Result<ListingPeriod, Fault> {
    Ok(ListingPeriod {
        subject: row.text("subject")?,
        zone: row.text("zone")?,
        state: row.named("state", Listing::parse)?,
        codes: row.json_or_none("codes")?.unwrap_or_default(),
        reason: row.text_or_none("reason")?,
        why: row.text_or_none("why")?,
        since: row.moment("since")?,
        seen_at: row.moment("seen_at")?,
        asked_at: row.moment("asked_at")?,
        ended_at: row.moment_or_none("ended_at")?,
    })
}
