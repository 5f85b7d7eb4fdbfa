//! Opening, closing, breaking.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

use rules::{Blame, Retry, id::MessageId};
use sqlx::Executor as _;
use store::{QueueFilter, Store};

use crate::house::{CONTENT, HandClock, House, Place, add_domain, add_mailbox, new_message};

crate::on_both_databases!(
    two_that_open_an_empty_database_at_once_agree,
    a_schema_from_the_future_is_refused_with_advice,
    a_closed_store_says_so,
    an_answer_survives_the_kill_of_the_process,
    health_names_the_database,
);

async fn two_that_open_an_empty_database_at_once_agree(place: Place) {
    let clock = HandClock::at_noon();
    let (a, b, c) = tokio::join!(place.open(&clock), place.open(&clock), place.open(&clock));
    a.ensure_workspace("one").await.unwrap();
    b.ensure_workspace("two").await.unwrap();
    assert_eq!(c.workspaces().await.unwrap().len(), 2);
}

async fn a_schema_from_the_future_is_refused_with_advice(place: Place) {
    let clock = HandClock::at_noon();
    place.open(&clock).await.close().await;
    let mut connection = place.connect().await;
    connection.execute(sqlx::raw_sql("INSERT INTO schema_version VALUES (99)")).await.unwrap();
    let fault = Store::open(&place.url(), clock).await.unwrap_err();
    assert_eq!((fault.code, fault.blame, fault.retry), ("store.migrate", Blame::Operator, Retry::AfterChange));
    assert!(fault.to_string().contains("schema version 99"), "{fault}");
}

async fn a_closed_store_says_so(place: Place) {
    let house = House::at(place).await;
    let (under_way, ()) = tokio::join!(house.store.ensure_workspace("last"), house.store.close());
    if let Err(fault) = under_way {
        assert_eq!(fault.code, "store.closed");
    }
    assert_eq!(house.store.ensure_workspace("later").await.unwrap_err().code, "store.closed");
    assert_eq!(house.store.workspaces().await.unwrap_err().code, "store.unavailable");
    assert_eq!(house.store.health().await.unwrap_err().code, "store.unavailable");
    house.store.close().await;
}

async fn health_names_the_database(place: Place) {
    let expect = if matches!(place, Place::Sqlite(_)) { "sqlite" } else { "postgresql" };
    let house = House::at(place).await;
    assert_eq!(house.store.health().await.unwrap().backend, expect);
}

/// Names the database for the process that is to be killed.
const TO_BE_KILLED: &str = "COLDRELAY_TEST_TO_BE_KILLED";

async fn an_answer_survives_the_kill_of_the_process(place: Place) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "opening::accepts_until_it_is_killed", "--nocapture"])
        .env(TO_BE_KILLED, place.url())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut answered: Vec<MessageId> =
        lines.filter_map(|line| line.strip_prefix("accepted ").map(|id| MessageId(id.to_owned()))).take(200).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answered.len(), 200);

    let store = place.open(&HandClock::at_noon()).await;
    let there = store.queue(&QueueFilter { limit: 100_000, ..QueueFilter::default() }).await.unwrap();
    answered.retain(|id| !there.iter().any(|message| message.id == *id && message.recipients.len() == 1));
    assert_eq!(answered, [], "answered, but lost");
    for message in &there {
        assert_eq!(store.content(&message.id).await.unwrap().unwrap(), CONTENT, "half a message");
    }
}

/// The other process of the test above; does nothing by itself.
#[tokio::test]
async fn accepts_until_it_is_killed() {
    let Ok(url) = std::env::var(TO_BE_KILLED) else { return };
    let store = Store::open(&url, HandClock::at_noon()).await.unwrap();
    let domain = add_domain(&store, "default", "example.com", "127.0.1.1").await.id;
    let mailbox = add_mailbox(&store, "ann@example.com").await.id;
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, message) = (store.clone(), new_message(&domain, &mailbox, &["bob@example.net"]));
        senders.spawn(async move {
            loop {
                let id = store.accept(message.clone(), Vec::new()).await.unwrap();
                println!("accepted {id}");
            }
        });
    }
    senders.join_all().await;
}

#[tokio::test]
async fn the_file_is_for_its_owner_only() {
    let place = Place::sqlite();
    let house = House::at(place).await;
    house.accept_one().await;
    let Place::Sqlite(folder) = &house.place else { panic!("not SQLite") };
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["store.db", "store.db-shm", "store.db-wal"]);
}

#[tokio::test]
async fn a_path_is_taken_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("50% & mail #1.db");
    let url = format!("sqlite://{}", path.display());
    Store::open(&url, HandClock::at_noon()).await.unwrap().close().await;
    assert!(path.exists());
}

#[tokio::test]
async fn a_place_that_cannot_be_opened_is_named_without_its_password() {
    let refused = async |url: &str, named: &str| {
        let fault = Store::open(url, HandClock::at_noon()).await.unwrap_err();
        let shown = format!("{fault} {fault:?}");
        assert_eq!(fault.code, "store.open");
        assert!(shown.contains(named) && !shown.contains("hunter2"), "{shown}");
    };
    refused("sqlite:///nowhere/at/all/store.db", "/nowhere/at/all").await;
    refused("sqlite://:memory:", "is not a file").await;
    refused("sqlite:///tmp/x.db?mode=rwc", "without parameters").await;
    refused("mysql://ann:hunter2@localhost/mail", "mysql://ann:…@localhost/mail").await;
    // Nothing listens on port 1 of loopback.
    refused("postgres://ann:hunter2@127.0.0.1:1/mail?sslmode=disable", "postgres://ann:…@127.0.0.1:1/mail").await;
    refused("postgres://ann:hunter2@127.0.0.1:port/mail", "postgres://ann:…@").await;
}

#[tokio::test]
async fn a_server_that_hung_up_is_called_again() {
    let house = House::at(Place::postgresql()).await;
    house.accept_one().await;
    let Place::Postgresql(database) = &house.place else { panic!("not PostgreSQL") };
    database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    house.accept_one().await;
    assert_eq!(house.store.queue(&QueueFilter::default()).await.unwrap().len(), 2);
}
