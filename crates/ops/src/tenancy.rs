//! What one tenant may see: an object of another is not there. `None` is whoever may see the whole installation.

use rules::{
    Fault,
    id::{MessageId, WorkspaceId},
};
use store::{Mailbox, QueueFilter, QueuedMessage, SendingDomain, StoredEvent};
use syntax::{Address, Domain};

use crate::{
    DomainSummary, Ops,
    domain::{summary, unknown},
};

/// Events among which those of one workspace are looked for, for one page.
const LOOKED_AT: u32 = 400;

impl Ops {
    /// The domain, when it is of that workspace.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn domain_within(&self, of: Option<&WorkspaceId>, name: &Domain) -> Result<SendingDomain, Fault> {
        let found = self.store.domain(name).await?.filter(|domain| within(of, &domain.workspace));
        found.ok_or_else(|| unknown(name))
    }

    /// The mailbox, when it is of that workspace.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn mailbox_within(&self, of: Option<&WorkspaceId>, address: &Address) -> Result<Mailbox, Fault> {
        let found = self.store.mailbox(address).await?.filter(|mailbox| within(of, &mailbox.workspace));
        found.ok_or_else(|| Fault::caller("mailbox.unknown", format!("{address} is not a mailbox here")))
    }

    /// The message of exactly that id, when its domain is of that workspace.
    ///
    /// # Errors
    /// `message.unknown`, `store.*`
    pub async fn message_within(&self, of: Option<&WorkspaceId>, id: &str) -> Result<QueuedMessage, Fault> {
        let unknown = || Fault::caller("message.unknown", format!("there is no message {id}"));
        let message = self.store.message(&MessageId(id.to_owned())).await?.ok_or_else(unknown)?;
        match self.is_within(of, &message).await? {
            true => Ok(message),
            false => Err(unknown()),
        }
    }

    /// Domains by name, with their selectors.
    ///
    /// # Errors
    /// `store.*`
    pub async fn domains_after(
        &self,
        of: Option<&WorkspaceId>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<DomainSummary>, Fault> {
        let mut summaries = Vec::new();
        for domain in self.store.domains_after(of, after, limit).await? {
            let keys = self.store.dkim_keys(&domain.id).await?;
            summaries.push(summary(&domain, &keys));
        }
        Ok(summaries)
    }

    /// Messages, newest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn messages_within(
        &self,
        of: Option<&WorkspaceId>,
        filter: QueueFilter,
    ) -> Result<Vec<QueuedMessage>, Fault> {
        self.store.queue(&QueueFilter { workspace: of.cloned(), ..filter }).await
    }

    /// The name of a workspace.
    ///
    /// # Errors
    /// `workspace.unknown`, `store.*`
    pub async fn workspace_name(&self, id: &WorkspaceId) -> Result<String, Fault> {
        let found = self.store.workspaces().await?.into_iter().find(|workspace| workspace.id == *id);
        found
            .map(|workspace| workspace.name)
            .ok_or_else(|| Fault::caller("workspace.unknown", "the workspace of this key is not there any more"))
    }

    /// Events after a sequence that concern that workspace, and the sequence that was looked up to. What belongs to all (lists,
    /// strangers at the door) is told to none: whose an event is, the same look-up says as for webhooks.
    ///
    /// # Errors
    /// `store.*`
    pub async fn events_within(
        &self,
        of: Option<&WorkspaceId>,
        after: i64,
        limit: u32,
    ) -> Result<(Vec<StoredEvent>, i64), Fault> {
        let all = self.store.events_after(after, limit).await?;
        let last = all.last().map_or(after, |event| event.sequence);
        let mut seen = Vec::new();
        for event in all {
            if self.concerns(of, &event).await? {
                seen.push(event);
            }
        }
        Ok((seen, last))
    }

    /// Events before a sequence that concern that workspace, the newest first, and from where to look for older ones; `None`:
    /// there are none. Of one workspace at most [`LOOKED_AT`] events of all are looked at, so that a page may hold few or none.
    ///
    /// # Errors
    /// `store.*`
    pub async fn events_within_before(
        &self,
        of: Option<&WorkspaceId>,
        before: Option<i64>,
        kind: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<StoredEvent>, Option<i64>), Fault> {
        let at_most = if of.is_some() { LOOKED_AT } else { limit };
        let all = self.store.events_before(before, kind, at_most).await?;
        let is_more = all.len() >= usize::try_from(at_most).unwrap_or(usize::MAX);
        let last = all.last().map(|event| event.sequence).filter(|_| is_more);
        let mut seen = Vec::new();
        for event in all {
            if self.concerns(of, &event).await? {
                seen.push(event);
            }
            if seen.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
                let older = seen.last().map(|event| event.sequence);
                return Ok((seen, older));
            }
        }
        Ok((seen, last))
    }

    async fn concerns(&self, of: Option<&WorkspaceId>, event: &StoredEvent) -> Result<bool, Fault> {
        match of {
            None => Ok(true),
            Some(of) => Ok(self.store.whose(&event.event).await?.workspace.as_ref() == Some(of)),
        }
    }

    async fn is_within(&self, of: Option<&WorkspaceId>, message: &QueuedMessage) -> Result<bool, Fault> {
        if of.is_none() {
            return Ok(true);
        }
        let domain = self.store.domain(message.from.domain()).await?;
        Ok(domain.is_some_and(|domain| within(of, &domain.workspace)))
    }
}

fn within(of: Option<&WorkspaceId>, workspace: &WorkspaceId) -> bool {
    of.is_none_or(|of| of == workspace)
}
