//! One inbox over many mailboxes: what came, read safely, and answered from the address that it came to.

use rules::{
    Fault,
    id::{MailId, MessageId, WorkspaceId},
};
use store::{Flags, InboxFilter, InboxRow};
use syntax::{Address, Message, content_type, decode_words, message_ids};

use crate::{Composed, Ops};

/// Characters of a text that are shown.
const MAX_TEXT: usize = 256 * 1024;
/// Characters of the message answered that are quoted.
const MAX_QUOTE: usize = 4 * 1024;
/// Message-IDs that an answer refers to, besides the nearest. RFC 5322 §3.6.4
const MAX_REFERENCES: usize = 20;

/// A mail as a person reads it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Opened {
    /// Its row.
    pub row: InboxRow,
    /// The From field, decoded.
    pub from: String,
    /// To whom an answer goes; `None` when nobody is to be answered.
    pub answer_to: Option<Address>,
    /// The text; what is HTML only is shown without its tags.
    pub text: String,
    /// Whether there is more to see as HTML.
    pub has_html: bool,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
}

/// A file that came with a mail.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Attachment {
    /// Its name, or its type.
    pub name: String,
    /// `type/subtype`
    pub kind: String,
    /// Octets, decoded.
    pub octets: usize,
}

impl Opened {
    /// What an answer begins with: the text, quoted.
    pub fn quoted(&self) -> String {
        let when = self.row.received_at.to_string();
        let mut quote = format!("\n\n{} wrote on {}:\n", self.from, when.get(..10).unwrap_or(&when));
        let short: String = self.text.chars().take(MAX_QUOTE).collect();
        for line in short.trim_end().lines() {
            quote.push_str(if line.starts_with('>') { ">" } else { "> " });
            quote.push_str(line);
            quote.push('\n');
        }
        quote
    }
}

impl Ops {
    /// A mail, taken apart within bounds; nothing of it is fetched from elsewhere.
    ///
    /// # Errors
    /// `mail.unknown`, `store.*`
    pub async fn desk_mail(&self, workspace: Option<&WorkspaceId>, id: &MailId) -> Result<Opened, Fault> {
        let (row, content) = self.inbox_mail(workspace, id).await?;
        Ok(open(row, &content))
    }
    /// The HTML of a mail, as it came: show it where nothing runs and nothing is loaded.
    ///
    /// # Errors
    /// `mail.unknown` also when it has none, `store.*`
    pub async fn desk_mail_html(&self, workspace: Option<&WorkspaceId>, id: &MailId) -> Result<String, Fault> {
        let (_, content) = self.inbox_mail(workspace, id).await?;
        let message = Message::parse(&content).map_err(|_| unknown(id))?;
        let html = message.parts().iter().find(|part| part.content_type == "text/html").map(syntax::Part::text);
        html.ok_or_else(|| unknown(id))
    }
    /// Marks a mail as read, as an IMAP client would.
    ///
    /// # Errors
    /// `store.*`
    pub async fn desk_mark_read(&self, row: &InboxRow) -> Result<(), Fault> {
        if row.is_seen() { Ok(()) } else { self.store.mark(row, Flags::SEEN).await }
    }
    /// Answers a mail from the mailbox that it came to, in its thread; the rules of every submission hold.
    ///
    /// # Errors
    /// `mail.unknown`, `mail.no-answer` when nobody is to be answered, those of [`Ops::send`]
    pub async fn desk_answer(
        &self,
        workspace: Option<&WorkspaceId>,
        id: &MailId,
        text: String,
    ) -> Result<MessageId, Fault> {
        let (row, content) = self.inbox_mail(workspace, id).await?;
        let opened = open(row.clone(), &content);
        let Some(to) = opened.answer_to else {
            return Err(Fault::caller(
                "mail.no-answer",
                "nobody is to be answered: it has no sender, or came from a machine",
            ));
        };
        if text.trim().is_empty() {
            return Err(Fault::caller("mail.empty", "an answer needs a text"));
        }
        let composed = Composed { from: row.address.clone(), to: vec![to], subject: answered(&row.subject), text };
        let sent = self.send_in_thread(composed, thread(&content)).await?;
        // The answer is on its way, whatever becomes of the mark.
        if let Err(fault) = self.store.mark(&row, Flags::SEEN | Flags::ANSWERED).await {
            tracing::warn!(%fault, mail = %id, "an answered mail could not be marked");
        }
        Ok(sent)
    }

    async fn inbox_mail(&self, workspace: Option<&WorkspaceId>, id: &MailId) -> Result<(InboxRow, Vec<u8>), Fault> {
        let filter =
            InboxFilter { workspace: workspace.cloned(), id: Some(id.clone()), limit: 1, ..InboxFilter::default() };
        let row = self.store.inbox_rows(&filter).await?.pop().ok_or_else(|| unknown(id))?;
        let content = self.store.mail_content(id).await?.ok_or_else(|| unknown(id))?;
        Ok((row, content))
    }
}

fn unknown(id: &MailId) -> Fault {
    Fault::caller("mail.unknown", format!("no mail {id} lies in an INBOX"))
}

/// `Re:` once.
fn answered(subject: &str) -> String {
    let subject = subject.trim();
    let has = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if has { subject.to_owned() } else { format!("Re: {subject}") }
}

/// In-Reply-To and References of an answer. RFC 5322 §3.6.4
fn thread(content: &[u8]) -> Vec<(String, String)> {
    let Ok(message) = Message::parse(content) else { return Vec::new() };
    let ids = |name: &str| message_ids(&message.value(name).unwrap_or_default());
    let Some(own) = ids("Message-ID").into_iter().next() else { return Vec::new() };
    let mut references = ids("References");
    if references.is_empty() {
        references = ids("In-Reply-To");
    }
    let surplus = references.len().saturating_sub(MAX_REFERENCES);
    references.drain(..surplus);
    references.push(own.clone());
    let references: Vec<String> = references.iter().map(|id| format!("<{id}>")).collect();
    vec![("In-Reply-To".to_owned(), format!("<{own}>")), ("References".to_owned(), references.join(" "))]
}

fn open(row: InboxRow, content: &[u8]) -> Opened {
    let from = row.from.as_ref().map(ToString::to_string).unwrap_or_default();
    let Ok(message) = Message::parse(content) else {
        let text = String::from_utf8_lossy(content).chars().take(MAX_TEXT).collect();
        return Opened { row, from, answer_to: None, text, has_html: false, attachments: Vec::new() };
    };
    let (mut plain, mut html, mut attachments) = (String::new(), None, Vec::new());
    for part in message.parts() {
        let disposition = part.value("Content-Disposition").map(|value| content_type(&value));
        let is_file = disposition.as_ref().is_some_and(|(word, _)| word == "attachment");
        match part.content_type.as_str() {
            "text/plain" | "" if !is_file => {
                plain.push_str(&part.text());
                plain.push('\n');
            }
            "text/html" if !is_file => html = html.or_else(|| Some(part.text())),
            kind => {
                let named = disposition.iter().flat_map(|(_, parameters)| parameters).chain(&part.parameters);
                let name = named.into_iter().find(|(name, _)| name == "filename" || name == "name");
                let name = name.map_or_else(|| kind.to_owned(), |(_, value)| decode_words(value));
                attachments.push(Attachment { name, kind: kind.to_owned(), octets: part.octets().len() });
            }
        }
    }
    let has_html = html.is_some();
    let text = match html {
        Some(html) if plain.trim().is_empty() => bounce::without_tags(&html),
        _ => plain,
    };
    Opened {
        answer_to: answer_to(&row, &message),
        from: message.value("From").map_or(from, |value| decode_words(&value)),
        text: text.chars().take(MAX_TEXT).collect(),
        has_html,
        attachments,
        row,
    }
}

/// Reply-To, else From; nobody for what a machine wrote. RFC 5322 §3.6.2, RFC 3834 §2
fn answer_to(row: &InboxRow, message: &Message<'_>) -> Option<Address> {
    if matches!(row.kind, store::MailKind::Bounce | store::MailKind::Report) {
        return None;
    }
    let wished = message.value("Reply-To").and_then(|value| {
        let value = decode_words(&value);
        let bare = value
            .rsplit_once('<')
            .and_then(|(_, rest)| rest.split_once('>'))
            .map_or(value.as_str(), |(inner, _)| inner);
        Address::parse(bare.trim()).ok()
    });
    wished.or_else(|| row.from.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_answered_once() {
        assert_eq!(answered("Hello"), "Re: Hello");
        assert_eq!(answered("RE: Hello"), "RE: Hello");
        assert_eq!(answered(""), "Re: ");
        assert_eq!(answered("\u{e9}\u{e9}"), "Re: \u{e9}\u{e9}");
    }

    #[test]
    fn an_answer_names_the_thread_and_not_all_of_it() {
        let mail = b"Message-ID: <3@x>\r\nReferences: <1@x>\r\n <2@x>\r\n\r\nhi";
        let fields = thread(mail);
        assert_eq!(fields.first().map(|(_, value)| value.as_str()), Some("<3@x>"));
        assert_eq!(fields.get(1).map(|(_, value)| value.as_str()), Some("<1@x> <2@x> <3@x>"));
        let many: String = (0..100).map(|number| format!(" <{number}@x>")).collect();
        let fields = thread(format!("Message-ID: <z@x>\r\nReferences:{many}\r\n\r\n").as_bytes());
        let references = fields.get(1).map(|(_, value)| value.split(' ').count());
        assert_eq!(references, Some(MAX_REFERENCES + 1));
        assert!(thread(b"Subject: no id\r\n\r\n").is_empty());
    }
}
