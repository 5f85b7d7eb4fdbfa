//! Accepts everything at the door and finds out afterwards that it cannot deliver: a DSN follows.

use async_trait::async_trait;
use bounce::dsn::{self, Cover, Dsn, DsnAction, DsnRecipient};
use smtp::{
    Enhanced, Reply,
    server::{Answer, Transaction},
};
use syntax::{Address, Domain};

use super::{Character, say};
use crate::{
    outbox::{Letter, Outbox},
    receiver::Visit,
    roster::Resident,
    world::World,
};

pub(super) struct LateBouncer {
    world: World,
    outbox: Outbox,
    resident: Resident,
}

impl LateBouncer {
    pub fn new(world: World, outbox: Outbox, resident: Resident) -> Self {
        Self { world, outbox, resident }
    }

    fn notification(&self, reverse_path: &Address, to: &Address, original: &[u8]) -> Option<Letter> {
        let now = self.world.clock.now();
        let gone = Enhanced::new(5, 1, 1);
        let dsn = Dsn {
            reporting_mta: self.resident.mx(),
            envid: None,
            message_id: None,
            recipients: vec![DsnRecipient {
                original: None,
                address: to.clone(),
                action: DsnAction::Failed,
                status: gone,
                remote_mta: None,
                diagnostic: Some(Reply::new(550, gone, format!("<{to}>: user unknown; left the company"))),
            }],
        };
        let cover = Cover {
            from: Address::new("postmaster", Domain::parse(self.resident.domain).ok()?).ok()?,
            to: reverse_path.clone(),
            date: now,
            message_id: format!("dsn-{}@{}", now.micros(), self.resident.domain),
            text: format!("Your message could not be delivered.\n\n<{to}>: user unknown; left the company\n"),
        };
        Some(Letter {
            from_ip: self.resident.ip()?,
            helo: self.resident.mx(),
            // RFC 3464 §2: a notification goes out with the null reverse-path.
            reverse_path: None,
            to: reverse_path.clone(),
            content: dsn::write(&cover, &dsn, original),
        })
    }
}

#[async_trait]
impl Character for LateBouncer {
    async fn message(&self, _visit: &Visit, transaction: &Transaction, content: &[u8]) -> Answer {
        if let Some(reverse_path) = &transaction.reverse_path {
            for recipient in &transaction.recipients {
                if let Some(letter) = self.notification(reverse_path, &recipient.address, content) {
                    self.outbox.post(letter);
                }
            }
        }
        say(250, "2.0.0", "Ok, queued for the inner host")
    }
}
