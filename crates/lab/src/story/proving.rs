//! Pairing proofs: green where everything is in order, red where the MX is lost, and what that means for sending.

use std::time::Duration;

use rules::{Blame, Fault, Retry, id::MailboxId};
use smtp::client::RecipientOutcome;
use store::Proof;

use super::{GLANCE, Lab};
use crate::{
    hostile::{Login, address},
    report::ProofStory,
};

/// Longest wait for a few proofs.
const PATIENCE: Duration = Duration::from_secs(60);

impl Lab {
    /// Proves these mailboxes, as `coldrelay mailbox verify` does.
    pub(super) async fn prove(&self, mailboxes: &[&str]) -> Result<Vec<ProofStory>, Fault> {
        let addresses = mailboxes.iter().map(|text| address(text)).collect::<Result<Vec<_>, _>>()?;
        let meant = self.ops.mailboxes_meant(&addresses, None).await?;
        let ids: Vec<MailboxId> = meant.into_iter().map(|mailbox| mailbox.id).collect();
        let asked = self.ops.request_proofs(None, &ids).await?;
        let ended = async {
            loop {
                let proofs = self.ops.proofs_of_ids(&asked).await?;
                if proofs.iter().all(|proof| proof.ended_at.is_some()) {
                    return Ok::<_, Fault>(proofs);
                }
                tokio::time::sleep(GLANCE).await;
            }
        };
        let proofs = tokio::time::timeout(PATIENCE, ended).await.map_err(|_| {
            Fault::new("lab.unrest", Blame::Us, Retry::Later)
                .context(format!("the proofs did not end within {} s", PATIENCE.as_secs()))
        })??;
        Ok(proofs.into_iter().map(told).collect())
    }

    /// Proves one mailbox, and has it send: what its own submission says then.
    pub(super) async fn prove_and_send(&self, login: &Login) -> Result<ProofStory, Fault> {
        let text = login.address.to_string();
        let mut proofs = self.prove(&[text.as_str()]).await?;
        let proof = proofs.pop().ok_or_else(|| Fault::caller("lab.proof", format!("{text} has no proof")))?;
        let content = format!("From: {text}\r\nTo: dana@accepting.test\r\nSubject: after the proof\r\n\r\nHello\r\n");
        let said = match self.submit(login, &login.address, "dana@accepting.test", content.into_bytes()).await? {
            RecipientOutcome::Accepted(reply) | RecipientOutcome::Refused { reply, .. } => reply.to_string(),
            other => format!("{other:?}"),
        };
        Ok(ProofStory { submission: Some(said), ..proof })
    }
}

fn told(proof: Proof) -> ProofStory {
    ProofStory {
        mailbox: proof.address,
        outcome: proof.outcome,
        finding: proof.finding,
        entry: proof.finding.map(|step| step.entry().to_owned()),
        steps: proof.steps,
        submission: None,
    }
}
