//! Mailboxes from a CSV: every row is looked at before the first is made.

use std::collections::{HashMap, HashSet};

use rules::{Fault, id::WorkspaceId};
use store::{MailboxFilter, SendingDomain};
use syntax::{Address, Domain};

use super::unguarded;
use crate::{MailboxRequest, NewCredentials, Ops};

/// Rows of one import. More are split over several files.
const MAX_ROWS: usize = 1_000;

/// A row that cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RowFault {
    /// Line of the text, from 1.
    pub line: u64,
    /// What stands there.
    pub cell: String,
    /// What is wrong, and what to do.
    pub what: String,
}

/// What became of an import: all or nothing.
#[derive(Debug, Clone)]
pub enum Imported {
    /// Every row.
    Made(Vec<NewCredentials>),
    /// None: these rows are wrong.
    Refused(Vec<RowFault>),
}

impl Ops {
    /// Makes mailboxes from CSV (`address,display,daily_cap`, header line required) in domains of the workspace.
    ///
    /// # Errors
    /// `store.*`
    pub async fn desk_import(&self, workspace: Option<&WorkspaceId>, csv: &str) -> Result<Imported, Fault> {
        let (rows, mut faults) = read(csv);
        let mut domains: HashMap<Domain, Option<SendingDomain>> = HashMap::new();
        let (mut requests, mut seen) = (Vec::new(), HashSet::new());
        for (line, request) in rows {
            let name = request.address.domain().clone();
            if !domains.contains_key(&name) {
                let domain = self.store.domain(&name).await?;
                domains
                    .insert(name.clone(), domain.filter(|domain| workspace.is_none_or(|id| domain.workspace == *id)));
            }
            let is_ours = domains.get(&name).is_some_and(Option::is_some);
            let what = if !is_ours {
                Some(format!("there is no domain {name} here: add it first"))
            } else if !seen.insert(request.address.key()) {
                Some(String::from("the address stands in an earlier row too"))
            } else if self.store.mailbox(&request.address).await?.is_some() {
                Some(String::from("this mailbox exists already"))
            } else {
                None
            };
            match what {
                Some(what) => faults.push(RowFault { line, cell: request.address.to_string(), what }),
                None => requests.push(request),
            }
        }
        if requests.is_empty() && faults.is_empty() {
            faults.push(RowFault {
                line: 2,
                cell: String::new(),
                what: String::from("there is no row below the header"),
            });
        }
        if !faults.is_empty() {
            faults.sort_by_key(|fault| fault.line);
            return Ok(Imported::Refused(faults));
        }
        self.add_mailboxes(&requests).await.map(Imported::Made)
    }

    /// How many mailboxes a workspace has, to tell an empty list from an empty search.
    ///
    /// # Errors
    /// `store.*`
    pub async fn has_mailboxes(&self, workspace: Option<&WorkspaceId>) -> Result<bool, Fault> {
        let any = MailboxFilter { workspace: workspace.cloned(), limit: 1, ..MailboxFilter::default() };
        Ok(!self.store.mailbox_rows(&any).await?.is_empty())
    }
}

type Rows = Vec<(u64, MailboxRequest)>;

fn read(text: &str) -> (Rows, Vec<RowFault>) {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let fault = |line: u64, cell: &str, what: String| RowFault { line, cell: cell.to_owned(), what };
    let headers = reader.headers().cloned().unwrap_or_default();
    let column =
        |name: &str| headers.iter().position(|header| header.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name));
    let Some(address) = column("address").or_else(|| column("email")) else {
        let cell = headers.iter().collect::<Vec<_>>().join(",");
        let what = "the first line must name the columns: address,display,daily_cap";
        return (Vec::new(), vec![fault(1, &cell, what.to_owned())]);
    };
    let (display, cap) = (column("display"), column("daily_cap"));
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                faults.push(fault(line, "", error.to_string()));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        if rows.len() >= MAX_ROWS {
            faults.push(fault(line, "", format!("more than {MAX_ROWS} rows: import the rest by another file")));
            break;
        }
        let cell = |index: Option<usize>| index.and_then(|index| record.get(index)).map(unguarded).unwrap_or_default();
        match request(cell(Some(address)), cell(display), cell(cap)) {
            Ok(request) => rows.push((line, request)),
            Err(what) => faults.push(fault(line, cell(Some(address)), what)),
        }
    }
    (rows, faults)
}

fn request(address: &str, display: &str, cap: &str) -> Result<MailboxRequest, String> {
    let address = Address::parse(address).map_err(|malformed| format!("the address: {malformed}"))?;
    if display.chars().any(char::is_control) {
        return Err(String::from("the display name holds a line break or another control character"));
    }
    let daily_cap = match cap {
        "" => None,
        cap => Some(cap.parse().map_err(|_| format!("daily_cap `{cap}` is not a whole number"))?),
    };
    Ok(MailboxRequest { address, display: Some(display.to_owned()).filter(|name| !name.is_empty()), daily_cap })
}
