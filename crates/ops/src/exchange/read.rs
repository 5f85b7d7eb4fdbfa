//! Mailboxes from a file of any format that is known, told by its header. Pure: text in, rows out.
//!
//! No header means one thing in one format and another in the next (a test of the catalogue holds that), so that columns of
//! several formats may stand in one file.

use std::collections::HashMap;

use reference::{Field, Sequencer, sequencers};
use rules::Fault;
use serde_json::Value;
use syntax::Address;

use super::guard::unguarded;
use crate::MailboxRequest;

/// Rows of one file.
const MOST_ROWS: usize = 100_000;
/// Letters of a display name.
const MOST_NAME: usize = 200;

/// A row that can be taken.
#[derive(Debug, Clone)]
pub struct ReadRow {
    /// Its line, from 1; of JSON, its place in the list.
    pub line: u64,
    /// The mailbox asked for.
    pub request: MailboxRequest,
    /// It is to be suspended.
    pub suspended: bool,
}

/// A row that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BadRow {
    /// Its line, from 1; the header line counts. Of JSON, its place in the list.
    pub line: u64,
    /// What stands there.
    pub cell: String,
    /// What is wrong, and what next.
    pub what: String,
}

impl BadRow {
    pub(super) fn new(line: u64, cell: &str, what: impl Into<String>) -> Self {
        Self { line, cell: cell.to_owned(), what: what.into() }
    }
}

/// Everything that a file holds.
#[derive(Debug, Default)]
pub struct Table {
    /// The format that its header is most like.
    pub format: Option<&'static Sequencer>,
    /// Rows that can be taken.
    pub rows: Vec<ReadRow>,
    /// Rows that cannot.
    pub bad: Vec<BadRow>,
    /// Passwords that stand in it.
    pub passwords: FilePasswords,
}

/// Passwords of a file, by `Address::key`. Its `Debug` is redacted.
#[derive(Clone, Default)]
pub struct FilePasswords(HashMap<String, String>);

impl FilePasswords {
    /// The password of an address, when one stands there.
    pub fn of(&self, address: &Address) -> Option<&str> {
        self.0.get(&address.key()).map(String::as_str)
    }
}

impl std::fmt::Debug for FilePasswords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FilePasswords({} [redacted])", self.0.len())
    }
}

/// The passwords of a file, such as an export has them.
///
/// # Errors
/// `mailbox.csv` when it cannot be read.
pub fn file_passwords(text: &str) -> Result<FilePasswords, Fault> {
    let table = read(text);
    match table.bad.first() {
        None => Ok(table.passwords),
        Some(row) => Err(Fault::caller("mailbox.csv", format!("line {}: {}", row.line, row.what))),
    }
}

/// Reads a file.
pub(super) fn read(text: &str) -> Table {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with(['[', '{']) { json(text) } else { csv(text) }
}

fn csv(text: &str) -> Table {
    let head = text.lines().next().unwrap_or_default();
    // Spreadsheets write semicolons where the comma parts decimals.
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return Table { bad: vec![BadRow::new(1, "", error.to_string())], ..Table::default() },
    };
    let names: Vec<&str> = headers.iter().map(str::trim).collect();
    let mut table = Table { format: likest(&names), ..Table::default() };
    let fields: Vec<Option<Field>> = names.iter().map(|name| meaning(name)).collect();
    if !fields.contains(&Some(Field::Address)) {
        table.bad.push(BadRow::new(1, &names.join(","), no_address()));
        return table;
    }
    for record in reader.records() {
        match record {
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                table.bad.push(BadRow::new(line, "", error.to_string()));
            }
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let mut cells = HashMap::new();
                for (field, cell) in fields.iter().zip(record.iter()) {
                    if let Some(field) = field {
                        cells.entry(*field).or_insert_with(|| unguarded(cell.trim()).to_owned());
                    }
                }
                if !table.take(line, &cells) {
                    break;
                }
            }
        }
    }
    table
}

fn json(text: &str) -> Table {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let line = u64::try_from(error.line()).unwrap_or(0);
            return Table { bad: vec![BadRow::new(line, "", format!("it is no JSON: {error}"))], ..Table::default() };
        }
    };
    let items = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    let names: Vec<&str> =
        items.first().and_then(Value::as_object).into_iter().flat_map(|map| map.keys()).map(String::as_str).collect();
    let mut table = Table { format: likest(&names), ..Table::default() };
    for (line, item) in (1..).zip(&items) {
        let Some(object) = item.as_object() else {
            table.bad.push(BadRow::new(line, &item.to_string(), "an object is wanted: {\"address\": …}"));
            continue;
        };
        let mut cells = HashMap::new();
        for (name, value) in object {
            let cell = match value {
                Value::Null => continue,
                Value::String(text) => text.trim().to_owned(),
                other => other.to_string(),
            };
            if let Some(field) = meaning(name) {
                cells.entry(field).or_insert(cell);
            }
        }
        if !table.take(line, &cells) {
            break;
        }
    }
    table
}

impl Table {
    /// Takes a row; false when there are too many.
    fn take(&mut self, line: u64, cells: &HashMap<Field, String>) -> bool {
        if self.rows.len() >= MOST_ROWS {
            self.bad.push(BadRow::new(
                line,
                "",
                format!("more than {MOST_ROWS} rows: import the rest by another file"),
            ));
            return false;
        }
        let cell = |field: Field| cells.get(&field).map(String::as_str).unwrap_or_default();
        match request(&cell) {
            Ok(request) => {
                if !cell(Field::Password).is_empty() {
                    self.passwords.0.insert(request.address.key(), cell(Field::Password).to_owned());
                }
                let suspended = cell(Field::State) == "suspended";
                self.rows.push(ReadRow { line, request, suspended });
            }
            Err(what) => self.bad.push(BadRow::new(line, cell(Field::Address), what)),
        }
        true
    }
}

fn request<'a>(cell: &impl Fn(Field) -> &'a str) -> Result<MailboxRequest, String> {
    let address = match cell(Field::Address) {
        "" => return Err(no_address()),
        text => Address::parse(text).map_err(|malformed| format!("the address: {malformed}"))?,
    };
    let joined = [cell(Field::FirstName), cell(Field::LastName)].map(str::to_owned).join(" ");
    let display = match cell(Field::Display) {
        "" => joined.trim(),
        display => display,
    };
    if display.chars().any(char::is_control) {
        return Err(String::from("the display name holds a line break or another control character"));
    }
    if display.chars().count() > MOST_NAME {
        return Err(format!("the display name is longer than {MOST_NAME} letters"));
    }
    let daily_cap = match cell(Field::DailyCap) {
        "" => None,
        cap => Some(cap.parse().map_err(|_| format!("the daily cap `{cap}` is not a whole number"))?),
    };
    Ok(MailboxRequest { address, display: Some(display.to_owned()).filter(|name| !name.is_empty()), daily_cap })
}

fn no_address() -> String {
    String::from(
        "there is no column `address` (or Email, from_email, sender_email, as sequencers have it); expected \
         address,display,daily_cap",
    )
}

/// What a header means in whichever format has it.
fn meaning(header: &str) -> Option<Field> {
    let columns = sequencers().iter().flat_map(|one| &one.columns);
    columns.filter(|column| column.header.eq_ignore_ascii_case(header)).find_map(|column| column.field)
}

/// The format that has the most of these headers, and the fewest others.
fn likest(names: &[&str]) -> Option<&'static Sequencer> {
    let known =
        |one: &Sequencer| one.columns.iter().filter(|column| names.iter().any(|name| column.header == *name)).count();
    let like = sequencers().iter().filter(|one| known(one) > 0);
    // Of those that are equally like, the first.
    like.rev().max_by_key(|one| (known(one), std::cmp::Reverse(one.columns.len())))
}
