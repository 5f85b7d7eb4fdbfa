//! Mailboxes as the columns of a format. Pure: rows in, text out.

use reference::{Column, Field, Kind, Sequencer};
use rules::{Blame, Fault, Retry};
use serde_json::{Map, Value};
use syntax::{Address, Domain};

use super::guard::guarded;

/// Submission over TLS. RFC 8314 §7.3.
pub(crate) const SUBMISSIONS: u16 = 465;
/// IMAP over TLS. RFC 8314 §7.3.
pub(crate) const IMAPS: u16 = 993;

/// What of a mailbox can stand in a column.
#[derive(Clone)]
pub(super) struct Account {
    /// Address; also the login.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Messages in 24 hours.
    pub daily_cap: u32,
    /// It may not log in.
    pub suspended: bool,
    /// Host of submission and IMAP.
    pub host: Domain,
    /// Its new password, when one was made.
    pub password: Option<String>,
}

/// The columns asked for, in the order asked for; all of the format when none is named.
///
/// # Errors
/// `export.field`
pub(super) fn columns<'a>(format: &'a Sequencer, fields: &[String]) -> Result<Vec<&'a Column>, Fault> {
    if fields.is_empty() {
        return Ok(format.columns.iter().collect());
    }
    let found = |name: &String| {
        let name = name.trim();
        format.columns.iter().find(|column| column.header.eq_ignore_ascii_case(name)).ok_or_else(|| {
            let known: Vec<&str> = format.columns.iter().map(|column| column.header.as_str()).collect();
            let what = format!("`{name}` is no column of {}: there are {}", format.id, known.join(", "));
            Fault::caller("export.field", what)
        })
    };
    fields.iter().map(found).collect()
}

/// The text of a file.
///
/// # Errors
/// `mailbox.csv`
pub(super) fn text(kind: Kind, columns: &[&Column], accounts: &[Account]) -> Result<String, Fault> {
    match kind {
        Kind::Csv => {
            let mut rows = vec![columns.iter().map(|column| column.header.clone()).collect()];
            rows.extend(
                accounts.iter().map(|account| columns.iter().map(|column| guarded(&cell(column, account))).collect()),
            );
            csv(&rows)
        }
        Kind::Json => {
            let object = |account: &Account| {
                let pairs = columns.iter().map(|column| (column.header.clone(), value(column, account)));
                Value::Object(pairs.collect::<Map<String, Value>>())
            };
            let rows: Vec<Value> = accounts.iter().map(object).collect();
            serde_json::to_string_pretty(&rows)
                .map(|text| format!("{text}\n"))
                .map_err(|error| unwritable(error.to_string()))
        }
    }
}

/// Rows as CSV; whoever calls has guarded the cells.
///
/// # Errors
/// `mailbox.csv`
pub(super) fn csv(rows: &[Vec<String>]) -> Result<String, Fault> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|error| unwritable(error.to_string()))?;
    }
    let octets = writer.into_inner().map_err(|error| unwritable(error.to_string()))?;
    String::from_utf8(octets).map_err(|error| unwritable(error.to_string()))
}

fn unwritable(error: String) -> Fault {
    Fault::new("mailbox.csv", Blame::Us, Retry::Later).caused_by(error)
}

/// What stands in a cell.
pub(super) fn cell(column: &Column, account: &Account) -> String {
    let display = account.display.as_deref().unwrap_or_default();
    match column.field {
        None => column.text.clone().unwrap_or_default(),
        Some(Field::Address | Field::Login) => account.address.to_string(),
        Some(Field::Display) => display.to_owned(),
        Some(Field::FirstName) => parts(display).0.to_owned(),
        Some(Field::LastName) => parts(display).1.to_owned(),
        Some(Field::Password) => account.password.clone().unwrap_or_default(),
        Some(Field::Host) => account.host.to_string(),
        Some(Field::SmtpPort) => SUBMISSIONS.to_string(),
        Some(Field::ImapPort) => IMAPS.to_string(),
        Some(Field::DailyCap) => account.daily_cap.to_string(),
        Some(Field::State) => String::from(if account.suspended { "suspended" } else { "active" }),
    }
}

/// The same as a value of JSON: numbers as numbers, what is not there as null.
fn value(column: &Column, account: &Account) -> Value {
    match column.field {
        Some(Field::SmtpPort) => SUBMISSIONS.into(),
        Some(Field::ImapPort) => IMAPS.into(),
        Some(Field::DailyCap) => account.daily_cap.into(),
        Some(Field::Display) => account.display.clone().into(),
        Some(Field::Password) => account.password.clone().into(),
        _ => cell(column, account).into(),
    }
}

/// First name and the others, parted at the first blank that stands alone: joined by a blank they are the name again, even
/// where a reader takes the blanks around each part away.
pub(crate) fn parts(display: &str) -> (&str, &str) {
    let is_blank_alone = |at: usize| {
        let (before, behind) = (display.get(..at).unwrap_or_default(), display.get(at + 1..).unwrap_or_default());
        let ends = before.chars().next_back().is_some_and(|letter| !letter.is_whitespace());
        ends && behind.chars().next().is_some_and(|letter| !letter.is_whitespace())
    };
    let at = display.match_indices(' ').map(|(at, _)| at).find(|at| is_blank_alone(*at));
    at.and_then(|at| Some((display.get(..at)?, display.get(at + 1..)?))).unwrap_or((display, ""))
}
