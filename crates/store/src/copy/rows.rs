//! Rows from one database into another of the same schema.

use rules::Fault;
use sqlx::{Any, AnyConnection, Row as _, any::AnyRow, query::Query as Statement};

use super::{DOING_IN, DOING_OUT};
use crate::{
    connect::Backend,
    fault::{corrupt, fault},
    row::{Row, placeholders, sql_made},
};

/// Rows that are in hand at the same time.
const ROWS_AT_ONCE: i64 = 200;
/// Of those that hold contents, each of which may be as large as the largest message.
const BIG_ROWS_AT_ONCE: i64 = 8;

/// A column: its name and what it holds.
struct Column {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Octets,
}

/// A source or a target.
pub(super) type Side<'c> = (&'c mut AnyConnection, Backend);

/// The tables, so that what is referred to comes first: in the order in which they were made.
pub(super) async fn tables(connection: &mut AnyConnection, backend: Backend) -> Result<Vec<String>, Fault> {
    let query = match backend {
        Backend::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
             AND name <> 'schema_version' ORDER BY rowid"
        }
        Backend::Postgresql => {
            "SELECT CAST(c.relname AS TEXT) AS name FROM pg_catalog.pg_class c WHERE c.relkind = 'r' \
             AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
             AND c.relname <> 'schema_version' ORDER BY c.oid"
        }
    };
    names(connection, query.to_owned()).await
}

async fn names(connection: &mut AnyConnection, query: String) -> Result<Vec<String>, Fault> {
    let rows = sql_made(query).fetch_all(connection).await.map_err(|error| fault(DOING_OUT, error))?;
    rows.into_iter().map(|row| Row { doing: DOING_OUT, row }.text("name")).collect()
}

pub(super) async fn count_rows(connection: &mut AnyConnection, table: &str) -> Result<u64, Fault> {
    let query = sql_made(format!("SELECT COUNT(*) AS rows_there FROM {table}"));
    let row = query.fetch_one(connection).await.map_err(|error| fault(DOING_OUT, error))?;
    Row { doing: DOING_OUT, row }.count("rows_there")
}

/// Takes every row over. The target has the schema and the few rows that a migration puts there, which are replaced.
pub(super) async fn transfer(
    (source, from): Side<'_>,
    (target, to): Side<'_>,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<(), Fault> {
    // SQLite knows what it made and in which order; of the two sides one is SQLite.
    let tables = if from == Backend::Sqlite { tables(source, from).await? } else { tables(target, to).await? };
    let mut done = 0;
    for table in tables {
        let columns =
            if from == Backend::Sqlite { columns(source, &table).await? } else { columns(target, &table).await? };
        execute(target, sql_made(format!("DELETE FROM {table}"))).await?;
        let mut reader = Reader::open(source, from, &table, &columns).await?;
        loop {
            let rows = reader.next(source).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                insert(target, to, &table, &columns, row).await?;
            }
            done += rows.len() as u64;
            tell(done);
        }
        reader.close(source).await?;
        go_on_counting((&mut *source, from), (&mut *target, to), &table, &columns).await?;
    }
    Ok(())
}

async fn columns(sqlite: &mut AnyConnection, table: &str) -> Result<Vec<Column>, Fault> {
    let query = sql_made(format!("SELECT name, type FROM pragma_table_info('{table}') ORDER BY cid"));
    let rows = query.fetch_all(sqlite).await.map_err(|error| fault(DOING_OUT, error))?;
    let read = |row| {
        let row = Row { doing: DOING_OUT, row };
        let (name, kind) = (row.text("name")?, row.text("type")?);
        let kind = match kind.as_str() {
            "TEXT" => Kind::Text,
            "BIGINT" | "INTEGER" => Kind::Number,
            "BLOB" => Kind::Octets,
            other => return Err(corrupt(DOING_OUT, format!("{table}.{name} is of the unknown kind {other}"))),
        };
        Ok(Column { name, kind })
    };
    rows.into_iter().map(read).collect()
}

/// Reads a table piece by piece, so that memory stays bounded.
struct Reader {
    from: Backend,
    table: String,
    query: String,
    last: i64,
}

impl Reader {
    async fn open(source: &mut AnyConnection, from: Backend, table: &str, columns: &[Column]) -> Result<Self, Fault> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let names = names.join(", ");
        let has_octets = columns.iter().any(|column| column.kind == Kind::Octets);
        let limit = if has_octets { BIG_ROWS_AT_ONCE } else { ROWS_AT_ONCE };
        let query = match from {
            Backend::Sqlite => {
                format!("SELECT rowid AS its_rowid, {names} FROM {table} WHERE rowid > $1 ORDER BY rowid LIMIT {limit}")
            }
            Backend::Postgresql => {
                // Named for its table: the driver keeps the columns of a statement by its text.
                let cursor = format!("DECLARE all_{table} NO SCROLL CURSOR FOR SELECT {names} FROM {table}");
                execute(source, sql_made(cursor)).await?;
                format!("FETCH {limit} FROM all_{table}")
            }
        };
        Ok(Self { from, table: table.to_owned(), query, last: i64::MIN })
    }

    async fn next(&mut self, source: &mut AnyConnection) -> Result<Vec<AnyRow>, Fault> {
        let query = sql_made(self.query.clone());
        let query = if self.from == Backend::Sqlite { query.bind(self.last) } else { query };
        let rows = query.fetch_all(source).await.map_err(|error| fault(DOING_OUT, error))?;
        if let (Backend::Sqlite, Some(row)) = (self.from, rows.last()) {
            self.last = row.try_get("its_rowid").map_err(|error| fault(DOING_OUT, error))?;
        }
        Ok(rows)
    }

    async fn close(self, source: &mut AnyConnection) -> Result<(), Fault> {
        match self.from {
            Backend::Sqlite => Ok(()),
            Backend::Postgresql => execute(source, sql_made(format!("CLOSE all_{}", self.table))).await,
        }
    }
}

async fn insert(
    target: &mut AnyConnection,
    to: Backend,
    table: &str,
    columns: &[Column],
    row: &AnyRow,
) -> Result<(), Fault> {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    // Numbers that the database gives by itself are taken over too: others refer to them.
    let given = if to == Backend::Postgresql { " OVERRIDING SYSTEM VALUE" } else { "" };
    let values = placeholders(1, columns.len());
    let mut query = sql_made(format!("INSERT INTO {table} ({}){given} VALUES {values}", names.join(", ")));
    for column in columns {
        query = bound(query, column, row).map_err(|error| fault(DOING_OUT, error))?;
    }
    execute(target, query).await
}

type Values = Statement<'static, Any, sqlx::any::AnyArguments>;

fn bound(query: Values, column: &Column, row: &AnyRow) -> sqlx::Result<Values> {
    let name = column.name.as_str();
    Ok(match column.kind {
        Kind::Text => query.bind(row.try_get::<Option<String>, _>(name)?),
        Kind::Number => query.bind(row.try_get::<Option<i64>, _>(name)?),
        Kind::Octets => query.bind(row.try_get::<Option<Vec<u8>>, _>(name)?),
    })
}

/// A number that was given once is never given again, also when its row is gone.
async fn go_on_counting(
    (source, from): Side<'_>,
    (target, to): Side<'_>,
    table: &str,
    columns: &[Column],
) -> Result<(), Fault> {
    let counted = match from {
        Backend::Sqlite => {
            let made =
                names(source, String::from("SELECT name FROM sqlite_master WHERE name = 'sqlite_sequence'")).await?;
            if made.is_empty() { None } else { sequence_of_sqlite(source, table).await? }
        }
        Backend::Postgresql => sequence_of_postgresql(source, table, columns).await?,
    };
    let (Some(last), Some(column)) = (counted, columns.first()) else { return Ok(()) };
    let set = match to {
        Backend::Sqlite => {
            execute(target, sql_made(format!("DELETE FROM sqlite_sequence WHERE name = '{table}'"))).await?;
            format!("INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {last})")
        }
        Backend::Postgresql if last == 0 => return Ok(()),
        Backend::Postgresql => {
            format!("SELECT setval(pg_get_serial_sequence('{table}', '{}'), {last})", column.name)
        }
    };
    execute(target, sql_made(set)).await
}

async fn sequence_of_sqlite(source: &mut AnyConnection, table: &str) -> Result<Option<i64>, Fault> {
    let query = sql_made(format!("SELECT seq FROM sqlite_sequence WHERE name = '{table}'"));
    let row = query.fetch_optional(source).await.map_err(|error| fault(DOING_OUT, error))?;
    row.map(|row| Row { doing: DOING_OUT, row }.number("seq")).transpose()
}

async fn sequence_of_postgresql(
    source: &mut AnyConnection,
    table: &str,
    columns: &[Column],
) -> Result<Option<i64>, Fault> {
    // It is always the first column.
    let Some(first) = columns.first().filter(|column| column.kind == Kind::Number) else { return Ok(None) };
    let query = sql_made(format!(
        "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence('{table}', '{}') AS regclass)) AS last",
        first.name
    ));
    let row = query.fetch_one(source).await.map_err(|error| fault(DOING_OUT, error))?;
    Row { doing: DOING_OUT, row }.number_or_none("last")
}

async fn execute(connection: &mut AnyConnection, query: Values) -> Result<(), Fault> {
    query.execute(connection).await.map(drop).map_err(|error| fault(DOING_IN, error))
}
