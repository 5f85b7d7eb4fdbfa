//! The contents and the values that have a form, read one by one.

use std::str::FromStr as _;

use ::rules::{Digest, Fault, event::Event};
use sqlx::AnyConnection;
use syntax::Address;

use super::{DOING, Look, MOST_TOLD, Tell, VerifiedDatabase, look};
use crate::{
    fault::fault,
    row::{Row, sql_made},
};

/// Contents in hand at the same time: each may be as large as the largest message.
const CONTENTS_AT_ONCE: usize = 8;
/// Rows in hand at the same time.
const ROWS_AT_ONCE: usize = 500;
/// The schema that has digests.
const SCHEMA_WITH_DIGESTS: i64 = 19;

/// A column whose values have a form.
struct Formed {
    id: &'static str,
    what: &'static str,
    since: i64,
    table: &'static str,
    /// A text or number that tells rows apart, and in whose order they are read.
    key: &'static str,
    column: &'static str,
    reads: fn(&str) -> bool,
}

const FORMED: &[Formed] = &[
    Formed {
        id: "event-reads",
        what: "every event can be read",
        since: 1,
        table: "event",
        key: "sequence",
        column: "event",
        reads: |text| serde_json::from_str::<Event>(text).is_ok(),
    },
    Formed {
        id: "domain-ip-reads",
        what: "every domain's egress IP can be read",
        since: 1,
        table: "domain",
        key: "id",
        column: "egress_ip",
        reads: |text| text.parse::<std::net::IpAddr>().is_ok(),
    },
    Formed {
        id: "mailbox-address-reads",
        what: "every mailbox's address can be read",
        since: 1,
        table: "mailbox",
        key: "id",
        column: "address",
        reads: is_address,
    },
    Formed {
        id: "recipient-address-reads",
        what: "every recipient's address can be read",
        since: 1,
        table: "recipient",
        key: "id",
        column: "address",
        reads: is_address,
    },
    Formed {
        id: "message-from-reads",
        what: "every message's From can be read",
        since: 1,
        table: "message",
        key: "id",
        column: "from_address",
        reads: is_address,
    },
    Formed {
        id: "proof-steps-read",
        what: "the evidence of every proof can be read",
        since: 11,
        table: "proof",
        key: "id",
        column: "steps",
        reads: is_json,
    },
    Formed {
        id: "mail-kept-reads",
        what: "the structure kept of every mail can be read",
        since: 13,
        table: "mail_kept",
        key: "mail",
        column: "kept",
        reads: is_json,
    },
    Formed {
        id: "webhook-delivery-reads",
        what: "every webhook's delivery can be read",
        since: 9,
        table: "webhook_delivery",
        key: "id",
        column: "body",
        reads: is_json,
    },
];

fn is_address(text: &str) -> bool {
    Address::from_str(text).is_ok()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// A table of contents, and the table that says what they must be.
struct Contents {
    id: &'static str,
    what: &'static str,
    table: &'static str,
    of: &'static str,
}

const CONTENTS: &[Contents] = &[
    Contents {
        id: "message-content",
        what: "every message's content is as it was accepted",
        table: "body",
        of: "message",
    },
    Contents { id: "mail-content", what: "every mail's content is as it arrived", table: "mail_body", of: "mail" },
];

/// Reads all of it.
pub(super) async fn read_all(
    connection: &mut AnyConnection,
    schema: i64,
    verified: &mut VerifiedDatabase,
    tell: Tell<'_>,
) -> Result<(), Fault> {
    for formed in FORMED.iter().filter(|formed| formed.since <= schema) {
        let all = count(connection, formed.table).await.unwrap_or_default();
        let look = read_formed(connection, formed, &mut |done| tell(formed.id, done, all)).await?;
        verified.looks.push(look);
    }
    for contents in CONTENTS {
        let all = count(connection, contents.table).await.unwrap_or_default();
        let has_digest = schema >= SCHEMA_WITH_DIGESTS;
        let mut counts = (0, 0);
        let tell = &mut |done| tell(contents.id, done, all);
        verified.looks.push(read_contents(connection, contents, has_digest, &mut counts, tell).await?);
        verified.digests += counts.0;
        verified.without_digest += counts.1;
    }
    Ok(())
}

async fn count(connection: &mut AnyConnection, table: &str) -> Result<u64, Fault> {
    let query = sql_made(format!("SELECT COUNT(*) AS there FROM {table}"));
    let row = query.fetch_one(connection).await.map_err(|error| fault(DOING, error))?;
    Row { doing: DOING, row }.count("there")
}

async fn read_formed(
    connection: &mut AnyConnection,
    formed: &Formed,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<Look, Fault> {
    let Formed { table, key, column, .. } = formed;
    let query = format!(
        "SELECT {key} AS its_key, CAST({key} AS TEXT) AS its_name, {column} AS its_value FROM {table} \
         WHERE {key} > $1 ORDER BY {key} LIMIT {ROWS_AT_ONCE}"
    );
    let (mut last, mut found) = (Last::first(key), Found::default());
    loop {
        let rows = match last.bind(&query).fetch_all(&mut *connection).await {
            Ok(rows) => rows,
            Err(error) => return found.cut_short(formed.id, formed.what, fault(DOING, error)),
        };
        for row in rows.iter() {
            found.done += 1;
            let value = sqlx::Row::try_get::<String, _>(row, "its_value");
            let name = sqlx::Row::try_get::<String, _>(row, "its_name").unwrap_or_default();
            if !value.is_ok_and(|value| (formed.reads)(&value)) {
                found.wrong(format!("{table} {name}: {column} cannot be read"));
            }
        }
        tell(found.done);
        match rows.last() {
            Some(row) if rows.len() == ROWS_AT_ONCE => last.after(row).map_err(|error| fault(DOING, error))?,
            _ => return Ok(found.look(formed.id, formed.what)),
        }
    }
}

/// The key of the last row that was read.
enum Last {
    Number(i64),
    Text(String),
}

impl Last {
    fn first(key: &str) -> Self {
        if key == "sequence" { Self::Number(i64::MIN) } else { Self::Text(String::new()) }
    }
    fn bind(&self, query: &str) -> crate::row::Query {
        match self {
            Self::Number(number) => sql_made(query.to_owned()).bind(*number),
            Self::Text(text) => sql_made(query.to_owned()).bind(text.clone()),
        }
    }
    fn after(&mut self, row: &sqlx::any::AnyRow) -> sqlx::Result<()> {
        match self {
            Self::Number(number) => *number = sqlx::Row::try_get(row, "its_key")?,
            Self::Text(text) => *text = sqlx::Row::try_get(row, "its_key")?,
        }
        Ok(())
    }
}

/// What is wrong so far.
#[derive(Default)]
struct Found {
    done: u64,
    count: u64,
    told: Vec<String>,
}

impl Found {
    fn wrong(&mut self, what: String) {
        self.count += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(what);
        }
    }
    fn look(self, id: &'static str, what: &'static str) -> Look {
        look(id, what, self.count, self.told)
    }
    /// Damage ends the look; what cannot be asked at all is a fault.
    fn cut_short(mut self, id: &'static str, what: &'static str, fault: Fault) -> Result<Look, Fault> {
        if !matches!(fault.code, "store.damaged" | "store.corrupt" | "store.failed") {
            return Err(fault);
        }
        let done = self.done;
        self.wrong(format!("after {done} rows nothing more can be read: {fault}"));
        Ok(self.look(id, what))
    }
}

async fn read_contents(
    connection: &mut AnyConnection,
    contents: &Contents,
    has_digest: bool,
    counts: &mut (u64, u64),
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<Look, Fault> {
    let Contents { table, of, .. } = contents;
    let digest = if has_digest { "b.digest" } else { "CAST(NULL AS TEXT)" };
    let query = format!(
        "SELECT b.{of} AS its_key, m.octets AS its_octets, {digest} AS its_digest, b.content AS its_content \
         FROM {table} b JOIN {of} m ON m.id = b.{of} WHERE b.{of} > $1 ORDER BY b.{of} LIMIT {CONTENTS_AT_ONCE}"
    );
    let (mut last, mut found) = (String::new(), Found::default());
    loop {
        let rows = match sql_made(query.clone()).bind(last.clone()).fetch_all(&mut *connection).await {
            Ok(rows) => rows,
            Err(error) => return found.cut_short(contents.id, contents.what, fault(DOING, error)),
        };
        let read = rows.len();
        for row in rows {
            found.done += 1;
            let row = Row { doing: DOING, row };
            last = row.text("its_key")?;
            match judged(&row) {
                Ok(true) => counts.0 += 1,
                Ok(false) => counts.1 += 1,
                Err(what) => found.wrong(format!("{of} {last}: {what}")),
            }
        }
        tell(found.done);
        if read < CONTENTS_AT_ONCE {
            return Ok(found.look(contents.id, contents.what));
        }
    }
}

/// Whether a digest was there to hold the content against; what is wrong with it.
fn judged(row: &Row) -> Result<bool, String> {
    let content = row.octets("its_content").map_err(|fault| fault.to_string())?;
    let octets = row.number("its_octets").map_err(|fault| fault.to_string())?;
    let digest = row.text_or_none("its_digest").map_err(|fault| fault.to_string())?;
    if i64::try_from(content.len()) != Ok(octets) {
        return Err(format!("{} octets, and {octets} were accepted", content.len()));
    }
    match digest {
        None => Ok(false),
        Some(digest) if digest == Digest::of(&content) => Ok(true),
        Some(_) => Err(String::from("its SHA-256 is not the one that was written with it")),
    }
}
