//! Where in a conversation something happened.

/// The stage of a delivery at which an answer (or none) came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Refused by ourselves before any connection (submission policy, suppression).
    Submission,
    /// Looking up MX and addresses.
    Resolve,
    /// TCP connect.
    Connect,
    /// Waiting for the 220 greeting.
    Greeting,
    /// EHLO or HELO.
    Helo,
    /// STARTTLS and the handshake.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// The reply to DATA (or the first BDAT).
    Data,
    /// The reply to the final dot (or BDAT LAST).
    Message,
    /// A delivery status notification that came later.
    Notification,
}

impl Stage {
    /// The snake_case name used in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        todo!()
    }
    /// Reads [`Stage::as_str`].
    pub fn parse(_text: &str) -> Option<Self> {
        todo!()
    }
}
