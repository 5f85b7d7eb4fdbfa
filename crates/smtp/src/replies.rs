//! Every reply that our servers give, by name. The text of a refusal ends with `(see <entry id>)`,
//! the id of its entry in `reference`.

use crate::{Enhanced, Reply};

/// 550 5.1.1: the RCPT names no mailbox here.
pub fn no_such_mailbox() -> Reply {
    Reply::new(550, Enhanced::new(5, 1, 1), "No mailbox here by that name (see 550-5-1-1)")
}
