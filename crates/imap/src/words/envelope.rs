//! ENVELOPE: the fields that a list of messages shows. RFC 9051 §7.5.2.

/// The envelope. Texts are as the header has them, unfolded, encoded words **not** read; octets that are no UTF-8
/// are read as what they most likely were.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Envelope {
    /// Date
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Subject
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// From
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<EnvelopeAddress>,
    /// Sender; empty when it is as From (the response repeats From, RFC 9051 §7.5.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sender: Vec<EnvelopeAddress>,
    /// Reply-To; empty when it is as From.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reply_to: Vec<EnvelopeAddress>,
    /// To
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<EnvelopeAddress>,
    /// Cc
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<EnvelopeAddress>,
    /// Bcc
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<EnvelopeAddress>,
    /// In-Reply-To
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// Message-ID
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

/// One address, or the start or end of a group. RFC 9051 §7.5.2.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct EnvelopeAddress {
    /// Display name.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Local part, or the name of the group that begins here; `None` ends a group.
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// Domain; `None` at the start and end of a group.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}
