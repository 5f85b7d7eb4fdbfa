//! The MX house: mail that comes in.

use std::{net::IpAddr, sync::Arc};

use async_trait::async_trait;
use net::House;
use rules::{Fault, event::Event, proof::CORRESPONDENT};
use smtp::{
    Reply, replies as common,
    server::{Answer, Question, Transaction},
};
use syntax::Address;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    addressee::{self, Addressee, Found, Place, begins_with},
    arrival::Arrival,
    replies, room,
    settings::MAX_ERRORS,
    start::Shared,
};

/// One session with another mail host.
pub(crate) struct Mx {
    shared: Arc<Shared>,
    host: String,
    peer: IpAddr,
    helo: String,
    extended: bool,
    tls: bool,
    reverse_path: Option<Address>,
    addressees: Vec<Addressee>,
    /// What MAIL says of the size. RFC 1870.
    declared_octets: usize,
    refused_recipients: usize,
    slot: Option<OwnedSemaphorePermit>,
}

impl Mx {
    pub(crate) fn new(shared: Arc<Shared>, host: String, peer: IpAddr) -> Self {
        Self {
            shared,
            host,
            peer,
            helo: String::new(),
            extended: false,
            tls: false,
            reverse_path: None,
            addressees: Vec::new(),
            declared_octets: 0,
            refused_recipients: 0,
            slot: None,
        }
    }

    async fn reply(&mut self, question: Question) -> Reply {
        // Held from DATA to the answer to the message; a message that the core refused is gone by now.
        let slot = self.slot.take();
        match question {
            Question::Connect(_) => replies::ready(&self.host),
            Question::Helo { name, extended, tls } => {
                (self.helo, self.extended, self.tls) = (name, extended, tls);
                self.forget();
                common::ok()
            }
            // Not offered on this port.
            Question::Auth { .. } => common::command_not_implemented(),
            Question::Mail { reverse_path, parameters } => self.mail(reverse_path, parameters.size),
            Question::Rcpt { address, .. } => self.rcpt(&address).await.unwrap_or_else(|fault| excuse(&fault)),
            Question::Data => {
                self.slot = self.shared.slot().await;
                if self.slot.is_some() { common::ok() } else { replies::busy() }
            }
            Question::Message { transaction, content } => {
                let reply = self.message(&transaction, &content).await.unwrap_or_else(|fault| excuse(&fault));
                self.forget();
                drop(slot);
                reply
            }
        }
    }

    fn mail(&mut self, reverse_path: Option<Address>, declared_octets: Option<usize>) -> Reply {
        self.forget();
        // Before the peer sends its message in vain.
        if let Some(fault) = self.shared.store.refuses() {
            return excuse(&fault);
        }
        self.declared_octets = declared_octets.unwrap_or(0);
        self.reverse_path = reverse_path;
        common::sender_ok()
    }

    async fn rcpt(&mut self, address: &Address) -> Result<Reply, Fault> {
        if self.reverse_path.is_none() && !self.addressees.is_empty() {
            return Ok(replies::one_recipient_for_null_sender());
        }
        Ok(match addressee::find(&self.shared, address).await? {
            // What we passed on comes back as a notification, or not at all.
            Found::Addressee(addressee)
                if matches!(addressee.place, Place::Return(_)) && self.reverse_path.is_some() =>
            {
                common::no_such_mailbox()
            }
            Found::Addressee(addressee) => {
                if let Some(full) = room::refusal(&self.shared, &addressee, self.declared_octets).await? {
                    return Ok(full);
                }
                if self.addressees.iter().all(|known| known.forward_path != addressee.forward_path) {
                    self.addressees.push(*addressee);
                }
                common::recipient_ok()
            }
            Found::NoMailbox => common::no_such_mailbox(),
            Found::Suspended => common::mailbox_suspended(),
            Found::NotOurs => common::relay_denied(),
        })
    }

    async fn message(&mut self, transaction: &Transaction, content: &[u8]) -> Result<Reply, Fault> {
        let arrival = Arrival {
            shared: &self.shared,
            host: &self.host,
            peer: self.peer,
            helo: &self.helo,
            extended: self.extended,
            secured: self.tls,
            utf8: transaction.parameters.smtputf8,
            reverse_path: transaction.reverse_path.as_ref(),
            addressees: self.addressees_of(transaction),
        };
        arrival.take(content).await
    }

    /// The addressees of the recipients that the core kept.
    fn addressees_of(&self, transaction: &Transaction) -> Vec<&Addressee> {
        let kept = |addressee: &&Addressee| {
            transaction.recipients.iter().any(|recipient| recipient.address == addressee.forward_path)
        };
        self.addressees.iter().filter(kept).collect()
    }

    /// Nothing of one transaction is known to the next.
    fn forget(&mut self) {
        self.reverse_path = None;
        self.addressees.clear();
        self.declared_octets = 0;
    }

    /// A proof under way asks for a name that cannot exist: that it is refused is no news.
    async fn is_proof(&self) -> bool {
        match self.reverse_path.as_ref().filter(|path| begins_with(path, CORRESPONDENT)) {
            Some(path) => self.shared.store.proof_of_correspondent(path).await.is_ok_and(|proof| proof.is_some()),
            None => false,
        }
    }

    async fn write_down(&self, reply: &Reply) {
        let event = Event::InboundRefused { reply: reply.to_string() };
        if let Err(fault) = self.shared.store.record(vec![event]).await {
            tracing::warn!(%fault, "cannot write down a refusal");
        }
    }
}

/// What a peer is told about a fault of ours; the operator reads the rest in the log.
fn excuse(fault: &Fault) -> Reply {
    match fault.code {
        "mailbox.full" => return common::mailbox_full(),
        "mailbox.too-small" => return common::mailbox_too_small(),
        _ => {}
    }
    tracing::error!(code = fault.code, %fault, "incoming mail was put off");
    replies::of_fault(fault)
}

#[async_trait]
impl House<Question, Answer> for Mx {
    async fn answer(&mut self, question: Question) -> Answer {
        let is_rcpt = matches!(question, Question::Rcpt { .. });
        let reply = self.reply(question).await;
        if reply.is_positive() {
            return Answer::Reply(reply);
        }
        if !self.is_proof().await {
            self.write_down(&reply).await;
        }
        self.refused_recipients += usize::from(is_rcpt && reply.is_permanent());
        // Somebody is guessing names.
        if self.refused_recipients > MAX_ERRORS {
            return Answer::ReplyAndClose(common::too_many_errors());
        }
        // 421 says that the connection ends. RFC 5321 §3.8
        if reply.code == 421 { Answer::ReplyAndClose(reply) } else { Answer::Reply(reply) }
    }
}
