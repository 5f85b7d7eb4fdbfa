//! CREATE, DELETE, RENAME, SUBSCRIBE, STATUS, quotas. RFC 9051 §6.3, RFC 9208

use store::{Folder, FolderCounts, Quota};

use super::{Question, Session, Work};
use crate::words::{
    command::{SpecialUse, StatusItem},
    name::MailboxName,
    response::{Code, QuotaKind, QuotaResource, Response, StatusData},
};

/// A STATUS under way.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) tag: String,
    mailbox: MailboxName,
    items: Vec<StatusItem>,
    folder: Option<Folder>,
}

/// The one quota root: all folders of a mailbox share what it may hold. RFC 9208 §3.2
const ROOT: &str = "";

impl Session {
    pub(super) fn create(&mut self, tag: String, mailbox: &MailboxName, uses: &[SpecialUse]) {
        if !uses.is_empty() {
            return self.no(tag, Some(Code::UseAttr), "Every mailbox has its special folders from the start");
        }
        self.ask(Question::Create(mailbox.as_str().to_owned()), Work::Done { tag, text: "Created" });
    }

    pub(super) fn delete(&mut self, tag: String, mailbox: &MailboxName) {
        self.ask(Question::Delete(mailbox.as_str().to_owned()), Work::Done { tag, text: "Deleted" });
    }

    pub(super) fn rename(&mut self, tag: String, from: &MailboxName, to: &MailboxName) {
        let question = Question::Rename { from: from.as_str().to_owned(), to: to.as_str().to_owned() };
        self.ask(question, Work::Done { tag, text: "Renamed" });
    }

    pub(super) fn subscribe(&mut self, tag: String, mailbox: &MailboxName, subscribed: bool) {
        let text = if subscribed { "Subscribed" } else { "Unsubscribed" };
        self.ask(Question::Subscribe(mailbox.as_str().to_owned(), subscribed), Work::Done { tag, text });
    }

    pub(super) fn status(&mut self, tag: String, mailbox: MailboxName, items: Vec<StatusItem>) {
        if items.contains(&StatusItem::HighestModSeq) {
            self.use_modseq();
        }
        self.ask(Question::Folders, Work::Status(Box::new(Asked { tag, mailbox, items, folder: None })));
    }

    pub(super) fn status_found(&mut self, mut asked: Box<Asked>, folders: Vec<Folder>) {
        let Some(folder) = folders.into_iter().find(|folder| folder.name == asked.mailbox.as_str()) else {
            return self.no(asked.tag, Some(Code::NonExistent), "No such mailbox");
        };
        let question = Question::Counts(vec![folder.id]);
        asked.folder = Some(folder);
        self.ask(question, Work::StatusCounts(asked));
    }

    pub(super) fn status_counted(&mut self, asked: Asked, counts: &[FolderCounts]) {
        if let (Some(folder), Some(counts)) = (&asked.folder, counts.first()) {
            let items = status_of(&asked.items, folder, counts, self.settings.max_message_octets);
            self.say(&Response::Status { mailbox: asked.mailbox, items });
        }
        self.ok(asked.tag, "Status told");
    }

    pub(super) fn quota(&mut self, tag: String, root: &str) {
        if root != ROOT {
            return self.no(tag, Some(Code::NonExistent), "No such quota root");
        }
        self.ask(Question::Quota, Work::Quota { tag, mailbox: None });
    }

    pub(super) fn quota_root(&mut self, tag: String, mailbox: MailboxName) {
        self.ask(Question::Quota, Work::Quota { tag, mailbox: Some(mailbox) });
    }

    pub(super) fn quota_told(&mut self, tag: String, mailbox: Option<MailboxName>, quota: &Quota) {
        if let Some(mailbox) = mailbox {
            self.say(&Response::QuotaRoot { mailbox, roots: vec![ROOT.to_owned()] });
        }
        let kibi = |octets: u64| octets.div_ceil(1024);
        let resources = vec![
            QuotaResource { kind: QuotaKind::Storage, used: kibi(quota.used_octets), limit: kibi(quota.octets) },
            QuotaResource { kind: QuotaKind::Message, used: quota.used_mails, limit: quota.mails },
        ];
        self.say(&Response::Quota { root: ROOT.to_owned(), resources });
        self.ok(tag, "Quota told");
    }
}

/// What STATUS tells of a folder.
pub(super) fn status_of(
    items: &[StatusItem],
    folder: &Folder,
    counts: &FolderCounts,
    max_message_octets: usize,
) -> Vec<StatusData> {
    let short = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let datum = |item: &StatusItem| match item {
        StatusItem::Messages => StatusData::Messages(short(counts.mails)),
        StatusItem::Recent => StatusData::Recent(0),
        StatusItem::UidNext => StatusData::UidNext(folder.uid_next),
        StatusItem::UidValidity => StatusData::UidValidity(folder.uid_validity),
        StatusItem::Unseen => StatusData::Unseen(short(counts.unseen)),
        StatusItem::Deleted => StatusData::Deleted(short(counts.deleted)),
        StatusItem::Size => StatusData::Size(counts.octets),
        StatusItem::HighestModSeq => StatusData::HighestModSeq(folder.modseq.unsigned_abs()),
        StatusItem::MailboxId => StatusData::MailboxId(mailbox_id(folder)),
        StatusItem::AppendLimit => StatusData::AppendLimit(u64::try_from(max_message_octets).ok()),
    };
    items.iter().map(datum).collect()
}

/// MAILBOXID: a folder's id is never used again. RFC 8474 §4
pub(super) fn mailbox_id(folder: &Folder) -> String {
    format!("F{}", folder.id.0)
}
