//! Accepts, and its user writes back.

use async_trait::async_trait;
use smtp::server::{Answer, Transaction};
use syntax::{Address, Draft, FromField, Message, message_ids};

use super::{Character, say};
use crate::{
    outbox::{Letter, Outbox},
    receiver::Visit,
    roster::Resident,
    world::World,
};

pub(super) struct Accepting {
    world: World,
    outbox: Outbox,
    resident: Resident,
}

impl Accepting {
    pub fn new(world: World, outbox: Outbox, resident: Resident) -> Self {
        Self { world, outbox, resident }
    }

    /// An answer to the message's author, as a person's mail program writes it.
    fn answer_to(&self, content: &[u8], me: &Address) -> Option<Letter> {
        let message = Message::parse(content).ok()?;
        let author = syntax::parse_from(&message.value("From")?).ok()?.address;
        let asked = message_ids(&message.value("Message-ID")?).into_iter().next()?;
        let subject = message.value("Subject").unwrap_or_default();
        let now = self.world.clock.now();
        let draft = Draft {
            from: FromField { display: None, address: me.clone() },
            to: vec![author.clone()],
            subject: format!("Re: {subject}"),
            text: String::from("Thank you, that is interesting. Shall we talk on Thursday?\n"),
            date: now,
            message_id: format!("answer-{}@{}", now.micros(), self.resident.domain),
            more: vec![("In-Reply-To".into(), format!("<{asked}>")), ("References".into(), format!("<{asked}>"))],
        };
        Some(Letter {
            from_ip: self.resident.ip()?,
            helo: self.resident.mx(),
            reverse_path: Some(me.clone()),
            to: author,
            content: draft.write(),
        })
    }
}

#[async_trait]
impl Character for Accepting {
    async fn message(&self, _visit: &Visit, transaction: &Transaction, content: &[u8]) -> Answer {
        // Only a person who is asked something answers; a newsletter would get none.
        if let Some(first) = transaction.recipients.first()
            && let Some(answer) = self.answer_to(content, &first.address)
        {
            self.outbox.post(answer);
        }
        say(250, "2.0.0", "Ok, delivered to the mailbox")
    }
}
