//! What an answer of the house is about, and the way to whoever goes on with it.

use super::{Answer, Finish, Refusal, Session, fetch, flags, list, mailbox, search};
use crate::words::{command, name::MailboxName};

/// What the answer that is waited for is about.
#[derive(Debug)]
pub(super) enum Work {
    Login { tag: String },
    Literal,
    Finish(Finish),
    Idle,
    Done { tag: String, text: &'static str },
    List(Box<list::Listing>),
    ListCounts(Box<list::Listing>),
    Lsub(list::Subscribed),
    Status(Box<mailbox::Asked>),
    StatusCounts(Box<mailbox::Asked>),
    Open { tag: String, select: Box<command::Select> },
    Close { tag: String },
    Fetch(Box<fetch::Fetching>),
    FetchSeen(Box<fetch::Fetching>),
    FetchVanished(Box<fetch::Fetching>),
    Store(Box<flags::Storing>),
    StoreEcho(Box<flags::Storing>),
    Expunge { tag: String },
    Transfer { tag: String, moving: bool, uid: bool },
    Search(Box<search::Searching>),
    SearchModseq(Box<search::Searching>),
    Append { tag: String },
    Quota { tag: String, mailbox: Option<MailboxName> },
}

impl Session {
    pub(super) fn answered(&mut self, work: Work, answer: Answer) {
        match (work, answer) {
            (Work::Login { tag }, answer) => self.logged_in(tag, answer),
            (Work::Literal, Answer::No(refusal)) => self.refuse_literal(refusal),
            (Work::Literal, _) => self.accept_literal(),
            (Work::Finish(finish), Answer::Changes(changes)) => self.tell_and_end(finish, changes),
            (Work::Finish(finish), Answer::Nothing) => self.end_quietly(finish),
            // The store cannot be read just now: what happened is told with the next command.
            (Work::Finish(finish), _) => self.end(finish),
            (Work::Idle, Answer::Changes(changes)) => self.tell(changes, true, false, None),
            (Work::Idle, _) => {}
            (work, Answer::No(refusal)) => self.work_refused(work, refusal),
            (Work::Done { tag, text }, _) => self.ok(tag, text),
            (Work::List(listing), Answer::Folders(folders)) => self.listed(listing, folders),
            (Work::ListCounts(listing), Answer::Counts(counts)) => self.list_counted(*listing, &counts),
            (Work::Lsub(asked), Answer::Folders(folders)) => self.lsub_listed(asked, &folders),
            (Work::Status(asked), Answer::Folders(folders)) => self.status_found(asked, folders),
            (Work::StatusCounts(asked), Answer::Counts(counts)) => self.status_counted(*asked, &counts),
            (Work::Open { tag, select }, Answer::Opened(opened)) => self.opened(tag, &select, *opened),
            (Work::Close { tag }, _) => self.closed(tag),
            (Work::Fetch(fetching), Answer::Rows(rows, through)) => self.fetched(fetching, &rows, through),
            (Work::FetchSeen(fetching), _) => self.fetch_more(fetching),
            (Work::FetchVanished(fetching), Answer::Changes(changes)) => self.fetch_vanished(fetching, changes),
            (Work::Store(storing), Answer::Flags(stored)) => self.flags_stored(storing, stored),
            (Work::StoreEcho(storing), Answer::Rows(rows, _)) => self.store_echoed(*storing, &rows),
            (Work::Expunge { tag }, _) => self.ok(tag, "Expunged"),
            (Work::Transfer { tag, moving, uid }, Answer::Copied(copied)) => self.transferred(tag, moving, uid, copied),
            (Work::Search(searching), Answer::Found(found)) => self.found(searching, found),
            (Work::SearchModseq(searching), Answer::Modseq(modseq)) => self.search_told(*searching, Some(modseq)),
            (Work::Append { tag }, Answer::Appended { uid_validity, uid }) => self.appended(tag, uid_validity, uid),
            (Work::Quota { tag, mailbox }, Answer::Quota(quota)) => self.quota_told(tag, mailbox, &quota),
            // The house answers what was asked.
            _ => self.bye("Something went wrong here"),
        }
    }

    /// The house said no to what a command needs.
    fn work_refused(&mut self, work: Work, refusal: Refusal) {
        let Some(tag) = work.tag() else { return self.bye(&refusal.text) };
        if let Work::Open { .. } = work {
            // SELECT that fails leaves nothing selected. RFC 9051 §6.3.2
            self.selected = None;
        }
        if let Work::Search(_) | Work::SearchModseq(_) = work {
            self.forget_saved();
        }
        self.no(tag, refusal.code, &refusal.text);
    }
}

impl Work {
    pub(super) fn tag(&self) -> Option<String> {
        let tag = match self {
            Self::Literal | Self::Idle => return None,
            Self::Finish(finish) => &finish.tag,
            Self::Login { tag }
            | Self::Done { tag, .. }
            | Self::Open { tag, .. }
            | Self::Close { tag }
            | Self::Expunge { tag }
            | Self::Transfer { tag, .. }
            | Self::Append { tag }
            | Self::Quota { tag, .. } => tag,
            Self::List(listing) | Self::ListCounts(listing) => &listing.tag,
            Self::Lsub(asked) => &asked.tag,
            Self::Status(asked) | Self::StatusCounts(asked) => &asked.tag,
            Self::Fetch(fetching) | Self::FetchSeen(fetching) | Self::FetchVanished(fetching) => &fetching.tag,
            Self::Store(storing) | Self::StoreEcho(storing) => &storing.tag,
            Self::Search(searching) | Self::SearchModseq(searching) => &searching.tag,
        };
        Some(tag.clone())
    }
}
