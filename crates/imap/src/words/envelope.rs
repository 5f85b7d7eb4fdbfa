//! ENVELOPE: the fields that a list of messages shows. RFC 9051 §7.5.2.

mod addresses;

use super::header::{Field, fields};

/// Most addresses of one kind.
const MAX_ADDRESSES: usize = 2000;

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

impl Envelope {
    /// Reads it from a header. Never fails.
    pub fn read(header: &[u8]) -> Self {
        let mut envelope = Self::default();
        for field in fields(header) {
            envelope.take(&field);
        }
        for list in [&mut envelope.sender, &mut envelope.reply_to] {
            if *list == envelope.from {
                list.clear();
            }
        }
        envelope
    }

    fn take(&mut self, field: &Field<'_>) {
        let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
        let text = match name.as_str() {
            "date" => &mut self.date,
            "subject" => &mut self.subject,
            "in-reply-to" => &mut self.in_reply_to,
            "message-id" => &mut self.message_id,
            name => return self.take_addresses(name, field),
        };
        text.get_or_insert_with(|| field.value());
    }

    /// A field that stands there twice counts twice.
    fn take_addresses(&mut self, name: &str, field: &Field<'_>) {
        let list = match name {
            "from" => &mut self.from,
            "sender" => &mut self.sender,
            "reply-to" => &mut self.reply_to,
            "to" => &mut self.to,
            "cc" => &mut self.cc,
            "bcc" => &mut self.bcc,
            _ => return,
        };
        list.extend(addresses::read(&field.value(), MAX_ADDRESSES.saturating_sub(list.len())));
    }
}
