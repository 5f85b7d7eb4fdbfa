//! LIST and LSUB. RFC 9051 §6.3.9, RFC 5258, RFC 6154, RFC 5819

use store::{Folder, FolderCounts, FolderId, Special};

use super::{Question, Session, Work, mailbox};
use crate::words::{
    command::{List, SpecialUse},
    name::{MailboxName, full_pattern, matches},
    response::{ListAttribute, ListEntry, Response},
};

/// A LIST under way.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) tag: String,
    list: List,
    /// Folders whose STATUS is to be told.
    counted: Vec<Folder>,
}

/// An LSUB under way.
#[derive(Debug)]
pub(super) struct Subscribed {
    pub(super) tag: String,
    pattern: String,
}

/// A name and what is known of it.
struct Named<'f> {
    name: MailboxName,
    /// `None`: only its children are there.
    folder: Option<&'f Folder>,
    has_children: bool,
}

impl Session {
    pub(super) fn list(&mut self, tag: String, list: List) {
        if !list.extended && list.patterns.iter().all(String::is_empty) {
            // The delimiter is asked for. RFC 9051 §6.3.9
            self.out.extend_from_slice(b"* LIST (\\Noselect) \"/\" \"\"\r\n");
            return self.ok(tag, "Delimiter told");
        }
        self.ask(Question::Folders, Work::List(Box::new(Listing { tag, list, counted: Vec::new() })));
    }

    pub(super) fn listed(&mut self, mut listing: Box<Listing>, folders: Vec<Folder>) {
        let list = &listing.list;
        let patterns: Vec<String> =
            list.patterns.iter().map(|pattern| full_pattern(&list.reference, pattern)).collect();
        let mut counted: Vec<FolderId> = Vec::new();
        let mut told = Vec::new();
        let all = named(&folders);
        for one in &all {
            if !patterns.iter().any(|pattern| matches(pattern, &one.name)) {
                continue;
            }
            let selected = is_selected(list, one.folder);
            let below = list.recursive_match
                && all.iter().any(|other| other.name.is_below(&one.name) && is_selected(list, other.folder));
            if !selected && !below {
                continue;
            }
            if let Some(folder) = one.folder.filter(|_| list.returns.status.is_some()) {
                counted.push(folder.id);
            }
            told.push(entry(list, one, below));
        }
        for entry in told {
            self.say(&Response::List(entry));
        }
        if counted.is_empty() {
            return self.ok(listing.tag, "Mailboxes told");
        }
        listing.counted = folders.into_iter().filter(|folder| counted.contains(&folder.id)).collect();
        let ids = listing.counted.iter().map(|folder| folder.id).collect();
        self.ask(Question::Counts(ids), Work::ListCounts(listing));
    }

    pub(super) fn list_counted(&mut self, listing: Listing, counts: &[FolderCounts]) {
        let items = listing.list.returns.status.unwrap_or_default();
        for (folder, counts) in listing.counted.iter().zip(counts) {
            if let Some(mailbox) = MailboxName::new(&folder.name) {
                let items = mailbox::status_of(&items, folder, counts, self.settings.max_message_octets);
                self.say(&Response::Status { mailbox, items });
            }
        }
        self.ok(listing.tag, "Mailboxes told");
    }

    pub(super) fn lsub(&mut self, tag: String, reference: &str, pattern: &str) {
        let pattern = full_pattern(reference, pattern);
        self.ask(Question::Folders, Work::Lsub(Subscribed { tag, pattern }));
    }

    pub(super) fn lsub_listed(&mut self, asked: Subscribed, folders: &[Folder]) {
        for folder in folders.iter().filter(|folder| folder.subscribed) {
            if let Some(mailbox) = MailboxName::new(&folder.name).filter(|name| matches(&asked.pattern, name)) {
                let entry = ListEntry { attributes: Vec::new(), mailbox, child_info: Vec::new(), old_name: None };
                self.say(&Response::Lsub(entry));
            }
        }
        self.ok(asked.tag, "Subscriptions told");
    }
}

/// All names, those among them of which only children are there.
fn named(folders: &[Folder]) -> Vec<Named<'_>> {
    let mut all: Vec<(MailboxName, Option<&Folder>)> = Vec::new();
    for folder in folders {
        let Some(name) = MailboxName::new(&folder.name) else { continue };
        let mut parent = name.parent();
        while let Some(above) = parent {
            parent = above.parent();
            let is_there = folders.iter().any(|other| other.name == above.as_str());
            if !is_there && all.iter().all(|(known, _)| *known != above) {
                all.push((above, None));
            }
        }
        all.push((name, Some(folder)));
    }
    let names: Vec<MailboxName> = all.iter().map(|(name, _)| name.clone()).collect();
    let has_children = |name: &MailboxName| names.iter().any(|other| other.is_below(name));
    all.into_iter().map(|(name, folder)| Named { has_children: has_children(&name), name, folder }).collect()
}

/// Whether the selection options take it.
fn is_selected(list: &List, folder: Option<&Folder>) -> bool {
    let Some(folder) = folder else { return !list.subscribed && !list.special_use };
    let is_special = folder.special.is_some_and(|special| special != Special::Inbox);
    (!list.subscribed || folder.subscribed) && (!list.special_use || is_special)
}

fn entry(list: &List, one: &Named<'_>, below: bool) -> ListEntry {
    let mut attributes = Vec::new();
    if one.folder.is_none() {
        attributes.push(ListAttribute::NonExistent);
    }
    attributes.push(if one.has_children { ListAttribute::HasChildren } else { ListAttribute::HasNoChildren });
    if (list.subscribed || list.returns.subscribed) && one.folder.is_some_and(|folder| folder.subscribed) {
        attributes.push(ListAttribute::Subscribed);
    }
    attributes.extend(one.folder.and_then(|folder| folder.special).and_then(special_use).map(ListAttribute::Use));
    let child_info = match (below, list.subscribed) {
        (true, true) => vec!["SUBSCRIBED"],
        (true, false) => vec!["SPECIAL-USE"],
        (false, _) => Vec::new(),
    };
    ListEntry { attributes, mailbox: one.name.clone(), child_info, old_name: None }
}

fn special_use(special: Special) -> Option<SpecialUse> {
    match special {
        Special::Inbox => None,
        Special::Sent => Some(SpecialUse::Sent),
        Special::Drafts => Some(SpecialUse::Drafts),
        Special::Junk => Some(SpecialUse::Junk),
        Special::Trash => Some(SpecialUse::Trash),
        Special::Archive => Some(SpecialUse::Archive),
    }
}
