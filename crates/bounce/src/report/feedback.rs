//! Feedback reports. RFC 5965.

use super::{Kind, Report, Said, kind};
use crate::{
    line::address,
    mime::{Leaf, Mail, split},
};

/// Reads one; `None` when the message is something else.
pub(super) fn read(mail: &Mail) -> Option<Report> {
    // The structure is asked before any words: a notification quotes what it was sent, and that may be such a report.
    if kind::is_notification(mail) {
        return None;
    }
    let leaf = mail.leaves.iter().find(|leaf| leaf.kind == "message/feedback-report");
    // Reality: some senders label the part text/plain.
    let leaf = leaf.or_else(|| mail.leaves.iter().find(|leaf| has_fields(leaf)))?;
    let (fields, _) = split(leaf.text.trim_start().as_bytes());
    let kind = fields.value("feedback-type").unwrap_or("abuse").to_ascii_lowercase();
    let returned = mail.leaves.iter().find(|leaf| leaf.is_returned());
    let (original, _) = split(returned.map(|leaf| leaf.text.trim_start().as_bytes()).unwrap_or_default());
    let mut recipients: Vec<String> = ["original-rcpt-to", "removal-recipient"]
        .iter()
        .flat_map(|name| fields.all(name))
        .filter_map(address)
        .collect();
    if recipients.is_empty() {
        let to = original.value("to").and_then(|to| to.rsplit('<').next());
        recipients.extend(to.and_then(address));
    }
    recipients.dedup();
    let host = fields
        .value("reporting-mta")
        .and_then(|value| value.rsplit(';').next())
        .map(|host| host.trim().to_ascii_lowercase());
    let said = recipients.into_iter().map(|recipient| Said {
        recipient,
        text: format!("feedback report of type {kind}"),
        host: host.clone(),
        ..Said::default()
    });
    Some(Report {
        kind: Kind::Feedback,
        format: "arf",
        recipients: said.collect(),
        message_id: original.value("message-id").and_then(|value| syntax::message_ids(value).into_iter().next()),
        feedback: Some(kind),
    })
}

/// Whether a part that is not labelled as one holds the fields; the message that it is about may hold them too.
fn has_fields(leaf: &Leaf) -> bool {
    !leaf.is_returned() && leaf.text.trim_start().to_ascii_lowercase().starts_with("feedback-type:")
}
