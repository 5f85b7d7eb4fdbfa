//! Every row and every content held against what must be true of them. Nothing is changed, and nothing is migrated.
//!
//! Reading order: [`verify_database`]; what must be true is a table in `verify/rules.rs`, the contents and the values that
//! have a form are read in `verify/contents.rs`.

mod contents;
mod rules;

use ::rules::{Blame, Fault, Retry};
use sqlx::AnyConnection;

use self::rules::{RULES, Rule};
use crate::{
    connect::{Backend, Location},
    fault::fault,
    migrate::known_version,
    row::{Row, sql_made},
};

/// Problems of one kind that are told one by one; the others are counted.
const MOST_TOLD: usize = 20;
const DOING: &str = "verify the database";

/// What was looked at, and what is wrong.
#[derive(Debug, Clone, serde::Serialize)]
pub struct VerifiedDatabase {
    /// `sqlite` or `postgresql`.
    pub backend: String,
    /// Version of the schema.
    pub schema: i64,
    /// What was looked at, in this order.
    pub looks: Vec<Look>,
    /// Contents whose digest was held against them.
    pub digests: u64,
    /// Contents that are older than digests: their size alone was.
    pub without_digest: u64,
}

/// One thing that was looked at.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Look {
    /// Stable id: `entry-uid-below-next`.
    pub id: &'static str,
    /// What must be true.
    pub what: &'static str,
    /// How often it is not.
    pub wrong: u64,
    /// Where it is not: the first of them.
    pub where_wrong: Vec<String>,
}

impl VerifiedDatabase {
    /// Nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.looks.iter().all(|look| look.wrong == 0)
    }
}

/// What is being looked at: an id of a look, and how many rows of how many are done.
pub type Tell<'t> = &'t mut (dyn FnMut(&'static str, u64, u64) + Send);

/// Verifies the database at `url`, in one state of it, while others go on writing.
///
/// # Errors
/// `store.absent`, `store.open`, `store.migrate` when it is newer than this program, `store.unavailable`. Damage is an
/// answer, not an error, unless so much is damaged that nothing can be read.
pub async fn verify_database(url: &str, tell: Tell<'_>) -> Result<VerifiedDatabase, Fault> {
    verify(&Location::existing(url)?, tell).await
}

/// Verifies a file of a backup; opening it leaves it as it is.
///
/// # Errors
/// As [`verify_database`].
pub async fn verify_copy(path: &std::path::Path, tell: Tell<'_>) -> Result<VerifiedDatabase, Fault> {
    verify(&Location::copy(path)?, tell).await
}

async fn verify(location: &Location, tell: Tell<'_>) -> Result<VerifiedDatabase, Fault> {
    let mut connection = location.looker().await?;
    let begin = location.backend.begin_to_look();
    sqlx::raw_sql(begin).execute(&mut connection).await.map_err(|error| fault(DOING, error))?;
    let schema = known_version(&mut connection).await?;
    let mut verified = VerifiedDatabase {
        backend: location.backend.name().to_owned(),
        schema,
        looks: Vec::new(),
        digests: 0,
        without_digest: 0,
    };
    if location.backend == Backend::Sqlite {
        tell("pages", 0, 1);
        verified.looks.push(pages(&mut connection).await?);
        verified.looks.push(references(&mut connection).await?);
    }
    let mut looks = Vec::new();
    let rules: Vec<&Rule> = RULES.iter().filter(|rule| rule.since <= schema).collect();
    for (done, rule) in (0..).zip(&rules) {
        tell(rule.id, done, rules.len() as u64);
        looks.push(unless_unreadable(rule.id, rule.what, follow(&mut connection, rule).await)?);
    }
    verified.looks.append(&mut looks);
    contents::read_all(&mut connection, schema, &mut verified, tell).await?;
    Ok(verified)
}

/// SQLite holds its own pages and indexes against one another.
async fn pages(connection: &mut AnyConnection) -> Result<Look, Fault> {
    const WHAT: &str = "the pages of the file and its indexes agree";
    let found = texts(connection, "PRAGMA integrity_check(200)", "integrity_check").await;
    let found = found.map(|said| said.into_iter().filter(|line| line != "ok").collect::<Vec<_>>());
    unless_unreadable("pages", WHAT, found.map(|found| look("pages", WHAT, found.len() as u64, found)))
}

/// Rows that refer to rows that are not there. PostgreSQL refuses them at every write.
async fn references(connection: &mut AnyConnection) -> Result<Look, Fault> {
    const WHAT: &str = "every row that is referred to is there";
    let query = "SELECT \"table\" || ' row ' || COALESCE(rowid, '?') || ' refers to no row of ' || parent AS found \
                 FROM pragma_foreign_key_check";
    let found = texts(connection, query, "found").await;
    unless_unreadable("references", WHAT, found.map(|found| look("references", WHAT, found.len() as u64, found)))
}

async fn texts(connection: &mut AnyConnection, query: &str, column: &str) -> Result<Vec<String>, Fault> {
    let rows = sql_made(query.to_owned()).fetch_all(connection).await.map_err(|error| fault(DOING, error))?;
    rows.into_iter().map(|row| Row { doing: DOING, row }.text(column)).collect()
}

/// Asks for the rows that break a rule.
async fn follow(connection: &mut AnyConnection, rule: &Rule) -> Result<Look, Fault> {
    let found = texts(connection, &format!("{} LIMIT {}", rule.broken, MOST_TOLD + 1), "found").await?;
    if found.len() <= MOST_TOLD {
        return Ok(look(rule.id, rule.what, found.len() as u64, found));
    }
    let count = sql_made(format!("SELECT COUNT(*) AS wrong FROM ({}) AS broken", rule.broken));
    let row = count.fetch_one(connection).await.map_err(|error| fault(DOING, error))?;
    Ok(look(rule.id, rule.what, Row { doing: DOING, row }.count("wrong")?, found))
}

fn look(id: &'static str, what: &'static str, wrong: u64, mut where_wrong: Vec<String>) -> Look {
    where_wrong.truncate(MOST_TOLD);
    Look { id, what, wrong, where_wrong }
}

/// What cannot be read because it is damaged is found, not failed.
fn unless_unreadable(id: &'static str, what: &'static str, looked: Result<Look, Fault>) -> Result<Look, Fault> {
    match looked {
        Err(fault) if matches!(fault.code, "store.damaged" | "store.corrupt" | "store.failed") => {
            Ok(look(id, what, 1, vec![fault.to_string()]))
        }
        other => other,
    }
}

/// More is wrong than a caller can go on with.
///
/// # Errors
/// `verify.unsound` naming what is wrong
pub fn must_be_sound(verified: &VerifiedDatabase) -> Result<(), Fault> {
    let wrong: Vec<String> = verified
        .looks
        .iter()
        .filter(|look| look.wrong > 0)
        .map(|look| format!("{} ({}): {}", look.id, look.wrong, look.where_wrong.join("; ")))
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Fault::new("verify.unsound", Blame::Operator, Retry::AfterChange).context(wrong.join("\n")))
}
