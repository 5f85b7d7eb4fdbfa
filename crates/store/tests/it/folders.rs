//! Folders, UIDs, flags, copies, search, quota, and who hears of a change.

use std::{sync::Arc, time::Duration};

use rules::id::{MailId, MailboxId};
use store::{
    Describe, Described, FOLDER_GONE, Fits, FlagChange, Flags, Folder, MailKind, NewEntry, NewMail, Search, SearchIn,
    Searched, Store, Uids, Wanted,
};
use syntax::Timestamp;

use crate::house::{House, MINUTE, NOON, Place, add_mailbox, address};

crate::on_both_databases!(
    every_mailbox_has_its_folders_from_the_start,
    a_delivered_mail_gets_the_next_uid_of_inbox,
    mails_that_were_there_before_lie_in_inbox,
    folders_are_made_renamed_and_deleted_with_what_lies_in_them,
    a_folder_that_comes_back_has_a_greater_uid_validity,
    inbox_keeps_its_place_when_it_is_renamed,
    flags_are_added_removed_and_set,
    a_mail_that_somebody_changed_meanwhile_is_left_alone,
    keywords_have_no_case,
    content_is_shared_by_copies_and_goes_with_the_last,
    what_was_expunged_is_remembered_within_bounds,
    moved_mails_leave_tombstones,
    a_folder_that_has_used_its_uids_numbers_its_mails_anew,
    a_full_mailbox_takes_no_mail_but_our_own_notices,
    answers_belong_to_the_thread_of_what_they_answer,
    mails_are_found_by_what_they_are_and_say,
    a_commit_is_told_to_those_who_watch_the_folder,
    a_change_by_another_process_is_told_too,
);

/// Everything of a description.
const ALL: Wanted = Wanted { kept: true, header: true };

/// Reads `name: value` lines; enough for these tests.
struct Plain;

impl Describe for Plain {
    fn describe(&self, content: &[u8]) -> Described {
        let text = String::from_utf8_lossy(content).replace("\r\n", "\n");
        let (header, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let value = |name: &str| {
            let named = |line: &str| line.strip_prefix(&format!("{name}: ")).map(String::from);
            header.lines().find_map(named).unwrap_or_default()
        };
        let names = [value("Message-ID"), value("In-Reply-To")];
        Described {
            kept: format!("kept {}", value("Subject")),
            header: header.as_bytes().to_vec(),
            sent_at: value("Day").parse().ok().map(|days: i64| Timestamp::from_micros(days * 86_400_000_000)),
            names: names.into_iter().filter(|name| !name.is_empty()).collect(),
            text: Searched {
                from: value("From"),
                subject: value("Subject"),
                header: header.to_owned(),
                body: body.to_owned(),
                ..Searched::default()
            },
        }
    }
}

async fn described(place: Place) -> House {
    let house = House::at(place).await;
    house.store.describe_with(Arc::new(Plain));
    house
}

fn mail(mailbox: &MailboxId, content: &str) -> NewMail {
    NewMail {
        mailbox: mailbox.clone(),
        kind: MailKind::Message,
        reverse_path: None,
        forward_path: address("ann@example.com"),
        from: None,
        subject: String::new(),
        about: None,
        verdicts: None,
        content: content.as_bytes().to_vec(),
    }
}

fn entry(house: &House, folder: &str, content: &str) -> NewEntry {
    NewEntry {
        mailbox: house.ann.id.clone(),
        address: house.ann.address.clone(),
        folder: folder.to_owned(),
        flags: Flags::default(),
        internal_at: None,
        from: None,
        subject: String::new(),
        content: content.as_bytes().to_vec(),
    }
}

async fn folder(house: &House, name: &str) -> Folder {
    house.store.folder(&house.ann.id, name).await.unwrap().unwrap()
}

async fn deliver(house: &House, count: usize) {
    for number in 1..=count {
        let content = format!("Subject: {number}\r\n\r\nbody");
        house.store.deliver(vec![mail(&house.ann.id, &content)], Vec::new()).await.unwrap();
    }
}

fn uids(list: &[u32]) -> Uids {
    list.iter().copied().collect()
}

async fn there(store: &Store, folder: &Folder) -> Vec<u32> {
    store.uids(folder.id).await.unwrap().iter().collect()
}

async fn flags_of(house: &House, folder: &Folder, uid: u32) -> Flags {
    house.store.entries(folder.id, &uids(&[uid]), Wanted::default(), 0).await.unwrap()[0].flags.clone()
}

fn system(bits: u8) -> Flags {
    Flags { bits, keywords: Vec::new() }
}

fn words(list: &[&str]) -> Flags {
    Flags { bits: 0, keywords: list.iter().map(|word| (*word).to_owned()).collect() }
}

async fn every_mailbox_has_its_folders_from_the_start(place: Place) {
    let house = House::at(place).await;
    let folders = house.store.folders(&house.ann.id).await.unwrap();
    let names: Vec<&str> = folders.iter().map(|folder| folder.name.as_str()).collect();
    assert_eq!(names, ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"]);
    assert!(folders.iter().all(|folder| folder.subscribed && folder.special.is_some() && folder.uid_next == 1));
}

async fn a_delivered_mail_gets_the_next_uid_of_inbox(place: Place) {
    let house = described(place).await;
    deliver(&house, 3).await;
    let inbox = folder(&house, "inbox").await;
    assert_eq!((inbox.uid_next, inbox.modseq), (4, 4));
    let entries = house.store.entries(inbox.id, &uids(&[1, 3]), ALL, 0).await.unwrap();
    let kept: Vec<(u32, String)> = entries.into_iter().map(|entry| (entry.uid, entry.kept.unwrap().kept)).collect();
    assert_eq!(kept, [(1, "kept 1".to_owned()), (3, "kept 3".to_owned())]);
    let counts = house.store.folder_counts(inbox.id).await.unwrap();
    assert_eq!((counts.mails, counts.unseen, counts.deleted, counts.octets), (3, 3, 0, 3 * 18));
    assert_eq!(house.store.first_unseen(inbox.id).await.unwrap(), Some(1));
}

async fn mails_that_were_there_before_lie_in_inbox(place: Place) {
    let house = House::at(place).await;
    deliver(&house, 2).await;
    let inbox = folder(&house, "INBOX").await;
    let undescribed = house.store.entries(inbox.id, &uids(&[1, 2]), ALL, 0).await.unwrap();
    assert!(undescribed.iter().all(|entry| entry.kept.is_none()), "nobody was named to take them apart");
    house.store.describe_with(Arc::new(Plain));
    assert_eq!(house.store.describe_missing(None).await.unwrap(), 2);
    assert_eq!(house.store.describe_missing(Some(&house.ann.id)).await.unwrap(), 0);
    let described = house.store.entries(inbox.id, &uids(&[2]), ALL, 0).await.unwrap();
    let kept = described[0].kept.clone().unwrap();
    assert_eq!((kept.thread.unwrap(), kept.kept.as_str()), (described[0].mail.0.clone(), "kept 2"));
    assert_eq!(kept.header, b"Subject: 2");
}

async fn folders_are_made_renamed_and_deleted_with_what_lies_in_them(place: Place) {
    let house = described(place).await;
    let (store, ann) = (&house.store, &house.ann.id);
    store.create_folder(ann, "a/b/").await.unwrap();
    assert!(store.folder(ann, "a").await.unwrap().is_some(), "the parent was made");
    for (name, code) in [
        ("a/b", "folder.exists"),
        ("inbox", "folder.exists"),
        ("a//b", "folder.name"),
        ("x*", "folder.name"),
        ("", "folder.name"),
    ] {
        assert_eq!(store.create_folder(ann, name).await.unwrap_err().code, code, "{name}");
    }
    store.append(entry(&house, "a/b", "Subject: x\r\n\r\n")).await.unwrap();
    assert_eq!(store.rename_folder(ann, "a", "a/b/c").await.unwrap_err().code, "folder.name");
    store.rename_folder(ann, "a", "Z/y").await.unwrap();
    let moved = folder(&house, "Z/y/b").await;
    assert_eq!(there(store, &moved).await, [1]);
    assert!(store.folder(ann, "a/b").await.unwrap().is_none());
    store.subscribe_folder(ann, "Z/y/b", true).await.unwrap();
    assert!(folder(&house, "Z/y/b").await.subscribed);
    store.delete_folder(ann, "Z/y/b").await.unwrap();
    assert_eq!(store.delete_folder(ann, "Z/y/b").await.unwrap_err().code, "folder.unknown");
    assert_eq!(store.delete_folder(ann, "Inbox").await.unwrap_err().code, "folder.inbox");
    assert_eq!(store.subscribe_folder(ann, "nothing", true).await.unwrap_err().code, "folder.unknown");
    assert_eq!(store.quota(ann).await.unwrap().unwrap().used_mails, 0, "its mail went with it");
}

async fn a_folder_that_comes_back_has_a_greater_uid_validity(place: Place) {
    let house = House::at(place).await;
    let mut last = 0;
    for _ in 0..3 {
        let made = house.store.create_folder(&house.ann.id, "again").await.unwrap();
        assert!(made.uid_validity > last);
        last = made.uid_validity;
        house.store.delete_folder(&house.ann.id, "again").await.unwrap();
    }
}

async fn inbox_keeps_its_place_when_it_is_renamed(place: Place) {
    let house = described(place).await;
    deliver(&house, 2).await;
    house.store.rename_folder(&house.ann.id, "INBOX", "old").await.unwrap();
    assert_eq!(there(&house.store, &folder(&house, "old").await).await, [1, 2]);
    assert!(there(&house.store, &folder(&house, "INBOX").await).await.is_empty());
    deliver(&house, 1).await;
    assert_eq!(there(&house.store, &folder(&house, "INBOX").await).await, [3]);
}

async fn flags_are_added_removed_and_set(place: Place) {
    let house = described(place).await;
    deliver(&house, 3).await;
    let inbox = folder(&house, "INBOX").await;
    let store = async |list: &[u32], change, flags| {
        house.store.store_flags(inbox.id, &uids(list), change, flags, None).await.unwrap()
    };
    let done = store(&[1, 3], FlagChange::Add, system(Flags::SEEN | Flags::FLAGGED)).await;
    assert_eq!((done.modseq, done.modified.count()), (Some(5), 0));
    store(&[1], FlagChange::Remove, system(Flags::FLAGGED)).await;
    store(&[3], FlagChange::Set, words(&["work", "later"])).await;
    assert_eq!(flags_of(&house, &inbox, 1).await, system(Flags::SEEN));
    assert_eq!(flags_of(&house, &inbox, 2).await, system(0));
    assert_eq!(flags_of(&house, &inbox, 3).await, words(&["later", "work"]));
    let nothing = store(&[1, 9], FlagChange::Add, system(Flags::SEEN)).await;
    assert_eq!(nothing.modseq, None, "what is so already is no change");
    let changes = house.store.folder_changes(inbox.id, 5).await.unwrap().unwrap();
    assert_eq!(changes.changed.iter().map(|(uid, _, modseq)| (*uid, *modseq)).collect::<Vec<_>>(), [(1, 6), (3, 7)]);
    assert!(changes.complete && changes.expunged.is_empty());
    assert_eq!(changes.folder.keywords, ["later", "work"]);
}

async fn a_mail_that_somebody_changed_meanwhile_is_left_alone(place: Place) {
    let house = described(place).await;
    deliver(&house, 2).await;
    let inbox = folder(&house, "INBOX").await;
    let first = house.store.store_flags(inbox.id, &uids(&[1]), FlagChange::Add, system(1), None).await.unwrap();
    let both = uids(&[1, 2]);
    let done = house.store.store_flags(inbox.id, &both, FlagChange::Add, system(4), Some(inbox.modseq)).await.unwrap();
    assert_eq!(done.modified, uids(&[1]));
    assert!(done.modseq > first.modseq);
    assert_eq!(flags_of(&house, &inbox, 1).await, system(1));
    assert_eq!(flags_of(&house, &inbox, 2).await, system(4));
}

async fn keywords_have_no_case(place: Place) {
    let house = described(place).await;
    deliver(&house, 1).await;
    let inbox = folder(&house, "INBOX").await;
    let one = uids(&[1]);
    house.store.store_flags(inbox.id, &one, FlagChange::Add, words(&["Work"]), None).await.unwrap();
    let again = house.store.store_flags(inbox.id, &one, FlagChange::Add, words(&["WORK"]), None).await.unwrap();
    assert_eq!(again.modseq, None);
    assert_eq!(flags_of(&house, &inbox, 1).await, words(&["Work"]));
    house.store.store_flags(inbox.id, &one, FlagChange::Remove, words(&["work"]), None).await.unwrap();
    assert_eq!(flags_of(&house, &inbox, 1).await, words(&[]));
    let many: Vec<String> = (0..300).map(|number| format!("k{number}")).collect();
    let many = Flags { bits: 0, keywords: many };
    let fault = house.store.store_flags(inbox.id, &one, FlagChange::Add, many, None).await.unwrap_err();
    assert_eq!(fault.code, "folder.keywords");
}

async fn content_is_shared_by_copies_and_goes_with_the_last(place: Place) {
    let house = described(place).await;
    deliver(&house, 3).await;
    let (inbox, store) = (folder(&house, "INBOX").await, &house.store);
    store.store_flags(inbox.id, &uids(&[1]), FlagChange::Set, words(&["kept"]), None).await.unwrap();
    let copied = store.copy(inbox.id, &uids(&[1, 3, 77]), "Archive").await.unwrap();
    assert_eq!((copied.from, copied.to), (uids(&[1, 3]), uids(&[1, 2])));
    let archive = folder(&house, "Archive").await;
    assert_eq!(flags_of(&house, &archive, 1).await, words(&["kept"]));
    assert_eq!(archive.keywords, ["kept"]);
    let mail = store.entries(archive.id, &uids(&[1]), Wanted::default(), 0).await.unwrap()[0].mail.clone();
    let content = async |id: &MailId| store.mail_content(id).await.unwrap();
    store.store_flags(inbox.id, &uids(&[1]), FlagChange::Add, system(Flags::DELETED), None).await.unwrap();
    assert_eq!(store.expunge(inbox.id, None).await.unwrap().0, uids(&[1]));
    assert!(content(&mail).await.is_some(), "a copy lies in Archive");
    assert_eq!(store.quota(&house.ann.id).await.unwrap().unwrap().used_mails, 3);
    store.store_flags(archive.id, &uids(&[1]), FlagChange::Add, system(Flags::DELETED), None).await.unwrap();
    assert!(store.expunge(archive.id, Some(&uids(&[2]))).await.unwrap().0.is_empty(), "that one is not to be deleted");
    assert_eq!(store.expunge(archive.id, Some(&uids(&[1, 2]))).await.unwrap().0, uids(&[1]));
    assert!(content(&mail).await.is_none());
    let quota = store.quota(&house.ann.id).await.unwrap().unwrap();
    assert_eq!((quota.used_mails, quota.used_octets), (2, 36));
    assert_eq!(store.copy(inbox.id, &uids(&[2]), "nowhere").await.unwrap_err().code, "folder.unknown");
}

async fn what_was_expunged_is_remembered_within_bounds(place: Place) {
    let house = described(place).await;
    deliver(&house, 5).await;
    let (inbox, store) = (folder(&house, "INBOX").await, &house.store);
    store.store_flags(inbox.id, &uids(&[2, 3, 5]), FlagChange::Add, system(Flags::DELETED), None).await.unwrap();
    let before = folder(&house, "INBOX").await.modseq;
    store.expunge(inbox.id, None).await.unwrap();
    let changes = store.folder_changes(inbox.id, before).await.unwrap().unwrap();
    assert_eq!(changes.expunged, uids(&[2, 3, 5]));
    assert_eq!(there(store, &inbox).await, [1, 4]);
    deliver(&house, 1).await;
    assert_eq!(there(store, &inbox).await, [1, 4, 6], "a UID is never used again");
}

async fn moved_mails_leave_tombstones(place: Place) {
    let house = described(place).await;
    deliver(&house, 3).await;
    let (inbox, store) = (folder(&house, "INBOX").await, &house.store);
    let moved = store.move_mails(inbox.id, &uids(&[1, 2]), "Trash").await.unwrap();
    assert_eq!((moved.from, moved.to), (uids(&[1, 2]), uids(&[1, 2])));
    let changes = store.folder_changes(inbox.id, inbox.modseq).await.unwrap().unwrap();
    assert_eq!(changes.expunged, uids(&[1, 2]));
    assert_eq!(store.quota(&house.ann.id).await.unwrap().unwrap().used_mails, 3);
    assert_eq!(there(store, &folder(&house, "Trash").await).await, [1, 2]);
}

async fn a_folder_that_has_used_its_uids_numbers_its_mails_anew(place: Place) {
    let house = described(place).await;
    deliver(&house, 3).await;
    let (inbox, store) = (folder(&house, "INBOX").await, &house.store);
    store.set_next_uid(inbox.id, u32::MAX - 2).await.unwrap();
    deliver(&house, 1).await;
    assert_eq!(there(store, &inbox).await, [1, 2, 3, u32::MAX - 2]);
    deliver(&house, 1).await;
    let anew = folder(&house, "INBOX").await;
    assert!(anew.uid_validity > inbox.uid_validity);
    assert_eq!(there(store, &inbox).await, [1, 2, 3, 4, 5]);
    assert_eq!(anew.uid_next, 6);
}

async fn a_full_mailbox_takes_no_mail_but_our_own_notices(place: Place) {
    let house = described(place).await;
    let (store, ann) = (&house.store, &house.ann.id);
    store.set_quota(ann, 40, 2).await.unwrap();
    deliver(&house, 1).await;
    assert_eq!(store.quota(ann).await.unwrap().unwrap().fits(23), Fits::NotNow);
    let code =
        async |content: &str| store.deliver(vec![mail(ann, content)], Vec::new()).await.err().map(|fault| fault.code);
    assert_eq!(code("Subject: 1\r\n\r\nbodies that fill").await, Some("mailbox.full"));
    assert_eq!(code(&"x".repeat(41)).await, Some("mailbox.too-small"));
    assert_eq!(code("Subject: 1\r\n\r\nbody").await, None);
    assert_eq!(code("\r\n").await, Some("mailbox.full"), "two mails are all");
    assert_eq!(store.append(entry(&house, "Sent", "\r\n")).await.unwrap_err().code, "mailbox.full");
    assert_eq!(store.quota(ann).await.unwrap().unwrap().used_octets, 36);
    let nobody = MailboxId("nobody".to_owned());
    assert_eq!(store.set_quota(&nobody, 1, 1).await.unwrap_err().code, "mailbox.unknown");
}

async fn answers_belong_to_the_thread_of_what_they_answer(place: Place) {
    let house = described(place).await;
    let bea = add_mailbox(&house.store, "bea@example.com").await;
    let send = async |mailbox: &MailboxId, content: &str| {
        house.store.deliver(vec![mail(mailbox, content)], Vec::new()).await.unwrap();
    };
    send(&house.ann.id, "Message-ID: a\r\n\r\n").await;
    send(&house.ann.id, "Message-ID: x\r\n\r\n").await;
    send(&house.ann.id, "Message-ID: b\r\nIn-Reply-To: a\r\n\r\n").await;
    send(&bea.id, "Message-ID: c\r\nIn-Reply-To: a\r\n\r\n").await;
    let threads = async |mailbox: &MailboxId| {
        let inbox = house.store.folder(mailbox, "INBOX").await.unwrap().unwrap();
        let entries = house.store.entries(inbox.id, &Uids::new([(1, 9)]), ALL, 0).await.unwrap();
        entries.into_iter().map(|entry| entry.kept.unwrap().thread.unwrap()).collect::<Vec<_>>()
    };
    let (ann, bea) = (threads(&house.ann.id).await, threads(&bea.id).await);
    assert_eq!(ann[0], ann[2]);
    assert_ne!(ann[0], ann[1]);
    assert_ne!(ann[0], bea[0], "another mailbox is another world");
}

async fn mails_are_found_by_what_they_are_and_say(place: Place) {
    let house = described(place).await;
    for (content, minutes) in [
        ("From: Bob\r\nSubject: Hello\r\nX-A: one\r\nDay: 10\r\n\r\nDie Gr\u{dc}SSE", 0),
        ("From: Eve\r\nSubject: 100% off_er\r\nDay: 11\r\n\r\nhello again", 10),
        ("From: bobby\r\nX-B: x-a: two\r\n\r\n", 20),
        ("Subject: long\r\n\r\nThis is a rather long letter about nothing", 30),
    ] {
        let mut new = entry(&house, "INBOX", content);
        new.internal_at = Some(NOON + MINUTE * minutes);
        new.flags.bits = if minutes == 10 { Flags::SEEN } else { 0 };
        new.flags.keywords = if minutes == 20 { vec!["Work".to_owned()] } else { Vec::new() };
        house.store.append(new).await.unwrap();
    }
    let inbox = folder(&house, "INBOX").await;
    let check = async |search: Search, expect: &[u32]| {
        let found = house.store.search(&house.ann.id, inbox.id, &Uids::new([(1, 4)]), &search).await.unwrap();
        assert_eq!(found, uids(expect), "{search:?}");
    };
    let text = |place, text: &str| Search::Words(place, text.to_owned());
    let header = |name: &str, text: &str| Search::Header(name.to_owned(), text.to_owned());
    let day = |days: i64| Some(Timestamp::from_micros(days * 86_400_000_000));
    check(Search::And(Vec::new()), &[1, 2, 3, 4]).await;
    check(Search::Flag(Flags::SEEN), &[2]).await;
    check(Search::Not(Box::new(Search::Flag(Flags::SEEN))), &[1, 3, 4]).await;
    check(Search::Keyword("wORK".to_owned()), &[3]).await;
    check(Search::Keyword("wor".to_owned()), &[]).await;
    check(text(SearchIn::From, "BOB"), &[1, 3]).await;
    check(text(SearchIn::Subject, "100% OFF_"), &[2]).await;
    check(text(SearchIn::Subject, "100_"), &[]).await;
    check(text(SearchIn::Body, "gr\u{fc}sse"), &[1]).await;
    check(text(SearchIn::Text, "hello"), &[1, 2]).await;
    check(header("x-A", "ONE"), &[1]).await;
    check(header("x-a", ""), &[1]).await;
    check(header("x-a", "two"), &[]).await;
    check(Search::Not(Box::new(header("x-a", ""))), &[2, 3, 4]).await;
    check(Search::Internal(Some(NOON + MINUTE), Some(NOON + MINUTE * 20)), &[2]).await;
    check(Search::Age { older: true, seconds: 60 }, &[]).await;
    check(Search::Age { older: false, seconds: 0 }, &[1, 2, 3, 4]).await;
    check(Search::Sent(day(11), None), &[2]).await;
    check(Search::Sent(None, day(11)), &[1]).await;
    check(Search::Larger(50), &[1, 2, 4]).await;
    check(Search::Smaller(50), &[3]).await;
    check(Search::Modseq(5), &[4]).await;
    let mail = house.store.entries(inbox.id, &uids(&[3]), Wanted::default(), 0).await.unwrap()[0].mail.0.clone();
    check(Search::Mail(mail.clone()), &[3]).await;
    check(Search::Thread(mail), &[3]).await;
    let either = Search::Or(vec![text(SearchIn::From, "eve"), Search::Uids(uids(&[1, 4]))]);
    check(either.clone(), &[1, 2, 4]).await;
    let not_seen = Search::Not(Box::new(Search::Flag(Flags::SEEN)));
    check(Search::And(vec![text(SearchIn::Text, "hello"), either, not_seen]), &[1]).await;
}

async fn a_commit_is_told_to_those_who_watch_the_folder(place: Place) {
    let house = described(place).await;
    let (inbox, sent) = (folder(&house, "INBOX").await, folder(&house, "Sent").await);
    let mut watch = house.store.watch_folder(inbox.id, inbox.modseq);
    let other = house.store.watch_folder(sent.id, sent.modseq);
    deliver(&house, 1).await;
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow_and_update(), 2);
    assert!(!other.has_changed().unwrap(), "nothing happened there");
}

async fn a_change_by_another_process_is_told_too(place: Place) {
    let house = described(place).await;
    let other = house.place.open(&house.clock).await;
    let inbox = folder(&house, "INBOX").await;
    let made = house.store.create_folder(&house.ann.id, "short").await.unwrap();
    let mut watch = house.store.watch_folder(inbox.id, inbox.modseq);
    let mut gone = house.store.watch_folder(made.id, made.modseq);
    other.deliver(vec![mail(&house.ann.id, "\r\n")], Vec::new()).await.unwrap();
    other.delete_folder(&house.ann.id, "short").await.unwrap();
    let told = async {
        watch.changed().await.unwrap();
        gone.changed().await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(10), told).await.expect("it is looked for every half second");
    assert_eq!((*watch.borrow(), *gone.borrow()), (2, FOLDER_GONE));
}
