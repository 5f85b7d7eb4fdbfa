//! Knows its users, and says so.

use async_trait::async_trait;
use smtp::server::Answer;
use syntax::Address;

use super::{Character, say};
use crate::receiver::Visit;

/// Everybody with a mailbox there.
const USERS: &[&str] = &["dana", "postmaster"];

pub(super) struct UnknownUser;

#[async_trait]
impl Character for UnknownUser {
    async fn rcpt(&self, _visit: &Visit, to: &Address) -> Answer {
        if USERS.contains(&to.local().to_lowercase().as_str()) {
            return say(250, "2.1.5", "Recipient ok");
        }
        say(550, "5.1.1", format!("<{to}>: Recipient address rejected: User unknown in local recipient table"))
    }
}
