//! The submission house: mail that our users send. RFC 6409.

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use net::House;
use rules::{
    Fault,
    event::Event,
    submission::{Caller, Refused, check_mail, check_message, check_proof, check_recipient, header_malformed},
};
use smtp::{
    Reply, replies as common,
    server::{Answer, Question, Recipient, Transaction},
};
use store::{Grant, Login, Mailbox, NewMessage, NewRecipient, Submitter};
use syntax::{Address, Message, Timestamp, message_ids};
use tokio::sync::OwnedSemaphorePermit;

use crate::{Pass, replies, session::Known, settings::MAX_RECEIVED, start::Shared, trace, tried::Tried};

/// One session with a user's program.
pub(crate) struct Submission {
    shared: Arc<Shared>,
    known: Arc<Known>,
    peer: IpAddr,
    mailbox: Option<Mailbox>,
    /// The session is the house's own, and carries the message of a proof.
    pass: Option<Pass>,
    slot: Option<OwnedSemaphorePermit>,
}

/// The day that a daily cap counts.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a question is not answered with yes.
enum No {
    /// A rule, or what the store says.
    Refused(Reply),
    /// The store could not be asked.
    Fault(Fault),
}

impl From<Fault> for No {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Refused> for No {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.reply)
    }
}

impl Submission {
    pub(crate) fn new(shared: Arc<Shared>, known: Arc<Known>, peer: IpAddr) -> Self {
        Self { shared, known, peer, mailbox: None, pass: None, slot: None }
    }

    async fn reply(&mut self, question: Question) -> Result<Reply, No> {
        // Held from DATA to the answer to the message; a message that the core refused is gone by now.
        let slot = self.slot.take();
        match question {
            Question::Connect(_) => Ok(replies::ready(&self.shared.settings.hostname)),
            Question::Helo { .. } => Ok(common::ok()),
            Question::Auth { login, password } => self.authenticate(login, &password.0).await,
            Question::Mail { reverse_path, .. } => {
                // Before the client sends its message in vain.
                if let Some(fault) = self.shared.store.refuses() {
                    return Err(fault.into());
                }
                check_mail(&self.caller(&self.submitter().await?)?, reverse_path.as_ref())?;
                Ok(common::sender_ok())
            }
            Question::Rcpt { address, .. } => self.rcpt(&address).await,
            Question::Data => {
                self.slot = self.shared.slot().await;
                self.slot.as_ref().map(|_| common::ok()).ok_or(No::Refused(replies::busy()))
            }
            Question::Message { transaction, content } => {
                let accepted = self.message(transaction, &content).await;
                drop(slot);
                accepted
            }
        }
    }

    /// An unknown login costs what a wrong password costs, and reads the same.
    async fn authenticate(&mut self, login: String, password: &str) -> Result<Reply, No> {
        self.known.set_login(login.clone());
        self.wait(&login).await?;
        let checked = self.shared.store.login(&self.shared.key, &login, password).await.map_err(|fault| {
            tracing::error!(code = fault.code, %fault, "a login could not be checked");
            No::Refused(replies::authentication_unavailable())
        })?;
        let checked = match checked {
            Login::Wrong(Some(mailbox)) => {
                self.pass = self.shared.passes.redeem(&self.shared.key, password, &mailbox.id);
                match self.pass {
                    Some(_) if mailbox.suspended_at.is_some() => Login::Suspended,
                    Some(_) => Login::Right(mailbox),
                    None => Login::Wrong(Some(mailbox)),
                }
            }
            other => other,
        };
        match checked {
            Login::Right(mailbox) => {
                self.tried(|tried, _| tried.right(&login, self.peer));
                self.mailbox = Some(*mailbox);
                Ok(common::authenticated())
            }
            Login::Suspended => Err(No::Refused(common::mailbox_suspended_at_login())),
            Login::Wrong(_) => {
                self.tried(|tried, now| tried.wrong(&login, self.peer, now));
                Err(No::Refused(common::authentication_failed()))
            }
        }
    }

    /// Guessing becomes slow: before a password is looked at, whoever had wrong ones waits.
    async fn wait(&self, login: &str) -> Result<(), No> {
        let wait = self.tried(|tried, now| tried.wait(login, self.peer, now));
        if wait > self.shared.settings.password_wait {
            return Err(No::Refused(replies::too_many_passwords()));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn tried<T>(&self, act: impl FnOnce(&mut Tried, Timestamp) -> T) -> T {
        let now = self.shared.store.clock().now();
        act(&mut self.shared.tried.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    fn mailbox(&self) -> Result<&Mailbox, No> {
        // The core does not ask before AUTH; this keeps it so.
        self.mailbox.as_ref().ok_or_else(|| No::Refused(common::authentication_required()))
    }

    /// The mailbox as it is now: it may be suspended, its grants, counts and pairing proof may change while a session lasts.
    async fn submitter(&self) -> Result<Submitter, No> {
        let since = self.shared.store.clock().now() - DAY;
        match self.shared.store.submitter(&self.mailbox()?.id, since).await? {
            Some(now) if now.mailbox.suspended_at.is_some() => Err(No::Refused(common::mailbox_suspended())),
            Some(now) => Ok(now),
            None => Err(No::Refused(common::authentication_required())),
        }
    }

    /// What the rules need to know of it.
    fn caller(&self, now: &Submitter) -> Result<Caller, No> {
        let (accepted_today, daily_cap) = match &self.pass {
            // The message of a proof is what a repair is seen by, and counts against no cap.
            Some(_) => (0, 1),
            None => {
                check_proof(&now.mailbox.address, &now.standing, self.shared.settings.proof_required)?;
                (now.accepted, now.mailbox.allowance())
            }
        };
        Ok(Caller { mailbox: now.mailbox.address.clone(), grants: now.addresses(), accepted_today, daily_cap })
    }

    async fn rcpt(&self, address: &Address) -> Result<Reply, No> {
        if self.pass.as_ref().is_some_and(|pass| pass.to.key() != address.key()) {
            return Err(No::Refused(common::relay_denied()));
        }
        let suppression = self.shared.store.suppression(address).await?;
        check_recipient(address, suppression.as_ref().map(|suppression| suppression.reason.as_str()))?;
        Ok(common::recipient_ok())
    }

    async fn message(&self, transaction: Transaction, content: &[u8]) -> Result<Reply, No> {
        let message = Message::parse(content).map_err(header_malformed)?;
        if message.all("Received").count() > MAX_RECEIVED {
            return Err(No::Refused(common::too_many_hops()));
        }
        // Again: another session may have used up the cap since MAIL.
        let now = self.submitter().await?;
        let caller = self.caller(&now)?;
        check_mail(&caller, transaction.reverse_path.as_ref())?;
        let from = check_message(&caller, &message)?;
        let new = self.compose(&message, (from, &now), transaction)?;
        let id = match &self.pass {
            Some(pass) => self.shared.store.accept_for_proof(new, &pass.proof).await?,
            None => self.shared.store.accept(new, Vec::new()).await?,
        };
        Ok(replies::queued(id.as_str()))
    }

    fn compose(
        &self,
        message: &Message<'_>,
        (from, submitter): (Address, &Submitter),
        transaction: Transaction,
    ) -> Result<NewMessage, No> {
        let grant = submitter.grants.iter().find(|grant| grant.address.key() == from.key());
        // The rules let no other address through; this keeps it so.
        let Some(Grant { domain, mail_host, .. }) = grant else { return Err(No::Refused(common::relay_denied())) };
        let now = self.shared.store.clock().now();
        let unique = self.shared.unique(&from.key());
        let with = trace::transmission(true, transaction.parameters.smtputf8, true, true);
        let received = trace::received_from_user(mail_host.as_str(), with, &unique, now);
        let (missing, message_id) = complete(message, &from, &unique, now);
        Ok(NewMessage {
            domain: domain.clone(),
            mailbox: submitter.mailbox.id.clone(),
            subject: message.all("Subject").next().map(syntax::Field::decoded).unwrap_or_default(),
            message_id,
            content: trace::rewrite(message, &format!("{received}{missing}"), |field| {
                // Bcc names those who must not be named (RFC 5322 §3.6.3); Return-Path is the last hop's.
                ["Bcc", "Resent-Bcc", "Return-Path"].iter().any(|name| field.name.eq_ignore_ascii_case(name))
            }),
            recipients: self.recipients(transaction.recipients),
            envid: transaction.parameters.envid,
            expires_at: now + self.shared.settings.expiry,
            from,
        })
    }

    /// Nobody is to read a notice about the message of a proof.
    fn recipients(&self, named: Vec<Recipient>) -> Vec<NewRecipient> {
        let is_quiet = self.pass.is_some();
        let quiet = |new: NewRecipient| NewRecipient { notify_failure: new.notify_failure && !is_quiet, ..new };
        recipients(named).into_iter().map(quiet).collect()
    }

    async fn write_down(&self, reply: &Reply) {
        let refused = Event::SubmissionRefused {
            login: self.known.login(),
            entry: replies::entry_of(reply),
            reply: reply.to_string(),
        };
        if let Err(fault) = self.shared.store.record(vec![refused]).await {
            tracing::warn!(%fault, "cannot write down a refusal");
        }
    }
}

/// Date and Message-ID where they are missing (RFC 6409 §8.2, §8.3), and the Message-ID without brackets.
fn complete(message: &Message<'_>, from: &Address, unique: &str, now: Timestamp) -> (String, String) {
    let mut missing = String::new();
    if message.all("Date").next().is_none() {
        missing.push_str(&format!("Date: {}\r\n", now.rfc5322()));
    }
    let given = message.value("Message-ID").and_then(|value| message_ids(&value).into_iter().next());
    let message_id = given.unwrap_or_else(|| format!("{unique}@{}", from.domain()));
    if message.all("Message-ID").next().is_none() {
        missing.push_str(&format!("Message-ID: <{message_id}>\r\n"));
    }
    (missing, message_id)
}

/// Each mailbox once, however often it was named.
fn recipients(named: Vec<Recipient>) -> Vec<NewRecipient> {
    let mut seen = std::collections::HashSet::new();
    let new = |recipient: Recipient| NewRecipient {
        address: recipient.address,
        original: recipient.parameters.original,
        notify_failure: recipient.parameters.notify.is_none_or(|notify| notify.failure),
    };
    named.into_iter().filter(|recipient| seen.insert(recipient.address.key())).map(new).collect()
}

#[async_trait]
impl House<Question, Answer> for Submission {
    async fn answer(&mut self, question: Question) -> Answer {
        match self.reply(question).await {
            Ok(reply) => Answer::Reply(reply),
            Err(No::Refused(reply)) => {
                self.write_down(&reply).await;
                Answer::Reply(reply)
            }
            Err(No::Fault(fault)) => {
                tracing::error!(code = fault.code, %fault, "a submission was put off");
                let reply = replies::of_fault(&fault);
                self.write_down(&reply).await;
                if reply.code == 421 { Answer::ReplyAndClose(reply) } else { Answer::Reply(reply) }
            }
        }
    }
}
