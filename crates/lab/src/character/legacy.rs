//! Old software: no enhanced codes, no TLS, and a bare 553 for a From it dislikes.

use async_trait::async_trait;
use smtp::server::{Answer, Transaction};
use syntax::Message;

use super::{Character, say};
use crate::receiver::Visit;

pub(super) struct Legacy;

#[async_trait]
impl Character for Legacy {
    fn speaks_tls(&self) -> bool {
        false
    }
    fn speaks_enhanced_codes(&self) -> bool {
        false
    }
    async fn message(&self, _visit: &Visit, _transaction: &Transaction, content: &[u8]) -> Answer {
        if is_liked(content) {
            say(250, "", "ok")
        } else {
            say(553, "", "sorry, your From address is not acceptable here")
        }
    }
}

// Reality: filters written before sub-addressing (RFC 5233) take a plus in the local part for an
// attempt at trickery, and refuse it like a From that cannot be read at all.
fn is_liked(content: &[u8]) -> bool {
    let Ok(message) = Message::parse(content) else { return false };
    let mut fields = message.all("From");
    match (fields.next(), fields.next()) {
        (Some(field), None) => syntax::parse_from(&field.value()).is_ok_and(|from| !from.address.local().contains('+')),
        _ => false,
    }
}
