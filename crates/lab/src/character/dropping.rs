//! Drops the connection at one stage, without a word: a crashed host, a middlebox, a full table.

use async_trait::async_trait;
use smtp::{
    Stage,
    server::{Answer, Transaction},
};
use syntax::Address;

use super::{Character, say};
use crate::receiver::Visit;

pub(super) struct Dropping(pub Stage);

impl Dropping {
    fn at(&self, stage: Stage, otherwise: Answer) -> Answer {
        if self.0 == stage { Answer::Drop } else { otherwise }
    }
}

#[async_trait]
impl Character for Dropping {
    fn speaks_tls(&self) -> bool {
        false
    }
    async fn connect(&self, _visit: &Visit) -> Answer {
        self.at(Stage::Connect, say(220, "", "welcome"))
    }
    async fn helo(&self, _visit: &Visit) -> Answer {
        self.at(Stage::Helo, say(250, "", "pleased to meet you"))
    }
    async fn mail(&self, _visit: &Visit) -> Answer {
        self.at(Stage::Mail, say(250, "2.1.0", "Sender ok"))
    }
    async fn rcpt(&self, _visit: &Visit, _to: &Address) -> Answer {
        self.at(Stage::Rcpt, say(250, "2.1.5", "Recipient ok"))
    }
    async fn data(&self, _visit: &Visit) -> Answer {
        self.at(Stage::Data, say(354, "", "Go ahead"))
    }
    async fn message(&self, _visit: &Visit, _transaction: &Transaction, _content: &[u8]) -> Answer {
        self.at(Stage::Message, say(250, "2.0.0", "Ok"))
    }
}
