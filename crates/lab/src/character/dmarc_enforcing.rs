//! Holds senders to SPF, DKIM, DMARC and reverse DNS, and words its refusals as Gmail does.

use async_trait::async_trait;
use auth::{Policy, Verdict, Verdicts};
use smtp::server::{Answer, Transaction};

use super::{Character, cannot_look, judged, say};
use crate::{receiver::Visit, world::World};

const HELP: &str = "For more information, go to https://support.google.com/mail/answer/81126#authentication";

pub(super) struct DmarcEnforcing {
    world: World,
}

impl DmarcEnforcing {
    pub fn new(world: World) -> Self {
        Self { world }
    }
}

#[async_trait]
impl Character for DmarcEnforcing {
    async fn message(&self, visit: &Visit, transaction: &Transaction, content: &[u8]) -> Answer {
        match self.world.is_forward_confirmed(visit.peer).await {
            Ok(true) => {}
            Ok(false) => return no_reverse_dns(visit),
            Err(_) => return cannot_look(),
        }
        match judged(&self.world, visit, transaction, content).await {
            Ok(verdicts) => refusal(visit, &verdicts).unwrap_or_else(|| say(250, "2.0.0", "OK, authenticated")),
            Err(answer) => answer,
        }
    }
}

fn refusal(visit: &Visit, verdicts: &Verdicts) -> Option<Answer> {
    let spf_passes = verdicts.spf == Verdict::Pass;
    let dkim_passes = verdicts.dkim.iter().any(|signature| signature.verdict == Verdict::Pass);
    if !spf_passes && !dkim_passes {
        return Some(unauthenticated(visit, verdicts));
    }
    if verdicts.dmarc == Verdict::Fail && verdicts.policy == Some(Policy::Reject) {
        return Some(against_policy(verdicts));
    }
    if verdicts.spf == Verdict::Fail {
        return Some(hard_fail(visit, verdicts));
    }
    // Gmail, 2024-02: bulk senders need SPF *and* DKIM; this receiver takes every sender for one.
    (!dkim_passes).then(no_dkim)
}

fn no_reverse_dns(visit: &Visit) -> Answer {
    let ip = visit.peer;
    let text = format!(
        "[{ip}] The IP address sending this message does not have a PTR record setup, or the corresponding forward \
         DNS entry does not match the sending IP. {HELP}"
    );
    say(550, "5.7.25", text)
}

fn unauthenticated(visit: &Visit, verdicts: &Verdicts) -> Answer {
    let text = format!(
        "This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to \
         authenticate with either SPF or DKIM. Authentication results: DKIM = did not pass SPF [{}] with ip: [{}] = \
         did not pass. {HELP}",
        verdicts.spf_domain, visit.peer
    );
    say(550, "5.7.26", text)
}

fn against_policy(verdicts: &Verdicts) -> Answer {
    let domain = verdicts.from_domain.as_ref().map(ToString::to_string).unwrap_or_default();
    let text = format!(
        "Unauthenticated email from {domain} is not accepted due to domain's DMARC policy. Please contact the \
         administrator of {domain} domain if this was a legitimate mail. {HELP}"
    );
    say(550, "5.7.26", text)
}

fn hard_fail(visit: &Visit, verdicts: &Verdicts) -> Answer {
    let text = format!(
        "The MAIL FROM domain [{}] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks \
         with the ip: [{}]. {HELP}",
        verdicts.spf_domain, visit.peer
    );
    say(550, "5.7.26", text)
}

fn no_dkim() -> Answer {
    let text = format!(
        "This message was blocked because it didn't pass DKIM authentication. Gmail requires bulk email senders to \
         authenticate their email with DKIM. {HELP}"
    );
    say(550, "5.7.30", text)
}
