//! The three independent axes of an outcome, the scope of what to do, and what else is said in one word.

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

/// The coarse category of a refusal: what people call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// No refusal.
    Ok,
    /// The recipient's address does not exist.
    InvalidRecipient,
    /// The recipient's domain does not exist or takes no mail.
    BadDomain,
    /// The recipient's mailbox is disabled, suspended or abandoned.
    InactiveMailbox,
    /// The recipient's mailbox is full.
    Quota,
    /// The recipient's side refused without saying whether it is the address or a filter.
    FilteredAmbiguous,
    /// The sender's address or domain was refused.
    SenderRejected,
    /// SPF, DKIM, DMARC or their alignment.
    Authentication,
    /// Reverse DNS of the sending IP.
    Rdns,
    /// The HELO or EHLO name.
    Helo,
    /// The IP or the host is on a list.
    IpOrHostBlock,
    /// A domain is on a list.
    DomainBlock,
    /// Reputation of the IP or of the domain.
    Reputation,
    /// Rate, connections, messages in a transaction.
    RateLimit,
    /// Greylisting: come back later.
    Greylisted,
    /// A limit of the sending account.
    QuotaSender,
    /// The sending account is blocked.
    AccountBlocked,
    /// Mailbox probing from the sending IP.
    CalloutAbuse,
    /// A rule of the receiver.
    Policy,
    /// Taken for spam by its content.
    ContentSpam,
    /// An attachment or malware.
    ContentMalware,
    /// Header or structure of the message.
    MessageFormat,
    /// Too large.
    Size,
    /// Non-ASCII addresses or headers.
    Smtputf8,
    /// A command out of place or not understood.
    Protocol,
    /// Login.
    AuthClient,
    /// Relaying is not allowed, or the host is not set up for the domain.
    RelayDenied,
    /// Encryption.
    Tls,
    /// No connection, or it broke; DNS that does not answer.
    Connectivity,
    /// Tried until the time was over.
    Expired,
    /// Mail goes in circles.
    RoutingLoop,
    /// Trouble in the receiver's system.
    RemoteSystem,
    /// The host takes no mail at all.
    RemoteRefusesAll,
    /// Our own records or settings.
    Configuration,
    /// The recipient does not want to be written to.
    OptOut,
    /// The recipient's answering machine, no refusal.
    AutoReply,
    /// Not known.
    Unknown,
}

/// The identity that a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// The sending IP.
    Ip,
    /// The network around it.
    Netblock,
    /// The HELO or EHLO name.
    Helo,
    /// The envelope sender's domain.
    MailFromDomain,
    /// The domain in the From header.
    FromDomain,
    /// The domain that signs, `d=`.
    DkimDomain,
    /// A link.
    Url,
    /// The recipient's address or domain.
    Recipient,
    /// The message.
    Content,
    /// The sending account.
    Account,
    /// The sending program or server.
    Client,
    /// The receiving host.
    Receiver,
}

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Not at all.
    Never,
    /// Not before something was repaired.
    AfterFix,
    /// At once, on a new connection or in a new transaction.
    Reconnect,
    /// After minutes.
    Minutes,
    /// After hours.
    Hours,
    /// After days.
    Days,
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
named!(Category {
    Ok = "ok", InvalidRecipient = "invalid_recipient", BadDomain = "bad_domain", InactiveMailbox = "inactive_mailbox",
    Quota = "quota", FilteredAmbiguous = "filtered_ambiguous", SenderRejected = "sender_rejected",
    Authentication = "authentication", Rdns = "rdns", Helo = "helo", IpOrHostBlock = "ip_or_host_block",
    DomainBlock = "domain_block", Reputation = "reputation", RateLimit = "rate_limit", Greylisted = "greylisted",
    QuotaSender = "quota_sender", AccountBlocked = "account_blocked", CalloutAbuse = "callout_abuse", Policy = "policy",
    ContentSpam = "content_spam", ContentMalware = "content_malware", MessageFormat = "message_format", Size = "size",
    Smtputf8 = "smtputf8", Protocol = "protocol", AuthClient = "auth_client", RelayDenied = "relay_denied", Tls = "tls",
    Connectivity = "connectivity", Expired = "expired", RoutingLoop = "routing_loop", RemoteSystem = "remote_system",
    RemoteRefusesAll = "remote_refuses_all", Configuration = "configuration", OptOut = "opt_out", AutoReply = "auto_reply",
    Unknown = "unknown",
});
named!(Identity {
    Ip = "ip", Netblock = "netblock", Helo = "helo", MailFromDomain = "mail_from_domain", FromDomain = "from_domain",
    DkimDomain = "dkim_domain", Url = "url", Recipient = "recipient", Content = "content", Account = "account",
    Client = "client", Receiver = "receiver",
});
named!(Retry { Never = "never", AfterFix = "after_fix", Reconnect = "reconnect", Minutes = "minutes", Hours = "hours", Days = "days" });
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
