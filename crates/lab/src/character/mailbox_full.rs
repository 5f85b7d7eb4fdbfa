//! A mailbox over its quota: at first "perhaps later", then, when nobody tidies up, "no more".

use std::collections::HashMap;

use async_trait::async_trait;
use smtp::server::Answer;
use syntax::Address;
use tokio::sync::Mutex;

use super::{Character, say};
use crate::receiver::Visit;

/// Tries that are answered with "later".
const PATIENCE: u32 = 1;

#[derive(Default)]
pub(super) struct MailboxFull {
    tries: Mutex<HashMap<String, u32>>,
}

#[async_trait]
impl Character for MailboxFull {
    async fn rcpt(&self, _visit: &Visit, to: &Address) -> Answer {
        let mut tries = self.tries.lock().await;
        let count = tries.entry(to.key()).or_default();
        *count += 1;
        if *count <= PATIENCE {
            say(452, "4.2.2", format!("<{to}>: The recipient's mailbox is over its storage quota, try again later"))
        } else {
            say(552, "5.2.2", format!("<{to}>: The recipient's mailbox is full and takes no more mail"))
        }
    }
}
