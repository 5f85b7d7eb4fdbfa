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

/// Gives an axis its names: the one used in JSON, in the store and in the content files.
macro_rules! named {
    ($axis:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $axis {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The snake_case name used in JSON and in the store.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
            /// Reads `as_str`.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
        impl std::fmt::Display for $axis {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

named!(Who { Recipient = "recipient", SenderReputation = "sender_reputation", Content = "content", Policy = "policy", Us = "us", Network = "network" });
named!(HowLong { Now = "now", Later = "later", ForGood = "for_good" });
named!(Action { Retry = "retry", SlowDown = "slow_down", Suppress = "suppress", Fix = "fix", Stop = "stop" });
named!(Scope { Recipient = "recipient", Message = "message", Mailbox = "mailbox", Domain = "domain", EgressIp = "egress_ip", Site = "site" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_are_those_of_json() {
        for &action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(action));
            let text = format!("action = {:?}", action.as_str());
            let table: std::collections::BTreeMap<String, Action> = toml::from_str(&text).unwrap();
            assert_eq!(table["action"], action);
        }
        assert!(Who::ALL.iter().all(|&who| Who::parse(who.as_str()) == Some(who)));
        assert!(HowLong::ALL.iter().all(|&value| HowLong::parse(value.as_str()) == Some(value)));
        assert!(Scope::ALL.iter().all(|&scope| Scope::parse(scope.as_str()) == Some(scope)));
        assert_eq!(Who::SenderReputation.as_str(), "sender_reputation");
        assert_eq!(Action::parse("SlowDown"), None);
    }
}
