//! The SMTP server: MX and submission. Policy is decided by `rules`, sessions are `smtp::server`,
//! sockets are `net`; this crate is the house that answers the questions.

mod mx;
mod start;
mod submission;

pub use start::{Inbound, Listeners, Settings, bind};
