//! Carries one message after another over a connection: begin, load, sign, hand over, settle.

use std::sync::Arc;

use async_trait::async_trait;
use net::{House, Log};
use rules::{
    Blame, Fault, Retry,
    id::{AttemptId, RecipientId},
    moment, retry, token,
    transport::Terms,
};
use smtp::client::{Answer, Delivery, Outcome, Question};
use store::{BeginAttempt, Due, ReversePath, SendingDomain};
use syntax::Timestamp;

use crate::{
    demand::Watch,
    pair::Pair,
    scheduler::Shared,
    settle::{self, Decided, Ending, Peer, jitter},
};

/// A recipient whose attempt has begun.
pub(crate) struct Begun {
    pub due: Due,
    pub attempt: AttemptId,
    pub number: u32,
    pub delivery: Delivery,
    pub domain: SendingDomain,
    pub content: Vec<u8>,
}

/// Answers the session's questions.
pub(crate) struct Courier<'a> {
    shared: &'a Shared,
    pair: &'a Pair,
    in_hand: Option<Begun>,
    /// The one in hand was given to the session.
    handed: bool,
    peer: Option<Peer>,
    /// The terms under which the connection was made.
    terms: Arc<Terms>,
    /// What the host shows is looked at, until it was said.
    watch: Option<Watch>,
    log: Log,
    /// Where in the log the present message begins.
    mark: usize,
    carried: Vec<RecipientId>,
}

impl<'a> Courier<'a> {
    pub fn new(shared: &'a Shared, pair: &'a Pair, terms: Arc<Terms>) -> Self {
        Self {
            shared,
            pair,
            in_hand: None,
            handed: false,
            peer: None,
            terms,
            watch: None,
            log: Log::default(),
            mark: 0,
            carried: Vec::new(),
        }
    }

    /// Writes that an attempt begins, and prepares its message. False when there is nothing to be sent.
    pub async fn take_up(&mut self, due: Due) -> bool {
        self.carried.push(due.recipient.clone());
        match self.begin(due).await {
            Ok(begun) => {
                self.in_hand = begun;
                self.handed = false;
                self.in_hand.is_some()
            }
            Err(fault) => {
                tracing::error!(%fault, "an attempt could not be begun");
                false
            }
        }
    }

    /// The name for EHLO.
    pub fn helo(&self) -> String {
        self.in_hand
            .as_ref()
            .map_or_else(|| self.shared.settings.hostname.clone(), |begun| begun.domain.mail_host.to_string())
    }

    pub fn begin_connection(&mut self, peer: Peer, watch: Option<Watch>, log: Log) {
        self.peer = Some(peer);
        self.watch = watch;
        self.log = log;
        self.mark = 0;
    }

    /// Settles the one in hand with what the session says about it, and the driver about the connection.
    pub async fn settle_outcome(&mut self, outcome: Outcome, why: Option<&'static str>) {
        if let Some(decided) = self.decide_outcome(outcome, why) {
            settle::write(self.shared, decided).await;
        }
    }

    fn decide_outcome(&mut self, outcome: Outcome, why: Option<&'static str>) -> Option<Decided> {
        let first = outcome.recipients.into_iter().next()?;
        self.decide_in_hand(Ending::of(first, why))
    }

    pub async fn settle_in_hand(&mut self, ending: Ending) {
        if let Some(decided) = self.decide_in_hand(ending) {
            settle::write(self.shared, decided).await;
        }
    }

    fn decide_in_hand(&mut self, ending: Ending) -> Option<Decided> {
        let begun = self.in_hand.take()?;
        let ending = match &self.peer {
            Some(peer) if ending.transcript.is_empty() => {
                let ending = ending.at(peer);
                Ending { transcript: self.log.since(self.mark), tls: self.log.tls(), ..ending }
            }
            _ => ending,
        };
        Some(settle::decided(self.shared, Some(self.pair), begun, ending))
    }

    pub fn carried(self) -> Vec<RecipientId> {
        self.carried
    }

    async fn begin(&self, due: Due) -> Result<Option<Begun>, Fault> {
        // It may have waited for its turn.
        if self.shared.now() >= due.expires_at {
            settle::without_connection(self.shared, due, "queue.expired").await;
            return Ok(None);
        }
        let Some(attempt) = begin(self.shared, &due).await? else { return Ok(None) };
        let number = due.attempts + 1;
        match self.prepare(&due, number).await {
            Ok((domain, content, delivery)) => Ok(Some(Begun { due, attempt, number, delivery, domain, content })),
            Err(fault) => {
                tracing::error!(%fault, recipient = %due.recipient, "a message cannot be prepared");
                settle::put_back(self.shared, &due, attempt, &fault).await;
                Ok(None)
            }
        }
    }

    async fn prepare(&self, due: &Due, number: u32) -> Result<(SendingDomain, Vec<u8>, Delivery), Fault> {
        let store = &self.shared.store;
        let sender = self.shared.senders.of(store, &due.domain).await?;
        let (domain, signer) = sender.ok_or_else(|| missing("domain"))?;
        let content = store.content(&due.message).await?.ok_or_else(|| missing("content"))?;
        let (signed, reverse_path) = match &due.reverse_path {
            ReversePath::Own => {
                let token = token::return_path(&self.shared.key, &due.recipient, number, &domain.name);
                (signer.sign(&content)?, Some(token.ok_or_else(|| missing("return path"))?))
            }
            // Passed on: it was sealed when it came, and is not ours to sign.
            ReversePath::Null => (content.clone(), None),
            ReversePath::Of(address) => (content.clone(), Some(address.clone())),
        };
        let delivery =
            Delivery { reverse_path, recipients: vec![due.address.clone()], content: signed, envid: due.envid.clone() };
        Ok((domain, content, delivery))
    }

    async fn next(&mut self) -> Option<Delivery> {
        let limits = &self.shared.settings.limits;
        // What cannot be recorded is not delivered: then the connection ends.
        let may_go_on = || !self.shared.stop.is_stopped() && self.shared.store.latched().is_none();
        while self.carried.len() < limits.messages_per_connection && may_go_on() {
            let host = self.peer.as_ref().map(|peer| peer.host.as_str()).unwrap_or_default();
            let serves = |wanted: &Terms| wanted.are_met_by(host, &self.terms);
            let (due, wait) = self.pair.next(self.shared.now(), limits, serves)?;
            tokio::time::sleep(wait).await;
            if self.take_up(due).await {
                self.log.note("the connection is used again");
                self.mark = self.log.mark();
                return self.hand_over();
            }
        }
        None
    }

    fn hand_over(&mut self) -> Option<Delivery> {
        let begun = self.in_hand.as_ref()?;
        self.handed = true;
        Some(begun.delivery.clone())
    }
}

#[async_trait]
impl House<Question, Answer> for Courier<'_> {
    async fn answer(&mut self, question: Question) -> Answer {
        let Question::Next(outcome) = question;
        if let Some((watch, peer)) = self.watch.take().zip(self.peer.as_ref()) {
            watch.tell(&self.log, &peer.host);
        }
        let shared = self.shared;
        let decided = outcome.and_then(|outcome| self.decide_outcome(outcome, None));
        let settle = async {
            if let Some(decided) = decided {
                settle::write(shared, decided).await;
            }
        };
        // The end of one and the begin of the next share a commit; nothing is handed over before both are written.
        let next = async { if self.in_hand.is_some() && !self.handed { self.hand_over() } else { self.next().await } };
        let ((), delivery) = tokio::join!(settle, next);
        delivery.map_or(Answer::Quit, Answer::Deliver)
    }
}

/// Writes that an attempt begins, with the time of the next should we never hear of this one. `None` when somebody
/// else has begun it, or it was dropped.
pub(crate) async fn begin(shared: &Shared, due: &Due) -> Result<Option<AttemptId>, Fault> {
    let attempt = BeginAttempt {
        recipient: due.recipient.clone(),
        number: due.attempts + 1,
        egress_ip: due.egress_ip,
        next_at: next_at(shared, due),
    };
    shared.store.moments().reach(moment::RELAY_BEFORE_BEGIN);
    let begun = shared.store.begin(vec![attempt]).await?.into_iter().next().flatten();
    shared.store.moments().reach(moment::RELAY_AFTER_BEGIN);
    Ok(begun)
}

/// When the attempt after the one that is about to begin comes; not later than the message expires.
pub(crate) fn next_at(shared: &Shared, due: &Due) -> Timestamp {
    let (number, now) = (due.attempts + 1, shared.now());
    let next = retry::next_attempt(&shared.settings.schedule, number, now, due.expires_at, jitter(due));
    next.unwrap_or(due.expires_at)
}

pub(crate) fn missing(what: &str) -> Fault {
    Fault::new("queue.broken", Blame::Us, Retry::AfterChange)
        .context(format!("the {what} of a queued message is missing"))
}
