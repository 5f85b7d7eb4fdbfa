//! Asks a DNSBL about every client. RFC 5782.

use async_trait::async_trait;
use smtp::server::Answer;
use syntax::Address;

use super::{Character, cannot_look, say};
use crate::{receiver::Visit, roster::DNSBL, world::World};

pub(super) struct Blocklisting {
    world: World,
}

impl Blocklisting {
    pub fn new(world: World) -> Self {
        Self { world }
    }
}

#[async_trait]
impl Character for Blocklisting {
    // At RCPT, as Postfix's reject_rbl_client does by default: so the log names the recipient.
    async fn rcpt(&self, visit: &Visit, _to: &Address) -> Answer {
        match self.world.listing(visit.peer).await {
            Ok(Some(reason)) => say(
                554,
                "5.7.1",
                format!("Service unavailable; Client host [{}] blocked using {DNSBL}; {reason}", visit.peer),
            ),
            Ok(None) => say(250, "2.1.5", "Recipient ok"),
            Err(_) => cannot_look(),
        }
    }
}
