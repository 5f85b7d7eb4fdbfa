//! SMTP without sockets: replies, enhanced codes, commands, extensions, and the two session cores.
//!
//! The cores do no I/O and decide no policy: they ask (`server::Question::Rcpt`) and go on when
//! answered. Reading order: [`Reply`], [`replies`], [`server`], [`client`].

pub mod client;
mod enhanced;
pub mod replies;
mod reply;
pub mod server;
mod stage;

pub use enhanced::Enhanced;
pub use reply::Reply;
pub use stage::Stage;
