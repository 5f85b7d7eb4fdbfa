//! Clients that misbehave, and what the house says to them.

use std::net::{IpAddr, SocketAddr};

use bounce::{Refusal as Seen, explain};
use rules::Fault;
use smtp::{
    Reply, Stage,
    client::{Delivery, RecipientOutcome, Tls},
};
use syntax::Address;

use crate::{
    courier::{self, Errand},
    raw::Raw,
    report::{Hostile, Refusal},
    roster::egress_ip,
    stage::Lab,
};

/// Somebody with a login.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub address: Address,
    pub password: String,
}

impl Lab {
    /// Tries every misuse that the story knows.
    pub(crate) async fn misuse(&self, login: &Login) -> Result<Vec<Hostile>, Fault> {
        let mut found = self.misuse_submission(login).await?;
        found.extend(self.misuse_mx(login).await?);
        Ok(found)
    }

    async fn misuse_submission(&self, login: &Login) -> Result<Vec<Hostile>, Fault> {
        let me = &login.address;
        let ghost = address("ghost@acme-mail.test")?;
        let mut found = Vec::new();
        let forged = [
            ("envelope From without a mailbox", &ghost, format!("From: {me}\r\n")),
            ("header From without a mailbox", me, format!("From: {ghost}\r\n")),
            ("header From of somebody else's domain", me, String::from("From: ceo@accepting.test\r\n")),
            ("malformed header From", me, format!("From: Ann Doe {me}>\r\n")),
            ("no header From", me, String::new()),
            ("two From fields", me, format!("From: {me}\r\nFrom: {me}\r\n")),
            ("two addresses in From", me, format!("From: {me}, {ghost}\r\n")),
            ("bare LF in the message", me, format!("From: {me}\r\nX-Note: one\nX-Note: two\r\n")),
        ];
        for (attempt, envelope, header) in forged {
            let content = format!("{header}To: dana@accepting.test\r\nSubject: {attempt}\r\n\r\nHello\r\n");
            let outcome = self.submit(login, envelope, "dana@accepting.test", content.into_bytes()).await?;
            found.push(refused(attempt, "submission", outcome));
        }
        found.push(self.wrong_password(login).await?);
        found.push(self.auth_in_clear().await?);
        Ok(found)
    }

    async fn wrong_password(&self, login: &Login) -> Result<Hostile, Fault> {
        let imposter = Login { password: String::from("guess"), ..login.clone() };
        let content = format!("From: {}\r\n\r\nHello\r\n", login.address).into_bytes();
        let outcome = self.submit(&imposter, &login.address, "dana@accepting.test", content).await?;
        Ok(refused("wrong password", "submission", outcome))
    }

    async fn auth_in_clear(&self) -> Result<Hostile, Fault> {
        let (mut raw, _) = Raw::connect(self.submission()?, None).await?;
        raw.say("EHLO laptop.test\r\n").await?;
        let reply = raw.say("AUTH PLAIN AGFubgBndWVzcw==\r\n").await?;
        Ok(hostile("password in clear, before STARTTLS", "submission", Stage::Auth, &reply))
    }

    async fn misuse_mx(&self, login: &Login) -> Result<Vec<Hostile>, Fault> {
        let mx = SocketAddr::new(egress_ip(1), self.world.mx_port);
        let stranger: Option<IpAddr> = Some([127, 0, 0, 99].into());
        let mut found = Vec::new();
        let (mut raw, _) = Raw::connect(mx, stranger).await?;
        raw.say("EHLO stranger.test\r\n").await?;
        raw.say("MAIL FROM:<someone@accepting.test>\r\n").await?;
        let reply = raw.say("RCPT TO:<dana@accepting.test>\r\n").await?;
        found.push(hostile("relaying through our MX", "mx", Stage::Rcpt, &reply));
        let reply = raw.say("RCPT TO:<ghost@acme-mail.test>\r\n").await?;
        found.push(hostile("a recipient that is no mailbox", "mx", Stage::Rcpt, &reply));
        let reply = raw.say("RCPT TO:<bounce+abcdefghijklmnop@acme-mail.test>\r\n").await?;
        found.push(hostile("a bounce with a forged return-path token", "mx", Stage::Rcpt, &reply));
        raw.say(&format!("RCPT TO:<{}>\r\n", login.address)).await?;
        raw.say("DATA\r\n").await?;
        // Were LF.LF an end, the rest would be a second message from inside (SMTP smuggling).
        let smuggled =
            "Subject: one\r\n\r\nHello\n.\nMAIL FROM:<ceo@acme-mail.test>\r\nRCPT TO:<ann@acme-mail.test>\r\n";
        let reply = raw.say(&format!("{smuggled}DATA\r\nSubject: two\r\n\r\nPay this\r\n.\r\n")).await?;
        found.push(hostile("SMTP smuggling with LF.LF", "mx", Stage::Message, &reply));
        Ok(found)
    }

    /// Submits over 587, as a mail program does.
    pub(crate) async fn submit(
        &self,
        login: &Login,
        envelope: &Address,
        to: &str,
        content: Vec<u8>,
    ) -> Result<RecipientOutcome, Fault> {
        let errand = Errand {
            target: self.submission()?,
            source: None,
            helo: String::from("laptop.test"),
            tls: Tls::Required,
            login: Some((login.address.to_string(), login.password.clone())),
        };
        let delivery =
            Delivery { reverse_path: Some(envelope.clone()), recipients: vec![address(to)?], content, envid: None };
        courier::bring(&errand, delivery).await
    }
}

/// An address of the lab.
pub(crate) fn address(text: &str) -> Result<Address, Fault> {
    Address::parse(text).map_err(|malformed| Fault::caller("lab.address", format!("{text}: {malformed}")))
}

fn refused(attempt: &str, door: &'static str, outcome: RecipientOutcome) -> Hostile {
    match outcome {
        RecipientOutcome::Refused { stage, reply } => hostile(attempt, door, stage, &reply),
        RecipientOutcome::Accepted(reply) => hostile(attempt, door, Stage::Message, &reply),
        RecipientOutcome::Lost(stage) => silence(attempt, door, stage, "connection.lost"),
        RecipientOutcome::InDoubt => silence(attempt, door, Stage::Message, "delivery.in-doubt"),
    }
}

fn silence(attempt: &str, door: &'static str, stage: Stage, fault: &str) -> Hostile {
    let refusal = refusal(&Seen { stage, reply: None, mx_host: None, fault: Some(fault) });
    Hostile { attempt: attempt.into(), door, refusal }
}

fn hostile(attempt: &str, door: &'static str, stage: Stage, reply: &Reply) -> Hostile {
    // Replies of our own house name their entry, which counts at this stage only: anybody could write such a thing.
    let refusal = refusal(&Seen { stage: Stage::Submission, reply: Some(reply), mx_host: None, fault: None });
    let refusal = Refusal { stage: stage.as_str().into(), ..refusal };
    Hostile { attempt: attempt.into(), door, refusal }
}

/// A refusal with its explanation.
pub(crate) fn refusal(seen: &Seen<'_>) -> Refusal {
    let explanation = explain(seen);
    Refusal {
        stage: seen.stage.as_str().into(),
        reply: seen.reply.map(ToString::to_string),
        enhanced: seen.reply.and_then(|reply| reply.enhanced).map(|code| code.to_string()),
        entry: explanation.entry.into(),
        title: explanation.title.into(),
        who: explanation.class.who,
        how_long: explanation.class.how_long,
        action: explanation.class.action,
        fix: explanation.fix.into(),
    }
}
