//! Many mailboxes at once, with an answer for each row; tables that spreadsheets read without running what stands in them.

use std::collections::{HashMap, HashSet};

use rules::{
    Fault,
    id::{DomainId, WorkspaceId},
};
use syntax::Address;
use tokio::task::JoinSet;

use crate::{
    MailboxRequest, NewCredentials, Ops,
    mailbox::{read_rows, write_csv},
};

/// What became of one row.
#[derive(Debug)]
pub struct RowOutcome {
    /// Its address.
    pub address: Address,
    /// The new mailbox, its password shown once, or why there is none.
    pub made: Result<NewCredentials, Fault>,
}

/// A row that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Its line, from 1; the header line counts.
    pub line: u64,
    /// What is wrong, and what next.
    pub what: String,
}

impl Ops {
    /// Makes mailboxes, each for itself: a row that fails leaves the others. They are made at the same time, so that they share
    /// the store's commits; of rows with the same address the first is made.
    pub async fn add_each_mailbox(&self, of: Option<&WorkspaceId>, requests: Vec<MailboxRequest>) -> Vec<RowOutcome> {
        let addresses: Vec<Address> = requests.iter().map(|request| request.address.clone()).collect();
        let (mut seen, mut running) = (HashSet::new(), JoinSet::new());
        for (place, request) in requests.into_iter().enumerate() {
            if seen.insert(request.address.key()) {
                let (ops, of) = (self.clone(), of.cloned());
                running.spawn(async move { (place, ops.add_one(of.as_ref(), request).await) });
            }
        }
        let mut made: HashMap<usize, Result<NewCredentials, Fault>> = running.join_all().await.into_iter().collect();
        let outcome = |(place, address): (usize, Address)| {
            let made = made.remove(&place).unwrap_or_else(|| Err(twice(&address)));
            RowOutcome { address, made }
        };
        addresses.into_iter().enumerate().map(outcome).collect()
    }

    async fn add_one(&self, of: Option<&WorkspaceId>, request: MailboxRequest) -> Result<NewCredentials, Fault> {
        self.domain_within(of, request.address.domain()).await?;
        let made = self.add_mailboxes(std::slice::from_ref(&request)).await?;
        made.into_iter().next().ok_or_else(|| Fault::caller("mailbox.none", "no mailbox was made"))
    }

    /// Looks at every row of a CSV before any mailbox is made: form, domain, duplicates, mailboxes that exist.
    ///
    /// # Errors
    /// `store.*`
    pub async fn read_mailboxes(
        &self,
        of: Option<&WorkspaceId>,
        csv: &str,
    ) -> Result<(Vec<MailboxRequest>, Vec<BadRow>), Fault> {
        let (rows, mut bad) = read_rows(csv);
        let mut seen = HashSet::new();
        let mut requests = Vec::new();
        for (line, request) in rows {
            let address = &request.address;
            let what = if !seen.insert(address.key()) {
                Some(format!("{address} stands there twice"))
            } else if self.domain_within(of, address.domain()).await.is_err() {
                Some(format!("{} is not a domain of this installation: apply it first", address.domain()))
            } else if self.store.mailbox(address).await?.is_some() {
                Some(format!("the mailbox {address} exists already"))
            } else {
                None
            };
            match what {
                Some(what) => bad.push(BadRow { line, what }),
                None => requests.push(request),
            }
        }
        bad.sort_by_key(|row| row.line);
        Ok((requests, bad))
    }

    /// CSV of the mailboxes of a workspace, or of one domain, without passwords: what sequencers ask for, and what an import reads.
    ///
    /// # Errors
    /// `store.*`
    pub async fn export_mailboxes_within(
        &self,
        of: Option<&WorkspaceId>,
        domain: Option<&DomainId>,
    ) -> Result<String, Fault> {
        let columns =
            ["address", "display", "daily_cap", "smtp_host", "smtp_port", "smtp_security", "imap_host", "imap_port"];
        let mut rows = vec![columns.map(String::from).to_vec()];
        for mailbox in self.store.mailboxes_after(of, domain, "", u32::MAX >> 1).await? {
            let host = mailbox.address.domain().child("box").to_string();
            rows.push(vec![
                mailbox.address.to_string(),
                mailbox.display.unwrap_or_default(),
                mailbox.daily_cap.to_string(),
                host.clone(),
                String::from("465"),
                String::from("tls"),
                host,
                String::from("993"),
            ]);
        }
        let guarded: Vec<Vec<String>> =
            rows.into_iter().map(|row| row.iter().map(|cell| guarded(cell)).collect()).collect();
        write_csv(&guarded)
    }
}

fn twice(address: &Address) -> Fault {
    Fault::caller("mailbox.exists", format!("{address} stands in an earlier row already"))
}

/// What a spreadsheet would take for the beginning of a formula. OWASP CSV Injection, 2026.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A cell that no spreadsheet runs: with `'` before it, which [`unguarded`] takes away.
pub(crate) fn guarded(cell: &str) -> String {
    let dangerous = cell.trim_start_matches('\'').starts_with(FORMULA);
    if dangerous { format!("'{cell}") } else { cell.to_owned() }
}

/// The cell as it was.
pub(crate) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_cell_is_no_formula_and_reads_back_as_it_was() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''@x", "Ann", "O'Neil", "'quoted'", ""] {
            let written = guarded(cell);
            assert!(!written.starts_with(FORMULA), "{written}");
            assert_eq!(unguarded(&written), cell);
        }
        assert_eq!(guarded("Ann = Bob"), "Ann = Bob");
    }
}
