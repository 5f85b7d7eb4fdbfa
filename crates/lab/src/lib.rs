//! The mail internet on loopback: a DNS root, reverse zones, a DNSBL, receivers of different
//! character, and a whole house of ours that sends to them.
//!
//! Nothing here is pretended: every receiver is a real SMTP server on an address of its own, and
//! has a real reason for every answer (it asks the lab's DNS, keeps a user table, counts, calls
//! back). The [`Report`] is read from the store, not written down beforehand.
//!
//! Reading order: [`Lab`], `world`, `receiver`, `character`, `story`, [`Report`].

mod callback;
mod character;
mod courier;
mod dashboard;
mod hostile;
mod outbox;
#[cfg(test)]
mod probing;
mod raw;
mod receiver;
mod report;
mod roster;
mod stage;
mod story;
mod world;

pub use report::{Delivery, FaultStory, Hostile, ProofStory, Received, Refusal, Report};
pub use stage::{Invitation, Lab, Options};
