//! Holds senders to what Yahoo asks: no listed IP, a sender's domain that exists, SPF or DKIM, DMARC as published.

use async_trait::async_trait;
use auth::{Policy, Verdict, Verdicts};
use dns::Found;
use smtp::server::{Answer, Transaction};

use super::{Character, cannot_look, judged, say};
use crate::{receiver::Visit, world::World};

const HELP: &str = "see https://senders.yahooinc.com/smtp-error-codes";

pub(super) struct YahooLike {
    world: World,
}

impl YahooLike {
    pub fn new(world: World) -> Self {
        Self { world }
    }
}

#[async_trait]
impl Character for YahooLike {
    async fn connect(&self, visit: &Visit) -> Answer {
        match self.world.listing(visit.peer).await {
            Ok(Some(_)) => say(
                553,
                "5.7.1",
                format!(
                    "[BL21] Connections will not be accepted from {}, because the ip is in Spamhaus's list",
                    visit.peer
                ),
            ),
            Ok(None) => say(220, "", "welcome"),
            Err(_) => cannot_look(),
        }
    }

    async fn mail(&self, visit: &Visit) -> Answer {
        let Some(sender) = &visit.reverse_path else { return say(250, "2.1.0", "Sender ok") };
        // Yahoo asks for the SOA record; a name that does not exist has none above it that answers for it.
        match self.world.resolver.records(sender.domain().as_str(), "TXT").await {
            Ok(Found::NoSuchName) => say(451, "4.1.8", format!("Unresolvable RFC.5321 from domain; {HELP}")),
            Ok(_) => say(250, "2.1.0", "Sender ok"),
            Err(_) => cannot_look(),
        }
    }

    async fn message(&self, visit: &Visit, transaction: &Transaction, content: &[u8]) -> Answer {
        match judged(&self.world, visit, transaction, content).await {
            Ok(verdicts) => refusal(&verdicts).unwrap_or_else(|| say(250, "2.0.0", "ok dirdel")),
            Err(answer) => answer,
        }
    }
}

fn refusal(verdicts: &Verdicts) -> Option<Answer> {
    let dkim = verdicts.dkim.iter().any(|signature| signature.verdict == Verdict::Pass);
    if verdicts.spf != Verdict::Pass && !dkim {
        let text = format!("Yahoo requires all senders to authenticate with either SPF or DKIM; {HELP}");
        return Some(say(554, "5.7.26", text));
    }
    let is_against_policy = verdicts.dmarc == Verdict::Fail && verdicts.policy == Some(Policy::Reject);
    is_against_policy.then(|| say(554, "5.7.9", format!("Message not accepted for policy reasons; {HELP}")))
}
