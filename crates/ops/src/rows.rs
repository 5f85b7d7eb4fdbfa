//! Many mailboxes at once, with an answer for each row.

use std::collections::{HashMap, HashSet};

use rules::{Fault, id::WorkspaceId};
use syntax::Address;
use tokio::task::JoinSet;

use crate::{MailboxRequest, NewCredentials, Ops};

/// What became of one row.
#[derive(Debug)]
pub struct RowOutcome {
    /// Its address.
    pub address: Address,
    /// The new mailbox, its password shown once, or why there is none.
    pub made: Result<NewCredentials, Fault>,
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
}

fn twice(address: &Address) -> Fault {
    Fault::caller("mailbox.exists", format!("{address} stands in an earlier row already"))
}
