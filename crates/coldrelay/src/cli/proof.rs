//! `coldrelay mailbox verify` and `proofs`

use std::{process::ExitCode, time::Duration};

use clap::Args;
use ops::Ops;
use rules::{
    Blame, Fault, Retry,
    id::ProofId,
    proof::{Outcome, Seen, State},
};
use store::Proof;
use syntax::{Address, Domain};
use tokio::time::Instant;

use crate::{
    exit,
    out::{Out, table},
};

/// No proof failed, and at least one could not be made.
const NOT_KNOWN: u8 = 3;
/// Between two looks into the store.
const LOOK: Duration = Duration::from_millis(200);
/// How long nothing may happen before `serve` is taken for not running.
const SILENCE: Duration = Duration::from_secs(15);
/// How long nothing may happen while a proof is under way: longer than one proof takes by default.
const STANDSTILL: Duration = Duration::from_secs(10 * 60);

#[derive(Args)]
#[command(after_help = "Exit codes: 0 all passed, 1 one failed, 3 none failed and one could not be made")]
pub struct Verify {
    /// The mailboxes
    #[arg(required_unless_present_any = ["all", "domain"])]
    addresses: Vec<Address>,
    /// Every mailbox that is not suspended
    #[arg(long, conflicts_with_all = ["addresses", "domain"])]
    all: bool,
    /// Every mailbox of this domain that is not suspended
    #[arg(long, value_name = "DOMAIN", conflicts_with = "addresses")]
    domain: Option<Domain>,
}

impl Verify {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        let mailboxes = ops.mailboxes_meant(&self.addresses, self.domain.as_ref()).await?;
        let ids: Vec<_> = mailboxes.into_iter().map(|mailbox| mailbox.id).collect();
        if ids.is_empty() {
            return Err(Fault::caller("mailbox.unknown", "there is no mailbox that could be proved"));
        }
        let asked = ops.request_proofs(None, &ids).await?;
        let proofs = wait(ops, &asked, out).await?;
        out.answer(&proofs, |proofs| shown(proofs));
        Ok(ExitCode::from(code(&proofs)))
    }
}

/// Until every proof has ended. `serve` makes them; when it does not, that is said.
async fn wait(ops: &Ops, asked: &[ProofId], out: Out) -> Result<Vec<Proof>, Fault> {
    let (mut seen, mut since) = ((usize::MAX, usize::MAX), Instant::now());
    loop {
        let proofs = ops.proofs_of_ids(asked).await?;
        let begun = proofs.iter().filter(|proof| proof.begun_at.is_some()).count();
        let ended = proofs.iter().filter(|proof| proof.ended_at.is_some()).count();
        if seen != (begun, ended) {
            (seen, since) = ((begun, ended), Instant::now());
            out.progress(ended, proofs.len());
        }
        if ended == proofs.len() {
            return Ok(proofs);
        }
        let patience = if begun > ended { STANDSTILL } else { SILENCE };
        if since.elapsed() > patience {
            return Err(not_running(proofs.len() - ended));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn not_running(waiting: usize) -> Fault {
    Fault::new("proof.not-running", Blame::Operator, Retry::Later).context(format!(
        "{waiting} proof(s) are asked for, and nobody makes them: is `coldrelay serve` running on this database? \
         They stay asked for, and are made when it runs"
    ))
}

fn code(proofs: &[Proof]) -> u8 {
    let has = |outcome| proofs.iter().any(|proof| proof.outcome == Some(outcome));
    match () {
        () if has(Outcome::Failed) => exit::NO,
        () if has(Outcome::Unknown) => NOT_KNOWN,
        () => exit::OK,
    }
}

/// The proofs of one mailbox with all that was seen.
pub async fn history(ops: &Ops, address: &Address, limit: u32, out: Out) -> Result<(), Fault> {
    let mailboxes = ops.mailboxes_meant(std::slice::from_ref(address), None).await?;
    for mailbox in mailboxes {
        let proofs = ops.proof_history(None, &mailbox.id, limit).await?;
        out.answer(&proofs, |proofs| {
            let parts: Vec<String> = proofs.iter().map(whole).collect();
            if parts.is_empty() { format!("{address} has no proof yet") } else { parts.join("\n\n") }
        });
    }
    Ok(())
}

/// One line a mailbox, and below the table what is wrong.
fn shown(proofs: &[Proof]) -> String {
    let row = |proof: &Proof| {
        let steps = |state| proof.steps.iter().filter(|seen| seen.state == state).count().to_string();
        let finding = proof.finding.map(|step| step.finding().to_owned()).unwrap_or_default();
        vec![
            proof.address.to_string(),
            outcome(proof).to_owned(),
            steps(State::Ok),
            steps(State::Bad),
            steps(State::Unknown),
            finding,
        ]
    };
    let mut parts =
        vec![table(&["mailbox", "proof", "ok", "bad", "unknown", "fails for"], proofs.iter().map(row).collect())];
    let odd = proofs.iter().filter(|proof| proof.outcome != Some(Outcome::Passed));
    parts.extend(odd.map(|proof| {
        let steps = proof.steps.iter().filter(|seen| seen.state != State::Ok);
        let lines: Vec<String> = steps.map(line).collect();
        format!("{}:\n{}", proof.address, lines.join("\n"))
    }));
    parts.join("\n")
}

fn whole(proof: &Proof) -> String {
    let at = proof.ended_at.or(proof.begun_at).unwrap_or(proof.asked_at);
    let whom = proof.correspondent.as_ref().map(|address| format!(", with {address}")).unwrap_or_default();
    let lines: Vec<String> = proof.steps.iter().map(line).collect();
    format!("{} {} at {at} ({}{whom})\n{}", proof.address, outcome(proof), proof.reason.as_str(), lines.join("\n"))
}

fn outcome(proof: &Proof) -> &'static str {
    match (proof.outcome, proof.begun_at) {
        (Some(outcome), _) => outcome.as_str(),
        (None, Some(_)) => "under way",
        (None, None) => "waiting",
    }
}

fn line(seen: &Seen) -> String {
    let state = match seen.state {
        State::Ok => "ok",
        State::Bad => "bad",
        State::Unknown => "unknown",
    };
    let evidence = seen.evidence.replace('\n', "\n        ");
    let fix = seen.fix.as_deref().map(|fix| format!("\n        fix: {fix}")).unwrap_or_default();
    let entry = seen.entry.as_deref().map(|entry| format!("\n        $ coldrelay explain {entry}")).unwrap_or_default();
    format!("    {state:<8}{}\n        {evidence}{fix}{entry}", seen.step.finding())
}

#[cfg(test)]
mod tests {
    use rules::{
        id::MailboxId,
        proof::{Step, outcome},
    };
    use store::ProofReason;
    use syntax::Timestamp;

    use super::*;

    fn proof(states: &[State]) -> Proof {
        let at = Timestamp::from_micros(0);
        let steps: Vec<Seen> = states.iter().map(|state| Seen::new(Step::Reply, *state, "one\ntwo", at)).collect();
        Proof {
            id: ProofId("p".into()),
            mailbox: MailboxId("m".into()),
            address: "ann@example.com".parse().unwrap(),
            reason: ProofReason::Demand,
            asked_at: at,
            begun_at: Some(at),
            ended_at: Some(at),
            outcome: Some(outcome(&steps)),
            finding: rules::proof::culprit(&steps).map(|seen| seen.step),
            correspondent: None,
            steps,
        }
    }

    #[test]
    fn the_exit_code_tells_failed_from_not_known() {
        let (ok, bad, unknown) = (proof(&[State::Ok]), proof(&[State::Bad]), proof(&[State::Unknown]));
        assert_eq!(code(std::slice::from_ref(&ok)), 0);
        assert_eq!(code(&[ok.clone(), unknown.clone()]), 3);
        assert_eq!(code(&[ok, unknown, bad]), 1);
    }

    #[test]
    fn what_is_wrong_is_shown_with_evidence_fix_and_entry() {
        let text = shown(&[proof(&[State::Ok, State::Bad])]);
        for part in
            ["ann@example.com", "failed", "proof.reply", "one\n        two", "fix: ", "coldrelay explain replies-lost"]
        {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!shown(&[proof(&[State::Ok])]).contains("proof.reply"));
    }
}
