//! The characters of receivers, one file each. A character that says nothing about a step accepts it.

mod accepting;
mod blocklisting;
mod dmarc_enforcing;
mod dropping;
mod greylisting;
mod late_bouncer;
mod legacy;
mod mailbox_full;
mod outlook_like;
mod strict;
mod throttling;
mod tls_requiring;
mod unknown_user;
mod yahoo_like;

use std::sync::Arc;

use async_trait::async_trait;
use auth::{Arrived, Verdict, Verdicts};
use smtp::{
    Enhanced, Reply, Stage,
    server::{Answer, Transaction},
};
use syntax::Address;

use crate::{outbox::Outbox, receiver::Visit, roster::Resident, world::World};

/// How a receiver answers.
#[async_trait]
pub(crate) trait Character: Send + Sync {
    /// Offers STARTTLS.
    fn speaks_tls(&self) -> bool {
        true
    }
    /// Writes enhanced status codes.
    fn speaks_enhanced_codes(&self) -> bool {
        true
    }
    /// Somebody connected; 220 lets them in.
    async fn connect(&self, _visit: &Visit) -> Answer {
        say(220, "", "welcome")
    }
    /// EHLO.
    async fn helo(&self, _visit: &Visit) -> Answer {
        say(250, "", "pleased to meet you")
    }
    /// MAIL FROM.
    async fn mail(&self, _visit: &Visit) -> Answer {
        say(250, "2.1.0", "Sender ok")
    }
    /// RCPT TO.
    async fn rcpt(&self, _visit: &Visit, _to: &Address) -> Answer {
        say(250, "2.1.5", "Recipient ok")
    }
    /// DATA.
    async fn data(&self, _visit: &Visit) -> Answer {
        say(354, "", "Go ahead")
    }
    /// The message.
    async fn message(&self, _visit: &Visit, _transaction: &Transaction, _content: &[u8]) -> Answer {
        say(250, "2.0.0", "Ok, taken")
    }
}

/// The character of a resident.
pub(crate) fn of(resident: &Resident, world: &World, outbox: &Outbox) -> Arc<dyn Character> {
    let world = world.clone();
    let outbox = outbox.clone();
    match resident.name {
        "dmarc-enforcing" => Arc::new(dmarc_enforcing::DmarcEnforcing::new(world)),
        "outlook-like" => Arc::new(outlook_like::OutlookLike::new(world)),
        "yahoo-like" => Arc::new(yahoo_like::YahooLike::new(world)),
        "strict" => Arc::new(strict::Strict::new(world, *resident)),
        "legacy" => Arc::new(legacy::Legacy),
        "blocklisting" => Arc::new(blocklisting::Blocklisting::new(world)),
        "greylisting" => Arc::new(greylisting::Greylisting::new(world.clock)),
        "throttling" => Arc::new(throttling::Throttling::new(world.clock)),
        "mailbox-full" => Arc::new(mailbox_full::MailboxFull::default()),
        "unknown-user" => Arc::new(unknown_user::UnknownUser),
        "tls-requiring" => Arc::new(tls_requiring::TlsRequiring),
        "late-bouncer" => Arc::new(late_bouncer::LateBouncer::new(world, outbox, *resident)),
        "drops-at-connect" => Arc::new(dropping::Dropping(Stage::Connect)),
        "drops-at-ehlo" => Arc::new(dropping::Dropping(Stage::Helo)),
        "drops-at-mail" => Arc::new(dropping::Dropping(Stage::Mail)),
        "drops-at-rcpt" => Arc::new(dropping::Dropping(Stage::Rcpt)),
        "drops-at-data" => Arc::new(dropping::Dropping(Stage::Data)),
        "drops-after-dot" => Arc::new(dropping::Dropping(Stage::Message)),
        _ => Arc::new(accepting::Accepting::new(world, outbox, *resident)),
    }
}

/// A reply; an empty `enhanced` is none.
fn say(code: u16, enhanced: &str, text: impl Into<String>) -> Answer {
    Answer::Reply(match Enhanced::parse(enhanced) {
        Some(enhanced) => Reply::new(code, enhanced, text),
        None => Reply::bare(code, text),
    })
}

/// What SPF, DKIM and DMARC say of a message; the answer of whoever cannot look, when a lookup failed.
async fn judged(world: &World, visit: &Visit, transaction: &Transaction, content: &[u8]) -> Result<Verdicts, Answer> {
    let arrived =
        Arrived { ip: visit.peer, helo: &visit.helo, mail_from: transaction.reverse_path.as_ref(), message: content };
    let verdicts = world.verifier.verify(&arrived).await;
    let could_look = verdicts.spf != Verdict::TempError && verdicts.dmarc != Verdict::TempError;
    if could_look { Ok(verdicts) } else { Err(cannot_look()) }
}

/// The answer of a receiver whose own lookup failed: it never guesses.
fn cannot_look() -> Answer {
    say(451, "4.4.3", "A lookup failed here, please try again later")
}
