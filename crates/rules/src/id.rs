//! Names of rows. Opaque text (UUID version 7, made by `store`), one type each.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A workspace: a tenant.
    WorkspaceId;
    /// A sending domain.
    DomainId;
    /// A mailbox.
    MailboxId;
    /// A message accepted for relay.
    MessageId;
    /// One recipient of one message: the unit of the queue.
    RecipientId;
    /// One attempt to deliver to one recipient.
    AttemptId;
    /// A mail stored in a mailbox.
    MailId;
    /// A one-time address and the message that was mailed to it.
    MailTestId;
    /// A report of a receiver.
    ReportId;
    /// A rule for mail that arrives.
    RuleId;
    /// A person's account.
    AccountId;
    /// A sign-in of a browser.
    SessionId;
    /// A key to the REST API.
    ApiKeyId;
    /// An SMTP callout.
    CalloutId;
    /// An endpoint that events are posted to.
    WebhookId;
    /// One event on its way to one endpoint.
    DeliveryId;
    /// A pairing proof of a mailbox.
    ProofId;
}
