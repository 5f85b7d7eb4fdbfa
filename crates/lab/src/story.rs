//! The story: provision, plant faults, send, misuse, repair, send again, tell.

mod faults;
mod forecast;
mod proving;
mod reporting;
mod telling;

use std::time::Duration;

use ops::{DomainRequest, MailboxRequest};
use rules::{Blame, Fault, Retry};
use smtp::{
    Stage,
    client::{Delivery as Parcel, RecipientOutcome, Tls},
};
use store::{QueueFilter, QueuedMessage, QueuedRecipient, State};
use syntax::{Address, Domain};

use crate::{
    courier::{self, Errand},
    hostile::{Login, address},
    report::Report,
    roster::{RECEIVERS, SENDERS, egress_ip},
    stage::{Invitation, Lab},
};

/// Longest wait for a part of the story to come to rest.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at the queue.
const GLANCE: Duration = Duration::from_millis(100);
/// Attempts after which a recipient that is put off again and again needs no more watching.
const TRIES: u32 = 2;
/// Messages read from the queue.
const MANY: u32 = 1000;

/// A message of the story: who writes to whom, and what it is to show.
#[derive(Clone, Copy)]
struct Letter {
    from: &'static str,
    to: &'static str,
    purpose: &'static str,
}

const fn letter(from: &'static str, to: &'static str, purpose: &'static str) -> Letter {
    Letter { from, to, purpose }
}

const ANN: &str = "ann@acme-mail.test";

/// The first round.
const LETTERS: &[Letter] = &[
    letter(ANN, "dana@accepting.test", "an ordinary message"),
    letter("ben@acme-mail.test", "eli@accepting.test", "an ordinary message from a colleague"),
    letter(ANN, "dana@dmarc-enforcing.test", "SPF, DKIM, DMARC and reverse DNS are in order"),
    letter(ANN, "dana@outlook-like.test", "SPF and DKIM pass, and DMARC is aligned"),
    letter(ANN, "dana@yahoo-like.test", "a domain that exists, authenticated"),
    letter(ANN, "dana@strict.test", "the callback finds the sender"),
    letter(ANN, "dana@legacy.test", "a plain From"),
    letter("ann+west@acme-mail.test", "dana@legacy.test", "a From with a sub-address"),
    letter(ANN, "dana@blocklisting.test", "an egress IP with a good name"),
    letter(ANN, "dana@greylisting.test", "first sight, then the retry"),
    letter(ANN, "dana@throttling.test", "first of three"),
    letter(ANN, "eli@throttling.test", "second of three"),
    letter(ANN, "fay@throttling.test", "third of three"),
    letter(ANN, "dana@mailbox-full.test", "a mailbox over its quota"),
    letter(ANN, "dana@unknown-user.test", "a user who is there"),
    letter(ANN, "nobody@unknown-user.test", "a user who is not there"),
    letter(ANN, "dana@null-mx.test", "a domain that takes no mail"),
    letter(ANN, "dana@tls-requiring.test", "a host that insists on TLS"),
    letter(ANN, "dana@late-bouncer.test", "accepted first, bounced later"),
    letter(ANN, "dana@drops-at-connect.test", "the line goes dead at connect"),
    letter(ANN, "dana@drops-at-ehlo.test", "the line goes dead at EHLO"),
    letter(ANN, "dana@drops-at-mail.test", "the line goes dead at MAIL"),
    letter(ANN, "dana@drops-at-rcpt.test", "the line goes dead at RCPT"),
    letter(ANN, "dana@drops-at-data.test", "the line goes dead at DATA"),
    letter(ANN, "dana@drops-after-dot.test", "the line goes dead after the final dot"),
];

/// A message that went around the house.
pub(crate) struct Direct {
    sender: Address,
    recipient: Address,
    purpose: &'static str,
    outcome: RecipientOutcome,
}

impl Lab {
    /// Runs the story once.
    ///
    /// # Errors
    /// Whatever keeps it from being told to its end; a refusal is part of it, not an error.
    pub async fn story(&self) -> Result<(Report, Invitation), Fault> {
        self.say("Provisioning domains: keys, zone, egress IP, mailboxes");
        let logins = self.provision().await?;
        self.say("Planting faults: a wrong DKIM key, no SPF for an IP, a listing, a lost MX");
        let planted = self.plant().await?;
        let healthy = self.test("acme-mail.test").await?;
        let more = planted.iter().flat_map(faults::Planted::letters).chain(forecast::letters(ANN));
        let letters: Vec<Letter> = LETTERS.iter().copied().chain(more).collect();
        self.say(&format!("Submitting {} messages over SMTP with STARTTLS and AUTH", letters.len()));
        for letter in &letters {
            self.write(&logins, letter).await?;
        }
        self.say("Misusing the house: forged senders, relaying, smuggling, passwords in clear");
        let ann = login_of(&logins, ANN)?;
        let refused = self.misuse(ann).await?;
        let directs = self.go_around().await?;
        self.say("Waiting for deliveries, retries, answers and bounces");
        self.rest().await?;
        self.say("Proving mailboxes: out through the public paths, and back by the MX");
        let proofs = self.prove(&[ANN, "ben@acme-mail.test", "ann+west@acme-mail.test"]).await?;
        self.say("Repairing each fault and sending again");
        let faults = self.repair_all(&logins, &planted, &directs).await?;
        let mut report = self.tell(directs, refused, faults).await?;
        report.forecasts = healthy.forecasts(&report.deliveries);
        report.healthy = healthy.findings;
        report.proofs = proofs;
        self.report_back().await?;
        let invitation = self.invitation(ann).await?;
        Ok((report, invitation))
    }

    pub(crate) fn say(&self, what: &str) {
        (self.progress)(what);
    }

    async fn provision(&self) -> Result<Vec<Login>, Fault> {
        for (name, octet) in SENDERS {
            let request = DomainRequest {
                name: domain(name)?,
                workspace: String::from("lab"),
                egress_ip: Some(egress_ip(*octet)),
                dmarc_policy: None,
                catch_all: None,
            };
            self.ops.apply_domain(&request).await?;
        }
        let mut requests = Vec::new();
        for (text, display) in
            [(ANN, "Ann Doe"), ("ben@acme-mail.test", "Ben Roe"), ("ann+west@acme-mail.test", "Ann Doe (West)")]
        {
            requests.push(mailbox(text, display)?);
        }
        for (name, _) in SENDERS.iter().skip(1) {
            requests.push(mailbox(&format!("ann@{name}"), "Ann Doe")?);
        }
        let made = self.ops.add_mailboxes(&requests).await?;
        self.house.refresh().await?;
        Ok(made.into_iter().map(|new| Login { address: new.address, password: new.password }).collect())
    }

    /// Submits one letter; it must be accepted, since its From is a real mailbox.
    async fn write(&self, logins: &[Login], letter: &Letter) -> Result<(), Fault> {
        let login = login_of(logins, letter.from)?;
        let content = text_of(letter);
        match self.submit(login, &login.address, letter.to, content).await? {
            RecipientOutcome::Accepted(_) => Ok(()),
            other => Err(Fault::new("lab.submission", Blame::Us, Retry::Later)
                .context(format!("our own submission did not accept {} to {}: {other:?}", letter.from, letter.to))),
        }
    }

    /// Brings mail directly from our egress IP to receivers, around submission and its rules.
    async fn go_around(&self) -> Result<Vec<Direct>, Fault> {
        let tries = [
            ("ghost@acme-mail.test", "dana@strict.test", "From: ghost@acme-mail.test\r\n", "a From without a mailbox"),
            (ANN, "dana@legacy.test", "From: Ann Doe ann@acme-mail.test>\r\n", "a malformed From"),
            (ANN, "dana@tls-requiring.test", "From: ann@acme-mail.test\r\n", "a client that does not speak TLS"),
        ];
        let mut directs = Vec::new();
        for (from, to, header, purpose) in tries {
            let (sender, recipient) = (address(from)?, address(to)?);
            let content = format!("{header}To: {to}\r\nSubject: {purpose}\r\n\r\nHello\r\n").into_bytes();
            let outcome = self.direct(&sender, &recipient, content).await?;
            directs.push(Direct { sender, recipient, purpose, outcome });
        }
        Ok(directs)
    }

    async fn direct(&self, from: &Address, to: &Address, content: Vec<u8>) -> Result<RecipientOutcome, Fault> {
        let host = RECEIVERS.iter().find(|resident| resident.domain == to.domain().as_str());
        let ip = host.and_then(|resident| resident.ip());
        let Some(ip) = ip else { return Ok(RecipientOutcome::Lost(Stage::Resolve)) };
        let errand = Errand {
            target: (ip, self.world.mx_port).into(),
            source: Some(egress_ip(1)),
            helo: String::from("box.acme-mail.test"),
            tls: Tls::Never,
            login: None,
        };
        let parcel = Parcel { reverse_path: Some(from.clone()), recipients: vec![to.clone()], content, envid: None };
        courier::bring(&errand, parcel).await
    }

    /// Waits until every recipient is settled, or has been put off often enough to know it.
    async fn rest(&self) -> Result<(), Fault> {
        let waiting = async {
            loop {
                let messages = self.messages().await?;
                let mut recipients = messages.iter().flat_map(|message| &message.recipients);
                if recipients.all(at_rest) && self.outbox.waiting() == 0 {
                    return Ok(());
                }
                tokio::time::sleep(GLANCE).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.map_err(|_| {
            Fault::new("lab.unrest", Blame::Us, Retry::Later)
                .context(format!("the lab's mail did not come to rest within {} s", PATIENCE.as_secs()))
        })?
    }

    async fn messages(&self) -> Result<Vec<QueuedMessage>, Fault> {
        self.ops.store.queue(&QueueFilter { limit: MANY, ..QueueFilter::default() }).await
    }

    pub(crate) fn submission(&self) -> Result<std::net::SocketAddr, Fault> {
        self.house.submission.first().copied().ok_or_else(no_listener)
    }

    async fn invitation(&self, login: &Login) -> Result<Invitation, Fault> {
        Ok(Invitation {
            sign_in: self.sign_in_link().await?,
            api_key: self.api_key().await?,
            submission: self.submission()?,
            submissions: self.house.submissions.first().copied().ok_or_else(no_listener)?,
            imap: self.house.imap.first().copied().ok_or_else(no_listener)?,
            imaps: self.house.imaps.first().copied().ok_or_else(no_listener)?,
            dns: self.world.authority.addresses().first().copied().ok_or_else(no_listener)?,
            mx_port: self.world.mx_port,
            login: login.address.to_string(),
            password: login.password.clone(),
        })
    }
}

fn at_rest(recipient: &QueuedRecipient) -> bool {
    match recipient.state {
        State::Delivered | State::Bounced | State::Dropped => true,
        State::Deferred | State::InDoubt => recipient.attempts >= TRIES,
        State::Queued | State::Sending => false,
    }
}

/// A message as a mail program submits it: Date and Message-ID are left to the house.
fn text_of(letter: &Letter) -> Vec<u8> {
    let Letter { from, to, purpose } = letter;
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {purpose}\r\n\r\n\
         Hello,\r\n\r\nI read about your work and have one question.\r\n\r\nAnn\r\n"
    )
    .into_bytes()
}

fn login_of<'l>(logins: &'l [Login], text: &str) -> Result<&'l Login, Fault> {
    let found = logins.iter().find(|login| login.address.to_string() == text);
    found.ok_or_else(|| Fault::new("lab.login", Blame::Us, Retry::AfterChange).context(format!("no login for {text}")))
}

fn domain(name: &str) -> Result<Domain, Fault> {
    Domain::parse(name).map_err(|malformed| Fault::caller("lab.domain", format!("{name}: {malformed}")))
}

fn mailbox(text: &str, display: &str) -> Result<MailboxRequest, Fault> {
    Ok(MailboxRequest { address: address(text)?, display: Some(display.into()), daily_cap: None })
}

fn no_listener() -> Fault {
    Fault::new("lab.listener", Blame::Us, Retry::Later).context("a listener of the lab's house is missing")
}
