//! Holds senders to the rule for bulk senders of Outlook.com: SPF and DKIM both pass, and DMARC is aligned.

use async_trait::async_trait;
use auth::{Verdict, Verdicts};
use smtp::server::{Answer, Transaction};

use super::{Character, cannot_look, judged, say};
use crate::{receiver::Visit, world::World};

const HELP: &str = "To learn how to fix this see: https://go.microsoft.com/fwlink/p/?linkid=2319303";

pub(super) struct OutlookLike {
    world: World,
}

impl OutlookLike {
    pub fn new(world: World) -> Self {
        Self { world }
    }
}

#[async_trait]
impl Character for OutlookLike {
    async fn mail(&self, visit: &Visit) -> Answer {
        match self.world.listing(visit.peer).await {
            Ok(Some(_)) => say(
                550,
                "5.7.1",
                format!(
                    "Unfortunately, messages from [{}] weren't sent. Please contact your Internet service provider \
                     since part of their network is on our block list (S3140).",
                    visit.peer
                ),
            ),
            Ok(None) => say(250, "2.1.0", "Sender OK"),
            Err(_) => cannot_look(),
        }
    }

    async fn message(&self, visit: &Visit, transaction: &Transaction, content: &[u8]) -> Answer {
        match judged(&self.world, visit, transaction, content).await {
            Ok(verdicts) => refusal(&verdicts).unwrap_or_else(|| say(250, "2.6.0", "Queued mail for delivery")),
            Err(answer) => answer,
        }
    }
}

fn refusal(verdicts: &Verdicts) -> Option<Answer> {
    let spf = verdicts.spf == Verdict::Pass;
    let dkim = verdicts.dkim.iter().any(|signature| signature.verdict == Verdict::Pass);
    let dmarc = verdicts.dmarc == Verdict::Pass;
    if spf && dkim && dmarc {
        return None;
    }
    let word = |passes: bool| if passes { "Pass" } else { "Fail" };
    let domain = verdicts.from_domain.as_ref().map(ToString::to_string).unwrap_or_default();
    let text = format!(
        "Access denied, sending domain {} doesn't meet the required authentication level. {HELP} Spf= {} , Dkim= {} , \
         DMARC= {}",
        domain.to_uppercase(),
        word(spf),
        word(dkim),
        word(dmarc)
    );
    Some(say(550, "5.7.515", text))
}
