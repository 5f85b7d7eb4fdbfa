//! Reading rows and binding values: the small helpers that every table module shares.

use rules::Fault;
use sqlx::{Any, AssertSqlSafe, Row as _, any::AnyArguments};
use syntax::{Address, Timestamp};

use crate::fault::{corrupt, fault};

/// A statement with its values.
pub(crate) type Query = sqlx::query::Query<'static, Any, AnyArguments>;

/// A statement whose text is fixed.
pub(crate) fn sql(text: &'static str) -> Query {
    sqlx::query(text)
}

/// A statement whose text was put together from fixed pieces and counts, never from values.
pub(crate) fn sql_made(text: String) -> Query {
    sqlx::query(AssertSqlSafe(text))
}

/// `($1, $2), ($3, $4)`: `rows` times `columns` placeholders. sqlx's own builder writes `?`, which PostgreSQL refuses.
pub(crate) fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let first = row * columns;
        let marks: Vec<String> = (1..=columns).map(|column| format!("${}", first + column)).collect();
        format!("({})", marks.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// `(CAST($1 AS TEXT), CAST($2 AS BIGINT)), …`: PostgreSQL does not guess the types of values that stand in no column.
/// The first mark has the number `first`.
pub(crate) fn typed(first: usize, rows: usize, types: &[&str]) -> String {
    let row = |row: usize| {
        let from = first + row * types.len();
        let values: Vec<String> =
            types.iter().enumerate().map(|(column, kind)| format!("CAST(${} AS {kind})", from + column)).collect();
        format!("({})", values.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// `before IN ($1, $2, …) after`, on these keys. The last stands as often as it takes for a number that is a power of two: a
/// connection keeps the few statements prepared.
pub(crate) fn sql_for_keys<K: std::fmt::Display>(before: &str, keys: &[K], after: &str) -> Query {
    let marks: Vec<String> = (1..=keys.len().next_power_of_two()).map(|number| format!("${number}")).collect();
    let query = sql_made(format!("{before} IN ({}) {after}", marks.join(", ")));
    let key = |number: usize| keys.get(number).or(keys.last()).map(K::to_string).unwrap_or_default();
    (0..marks.len()).fold(query, |query, number| query.bind(key(number)))
}

/// Text that a peer or client wrote. PostgreSQL's TEXT cannot hold U+0000: it becomes U+FFFD.
pub(crate) fn free_text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A row being read, with what it is read for.
pub(crate) struct Row {
    pub(crate) doing: &'static str,
    pub(crate) row: sqlx::any::AnyRow,
}

impl Row {
    /// A NOT NULL text column.
    pub(crate) fn text(&self, column: &str) -> Result<String, Fault> {
        self.row.try_get(column).map_err(|error| fault(self.doing, error))
    }
    /// A text column.
    pub(crate) fn text_or_none(&self, column: &str) -> Result<Option<String>, Fault> {
        self.row.try_get(column).map_err(|error| fault(self.doing, error))
    }
    /// A NOT NULL number.
    pub(crate) fn number(&self, column: &str) -> Result<i64, Fault> {
        self.row.try_get(column).map_err(|error| fault(self.doing, error))
    }
    /// A number, or NULL.
    pub(crate) fn number_or_none(&self, column: &str) -> Result<Option<i64>, Fault> {
        self.row.try_get(column).map_err(|error| fault(self.doing, error))
    }
    /// A number that fits another integer type.
    pub(crate) fn count<N: TryFrom<i64>>(&self, column: &str) -> Result<N, Fault> {
        let number = self.number(column)?;
        N::try_from(number).map_err(|_| corrupt(self.doing, format!("{column} is {number}")))
    }
    /// 0 or 1.
    pub(crate) fn flag(&self, column: &str) -> Result<bool, Fault> {
        Ok(self.number(column)? != 0)
    }
    /// 0 or 1, or NULL.
    pub(crate) fn flag_or_none(&self, column: &str) -> Result<Option<bool>, Fault> {
        let number: Option<i64> = self.row.try_get(column).map_err(|error| fault(self.doing, error))?;
        Ok(number.map(|number| number != 0))
    }
    /// A NOT NULL moment.
    pub(crate) fn moment(&self, column: &str) -> Result<Timestamp, Fault> {
        self.number(column).map(Timestamp::from_micros)
    }
    /// A moment.
    pub(crate) fn moment_or_none(&self, column: &str) -> Result<Option<Timestamp>, Fault> {
        Ok(self.number_or_none(column)?.map(Timestamp::from_micros))
    }
    /// Octets.
    pub(crate) fn octets(&self, column: &str) -> Result<Vec<u8>, Fault> {
        self.row.try_get(column).map_err(|error| fault(self.doing, error))
    }
    /// Text that has a type of its own.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, column: &str) -> Result<T, Fault> {
        let text = self.text(column)?;
        text.parse().map_err(|_| corrupt(self.doing, format!("{column} cannot be read")))
    }
    /// Text that has a type of its own, or NULL.
    pub(crate) fn parsed_or_none<T: std::str::FromStr>(&self, column: &str) -> Result<Option<T>, Fault> {
        let Some(text) = self.text_or_none(column)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| corrupt(self.doing, format!("{column} cannot be read")))
    }
    /// A word of a closed list.
    pub(crate) fn named<T>(&self, column: &str, read: fn(&str) -> Option<T>) -> Result<T, Fault> {
        let text = self.text(column)?;
        read(&text).ok_or_else(|| corrupt(self.doing, format!("{column} is {text}")))
    }
    /// JSON in a text column, or NULL.
    pub(crate) fn json_or_none<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<Option<T>, Fault> {
        let Some(text) = self.text_or_none(column)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| corrupt(self.doing, format!("{column}: {error}")))
    }
}

/// An address as it is stored.
pub(crate) fn stored(address: &Option<Address>) -> Option<String> {
    address.as_ref().map(Address::to_string)
}
