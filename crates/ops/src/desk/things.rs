//! Domains, messages and suppressions of one workspace.

use rules::{
    Fault,
    id::{MessageId, WorkspaceId},
};
use store::SendingDomain;
use syntax::{Address, Domain};

use crate::{Check, DomainReport, DomainRequest, Ops, Rotation, Why, domain::unknown};

/// A domain with the proof of its records.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DomainView {
    /// Row.
    pub domain: SendingDomain,
    /// Its plan and zone.
    pub report: DomainReport,
    /// Each planned record set against a real query.
    pub checks: Vec<Check>,
    /// Its keys, and what comes next with them.
    pub rotation: Rotation,
}

impl DomainView {
    /// Whether every record is as planned.
    pub fn is_green(&self) -> bool {
        self.checks.iter().all(|check| check.status == "ok")
    }
}

impl Ops {
    /// A domain of the workspace.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn desk_domain(&self, workspace: Option<&WorkspaceId>, name: &Domain) -> Result<SendingDomain, Fault> {
        let domain = self.store.domain(name).await?;
        domain.filter(|domain| workspace.is_none_or(|id| domain.workspace == *id)).ok_or_else(|| unknown(name))
    }

    /// A domain with the live proof of its records.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn desk_domain_view(&self, workspace: Option<&WorkspaceId>, name: &Domain) -> Result<DomainView, Fault> {
        let domain = self.desk_domain(workspace, name).await?;
        let report = self.show_domain(name).await?;
        let checks = self.check_domain(name).await?;
        let rotation = self.rotation_by(&domain, &checks).await?;
        Ok(DomainView { domain, report, checks, rotation })
    }

    /// What `apply` would change of a domain of the workspace, or of a new one.
    ///
    /// # Errors
    /// `domain.*`, `store.*`, `dns.*`
    pub async fn desk_plan(
        &self,
        workspace: Option<&WorkspaceId>,
        request: DomainRequest,
    ) -> Result<DomainReport, Fault> {
        let request = self.in_workspace(workspace, request).await?;
        self.plan_domain(&request).await
    }

    /// Makes or publishes a domain of the workspace.
    ///
    /// # Errors
    /// `domain.*`, `store.*`, `dns.*`, `publish.*`
    pub async fn desk_apply(
        &self,
        workspace: Option<&WorkspaceId>,
        request: DomainRequest,
    ) -> Result<DomainReport, Fault> {
        let request = self.in_workspace(workspace, request).await?;
        self.apply_domain(&request).await
    }

    /// Everything about one message of the workspace.
    ///
    /// # Errors
    /// `queue.unknown`, `store.*`
    pub async fn desk_message(&self, workspace: Option<&WorkspaceId>, id: &MessageId) -> Result<Why, Fault> {
        self.own_message(workspace, id).await?;
        self.why(id.as_str()).await
    }

    /// Makes the waiting recipients of a message of the workspace due now. Returns how many.
    ///
    /// # Errors
    /// `queue.unknown`, `store.*`
    pub async fn desk_retry(&self, workspace: Option<&WorkspaceId>, id: &MessageId) -> Result<u32, Fault> {
        self.own_message(workspace, id).await?;
        self.retry(id).await
    }

    /// Drops the waiting recipients of a message of the workspace. Returns how many.
    ///
    /// # Errors
    /// `queue.unknown`, `store.*`
    pub async fn desk_drop(&self, workspace: Option<&WorkspaceId>, id: &MessageId) -> Result<u32, Fault> {
        self.own_message(workspace, id).await?;
        self.drop_message(id).await
    }

    /// Takes an address off the suppression list; a workspace may do so for addresses that it has written to.
    ///
    /// # Errors
    /// `suppression.unknown`, `store.*`
    pub async fn desk_unsuppress(&self, workspace: Option<&WorkspaceId>, address: &Address) -> Result<(), Fault> {
        let key = address.key();
        let seen = self.store.suppression_rows(workspace, Some(&key), None, 100).await?;
        let is_seen = seen.iter().any(|row| row.address.key() == key);
        if is_seen && self.store.unsuppress(address).await? {
            return Ok(());
        }
        Err(Fault::caller("suppression.unknown", format!("{address} is not on the suppression list")))
    }

    async fn own_message(&self, workspace: Option<&WorkspaceId>, id: &MessageId) -> Result<(), Fault> {
        let owner = self.store.message_workspace(id).await?;
        match owner.is_some_and(|owner| workspace.is_none_or(|id| *id == owner)) {
            true => Ok(()),
            false => Err(Fault::caller("queue.unknown", format!("there is no message with the id {id}"))),
        }
    }

    /// The request, with the name of the workspace; a name that another workspace has is refused.
    async fn in_workspace(
        &self,
        workspace: Option<&WorkspaceId>,
        mut request: DomainRequest,
    ) -> Result<DomainRequest, Fault> {
        let Some(workspace) = workspace else { return Ok(request) };
        if self.store.domain(&request.name).await?.is_some_and(|domain| domain.workspace != *workspace) {
            return Err(Fault::caller("domain.exists", format!("{} belongs to somebody else here", request.name)));
        }
        let all = self.store.workspaces().await?;
        if let Some(own) = all.into_iter().find(|one| one.id == *workspace) {
            request.workspace = own.name;
        }
        Ok(request)
    }
}
