//! A look at a database that may be of another version, or in use: nothing is migrated and nothing is written.

use rules::Fault;
use syntax::Timestamp;

use crate::{
    connect::{Backend, Location},
    fault::fault,
    migrate::known_version,
    row::{Row, sql},
};

const DOING: &str = "look at the database";

/// What is seen at a glance.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Glance {
    /// `sqlite` or `postgresql`.
    pub backend: String,
    /// Version of the schema.
    pub schema: i64,
    /// Recipients that wait.
    pub waiting: u64,
    /// Those whose time came before `now`.
    pub due: u64,
    /// The time of the one that is due the longest.
    pub due_since: Option<Timestamp>,
    /// The last event's moment.
    pub last_event: Option<Timestamp>,
    /// What a quick check of the file says that is wrong; SQLite alone.
    pub damage: Vec<String>,
}

/// Looks.
///
/// # Errors
/// `store.absent`, `store.open`, `store.migrate` when it is newer than this program, `store.*`
pub async fn glance(url: &str, now: Timestamp) -> Result<Glance, Fault> {
    let location = Location::existing(url)?;
    let mut connection = location.looker().await?;
    let schema = known_version(&mut connection).await?;
    let query =
        sql("SELECT COUNT(*) AS waiting, COALESCE(CAST(SUM(CASE WHEN next_at <= $1 THEN 1 ELSE 0 END) AS BIGINT), 0) \
                     AS due, MIN(next_at) AS first_at, (SELECT MAX(at) FROM event) AS last_event \
                     FROM recipient WHERE next_at IS NOT NULL");
    let row = query.bind(now.micros()).fetch_one(&mut connection).await.map_err(|error| fault(DOING, error))?;
    let row = Row { doing: DOING, row };
    let first_at = row.moment_or_none("first_at")?;
    let mut glance = Glance {
        backend: location.backend.name().to_owned(),
        schema,
        waiting: row.count("waiting")?,
        due: row.count("due")?,
        due_since: first_at.filter(|at| *at <= now),
        last_event: row.moment_or_none("last_event")?,
        damage: Vec::new(),
    };
    if location.backend == Backend::Sqlite {
        let rows =
            sql("PRAGMA quick_check(20)").fetch_all(&mut connection).await.map_err(|error| fault(DOING, error))?;
        for row in rows {
            let said = Row { doing: DOING, row }.text("quick_check")?;
            if said != "ok" {
                glance.damage.push(said);
            }
        }
    }
    Ok(glance)
}
