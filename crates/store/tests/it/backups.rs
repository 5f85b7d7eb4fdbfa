//! Everything out into a file and back, on either database; and the look that says whether all of it is sound.

use std::{collections::BTreeMap, path::Path};

use rules::{Clock as _, id::MessageId};
use sqlx::Executor as _;
use store::{
    MailKind, NewMail, QueueFilter, Store, Verdict, VerifiedDatabase, copy_in, copy_out, glance, look_into_copy,
    must_be_sound, verify_copy, verify_database,
};

use crate::house::{HandClock, House, Place, add_mailbox, address, new_message, settled};

crate::on_both_databases!(
    a_copy_taken_under_load_is_sound_and_goes_back_as_it_was,
    what_is_wrong_is_found_and_named,
    nothing_is_overwritten_and_nothing_is_left_half_done,
    a_glance_changes_nothing,
);

/// A house with everything in it that rules speak of.
async fn furnished(place: Place) -> House {
    let house = House::at(place).await;
    let bob = add_mailbox(&house.store, "bob@example.com").await;
    let first = house.accept_one().await;
    let attempt = house.begin(&first, 1).await.unwrap();
    house.store.settle(vec![settled(&attempt, &first, Verdict::Delivered)]).await.unwrap();
    let second = house.accept_one().await;
    house.begin(&second, 1).await.unwrap();
    for number in 0..5 {
        let mail = NewMail {
            mailbox: if number % 2 == 0 { house.ann.id.clone() } else { bob.id.clone() },
            kind: MailKind::Message,
            reverse_path: None,
            forward_path: address("ann@example.com"),
            from: Some(address("carol@example.net")),
            subject: format!("Mail {number}"),
            about: None,
            verdicts: None,
            content: format!("Subject: Mail {number}\r\n\r\nHi\r\n").into_bytes(),
        };
        house.store.deliver(vec![mail], Vec::new()).await.unwrap();
    }
    house
}

async fn verified(url: &str) -> VerifiedDatabase {
    verify_database(url, &mut |_, _, _| {}).await.unwrap()
}

async fn contents(store: &Store) -> BTreeMap<MessageId, Vec<u8>> {
    let filter = QueueFilter { limit: 100_000, ..QueueFilter::default() };
    let mut contents = BTreeMap::new();
    for message in store.queue(&filter).await.unwrap() {
        let content = store.content(&message.id).await.unwrap().unwrap();
        contents.insert(message.id, content);
    }
    contents
}

async fn a_copy_taken_under_load_is_sound_and_goes_back_as_it_was(place: Place) {
    let house = furnished(place).await;
    let mut load = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, message) =
            (house.store.clone(), new_message(&house.domain.id, &house.ann.id, &["bob@example.net"]));
        load.spawn(async move {
            for _ in 0..40 {
                store.accept(message.clone(), Vec::new()).await.unwrap();
            }
        });
    }
    while house.store.queue(&QueueFilter { limit: 1000, ..QueueFilter::default() }).await.unwrap().len() < 20 {
        tokio::task::yield_now().await;
    }
    let before = contents(&house.store).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    let mut told = 0;
    let copied = copy_out(&house.place.url(), &file, &mut |rows| told = rows).await.unwrap();
    load.join_all().await;
    assert_eq!(copied.backend, house.store.health().await.unwrap().backend);
    must_be_sound(&verify_copy(&file, &mut |_, _, _| {}).await.unwrap()).unwrap();
    must_be_sound(&verified(&house.place.url()).await).unwrap();

    // Into the same kind of database, and into the other.
    for target in [Place::sqlite(), Place::postgresql()] {
        let back = copy_in(&file, &target.url(), &mut |_| {}).await.unwrap();
        assert_eq!(back.tables, copied.tables);
        let verified = verified(&target.url()).await;
        must_be_sound(&verified).unwrap();
        assert!(verified.digests >= 20 && verified.without_digest == 0, "{verified:?}");
        let store = target.open(&HandClock::at_noon()).await;
        let after = contents(&store).await;
        assert!(before.iter().all(|(id, content)| after.get(id) == Some(content)), "something is lost");
        assert_eq!(after.len() as u64, copied.tables["message"]);
        // What was written by numbers goes on from there.
        let last = store.events_after(0, 100_000).await.unwrap().last().unwrap().sequence;
        let again = store.accept(new_message(&house.domain.id, &house.ann.id, &["x@example.net"]), Vec::new()).await;
        again.unwrap();
        assert!(store.events_after(last, 10).await.unwrap().iter().all(|event| event.sequence > last));
        assert_eq!(store.folders(&house.ann.id).await.unwrap().len(), 6);
        add_mailbox(&store, "dora@example.com").await;
        assert_eq!(store.recover().await.unwrap(), 1, "the attempt that was under way is in doubt");
        store.close().await;
    }
}

async fn what_is_wrong_is_found_and_named(place: Place) {
    let house = furnished(place).await;
    let url = house.place.url();
    must_be_sound(&verified(&url).await).unwrap();
    let mut connection = house.place.connect().await;
    let cases = [
        ("recipient-waits", "UPDATE recipient SET next_at = 1 WHERE state = 'delivered'"),
        ("recipient-sending", "UPDATE attempt SET verdict = 'deferred' WHERE verdict IS NULL"),
        ("recipient-domain", "UPDATE recipient SET domain = 'x' WHERE state = 'sending'"),
        ("attempt-number", "UPDATE attempt SET number = 7 WHERE verdict = 'delivered'"),
        ("message-content", "UPDATE message SET octets = octets + 1"),
        ("mail-content", "UPDATE mail_body SET digest = 'x'"),
        ("mailbox-use", "UPDATE mailbox SET used_mails = 9 WHERE address = 'bob@example.com'"),
        ("entry-uid-below-next", "UPDATE folder SET uid_next = 1 WHERE name = 'INBOX'"),
        ("entry-modseq", "UPDATE entry SET modseq = 99999"),
        ("entry-size", "UPDATE entry SET octets = 1"),
        ("event-reads", "UPDATE event SET event = '{}' WHERE sequence = 1"),
        ("mailbox-address-reads", "UPDATE mailbox SET address = 'bob' WHERE address = 'bob@example.com'"),
        ("zone-version", "DELETE FROM zone_version"),
    ];
    for (id, damage) in cases {
        connection.execute(sqlx::raw_sql(damage)).await.unwrap();
        let verified = verified(&url).await;
        let look = verified.looks.iter().find(|look| look.id == id).unwrap();
        assert!(look.wrong > 0 && !look.where_wrong.is_empty(), "{id}: {verified:#?}");
    }
    let fault = must_be_sound(&verified(&url).await).unwrap_err();
    assert!(fault.code == "verify.unsound" && fault.to_string().contains("entry-modseq"), "{fault}");
}

async fn nothing_is_overwritten_and_nothing_is_left_half_done(place: Place) {
    let house = furnished(place).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    std::fs::write(&file, "mine").unwrap();
    assert!(copy_out(&house.place.url(), &file, &mut |_| {}).await.is_err());
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    std::fs::remove_file(&file).unwrap();
    copy_out(&house.place.url(), &file, &mut |_| {}).await.unwrap();
    assert!(copy_in(&file, &house.place.url(), &mut |_| {}).await.is_err());
    must_be_sound(&verified(&house.place.url()).await).unwrap();

    let newer = folder.path().join("newer.db");
    std::fs::copy(&file, &newer).unwrap();
    let mut connection =
        <sqlx::AnyConnection as sqlx::Connection>::connect(&format!("sqlite://{}", newer.display())).await.unwrap();
    connection.execute(sqlx::raw_sql("INSERT INTO schema_version VALUES (99)")).await.unwrap();
    drop(connection);
    let empty = Place::postgresql();
    let fault = copy_in(&newer, &empty.url(), &mut |_| {}).await.unwrap_err();
    assert_eq!(fault.code, "store.migrate", "{fault}");
    // It can still be used.
    copy_in(&file, &empty.url(), &mut |_| {}).await.unwrap();
    let there: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(there.len(), 2, "{there:?}");
}

async fn a_glance_changes_nothing(place: Place) {
    let house = furnished(place).await;
    let seen = glance(&house.place.url(), house.clock.now()).await.unwrap();
    assert_eq!((seen.schema, seen.waiting, seen.damage.len()), (store::SCHEMA_VERSION, 0, 0));
    house.accept_one().await;
    let seen = glance(&house.place.url(), house.clock.now()).await.unwrap();
    assert_eq!((seen.waiting, seen.due), (1, 1));
    assert!(seen.due_since.is_some() && seen.last_event.is_some());
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let url = format!("sqlite://{}", path.display());
    assert_eq!(verify_database(&url, &mut |_, _, _| {}).await.unwrap_err().code, "store.absent");
    let to = folder.path().join("copy.db");
    assert_eq!(copy_out(&url, &to, &mut |_| {}).await.unwrap_err().code, "store.absent");
    assert!(!path.exists() && !to.exists());
}

/// Finds where a text stands in a file, and changes one octet of it.
fn damage(path: &Path, text: &[u8]) {
    let mut octets = std::fs::read(path).unwrap();
    let at = octets.windows(text.len()).position(|window| window == text).unwrap();
    octets[at + 1] ^= 1;
    std::fs::write(path, octets).unwrap();
}

#[tokio::test]
async fn one_octet_of_a_content_that_changed_on_the_disk_is_found() {
    let house = furnished(Place::sqlite()).await;
    house.store.close().await;
    let url = house.place.url();
    let path = Path::new(url.strip_prefix("sqlite://").unwrap());
    damage(path, b"Hi \0 there");
    let verified = verified(&url).await;
    let look = verified.looks.iter().find(|look| look.id == "message-content").unwrap();
    assert!(look.wrong == 1 && look.where_wrong[0].contains("SHA-256"), "{verified:#?}");
}

#[tokio::test]
async fn a_copy_is_looked_into_without_being_changed() {
    let house = furnished(Place::sqlite()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    copy_out(&house.place.url(), &file, &mut |_| {}).await.unwrap();
    let before = std::fs::read(&file).unwrap();
    look_into_copy(&file).await.unwrap();
    verify_copy(&file, &mut |_, _, _| {}).await.unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
