//! The way out: submitted as the mailbox, delivered by the relay, looked at where it arrives.

use auth::Verdicts;
use inbound::Pass;
use rules::{
    Fault,
    id::RecipientId,
    proof::{self, Arrived, Claim, State, Step},
    token,
};
use smtp::client::{Delivery, RecipientOutcome};
use store::{Attempt, Letter, QueuedRecipient, State as Queued};
use syntax::{Draft, FromField, Message, parse_from};

use super::{
    carry,
    round::{LOOK, Parties, Round},
};
use crate::mailbox::password;

/// Marks the mails of a proof, for whoever meets one.
pub(super) const MARK: &str = "X-ColdRelay-Proof";
/// Nothing can be said of the steps behind one that failed.
const NOT_REACHED: &str = "not looked at: the message did not come so far";

impl Round<'_> {
    /// From submission to the headers.
    pub(super) async fn outward(&mut self, parties: &Parties) -> Result<(), Fault> {
        self.at = Step::Submission;
        let delivered = self.submit(parties).await? && self.delivered(parties).await?;
        if !delivered {
            for step in [Step::From, Step::Dkim, Step::Spf, Step::ReturnPath] {
                self.saw(step, State::Unknown, NOT_REACHED);
            }
        }
        Ok(())
    }

    async fn submit(&mut self, parties: &Parties) -> Result<bool, Fault> {
        let Some(door) = self.prover.door else {
            self.saw(Step::Submission, State::Unknown, "there is no submission listener (`listen.submission`)");
            self.saw(Step::Delivery, State::Unknown, NOT_REACHED);
            return Ok(false);
        };
        let Parties { mailbox, correspondent, .. } = parties;
        let secret = password()?;
        let pass = Pass { proof: self.proof.id.clone(), mailbox: mailbox.id.clone(), to: correspondent.clone() };
        // A proof shows the DNS as it is now.
        self.prover.ways.forget(correspondent.domain());
        let issued = self.prover.passes.issue(&self.prover.ops.key, &secret, pass);
        let parcel = Delivery {
            reverse_path: Some(mailbox.address.clone()),
            recipients: vec![correspondent.clone()],
            content: self.message(parties),
            envid: None,
        };
        let outcome = carry::submit(door, (mailbox.address.to_string(), secret), parcel).await;
        drop(issued);
        let (state, seen) = match outcome {
            Ok(RecipientOutcome::Accepted(reply)) => (State::Ok, reply.to_string()),
            Ok(RecipientOutcome::Refused { stage, reply }) => {
                let state = if reply.is_permanent() { State::Bad } else { State::Unknown };
                (state, format!("refused at {}: {reply}", stage.as_str()))
            }
            Ok(RecipientOutcome::Lost(stage)) => {
                (State::Unknown, format!("the connection to {} ended at {}", door.at, stage.as_str()))
            }
            Ok(RecipientOutcome::InDoubt) => (State::Unknown, String::from("no reply to the message")),
            Err(fault) => (State::Unknown, fault.to_string()),
        };
        self.saw(Step::Submission, state, seen);
        if state != State::Ok {
            self.saw(Step::Delivery, State::Unknown, NOT_REACHED);
        }
        Ok(state == State::Ok)
    }

    fn message(&self, parties: &Parties) -> Vec<u8> {
        let Parties { mailbox, correspondent, ids, .. } = parties;
        Draft {
            from: FromField { display: mailbox.display.clone(), address: mailbox.address.clone() },
            to: vec![correspondent.clone()],
            subject: format!("Pairing proof of {}", mailbox.address),
            text: format!(
                "This message proves that mail of {} goes out and that answers come back.\nColdRelay wrote it and reads it; nobody needs to.",
                mailbox.address
            ),
            date: self.now(),
            message_id: ids.outward.clone(),
            more: vec![(MARK.to_owned(), self.proof.id.to_string()), ("Auto-Submitted".into(), "auto-generated".into())],
        }
        .write()
    }

    /// Waits for the relay, and for the message where it is to arrive.
    async fn delivered(&mut self, parties: &Parties) -> Result<bool, Fault> {
        self.at = Step::Delivery;
        let (recipient, attempt) = self.settled().await?;
        let Some(recipient) = recipient else {
            let seen = format!("no attempt had ended after {} s", self.prover.watch.limit.as_secs());
            self.saw(Step::Delivery, State::Unknown, seen);
            return Ok(false);
        };
        let arrived = match recipient.state {
            Queued::Delivered | Queued::InDoubt => self.arrived(&parties.ids.outward).await?.is_some(),
            _ => false,
        };
        let (state, mut seen) = judged(&recipient, attempt.as_ref());
        let letter = if arrived { self.prover.ops.store.letter(&parties.ids.outward).await? } else { None };
        match letter {
            Some(letter) => {
                seen.push_str(&format!("\narrived at <{}>", parties.correspondent));
                self.saw(Step::Delivery, State::Ok, seen);
                self.look_at_headers(parties, &recipient.id, &letter);
                Ok(true)
            }
            None if recipient.state == Queued::Delivered => {
                let seen = format!("{seen}\nand did not arrive at <{}>: another host took it", parties.correspondent);
                self.saw(Step::Delivery, State::Bad, seen);
                Ok(false)
            }
            None => {
                self.saw(Step::Delivery, state, seen);
                Ok(false)
            }
        }
    }

    /// The recipient and its first attempt, once that has ended; `None` when none did in time.
    async fn settled(&self) -> Result<(Option<QueuedRecipient>, Option<Attempt>), Fault> {
        let store = &self.prover.ops.store;
        let until = tokio::time::Instant::now() + self.prover.watch.limit;
        let Some(id) = store.message_of_proof(&self.proof.id).await? else { return Ok((None, None)) };
        loop {
            let message = store.message(&id).await?;
            let recipient = message.and_then(|message| message.recipients.into_iter().next());
            let Some(recipient) = recipient else { return Ok((None, None)) };
            if !matches!(recipient.state, Queued::Queued | Queued::Sending) {
                let attempt =
                    store.attempts(&recipient.id).await?.into_iter().rev().find(|attempt| attempt.verdict.is_some());
                // It is not tried again: its proof is over.
                store.drop_recipients(std::slice::from_ref(&recipient.id)).await?;
                return Ok((Some(recipient), attempt));
            }
            if tokio::time::Instant::now() >= until {
                store.drop_recipients(std::slice::from_ref(&recipient.id)).await?;
                return Ok((None, None));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn look_at_headers(&mut self, parties: &Parties, recipient: &RecipientId, letter: &Letter) {
        let field = Message::parse(&letter.content).ok().and_then(|message| message.value("From")).unwrap_or_default();
        let path = letter.arrival.reverse_path.clone();
        let names = path.as_ref().and_then(|path| token::read_return_path(&self.prover.ops.key, path));
        let verdicts = letter.verdicts.as_deref().and_then(|text| serde_json::from_str::<Verdicts>(text).ok());
        let arrived = Arrived {
            from: parse_from(&field).ok().map(|from| from.address),
            from_field: field,
            return_path_is_ours: names.is_some_and(|(named, _)| named == *recipient),
            reverse_path: path,
            spf: spf(verdicts.as_ref(), letter),
            dkim: verdicts.as_ref().map(dkim).unwrap_or_default(),
        };
        let at = self.now();
        self.steps.extend(proof::headers(&parties.mailbox.address, &arrived, at));
    }
}

fn spf(verdicts: Option<&Verdicts>, letter: &Letter) -> Claim {
    let detail = format!("from {}", letter.arrival.peer);
    match verdicts {
        Some(verdicts) => {
            Claim { domain: verdicts.spf_domain.clone(), verdict: verdicts.spf.as_str().to_owned(), detail }
        }
        None => Claim { domain: String::new(), verdict: String::from("temperror"), detail },
    }
}

fn dkim(verdicts: &Verdicts) -> Vec<Claim> {
    let claim = |dkim: &auth::Dkim| {
        let reason = dkim.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Claim {
            domain: dkim.domain.clone(),
            verdict: dkim.verdict.as_str().to_owned(),
            detail: format!("{} {}{reason}", dkim.selector, dkim.algorithm),
        }
    };
    verdicts.dkim.iter().map(claim).collect()
}

/// What the relay's attempt says by itself.
fn judged(recipient: &QueuedRecipient, attempt: Option<&Attempt>) -> (State, String) {
    let Some(attempt) = attempt else { return (State::Unknown, String::from("no attempt was made")) };
    let host = attempt.mx_host.as_deref().unwrap_or("no host");
    let peer = attempt.peer.as_deref().map(|peer| format!(" [{peer}]")).unwrap_or_default();
    let tls = attempt.tls.as_deref().map(|tls| format!(" over {tls}")).unwrap_or_default();
    let entry = attempt.entry.as_deref().unwrap_or_default();
    let said = match &attempt.reply {
        Some(reply) => reply.clone(),
        None => format!("no reply at {} ({entry})", attempt.stage.as_deref().unwrap_or("any stage")),
    };
    // What a reply puts off, and what the DNS could not say, may be otherwise in a minute.
    let may_pass = attempt.reply.is_some() || entry == "dns-failure";
    let state = match recipient.state {
        Queued::Delivered => State::Ok,
        Queued::Bounced => State::Bad,
        Queued::Deferred if !may_pass => State::Bad,
        _ => State::Unknown,
    };
    (state, format!("{host}{peer}{tls} from {}: {said}", attempt.egress_ip))
}
