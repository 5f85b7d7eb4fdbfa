//! Mail put into a mailbox, once: what lies there with the same octets is left.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::BufReader,
    path::PathBuf,
};

use rules::{
    Digest, Fault,
    id::{MailId, MailboxId},
};
use store::{MailKind, NewMail, PastMail};
use syntax::{Address, Message, Timestamp, parse_from};

use super::{maildir, mbox, write::Cast};
use crate::Ops;

/// Mails of one transaction.
const BATCH: usize = 50;
/// Octets of one transaction.
const BATCH_OCTETS: usize = 16 * 1024 * 1024;
/// Faults that are kept; more are counted.
const MOST_TOLD: usize = 100;

/// Where mail comes from.
#[derive(Debug, Clone)]
pub enum MailSource {
    /// A Maildir.
    Maildir(PathBuf),
    /// An mbox file.
    Mbox(PathBuf),
}

/// What became of mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct MailsTaken {
    /// Taken.
    pub taken: usize,
    /// There already.
    pub there: usize,
    /// That could not be taken.
    pub failed: usize,
    /// Why, with file and line.
    pub problems: Vec<String>,
    /// What was left aside on purpose.
    pub notes: Vec<String>,
}

impl MailsTaken {
    pub(super) fn fail(&mut self, what: String) {
        self.failed += 1;
        if self.problems.len() < MOST_TOLD {
            self.problems.push(what);
        }
    }
}

/// A mailbox that is being filled.
pub(super) struct Filler<'o> {
    ops: &'o Ops,
    /// Nothing is written.
    dry: bool,
    known: HashMap<u64, Known>,
    batch: Vec<PastMail>,
    octets: usize,
    pub(super) taken: usize,
    pub(super) there: usize,
}

/// Mails of one length.
#[derive(Default)]
struct Known {
    /// Whose digests are not known yet.
    unread: Vec<MailId>,
    digests: HashSet<String>,
}

impl<'o> Filler<'o> {
    /// For a mailbox; `None`: one that would be made.
    pub(super) async fn of(ops: &'o Ops, mailbox: Option<&MailboxId>, dry: bool) -> Result<Self, Fault> {
        let mut known: HashMap<u64, Known> = HashMap::new();
        if let Some(mailbox) = mailbox {
            for (id, octets) in ops.store.mail_sizes(mailbox).await? {
                known.entry(octets).or_default().unread.push(id);
            }
        }
        Ok(Self { ops, dry, known, batch: Vec::new(), octets: 0, taken: 0, there: 0 })
    }

    /// Takes a mail, unless it lies there. It is durable after [`Filler::end`].
    pub(super) async fn take(&mut self, past: PastMail) -> Result<(), Fault> {
        let content = &past.mail.content;
        let known = self.known.entry(u64::try_from(content.len()).unwrap_or(u64::MAX)).or_default();
        for id in std::mem::take(&mut known.unread) {
            if let Some(there) = self.ops.store.mail_content(&id).await? {
                known.digests.insert(Digest::of(&there));
            }
        }
        if !known.digests.insert(Digest::of(content)) {
            self.there += 1;
            return Ok(());
        }
        self.taken += 1;
        self.octets += content.len();
        if !self.dry {
            self.batch.push(past);
        }
        if self.batch.len() >= BATCH || self.octets >= BATCH_OCTETS { self.flush().await } else { Ok(()) }
    }

    /// Writes what was taken so far.
    pub(super) async fn flush(&mut self) -> Result<(), Fault> {
        self.octets = 0;
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            self.ops.store.put_past_mails(batch).await?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) async fn end(mut self) -> Result<(usize, usize), Fault> {
        self.flush().await?;
        Ok((self.taken, self.there))
    }
}

impl Ops {
    /// Takes mail from elsewhere into a mailbox. What cannot be taken is told, and leaves the rest; a second run takes what is
    /// missing.
    ///
    /// # Errors
    /// `mailbox.unknown`, `import.maildir`, `import.mbox`, `store.*`
    pub async fn import_mail(
        &self,
        address: &Address,
        source: &MailSource,
        told: Cast<'_>,
    ) -> Result<MailsTaken, Fault> {
        let mailbox = self.mailbox(address).await?;
        let mut filler = Filler::of(self, Some(&mailbox.id), false).await?;
        let mut all = MailsTaken::default();
        let now = self.store.clock().now();
        let mut offer =
            async |all: &mut MailsTaken, place: String, read: Result<Vec<u8>, String>, arrived: Option<i64>| match read
                .and_then(|octets| past(&mailbox.id, address, octets, arrived, now))
            {
                Ok(past) => filler.take(past).await,
                Err(what) => {
                    all.fail(format!("{place}: {what}"));
                    Ok(())
                }
            };
        match source {
            MailSource::Maildir(root) => {
                let listed = maildir::list(root)?;
                for (number, path) in (1..).zip(&listed.files) {
                    offer(&mut all, path.display().to_string(), maildir::read(path), maildir::arrived(path)).await?;
                    told("mails looked at", number);
                }
                all.notes.extend(
                    listed
                        .folders
                        .iter()
                        .map(|name| format!("the folder {name} was left aside: name it as a Maildir of its own")),
                );
            }
            MailSource::Mbox(path) => {
                let file = File::open(path);
                let file =
                    file.map_err(|error| Fault::caller("import.mbox", format!("{}: {error}", path.display())))?;
                for (number, (line, read)) in (1..).zip(mbox::Messages::new(BufReader::new(file))) {
                    offer(&mut all, format!("{} line {line}", path.display()), read, None).await?;
                    told("mails looked at", number);
                }
            }
        }
        (all.taken, all.there) = filler.end().await?;
        Ok(all)
    }
}

/// A message from elsewhere as a mail of ours.
pub(super) fn past(
    mailbox: &MailboxId,
    address: &Address,
    octets: Vec<u8>,
    arrived: Option<i64>,
    now: Timestamp,
) -> Result<PastMail, String> {
    let content = with_crlf(octets);
    if content.iter().all(u8::is_ascii_whitespace) {
        return Err(String::from("it is empty"));
    }
    let message = Message::parse(&content).map_err(|malformed| format!("it is no message: {malformed}"))?;
    let text = |name: &str| message.value(name).unwrap_or_default();
    let received =
        message.value("Received").and_then(|value| value.rsplit_once(';').map(|(_, date)| date.trim().to_owned()));
    let dates = [received, message.value("Date")];
    let date = dates.into_iter().flatten().find_map(|date| Timestamp::parse_rfc5322(date.trim()).ok());
    let at = arrived
        .map(|seconds| Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
        .or(date)
        .unwrap_or(now)
        .min(now);
    let from = parse_from(&text("From")).ok().map(|from| from.address);
    let subject = message.all("Subject").next().map(|field| field.decoded()).unwrap_or_default();
    let mail = NewMail {
        mailbox: mailbox.clone(),
        kind: kind(&message),
        reverse_path: Address::parse(text("Return-Path").trim().trim_start_matches('<').trim_end_matches('>')).ok(),
        forward_path: address.clone(),
        from,
        subject,
        about: None,
        verdicts: None,
        content: Vec::new(),
    };
    drop(message);
    Ok(PastMail { mail: NewMail { content, ..mail }, received_at: at, suspicion: None, places: Vec::new() })
}

fn kind(message: &Message<'_>) -> MailKind {
    let content_type = message.value("Content-Type").unwrap_or_default().to_ascii_lowercase();
    if content_type.contains("multipart/report") && content_type.contains("delivery-status") {
        return MailKind::Bounce;
    }
    if bounce::automatic(message).is_some() { MailKind::Auto } else { MailKind::Message }
}

/// Lines end with CRLF here; files elsewhere end them with LF.
fn with_crlf(octets: Vec<u8>) -> Vec<u8> {
    let mut bare = octets
        .iter()
        .zip(std::iter::once(&0).chain(&octets))
        .filter(|(octet, before)| **octet == b'\n' && **before != b'\r');
    if bare.next().is_none() {
        return octets;
    }
    let mut content = Vec::with_capacity(octets.len() + octets.len() / 32);
    for octet in octets {
        if octet == b'\n' && content.last() != Some(&b'\r') {
            content.push(b'\r');
        }
        content.push(octet);
    }
    content
}
