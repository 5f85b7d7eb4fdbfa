//! A whole message at the MX: verified, traced, sorted, stored, passed on.

use std::net::IpAddr;

use auth::{Arrived, Policy, Verdict, Verdicts};
use report::{Report, Unreadable};
use rules::{
    Blame, Fault, Retry,
    id::{MailTestId, MailboxId},
    submission,
    suspicion::{FIELD_PREFIX, Level, Suspicion},
};
use smtp::{Reply, replies as common};
use store::{Arriving, ArrivingMail, MailKind, NewMail, TestArrival};
use syntax::{Address, Field, Message, parse_from};

use crate::{
    addressee::{Addressee, Place},
    answer,
    notification::{self, Notification},
    pass_on::{self, PassedOn},
    proof, receiver_report, replies, room,
    settings::{MAX_RECEIVED, VERIFY_LIMIT},
    start::Shared,
    suspect::Suspect,
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

/// A message that was looked at.
struct Seen<'a> {
    message: &'a Message<'a>,
    /// As it came.
    content: &'a [u8],
    /// The fields that go on top of it, without Return-Path.
    top: String,
    /// With them, and with Return-Path.
    traced: Vec<u8>,
    verdicts: Verdicts,
    suspicion: Suspicion,
    notification: Notification,
    report: Option<Result<Report, Unreadable>>,
}

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
        for addressee in &self.addressees {
            if let Some(full) = room::refusal(self.shared, addressee, content.len()).await? {
                return Ok(full);
            }
        }
        let verdicts = self.verify(content).await?;
        // An answer of a proof is the house's own: here it is asked whether it arrives, not whether its sender is in order.
        let letter = proof::letter_of(&self, &message).await?;
        if letter.is_none() && self.fails_dmarc(&verdicts) {
            let domain = verdicts.from_domain.as_ref().map_or_else(String::new, ToString::to_string);
            return Ok(common::dmarc_reject(&domain));
        }
        let id = self.shared.unique(self.helo);
        let seen = self.look(&message, content, verdicts, &id).await;
        match letter {
            Some(message_id) => proof::keep(&self, &message_id, &seen.traced, &seen.verdicts).await?,
            None => self.store(&seen).await?,
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

    async fn look<'m>(&self, message: &'m Message<'m>, content: &'m [u8], verdicts: Verdicts, id: &str) -> Seen<'m> {
        let suspect = Suspect {
            peer: self.peer,
            helo: self.helo,
            reverse_path: self.reverse_path,
            recipients: self.addressees.iter().map(|addressee| addressee.forward_path.to_string()).collect(),
            id,
            message,
            content,
            verdicts: &verdicts,
        };
        let settings = &self.shared.settings;
        let suspicion = suspect.look(settings.listings.as_ref(), settings.rspamd.as_ref()).await;
        let top = self.top(&verdicts, &suspicion, id);
        let return_path = self.reverse_path.map(ToString::to_string).unwrap_or_default();
        let whole_top = format!("Return-Path: <{return_path}>\r\n{top}");
        let traced = trace::rewrite(message, &whole_top, |field| self.is_dropped(field));
        let is_expected = self.addressees.iter().any(|addressee| receiver_report::is_expected(addressee));
        let report = report::read(message, is_expected);
        let to_return_path = self.addressees.iter().any(|addressee| addressee.about.is_some());
        let notification = match report {
            Some(_) => Notification::No,
            None => notification::read(&traced, to_return_path),
        };
        Seen { message, content, top, traced, verdicts, suspicion, notification, report }
    }

    /// Authentication-Results, our flag and Received.
    fn top(&self, verdicts: &Verdicts, suspicion: &Suspicion, id: &str) -> String {
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
        format!("{}{}{}", verdicts.header(self.host), suspicion.header(), received.write())
    }

    /// Fields that only a last hop may write, and those that speak in our name. The mark of what we pass on stays:
    /// it tells that a message goes in circles.
    pub(crate) fn is_dropped(&self, field: &Field<'_>) -> bool {
        let name = field.name.to_ascii_lowercase();
        let mut ours = vec![self.host.to_owned(), self.shared.settings.hostname.clone()];
        ours.extend(self.addressees.iter().map(|addressee| addressee.domain.mail_host.to_string()));
        let is_mark = name.eq_ignore_ascii_case(rules::forward::LOOP_FIELD);
        name == "return-path" || (name.starts_with(FIELD_PREFIX) && !is_mark) || trace::is_forged_verdict(field, &ours)
    }

    async fn store(&self, seen: &Seen<'_>) -> Result<(), Fault> {
        let mut arriving = Arriving::default();
        for addressee in &self.addressees {
            match &addressee.place {
                Place::Mailbox(mailbox) => self.put_into(seen, addressee, mailbox, &mut arriving).await?,
                Place::Test(test) => self.keep_for_test(test, seen.content).await?,
                Place::Return(original) => {
                    let returned = pass_on::returned(self, seen.message, &seen.top, original, &addressee.domain);
                    arriving.forwards.extend(returned.await?);
                }
                // What nobody expects there: the proof has ended meanwhile.
                Place::Correspondent => {}
            }
        }
        if let Some(found) = seen.report.clone().filter(|_| !arriving.mails.is_empty()) {
            let judged = receiver_report::judge(self.shared, found, &seen.verdicts, &self.addressees);
            arriving.report = Some(judged.await?);
        }
        if !arriving.mails.is_empty() || !arriving.forwards.is_empty() {
            self.shared.store.arrive(arriving).await?;
        }
        Ok(())
    }

    async fn put_into(
        &self,
        seen: &Seen<'_>,
        addressee: &Addressee,
        mailbox: &MailboxId,
        arriving: &mut Arriving,
    ) -> Result<(), Fault> {
        let answered = match self.kind(seen) {
            MailKind::Message => answer::answered(self.shared, seen.message, addressee).await?,
            _ => None,
        };
        let kind = if answered.is_some() { MailKind::Reply } else { self.kind(seen) };
        let mail = self.mail(seen, addressee, mailbox, kind);
        let mail = match (&seen.notification, &addressee.about) {
            (Notification::Read(told), Some(about)) => notification::settle(self.shared, told, about, mail).await?,
            _ => Some(mail),
        };
        let Some(mail) = mail else { return Ok(()) };
        let by_person = matches!(kind, MailKind::Message | MailKind::Reply);
        let opts_out = if by_person {
            answer::opts_out(seen.message, &seen.verdicts, mail.from.as_ref(), addressee, answered.as_ref())
        } else {
            Vec::new()
        };
        let passed_on = match seen.suspicion.level {
            // Not spread further.
            Level::Malware => PassedOn::default(),
            _ => pass_on::by_rules(self, seen.message, &seen.top, mailbox).await?,
        };
        arriving.forwards.extend(passed_on.forwards);
        // What changes something here stays to be looked at.
        if !passed_on.gone || kind != MailKind::Message || !opts_out.is_empty() {
            let answers = answered.map(|message| message.id);
            let suspicion = (!seen.suspicion.signs.is_empty()).then(|| serde_json::to_string(&seen.suspicion).ok());
            arriving.mails.push(ArrivingMail { mail, answers, suspicion: suspicion.flatten(), opts_out });
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

    /// What it is, as far as it alone says. RFC 3834 §3.3: what comes from the null reverse-path is no person's.
    fn kind(&self, seen: &Seen<'_>) -> MailKind {
        if seen.report.is_some() {
            MailKind::Report
        } else if !matches!(seen.notification, Notification::No) {
            MailKind::Bounce
        } else if self.reverse_path.is_none() || bounce::automatic(seen.message).is_some() {
            MailKind::Auto
        } else {
            MailKind::Message
        }
    }

    fn mail(&self, seen: &Seen<'_>, addressee: &Addressee, mailbox: &MailboxId, kind: MailKind) -> NewMail {
        let message = seen.message;
        let from = message.value("From").and_then(|value| parse_from(&value).ok());
        NewMail {
            mailbox: mailbox.clone(),
            kind,
            reverse_path: self.reverse_path.cloned(),
            forward_path: addressee.forward_path.clone(),
            from: from.map(|from| from.address),
            subject: message.all("Subject").next().map(syntax::Field::decoded).unwrap_or_default(),
            about: addressee.about.as_ref().map(|about| about.recipient.clone()),
            verdicts: serde_json::to_string(&seen.verdicts).ok(),
            content: seen.traced.clone(),
        }
    }
}
