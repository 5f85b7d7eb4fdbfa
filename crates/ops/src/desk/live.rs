//! What is looked up on the spot for a page: the test of a domain, the causes of a refusal.

use bounce::Explanation;
use check::{Checks, DomainFacts, Facts, Finding, Report};
use rules::{
    Fault,
    id::{MessageId, RecipientId, WorkspaceId},
};
use syntax::Domain;

use crate::{Ops, WhyRecipient, name_deeds, verify};

/// A refusal with what live checks say of its causes.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Verified {
    /// The explanation, its causes in the order that the checks gave them.
    pub explanation: Explanation,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Ops {
    /// The deliverability test of a domain of the workspace, its mail hosts dialled and its blocklists asked.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn desk_test(
        &self,
        workspace: Option<&WorkspaceId>,
        name: &Domain,
        checks: &Checks,
    ) -> Result<Report, Fault> {
        self.desk_domain(workspace, name).await?;
        let facts = DomainFacts { blocklists: true, bulk: true, ..self.facts_of(name).await?.unwrap_or_default() };
        let mut report = checks.report(name, &facts, |_| {}).await;
        name_deeds(&mut report.findings, name);
        Ok(report)
    }

    /// Runs the checks that the causes of a recipient's last refusal name; `None` when it was not refused.
    ///
    /// # Errors
    /// `queue.unknown`, `store.*`
    pub async fn desk_verify(
        &self,
        workspace: Option<&WorkspaceId>,
        message: &MessageId,
        recipient: &RecipientId,
        checks: &Checks,
    ) -> Result<Option<Verified>, Fault> {
        let why = self.desk_message(workspace, message).await?;
        let domain = why.message.from.domain().clone();
        let one = why.recipients.into_iter().find(|one| one.recipient.id == *recipient);
        let Some(WhyRecipient { recipient, attempts, explanation: Some(mut explanation) }) = one else {
            return Ok(None);
        };
        let known = self.facts_of(&domain).await?.unwrap_or_default();
        let facts = Facts {
            ip: attempts.last().map(|attempt| attempt.egress_ip).or(known.ips.first().copied()),
            selector: known.selectors.into_iter().next().map(|selector| selector.name),
            helo: known.helo,
            recipient_domain: Some(recipient.address.domain().clone()),
            recipient: Some(recipient.address),
            domain: Some(domain.clone()),
            ..Facts::default()
        };
        let mut findings = verify(checks, &mut explanation, &facts).await;
        name_deeds(&mut findings, &domain);
        Ok(Some(Verified { explanation, findings }))
    }
}
