//! What an attempt came to: explain, decide, write down.

use std::net::SocketAddr;

use bounce::{Explanation, Refusal, explain};
use net::Log;
use rules::{
    Fault, Retry,
    event::Event,
    id::{AttemptId, RecipientId},
    moment,
    outcome::{self, Ended, Moment, Verdict as Decision},
};
use smtp::{Reply, Stage, client::RecipientOutcome};
use store::{Due, Settled, Verdict};
use syntax::{Address, Domain};

use crate::{
    courier::{self, Begun},
    notice,
    pair::Pair,
    scheduler::{STORE_PAUSE, Shared},
};

/// The host that was talked to.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub host: Domain,
    pub address: Option<SocketAddr>,
}

impl Peer {
    pub fn named(host: &Domain) -> Self {
        Self { host: host.clone(), address: None }
    }
}

/// Faults of ours that no later attempt mends: there is nowhere to send to.
const PERMANENT: [&str; 3] = ["dns.null-mx", "dns.no-such-domain", PRIVATE];
/// A host without a public address.
pub(crate) const PRIVATE: &str = "route.private";

/// How an attempt ended.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub kind: Ended,
    pub stage: Stage,
    pub reply: Option<Reply>,
    /// A fault code that the reference knows, when the peer said nothing.
    pub fault: Option<&'static str>,
    pub peer: Option<Peer>,
    pub tls: Option<String>,
    pub transcript: String,
}

impl Ending {
    /// It ended on our side of the wire.
    pub fn fault(code: &'static str, stage: Stage) -> Self {
        let kind = if PERMANENT.contains(&code) { Ended::Permanent } else { Ended::Transient };
        Self { kind, stage, reply: None, fault: Some(code), peer: None, tls: None, transcript: String::new() }
    }

    /// What the session says; `why` is the driver's word on how the connection ended.
    pub fn of(outcome: RecipientOutcome, why: Option<&'static str>) -> Self {
        let (kind, stage, reply, fault) = match outcome {
            RecipientOutcome::Accepted(reply) => (Ended::Accepted, Stage::Message, Some(reply), None),
            // A yes where only a no, or 354, has a place.
            RecipientOutcome::Refused { stage, reply } if reply.is_positive() => {
                (Ended::Transient, stage, Some(reply), Some("smtp.nonsense"))
            }
            RecipientOutcome::Refused { stage, reply } => {
                let kind = if reply.is_permanent() { Ended::Permanent } else { Ended::Transient };
                (kind, stage, Some(reply), None)
            }
            RecipientOutcome::Lost(stage) => {
                let fault = match why {
                    Some("connection.timeout") => "connection.timeout",
                    Some(_) => "connection.lost",
                    // It was the session that had enough.
                    None => "smtp.nonsense",
                };
                (Ended::Transient, stage, None, Some(fault))
            }
            RecipientOutcome::InDoubt => (Ended::InDoubt, Stage::Message, None, Some("delivery.in-doubt")),
        };
        Self { kind, stage, reply, fault, peer: None, tls: None, transcript: String::new() }
    }

    pub fn at(self, peer: &Peer) -> Self {
        Self { peer: Some(peer.clone()), ..self }
    }

    pub fn with(self, log: &Log) -> Self {
        Self { tls: log.tls(), transcript: log.since(0), ..self }
    }

    pub fn is_tls_failure(&self) -> bool {
        self.fault == Some("tls.handshake")
    }

    /// The host may be as well as ever: it is the domain's own terms that keep the mail back.
    pub fn is_policy(&self) -> bool {
        let codes = ["mta-sts.mx", "mta-sts.certificate", "dane.mismatch", "dane.lookup", "tls.not-offered"];
        self.fault.is_some_and(|fault| codes.contains(&fault))
    }

    pub fn explanation(&self) -> Explanation {
        let host = self.peer.as_ref().map(|peer| peer.host.as_str());
        explain(&Refusal { stage: self.stage, reply: self.reply.as_ref(), mx_host: host, fault: self.fault })
    }
}

/// A number in 0.0..1.0 that spreads retries, and is the same when it is asked again.
pub(crate) fn jitter(due: &Due) -> f64 {
    let mut sum = due.attempts;
    for octet in due.recipient.as_str().bytes() {
        sum = sum.wrapping_mul(16_777_619) ^ u32::from(octet);
    }
    f64::from(sum % 1000) / 1000.0
}

/// Settles a recipient for which no connection is made: null MX, no such domain, expired.
pub(crate) async fn without_connection(shared: &Shared, due: Due, code: &'static str) -> RecipientId {
    let recipient = due.recipient.clone();
    match courier::begin(shared, &due).await {
        Ok(Some(attempt)) => {
            let ending = Ending::fault(code, Stage::Resolve);
            let sender = shared.senders.of(&shared.store, &due.domain).await;
            let content = shared.store.content(&due.message).await.ok().flatten().unwrap_or_default();
            match sender {
                Ok(Some((domain, _))) => {
                    let (number, delivery) = (due.attempts + 1, notice::nothing());
                    settle(shared, None, Begun { due, attempt, number, delivery, domain, content }, ending).await;
                }
                Ok(None) => put_back(shared, &due, attempt, &courier::missing("domain")).await,
                Err(fault) => put_back(shared, &due, attempt, &fault).await,
            }
        }
        Ok(None) => {}
        Err(fault) => tracing::error!(%fault, %recipient, "an attempt could not be begun"),
    }
    recipient
}

/// Settles an attempt that came to nothing for a reason of our own (a key that cannot be read): tried again in its time.
pub(crate) async fn put_back(shared: &Shared, due: &Due, attempt: AttemptId, fault: &Fault) {
    let settled = Settled {
        attempt,
        recipient: due.recipient.clone(),
        verdict: Verdict::Deferred(courier::next_at(shared, due)),
        mx_host: None,
        peer: None,
        tls: None,
        stage: Stage::Resolve.as_str().into(),
        reply: None,
        enhanced: None,
        entry: None,
        class: None,
        transcript: format!("* {fault}\n"),
        notice: None,
        events: Vec::new(),
    };
    write_down(shared, settled).await;
}

/// Explains, decides, writes down; slows the pair when the site asked for it.
pub(crate) async fn settle(shared: &Shared, pair: Option<&Pair>, begun: Begun, ending: Ending) {
    write(shared, decided(shared, pair, begun, ending)).await;
}

/// What became of an attempt, and whether its address is to be left alone.
pub(crate) struct Decided {
    settled: Settled,
    suppressed: Option<(Address, &'static str)>,
}

/// Explains and decides; slows the pair when the site asked for it.
pub(crate) fn decided(shared: &Shared, pair: Option<&Pair>, begun: Begun, mut ending: Ending) -> Decided {
    let now = shared.now();
    let due = &begun.due;
    let moment = Moment { attempts: begun.number, now, expires_at: due.expires_at, jitter: jitter(due) };
    let decision = match ending.fault {
        Some("queue.expired") => Decision::Bounce { expired: true },
        _ => outcome::decide(ending.kind, &shared.settings.schedule, &moment),
    };
    if decision == (Decision::Bounce { expired: true }) {
        ending.fault = Some("queue.expired");
    }
    let explanation = (decision != Decision::Deliver).then(|| ending.explanation());
    keep_pace(shared, pair, &ending, explanation.as_ref());
    let settled = written(shared, &begun, &ending, decision, explanation.as_ref());
    let suppressed = explanation
        .filter(|explanation| explanation.suppress && settled.verdict == Verdict::Bounced)
        .map(|explanation| (due.address.clone(), explanation.entry));
    Decided { settled, suppressed }
}

/// Writes it down.
pub(crate) async fn write(shared: &Shared, Decided { settled, suppressed }: Decided) {
    if let Some((address, entry)) = suppressed
        && let Err(fault) = shared.store.suppress(&address, entry).await
    {
        tracing::error!(%fault, "an address could not be suppressed");
    }
    shared.store.moments().reach(moment::RELAY_BEFORE_SETTLE);
    write_down(shared, settled).await;
    shared.store.moments().reach(moment::RELAY_AFTER_SETTLE);
}

/// Writes down what is known, however long the store cannot: nothing else is sent over this connection meanwhile. When we
/// are told to stop before, the attempt stays without a result, and is in doubt after the next start.
async fn write_down(shared: &Shared, settled: Settled) {
    let mut failures = 0_u32;
    loop {
        let Err(fault) = shared.store.settle(vec![settled.clone()]).await else { return };
        if failures == 0 {
            tracing::error!(%fault, recipient = %settled.recipient, "the result of an attempt could not be written yet");
        }
        failures += 1;
        if fault.retry != Retry::Later || shared.stop.is_stopped() {
            tracing::error!(%fault, recipient = %settled.recipient, "the result of an attempt is lost: it is in doubt");
            return;
        }
        tokio::time::sleep(STORE_PAUSE).await;
    }
}

fn keep_pace(shared: &Shared, pair: Option<&Pair>, ending: &Ending, explanation: Option<&Explanation>) {
    let Some(pair) = pair else { return };
    match explanation {
        None => pair.success(),
        Some(explanation) if outcome::is_throttle(&explanation.class) => {
            pair.throttle(shared.now(), &shared.settings.limits)
        }
        Some(explanation) if outcome::is_halt(&explanation.class) => pair.halt(shared.now(), &shared.settings.limits),
        // The site talked to us: whatever it says about this recipient, its door is open.
        Some(_) if ending.reply.is_some() => pair.success(),
        Some(_) => {}
    }
}

fn written(
    shared: &Shared,
    begun: &Begun,
    ending: &Ending,
    decision: Decision,
    explanation: Option<&Explanation>,
) -> Settled {
    let due = &begun.due;
    let verdict = match decision {
        Decision::Deliver => Verdict::Delivered,
        Decision::RetryAt(at) => Verdict::Deferred(at),
        Decision::InDoubtRetryAt(at) => Verdict::InDoubt(at),
        Decision::Bounce { .. } => Verdict::Bounced,
    };
    let wants_notice = verdict == Verdict::Bounced && due.notify_failure;
    let notice =
        explanation.filter(|_| wants_notice).and_then(|explanation| notice::write(shared, begun, ending, explanation));
    Settled {
        attempt: begun.attempt.clone(),
        recipient: due.recipient.clone(),
        verdict,
        mx_host: ending.peer.as_ref().map(|peer| peer.host.to_string()),
        peer: ending.peer.as_ref().and_then(|peer| peer.address).map(|address| address.to_string()),
        tls: ending.tls.clone(),
        stage: ending.stage.as_str().into(),
        reply: ending.reply.as_ref().map(ToString::to_string),
        enhanced: ending.reply.as_ref().and_then(|reply| reply.enhanced).map(|code| code.to_string()),
        entry: explanation.map(|explanation| explanation.entry.into()),
        class: explanation.map(|explanation| explanation.class),
        transcript: ending.transcript.clone(),
        notice,
        events: vec![event(begun, verdict, explanation)],
    }
}

fn event(begun: &Begun, verdict: Verdict, explanation: Option<&Explanation>) -> Event {
    let (recipient, attempt, to) = (begun.due.recipient.clone(), begun.attempt.clone(), begun.due.address.clone());
    match (verdict, explanation) {
        (Verdict::InDoubt(_), _) => Event::InDoubt { recipient, attempt, to },
        (Verdict::Deferred(_), Some(why)) => {
            Event::Deferred { recipient, attempt, to, entry: why.entry.into(), class: why.class }
        }
        (Verdict::Bounced, Some(why)) => {
            Event::Bounced { recipient, to, entry: why.entry.into(), class: why.class, late: false }
        }
        _ => Event::Delivered { recipient, attempt, to },
    }
}
