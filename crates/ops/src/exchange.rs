//! Mailboxes out to sequencers and back in. What a format's columns are is data (`reference/catalogue/sequencers.toml`);
//! `write` fills them, `read` knows each by its header, and both are pure.

mod guard;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{BadRow, FilePasswords, ReadRow, Table, file_passwords};
pub(crate) use write::{IMAPS, SUBMISSIONS, parts};

use std::collections::HashSet;

use reference::{Field, Kind, Sequencer, sequencers};
use rules::{Fault, id::WorkspaceId, secret::hash_password};
use store::{MailboxFilter, MailboxRow};

use self::write::Account;
use crate::{MailboxRequest, NewCredentials, Ops, mailbox::password};

/// Mailboxes read at once.
const PAGE: u32 = 1_000;
/// Mailboxes of one export.
const MOST: usize = 100_000;
/// Passwords changed by one export: they are shown once, so that all of them must come back in one answer.
const MOST_ROTATED: usize = 10_000;

/// What is to be exported, and how.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The format.
    pub format: &'static Sequencer,
    /// Names of its columns, in the order in which they are wanted; none: all.
    pub fields: Vec<String>,
    /// Gives every mailbox a new password, which stands in the export and nowhere else.
    pub rotate_passwords: bool,
    /// Most rows of one file; `None`: all in one.
    pub split: Option<usize>,
}

impl ExportRequest {
    /// All columns of a format, without passwords, in one file.
    ///
    /// # Errors
    /// `export.format`
    pub fn of(format: &str) -> Result<Self, Fault> {
        Ok(Self { format: export_format(format)?, fields: Vec::new(), rotate_passwords: false, split: None })
    }
}

/// What the password columns of an export hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Passwords {
    /// There is no such column.
    NoColumn,
    /// Nothing: only keyed hashes are kept here.
    Empty,
    /// New ones: the old ones have ended.
    Rotated,
}

/// An export.
#[derive(Clone)]
pub struct Exported {
    /// Files, in their order.
    pub texts: Vec<String>,
    /// Rows of all of them.
    pub rows: usize,
    /// What the password columns hold.
    pub passwords: Passwords,
}

impl std::fmt::Debug for Exported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exported").field("rows", &self.rows).field("passwords", &self.passwords).finish_non_exhaustive()
    }
}

/// The format of that name.
///
/// # Errors
/// `export.format`
pub fn export_format(name: &str) -> Result<&'static Sequencer, Fault> {
    reference::sequencer(name).ok_or_else(|| {
        let known: Vec<&str> = sequencers().iter().map(|one| one.id.as_str()).collect();
        Fault::caller("export.format", format!("`{name}` is no format: there are {}", known.join(", ")))
    })
}

/// A media type for a format, and the end of a file's name.
pub fn export_media(format: &Sequencer) -> (&'static str, &'static str) {
    match format.kind {
        Kind::Csv => ("text/csv; charset=utf-8", "csv"),
        Kind::Json => ("application/json", "json"),
    }
}

impl Ops {
    /// Mailboxes in a format: those with the filter's ids, else all that fit. No cell of a CSV is a formula.
    ///
    /// # Errors
    /// `export.field`, `export.many`, `export.no-password-column`, `mailbox.unknown`, `store.*`
    pub async fn export_mailboxes(&self, filter: &MailboxFilter, request: &ExportRequest) -> Result<Exported, Fault> {
        let columns = write::columns(request.format, &request.fields)?;
        let has_password = columns.iter().any(|column| column.field == Some(Field::Password));
        if request.rotate_passwords && !has_password {
            let what = "new passwords would be seen by nobody: choose a column for them too, or leave the old ones";
            return Err(Fault::caller("export.no-password-column", what));
        }
        let rows = match filter.ids.as_slice() {
            [] => self.all_rows(filter).await?,
            ids => self.chosen(filter.workspace.as_ref(), ids).await?,
        };
        let mut accounts: Vec<Account> = rows.iter().map(account).collect();
        if request.rotate_passwords {
            self.rotate(&rows, &mut accounts).await?;
        }
        let texts = match request.split {
            Some(most) if !accounts.is_empty() => accounts
                .chunks(most.max(1))
                .map(|some| write::text(request.format.kind, &columns, some))
                .collect::<Result<_, Fault>>()?,
            _ => vec![write::text(request.format.kind, &columns, &accounts)?],
        };
        let passwords = match (has_password, request.rotate_passwords) {
            (false, _) => Passwords::NoColumn,
            (true, false) => Passwords::Empty,
            (true, true) => Passwords::Rotated,
        };
        Ok(Exported { texts, rows: accounts.len(), passwords })
    }

    pub(crate) async fn all_rows(&self, filter: &MailboxFilter) -> Result<Vec<MailboxRow>, Fault> {
        let mut rows: Vec<MailboxRow> = Vec::new();
        loop {
            let after = rows.last().map(|row| row.id.clone());
            let page = MailboxFilter { after, limit: PAGE, ..filter.clone() };
            let found = self.store.mailbox_rows(&page).await?;
            let last = found.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            rows.extend(found);
            if rows.len() > MOST {
                return Err(Fault::caller("export.many", format!("more than {MOST} mailboxes: export them by domain")));
            }
            if last {
                return Ok(rows);
            }
        }
    }

    /// New passwords for all of them, or for none.
    async fn rotate(&self, rows: &[MailboxRow], accounts: &mut [Account]) -> Result<(), Fault> {
        if rows.len() > MOST_ROTATED {
            let what = format!(
                "{} mailboxes, and at most {MOST_ROTATED} passwords are changed at once: export them by domain",
                rows.len()
            );
            return Err(Fault::caller("export.many", what));
        }
        let mut hashes = Vec::with_capacity(rows.len());
        for (row, account) in rows.iter().zip(accounts.iter_mut()) {
            let new = password()?;
            hashes.push((row.id.clone(), hash_password(&self.key, &new)));
            account.password = Some(new);
        }
        self.store.set_password_hashes(hashes).await
    }

    /// Looks at every row of a file before any mailbox is made: form, domain, duplicates, mailboxes that exist. The file is
    /// CSV or JSON of any format that is known; passwords in it are not taken over.
    ///
    /// # Errors
    /// `store.*`
    pub async fn read_mailboxes(&self, of: Option<&WorkspaceId>, text: &str) -> Result<Table, Fault> {
        let table = read::read(text);
        let (format, passwords, mut good, mut bad) = (table.format, table.passwords, Vec::new(), table.bad);
        let (mut seen, mut ours, mut strange) = (HashSet::new(), HashSet::new(), HashSet::new());
        for row in table.rows {
            let (address, domain) = (&row.request.address, row.request.address.domain());
            if !ours.contains(domain) && !strange.contains(domain) {
                let found = self.store.domain(domain).await?;
                let is_ours = found.is_some_and(|found| of.is_none_or(|of| found.workspace == *of));
                if is_ours {
                    ours.insert(domain.clone())
                } else {
                    strange.insert(domain.clone())
                };
            }
            let what = if strange.contains(domain) {
                Some(format!("there is no domain {domain} here: add it first"))
            } else if !seen.insert(address.key()) {
                Some(String::from("the address stands in an earlier row too"))
            } else if self.store.mailbox(address).await?.is_some() {
                Some(String::from("this mailbox exists already"))
            } else {
                None
            };
            match what {
                Some(what) => bad.push(BadRow::new(row.line, &address.to_string(), what)),
                None => good.push(row),
            }
        }
        if good.is_empty() && bad.is_empty() {
            bad.push(BadRow::new(2, "", "there is no row below the header"));
        }
        bad.sort_by_key(|row| row.line);
        Ok(Table { format, rows: good, bad, passwords })
    }

    /// Makes the mailboxes of rows that were looked at, all or none, and suspends those that were.
    ///
    /// # Errors
    /// `mailbox.*`, `store.*`
    pub async fn add_read_mailboxes(&self, rows: &[ReadRow]) -> Result<Vec<NewCredentials>, Fault> {
        let requests: Vec<MailboxRequest> = rows.iter().map(|row| row.request.clone()).collect();
        let made = self.add_mailboxes(&requests).await?;
        self.suspend_as_read(rows).await?;
        Ok(made)
    }

    /// Suspends the mailboxes of rows that say so.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn suspend_as_read(&self, rows: &[ReadRow]) -> Result<(), Fault> {
        for row in rows.iter().filter(|row| row.suspended) {
            if let Some(mailbox) = self.store.mailbox(&row.request.address).await? {
                self.store.set_suspended(&mailbox.id, true).await?;
            }
        }
        Ok(())
    }

    /// Makes the mailboxes of a file, all or none; besides, the format that the file is most like.
    ///
    /// # Errors
    /// `mailbox.csv` naming every bad line; then nothing is made.
    pub async fn import_mailboxes(
        &self,
        text: &str,
    ) -> Result<(Vec<NewCredentials>, Option<&'static Sequencer>), Fault> {
        let Table { format, rows, bad, .. } = self.read_mailboxes(None, text).await?;
        if !bad.is_empty() {
            let mut lines: Vec<String> =
                bad.iter().map(|row| format!("line {}: {} {}", row.line, row.cell, row.what)).collect();
            lines.push(String::from("nothing was imported"));
            return Err(Fault::caller("mailbox.csv", lines.join("\n")));
        }
        Ok((self.add_read_mailboxes(&rows).await?, format))
    }
}

/// Credentials as CSV, to be handed on once; the importer reads it too.
///
/// # Errors
/// `mailbox.csv`
pub fn credentials_csv(credentials: &[NewCredentials]) -> Result<String, Fault> {
    let mut rows = vec![["address", "display", "password", "host"].map(String::from).to_vec()];
    for new in credentials {
        let cells = [
            new.address.to_string(),
            new.display.clone().unwrap_or_default(),
            new.password.clone(),
            new.host.to_string(),
        ];
        rows.push(cells.iter().map(|cell| guard::guarded(cell)).collect());
    }
    write::csv(&rows)
}

fn account(row: &MailboxRow) -> Account {
    Account {
        address: row.address.clone(),
        display: row.display.clone(),
        daily_cap: row.daily_cap,
        suspended: row.suspended_at.is_some(),
        host: row.mail_host.clone(),
        password: None,
    }
}
