//! Where in a conversation something happened.

macro_rules! stages {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// The stage of a delivery at which an answer (or none) came.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Stage {
            $($(#[$doc])* $name,)*
        }

        impl Stage {
            /// Every stage, in the order of a conversation.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The snake_case name used in JSON and in the store.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

stages! {
    /// Refused by ourselves before any connection (submission policy, suppression).
    Submission = "submission";
    /// Looking up MX and addresses.
    Resolve = "resolve";
    /// TCP connect.
    Connect = "connect";
    /// Waiting for the 220 greeting.
    Greeting = "greeting";
    /// EHLO or HELO.
    Helo = "helo";
    /// STARTTLS and the handshake.
    StartTls = "start_tls";
    /// AUTH.
    Auth = "auth";
    /// MAIL FROM.
    Mail = "mail";
    /// RCPT TO.
    Rcpt = "rcpt";
    /// The reply to DATA (or the first BDAT).
    Data = "data";
    /// The reply to the final dot (or BDAT LAST).
    Message = "message";
    /// A delivery status notification that came later.
    Notification = "notification";
}

impl Stage {
    /// Reads [`Stage::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|stage| stage.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_read_by_its_name() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str()), Some(*stage));
        }
        assert_eq!(Stage::parse("elsewhere"), None);
    }
}
