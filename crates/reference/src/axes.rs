//! The three independent axes of an outcome, and the scope of what to do.

/// Whose matter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The recipient's mailbox or host.
    Recipient,
    /// The sender's reputation (IP, domain).
    SenderReputation,
    /// What the message holds.
    Content,
    /// A rule of the receiver (authentication, rate, relay).
    Policy,
    /// Our own set-up or our own rule.
    Us,
    /// The network between.
    Network,
}

/// For how long it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HowLong {
    /// This moment only.
    Now,
    /// Until time passes or something is changed.
    Later,
    /// For good, unless something is changed.
    ForGood,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Try again later.
    Retry,
    /// Try again, and send less.
    SlowDown,
    /// Never write to this address again.
    Suppress,
    /// Repair something on our side, then send again.
    Fix,
    /// Stop sending on this scope until a person has looked.
    Stop,
}

/// What the action applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This recipient.
    Recipient,
    /// This message.
    Message,
    /// The sending mailbox.
    Mailbox,
    /// The sending domain.
    Domain,
    /// The egress IP.
    EgressIp,
    /// The destination site.
    Site,
}

/// An outcome on its three axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Class {
    /// Whose matter.
    pub who: Who,
    /// For how long.
    pub how_long: HowLong,
    /// What to do.
    pub action: Action,
    /// On what.
    pub scope: Scope,
}
// each enum also gets: `pub fn as_str(self) -> &'static str` and `pub fn parse(&str) -> Option<Self>` (snake_case).
