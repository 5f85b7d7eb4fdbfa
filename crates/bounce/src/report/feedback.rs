//! Feedback reports. RFC 5965.

use super::{Kind, Report, Said};
use crate::{
    line::address,
    mime::{Mail, split},
};

/// Reads one; `None` when the message is something else.
pub(super) fn read(mail: &Mail) -> Option<Report> {
    let leaf = mail.leaves.iter().find(|leaf| leaf.kind == "message/feedback-report");
    // Reality: some senders label the part text/plain.
    let leaf = leaf.or_else(|| {
        mail.leaves.iter().find(|leaf| leaf.text.trim_start().to_ascii_lowercase().starts_with("feedback-type:"))
    })?;
    let (fields, _) = split(leaf.text.trim_start().as_bytes());
    let kind = fields.value("feedback-type").unwrap_or("abuse").to_ascii_lowercase();
    let returned =
        mail.leaves.iter().find(|leaf| matches!(leaf.kind.as_str(), "message/rfc822" | "text/rfc822-headers"));
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
