//! Addresses, domains, the From header, dates, walking and composing messages.
//!
//! Pure: no clock, no socket. Reading order: [`Domain`], [`Address`], [`Timestamp`], [`Message`],
//! [`FromField`], [`Draft`]; then [`Inspection`], which tells a person what [`parse_from`] only refuses.

mod address;
mod compose;
mod decode;
mod domain;
mod from;
mod inspect;
mod malformed;
mod message;
mod timestamp;
mod trace;
mod write;

pub use address::Address;
pub use compose::{Draft, field};
pub use decode::{content_type, decode_base64, decode_charset, decode_transfer, decode_words, encode_base64};
pub use domain::Domain;
pub use from::{FromField, parse_from};
pub use inspect::{
    FaultKind, Inspection, MAX_INSPECTED, Mailbox, Severity, TextFault, Verdict, fault_kinds, inspect_address,
    inspect_from,
};
pub use malformed::{Kind, Malformed};
pub use message::{Field, Message, Part, message_ids, prepend};
pub use timestamp::Timestamp;
pub use trace::{AuthResults, Hop, MethodResult, parse_auth_results, parse_received};
pub use write::write_from;
