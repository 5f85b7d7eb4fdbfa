//! When proofs are made: those that were asked for at once, the others when they are due, a few at a time.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use inbound::Passes;
use net::Stop;
use outbound::Ways;
use rules::{
    Fault,
    proof::{Outcome, Seen, State, Step, next_due, outcome, phase},
};
use store::{Proof, ProofEnd};
use tokio::task::JoinSet;

use super::round::Round;
use crate::Ops;

/// The interval that a failed proof is repeated in parts of, when nothing is made on schedule.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest proof, in waits for one leg: there are three legs, and the names.
const LEGS: u32 = 5;
/// Looks between two sweeps of what a proof left behind.
const SWEEP: u32 = 200;

/// How proofs are made.
#[derive(Debug, Clone)]
pub struct ProofWatch {
    /// Time between two proofs of one mailbox; zero: only those that are asked for.
    pub interval: Duration,
    /// Proofs at the same time.
    pub at_once: u32,
    /// Longest wait for one leg: a message delivered, an answer arrived.
    pub limit: Duration,
    /// Where mail hosts listen: 25.
    pub mx_port: u16,
}

/// Where the house itself submits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door {
    /// The listener.
    pub at: SocketAddr,
    /// TLS from the start.
    pub implicit_tls: bool,
}

/// Makes proofs.
pub(crate) struct Prover {
    pub(super) ops: Ops,
    pub(super) watch: ProofWatch,
    pub(super) door: Option<Door>,
    pub(super) passes: Passes,
    /// Ways that the relay of this house keeps.
    pub(super) ways: Ways,
}

impl Prover {
    /// `submission` and `submissions` are where the house's own listeners are.
    pub fn new(
        ops: Ops,
        watch: ProofWatch,
        submission: &[SocketAddr],
        submissions: &[SocketAddr],
        passes: Passes,
        ways: Ways,
    ) -> Self {
        let door = |at: &SocketAddr, implicit_tls| Door { at: reachable(*at), implicit_tls };
        let first = submission.first().map(|at| door(at, false));
        let door = first.or_else(|| submissions.first().map(|at| door(at, true)));
        Self { ops, watch, door, passes, ways }
    }

    /// Makes proofs until it is stopped; what is under way then is taken up again at the next start.
    pub async fn run(self, poll: Duration, mut stop: Stop) {
        let prover = Arc::new(self);
        if let Err(fault) = prover.ops.store.recover_proofs().await {
            tracing::error!(%fault, "proofs that were under way cannot be taken up again");
        }
        let (mut running, mut looks) = (JoinSet::new(), 0_u32);
        loop {
            if let Err(fault) = prover.take_up(&mut running, looks.is_multiple_of(SWEEP)).await {
                tracing::warn!(code = fault.code, %fault, "proofs cannot be taken up now");
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                () = stop.stopped() => return,
                Some(_) = running.join_next() => {}
                () = tokio::time::sleep(poll) => {}
            }
        }
    }

    async fn take_up(self: &Arc<Self>, running: &mut JoinSet<()>, sweep: bool) -> Result<(), Fault> {
        if sweep {
            self.ops.store.sweep_proofs().await?;
        }
        let under_way = u32::try_from(running.len()).unwrap_or(u32::MAX);
        let room = self.watch.at_once.saturating_sub(under_way);
        let scheduled = !self.watch.interval.is_zero();
        if room == 0 || !self.ops.store.has_proofs_to_make(scheduled).await? {
            return Ok(());
        }
        for proof in self.ops.store.take_proofs(room, scheduled).await? {
            let prover = self.clone();
            running.spawn(async move { prover.prove(proof).await });
        }
        Ok(())
    }

    async fn prove(&self, proof: Proof) {
        let mut round = Round::new(self, &proof);
        let limit = self.watch.limit * LEGS;
        let now = || self.ops.store.clock().now();
        match tokio::time::timeout(limit, round.go()).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => round.steps.push(could_not(round.at, &fault.to_string(), now())),
            Err(_) => {
                let why = format!("the whole proof took longer than {} s", limit.as_secs());
                round.steps.push(could_not(round.at, &why, now()));
            }
        }
        let steps = std::mem::take(&mut round.steps);
        let outcome = outcome(&steps);
        if outcome == Outcome::Failed {
            let finding = rules::proof::culprit(&steps).map(|seen| seen.step.finding());
            tracing::warn!(mailbox = %proof.mailbox, finding, "a pairing proof failed");
        }
        let interval = if self.watch.interval.is_zero() { DAY } else { self.watch.interval };
        let due_at = next_due(outcome, now(), interval, phase(proof.mailbox.as_str()));
        let end = ProofEnd { proof: proof.id.clone(), outcome, steps, due_at };
        if let Err(fault) = self.ops.store.end_proof(end).await {
            tracing::error!(%fault, proof = %proof.id, "how a proof ended could not be written");
        }
    }
}

fn could_not(step: Step, why: &str, at: syntax::Timestamp) -> Seen {
    Seen::new(step, State::Unknown, format!("could not look: {why}"), at)
}

/// A listener on all addresses is reached over loopback.
fn reachable(mut at: SocketAddr) -> SocketAddr {
    if at.ip().is_unspecified() {
        at.set_ip(if at.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    at
}
