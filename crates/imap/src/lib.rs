//! The IMAP server over the store: IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051).
//!
//! [`words`] is the language, pure: commands read, responses written, messages taken apart and searched.
//! [`session`] is the protocol, without its socket: it asks, and goes on when answered. `house.rs` answers from the store,
//! `start.rs` listens. What FETCH and SEARCH need is written beside a mail when it is stored (`describe.rs`).

mod describe;
mod house;
mod refusal;
pub mod session;
mod settings;
mod start;
pub mod words;

pub use describe::Reader;
pub use settings::Settings;
pub use start::{Imap, Listeners};
