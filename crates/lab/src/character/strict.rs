//! Calls back: asks the sender's own MX whether the sender exists before it accepts anything.

use async_trait::async_trait;
use smtp::server::{Answer, Transaction};
use syntax::{Address, Message};

use super::{Character, cannot_look, say};
use crate::{
    callback::{self, Callback},
    receiver::Visit,
    roster::Resident,
    world::World,
};

pub(super) struct Strict {
    world: World,
    resident: Resident,
}

impl Strict {
    pub fn new(world: World, resident: Resident) -> Self {
        Self { world, resident }
    }

    async fn refusal(&self, sender: &Address) -> Option<Answer> {
        match callback::ask(&self.world, &self.resident, sender).await {
            Callback::Exists => None,
            Callback::Unknown(reply) => Some(say(
                550,
                "5.1.8",
                format!("<{sender}>: Sender address rejected: undeliverable address: its host said: {reply}"),
            )),
            Callback::NoHost(why) => {
                Some(say(550, "5.1.8", format!("<{sender}>: Sender address rejected: unverified address: {why}")))
            }
            Callback::CouldNotAsk => Some(cannot_look()),
        }
    }
}

#[async_trait]
impl Character for Strict {
    async fn rcpt(&self, visit: &Visit, _to: &Address) -> Answer {
        if let Some(sender) = &visit.reverse_path
            && let Some(refusal) = self.refusal(sender).await
        {
            return refusal;
        }
        say(250, "2.1.5", "Recipient ok, sender verified")
    }

    async fn message(&self, _visit: &Visit, _transaction: &Transaction, content: &[u8]) -> Answer {
        let from = Message::parse(content)
            .ok()
            .and_then(|message| message.value("From"))
            .and_then(|value| syntax::parse_from(&value).ok());
        match from {
            Some(from) => match self.refusal(&from.address).await {
                Some(refusal) => refusal,
                None => say(250, "2.0.0", "Ok, sender and author verified"),
            },
            None => say(553, "5.1.7", "The From header field holds no valid address"),
        }
    }
}
