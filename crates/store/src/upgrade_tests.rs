//! Data that earlier programs wrote is opened by this one: at every version of the schema rows are written as the program of
//! that version wrote them, and then everything must be there and work. A new migration is tested by being there; when it
//! adds something that its program writes from then on, one line of [`ROWS`] says what.

use std::sync::Arc;

use rules::{Clock, id::MailboxId};
use sqlx::{AnyConnection, Connection as _};
use syntax::{Address, Timestamp};
use testkit::postgres::{Database, Server};

use crate::{
    INBOX, MailKind, NewMail, NewMessage, NewRecipient, QueueFilter, SCHEMA_VERSION, Store, connect::Location,
    migrate::migrate_to, must_be_sound, verify_database,
};

/// 2026-11-23T12:00:00Z
const NOON: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        NOON
    }
}

/// What a program wrote from a version of the schema on.
const ROWS: &[(i64, &str)] = &[
    (1, "INSERT INTO workspace VALUES ('w', 'default', 1)"),
    (
        1,
        "INSERT INTO domain (id, workspace, name, egress_ip, mail_host, catch_all, dmarc_policy, publisher, created_at) \
         VALUES ('d', 'w', 'example.com', '127.0.1.1', 'box.example.com', NULL, 'reject', 'embedded', 1000000)",
    ),
    (
        1,
        "INSERT INTO dkim_key (domain, selector, algorithm, private_key, txt, active) \
         SELECT 'd', 'r1', 'rsa-sha256', content, 'v=DKIM1; p=x', 1 FROM (SELECT OCTETS AS content) AS made",
    ),
    (
        1,
        "INSERT INTO mailbox (id, domain, address, address_key, display, password_hash, daily_cap, created_at) \
         VALUES ('a', 'd', 'ann@example.com', 'ann@example.com', 'Ann Doe', 'hash', 50, 1795000000000000), \
         ('b', 'd', 'bob@example.com', 'bob@example.com', NULL, 'hash', 50, 1795000000000000)",
    ),
    (1, "INSERT INTO send_as VALUES ('a', 'b')"),
    (
        1,
        "INSERT INTO message (id, domain, mailbox, from_address, subject, message_id, octets, envid, accepted_at, expires_at) \
         VALUES ('m1', 'd', 'a', 'ann@example.com', 'One', '1@example.com', 4, NULL, 1795435100000000, 1796000000000000), \
         ('m2', 'd', 'a', 'ann@example.com', 'Two', '2@example.com', 4, NULL, 1795435100000000, 1796000000000000)",
    ),
    (1, "INSERT INTO body (message, content) SELECT id, OCTETS FROM message"),
    (
        1,
        "INSERT INTO recipient (id, message, address, to_domain, state, attempts, next_at, original, notify_failure, \
         possible_duplicate) VALUES ('r1', 'm1', 'x@example.net', 'example.net', 'queued', 0, 1795435100000000, NULL, 1, 0), \
         ('r2', 'm2', 'y@example.net', 'example.net', 'sending', 1, NULL, NULL, 1, 0), \
         ('r3', 'm2', 'z@example.net', 'example.net', 'delivered', 1, NULL, NULL, 1, 0)",
    ),
    (
        1,
        "INSERT INTO attempt (id, recipient, number, egress_ip, begun_at, next_at, ended_at, verdict, stage, transcript) \
         VALUES ('t2', 'r2', 1, '127.0.1.1', 1795435100000000, 1795435700000000, NULL, NULL, NULL, ''), \
         ('t3', 'r3', 1, '127.0.1.1', 1795435100000000, NULL, 1795435101000000, 'delivered', 'data', 'S: 250')",
    ),
    (
        1,
        "INSERT INTO mail (id, mailbox, kind, reverse_path, forward_path, from_address, subject, about, verdicts, octets, \
         received_at) VALUES ('l1', 'a', 'message', NULL, 'ann@example.com', 'x@example.net', 'Hello', NULL, NULL, 4, \
         1795435100000000), ('l2', 'a', 'bounce', NULL, 'ann@example.com', NULL, 'Failed', 'r3', NULL, 4, 1795435100000001)",
    ),
    (1, "INSERT INTO mail_body (mail, content) SELECT id, OCTETS FROM mail"),
    (
        1,
        "INSERT INTO event (at, event) VALUES (1795435100000000, \
         '{\"kind\":\"domain-added\",\"domain\":\"example.com\"}')",
    ),
    (
        1,
        "INSERT INTO suppression (address_key, address, reason, created_at) VALUES ('s@example.org', 's@example.org', 'manual', 1)",
    ),
    (1, "INSERT INTO lease VALUES ('health', NULL, 3, 0)"),
    (1, "INSERT INTO zone_record VALUES ('d', 'example.com.', '@', 300, 'A', '127.0.1.1')"),
    (1, "UPDATE zone_version SET version = 4"),
    (
        6,
        "INSERT INTO account (id, login, name, role, workspace, password_hash, totp_sealed, totp_on, totp_step, created_at) \
         VALUES ('c', 'owner', 'Owner', 'owner', NULL, 'hash', NULL, 0, 0, 1)",
    ),
    (
        9,
        "INSERT INTO webhook (id, workspace, url, description, events, secret, old_secrets, cursor, created_at) \
         VALUES ('h', NULL, 'https://example.org/hook', '', '[]', 's', '[]', 0, 1)",
    ),
    (11, "INSERT INTO proof_standing (mailbox, due_at) SELECT id, 0 FROM mailbox"),
    (
        13,
        "INSERT INTO folder (mailbox, name, special, subscribed, uid_validity, uid_next, modseq, forgotten, keywords) \
         SELECT id, 'INBOX', 'inbox', 1, 1795000000, CASE id WHEN 'a' THEN 3 ELSE 1 END, 1, 0, '' FROM mailbox",
    ),
    (
        13,
        "INSERT INTO entry (folder, uid, mail, flags, keywords, modseq, internal_at, octets) \
         SELECT f.id, CASE m.id WHEN 'l1' THEN 1 ELSE 2 END, m.id, 0, '', 1, m.received_at, m.octets \
         FROM mail m JOIN folder f ON f.mailbox = m.mailbox",
    ),
    (13, "UPDATE mailbox SET uid_validity = 1795000000, used_octets = 8, used_mails = 2 WHERE id = 'a'"),
    (14, "UPDATE recipient SET domain = 'd'"),
    (15, "UPDATE mailbox SET words = LOWER(address_key || ' ' || COALESCE(display, ''))"),
];

/// What every content holds.
const CONTENT: &[u8] = b"A\r\n\n";

/// Makes a database of a version with everything in it.
async fn written_at(url: &str, version: i64) {
    let location = Location::new(url).unwrap();
    let mut connection = location.writer().await.unwrap();
    run(&mut connection, location.backend.begin()).await;
    migrate_to(&mut connection, location.backend, version).await.unwrap();
    let octets = match location.backend {
        crate::connect::Backend::Sqlite => "X'410D0A0A'",
        crate::connect::Backend::Postgresql => "CAST('\\x410d0a0a' AS BYTEA)",
    };
    for (_, rows) in ROWS.iter().filter(|(since, _)| *since <= version) {
        run(&mut connection, &rows.replace("OCTETS", octets)).await;
    }
    run(&mut connection, "COMMIT").await;
    connection.close().await.unwrap();
}

async fn run(connection: &mut AnyConnection, text: &str) {
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned())).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{text}: {error}"));
}

/// Everything is there, and everything works.
async fn opened(url: &str, version: i64) {
    let store = Store::open(url, Arc::new(Noon)).await.unwrap_or_else(|fault| panic!("from {version}: {fault}"));
    let everything = QueueFilter { limit: 100, ..QueueFilter::default() };
    let queue = store.queue(&everything).await.unwrap();
    assert_eq!(queue.iter().map(|message| message.recipients.len()).sum::<usize>(), 3, "from {version}");
    for message in &queue {
        assert_eq!(store.content(&message.id).await.unwrap().unwrap(), CONTENT, "from {version}");
    }
    assert_eq!(store.turns().await.unwrap().len(), 1, "from {version}");
    let domain = store.domains(None).await.unwrap().remove(0);
    let due = store.due(&domain.id, NOON, None, 10).await.unwrap();
    assert_eq!(due.iter().map(|due| due.recipient.0.as_str()).collect::<Vec<_>>(), ["r1"], "from {version}");
    assert_eq!(store.recover().await.unwrap(), 1, "from {version}");

    let ann = MailboxId(String::from("a"));
    let inbox = store.folder(&ann, INBOX).await.unwrap().unwrap();
    assert_eq!((inbox.uid_next, store.folder_counts(inbox.id).await.unwrap().mails), (3, 2), "from {version}");
    assert_eq!(store.mails(Some(&ann), 10).await.unwrap().len(), 2, "from {version}");
    assert_eq!(store.quota(&ann).await.unwrap().unwrap().used_mails, 2, "from {version}");
    assert!(store.suppression(&Address::parse("s@example.org").unwrap()).await.unwrap().is_some(), "from {version}");
    assert_eq!(store.zone_version().await.unwrap(), 4, "from {version}");
    assert_eq!(store.events_after(0, 10).await.unwrap().len(), 2, "from {version}: the old one, and the doubt");

    let to = NewRecipient { address: Address::parse("v@example.net").unwrap(), original: None, notify_failure: true };
    let message = NewMessage {
        domain: domain.id.clone(),
        mailbox: ann.clone(),
        from: Address::parse("ann@example.com").unwrap(),
        subject: String::from("Three"),
        message_id: String::from("3@example.com"),
        content: CONTENT.to_vec(),
        recipients: vec![to],
        envid: None,
        expires_at: NOON + std::time::Duration::from_secs(3600),
    };
    store.accept(message, Vec::new()).await.unwrap_or_else(|fault| panic!("from {version}: {fault}"));
    let mail = NewMail {
        mailbox: ann.clone(),
        kind: MailKind::Message,
        reverse_path: None,
        forward_path: Address::parse("ann@example.com").unwrap(),
        from: None,
        subject: String::from("New"),
        about: None,
        verdicts: None,
        content: CONTENT.to_vec(),
    };
    store.deliver(vec![mail], Vec::new()).await.unwrap_or_else(|fault| panic!("from {version}: {fault}"));
    assert_eq!(store.folder(&ann, INBOX).await.unwrap().unwrap().uid_next, 4, "from {version}");
    store.close().await;
    let verified = verify_database(url, &mut |_, _, _| {}).await.unwrap();
    must_be_sound(&verified).unwrap_or_else(|fault| panic!("from {version}: {fault}"));
    assert_eq!(verified.schema, SCHEMA_VERSION);
}

#[tokio::test]
async fn data_of_every_earlier_schema_is_kept_and_works_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    for version in 1..=SCHEMA_VERSION {
        let url = format!("sqlite://{}/{version}.db", folder.path().display());
        written_at(&url, version).await;
        opened(&url, version).await;
    }
}

#[tokio::test]
async fn data_of_every_earlier_schema_is_kept_and_works_on_postgresql() {
    for version in 1..=SCHEMA_VERSION {
        let database: Database = Server::shared().database();
        written_at(database.url(), version).await;
        opened(database.url(), version).await;
    }
}

#[tokio::test]
async fn a_backup_of_an_earlier_schema_is_taken_and_put_back_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/old.db", folder.path().display());
    let version = SCHEMA_VERSION - 1;
    written_at(&url, version).await;
    let copy = folder.path().join("copy.db");
    let copied = crate::copy_out(&url, &copy, &mut |_| {}).await.unwrap();
    assert_eq!(copied.schema, version);
    let database = Server::shared().database();
    assert_eq!(crate::copy_in(&copy, database.url(), &mut |_| {}).await.unwrap().schema, version);
    opened(database.url(), version).await;
}
