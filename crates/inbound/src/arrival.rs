//! A whole message at the MX: verified, traced, sorted, stored.

use std::net::IpAddr;

use auth::{Arrived, Policy, Verdict, Verdicts};
use rules::{
    Blame, Fault, Retry,
    id::{MailTestId, MailboxId},
    submission,
};
use smtp::{Reply, replies as common};
use store::{MailKind, NewMail, TestArrival};
use syntax::{Address, Message, message_ids, parse_from};

use crate::{
    addressee::{Addressee, Place},
    notification::{self, Notification},
    proof, replies,
    settings::{MAX_RECEIVED, VERIFY_LIMIT},
    start::Shared,
    trace::{self, Received},
};

/// A message, and everything that is known about how it came.
pub(crate) struct Arrival<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) host: &'a str,
    pub(crate) peer: IpAddr,
    pub(crate) helo: &'a str,
    pub(crate) extended: bool,
    pub(crate) secured: bool,
    pub(crate) utf8: bool,
    pub(crate) reverse_path: Option<&'a Address>,
    /// At least one.
    pub(crate) addressees: Vec<&'a Addressee>,
}

/// Message-IDs of In-Reply-To and References that are looked up. Long threads end with the newest.
const MAX_REFERENCES: usize = 50;

impl Arrival<'_> {
    /// Stores it or refuses it; a positive reply means durable.
    pub(crate) async fn take(self, content: &[u8]) -> Result<Reply, Fault> {
        let message = match Message::parse(content) {
            Ok(message) => message,
            Err(malformed) => return Ok(submission::header_malformed(malformed).reply),
        };
        if message.all("Received").count() > MAX_RECEIVED {
            return Ok(common::too_many_hops());
        }
        let verdicts = self.verify(content).await?;
        // An answer of a proof is the house's own: here it is asked whether it arrives, not whether its sender is in order.
        let letter = proof::letter_of(&self, &message).await?;
        if letter.is_none() && self.fails_dmarc(&verdicts) {
            let domain = verdicts.from_domain.as_ref().map_or_else(String::new, ToString::to_string);
            return Ok(common::dmarc_reject(&domain));
        }
        let id = self.shared.unique(self.helo);
        let traced = self.trace(&message, &verdicts, &id);
        match letter {
            Some(message_id) => proof::keep(&self, &message_id, &traced, &verdicts).await?,
            None => self.store(&message, content, &traced, &verdicts).await?,
        }
        Ok(replies::stored(&id))
    }

    async fn verify(&self, message: &[u8]) -> Result<Verdicts, Fault> {
        let arrived = Arrived { ip: self.peer, helo: self.helo, mail_from: self.reverse_path, message };
        let verifying = self.shared.verifier.verify(&arrived);
        tokio::time::timeout(VERIFY_LIMIT, verifying).await.map_err(|_| {
            Fault::new("verify.timeout", Blame::Peer, Retry::Later)
                .context("SPF, DKIM and DMARC could not be verified in time: check the resolver")
        })
    }

    /// A bounce to a return path of ours is proved by its token, and often comes from hosts without DKIM.
    fn fails_dmarc(&self, verdicts: &Verdicts) -> bool {
        self.shared.settings.reject_dmarc_failures
            && verdicts.dmarc == Verdict::Fail
            && verdicts.policy == Some(Policy::Reject)
            && self.addressees.iter().any(|addressee| addressee.about.is_none() && addressee.mailbox().is_some())
    }

    /// The message with Return-Path, Authentication-Results and Received on top, and without such fields that
    /// only a last hop may write.
    fn trace(&self, message: &Message<'_>, verdicts: &Verdicts, id: &str) -> Vec<u8> {
        let return_path = self.reverse_path.map(ToString::to_string).unwrap_or_default();
        let received = Received {
            helo: self.helo,
            peer: self.peer,
            by: self.host,
            with: trace::transmission(self.extended, self.utf8, self.secured, false),
            id,
            recipient: match self.addressees.as_slice() {
                [only] => Some(&only.forward_path),
                _ => None,
            },
            at: self.shared.store.clock().now(),
        };
        let verdicts = verdicts.header(self.host);
        let top = format!("Return-Path: <{return_path}>\r\n{verdicts}{}", received.write());
        let mut ours = vec![self.host.to_owned(), self.shared.settings.hostname.clone()];
        ours.extend(self.addressees.iter().map(|addressee| addressee.mail_host.clone()));
        trace::rewrite(message, &top, |field| {
            field.name.eq_ignore_ascii_case("Return-Path") || trace::is_forged_verdict(field, &ours)
        })
    }

    async fn store(
        &self,
        message: &Message<'_>,
        content: &[u8],
        traced: &[u8],
        verdicts: &Verdicts,
    ) -> Result<(), Fault> {
        let verdicts = serde_json::to_string(verdicts).ok();
        let to_return_path = self.addressees.iter().any(|addressee| addressee.about.is_some());
        let notification = notification::read(traced, to_return_path);
        let mut mails = Vec::new();
        for addressee in &self.addressees {
            let mailbox = match &addressee.place {
                Place::Mailbox(mailbox) => mailbox,
                Place::Test(test) => {
                    self.keep_for_test(test, content).await?;
                    continue;
                }
                // What nobody expects there: the proof has ended meanwhile.
                Place::Correspondent => continue,
            };
            let kind = self.kind(message, &notification, mailbox).await?;
            let mail = self.mail(message, traced, verdicts.clone(), addressee, mailbox, kind);
            match (&notification, &addressee.about) {
                (Notification::Read(told), Some(about)) => {
                    mails.extend(notification::settle(self.shared, told, about, mail).await?);
                }
                _ => mails.push(mail),
            }
        }
        if !mails.is_empty() {
            self.shared.store.deliver(mails, Vec::new()).await?;
        }
        Ok(())
    }

    /// How it came.
    pub(crate) fn came(&self) -> TestArrival {
        TestArrival {
            at: self.shared.store.clock().now(),
            peer: self.peer,
            helo: self.helo.to_owned(),
            tls: self.secured,
            reverse_path: self.reverse_path.cloned(),
        }
    }

    /// As it came, without our trace fields: what is tested is the sender's work.
    async fn keep_for_test(&self, test: &MailTestId, content: &[u8]) -> Result<(), Fault> {
        self.shared.store.keep_mail_test(test, self.came(), content).await.map(drop)
    }

    async fn kind(
        &self,
        message: &Message<'_>,
        notification: &Notification,
        mailbox: &MailboxId,
    ) -> Result<MailKind, Fault> {
        if !matches!(notification, Notification::No) {
            return Ok(MailKind::Bounce);
        }
        if self.is_automatic(message) {
            return Ok(MailKind::Auto);
        }
        let is_reply = self.is_reply(message, mailbox).await?;
        Ok(if is_reply { MailKind::Reply } else { MailKind::Message })
    }

    /// Written by a machine. RFC 3834 §3.1.7 and §3.3: no answer goes to, or comes from, the null reverse-path by hand.
    fn is_automatic(&self, message: &Message<'_>) -> bool {
        let says_so = message.all("Auto-Submitted").any(|field| {
            let value = field.value();
            let word = value.split(|end: char| end == ';' || end == '(' || end.is_whitespace()).next();
            !word.unwrap_or_default().eq_ignore_ascii_case("no")
        });
        says_so || self.reverse_path.is_none()
    }

    /// Whether it names a message that was sent from this mailbox.
    async fn is_reply(&self, message: &Message<'_>, mailbox: &MailboxId) -> Result<bool, Fault> {
        let named = message.all("In-Reply-To").chain(message.all("References"));
        let mut ids: Vec<String> = named.flat_map(|field| message_ids(&field.value())).collect();
        let surplus = ids.len().saturating_sub(MAX_REFERENCES);
        ids.drain(..surplus);
        Ok(!ids.is_empty() && self.shared.store.sent_message_id(mailbox, &ids).await?)
    }

    fn mail(
        &self,
        message: &Message<'_>,
        traced: &[u8],
        verdicts: Option<String>,
        addressee: &Addressee,
        mailbox: &MailboxId,
        kind: MailKind,
    ) -> NewMail {
        let from = message.value("From").and_then(|value| parse_from(&value).ok());
        NewMail {
            mailbox: mailbox.clone(),
            kind,
            reverse_path: self.reverse_path.cloned(),
            forward_path: addressee.forward_path.clone(),
            from: from.map(|from| from.address),
            subject: message.all("Subject").next().map(syntax::Field::decoded).unwrap_or_default(),
            about: addressee.about.as_ref().map(|about| about.recipient.clone()),
            verdicts,
            content: traced.to_vec(),
        }
    }
}
