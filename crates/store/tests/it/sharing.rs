//! Several handles on one database: leases, zones, writers that wait for each other.

use sqlx::Executor as _;
use store::ZoneRecord;

use crate::house::{House, MINUTE, Place, add_domain};

crate::on_both_databases!(
    a_lease_has_one_owner_until_it_ends,
    a_lease_given_up_is_free_at_once,
    the_zone_version_rises_only_with_a_change,
    another_handle_sees_what_was_written,
    a_writer_waits_for_the_lock_of_another_process,
    events_of_two_writers_are_seen_by_who_goes_on_from_the_last,
);

async fn a_lease_has_one_owner_until_it_ends(place: Place) {
    let house = House::at(place).await;
    let other = house.place.open(&house.clock).await;
    let first = house.store.lease("127.0.1.1", "a", MINUTE).await.unwrap().unwrap();
    assert_eq!(other.lease("127.0.1.1", "b", MINUTE).await.unwrap(), None);
    assert!(other.lease("127.0.1.2", "b", MINUTE).await.unwrap().is_some());

    house.clock.forward(MINUTE / 2);
    assert_eq!(house.store.lease("127.0.1.1", "a", MINUTE).await.unwrap(), Some(first), "renewed");
    house.clock.forward(MINUTE / 2);
    assert_eq!(other.lease("127.0.1.1", "b", MINUTE).await.unwrap(), None);
    house.clock.forward(MINUTE / 2);
    let second = other.lease("127.0.1.1", "b", MINUTE).await.unwrap().unwrap();
    assert!(second > first);
    assert_eq!(house.store.lease("127.0.1.1", "a", MINUTE).await.unwrap(), None);
}

async fn a_lease_given_up_is_free_at_once(place: Place) {
    let house = House::at(place).await;
    let first = house.store.lease("x", "a", MINUTE).await.unwrap().unwrap();
    house.store.release("x", first + 1).await.unwrap();
    assert_eq!(house.store.lease("x", "b", MINUTE).await.unwrap(), None, "a wrong fence gives nothing up");
    house.store.release("x", first).await.unwrap();
    assert!(house.store.lease("x", "b", MINUTE).await.unwrap().unwrap() > first);
}

fn record(owner: &str, kind: &str, rdata: &str) -> ZoneRecord {
    let text = str::to_owned;
    ZoneRecord { zone: text("example.com"), owner: text(owner), ttl: 300, kind: text(kind), rdata: text(rdata) }
}

async fn the_zone_version_rises_only_with_a_change(place: Place) {
    let house = House::at(place).await;
    let (store, id) = (&house.store, &house.domain.id);
    let start = store.zone_version().await.unwrap();
    let (mx, txt) =
        (record("example.com", "MX", "10 box.example.com"), record("example.com", "TXT", "v=spf1 ip4:127.0.1.1 -all"));
    store.set_zone_records(id, vec![txt.clone(), mx.clone()]).await.unwrap();
    let first = store.zone_version().await.unwrap();
    assert!(first > start);
    assert_eq!(store.zone_records(id).await.unwrap(), [mx.clone(), txt.clone()]);

    store.set_zone_records(id, vec![mx.clone(), txt.clone(), mx.clone()]).await.unwrap();
    assert_eq!(store.zone_version().await.unwrap(), first, "the same records in another order");
    store.set_zone_records(id, vec![ZoneRecord { ttl: 60, ..mx.clone() }, txt.clone()]).await.unwrap();
    let second = store.zone_version().await.unwrap();
    assert!(second > first);

    let other = add_domain(store, "default", "example.org", "127.0.1.2").await;
    let a = record("box.example.com", "A", "127.0.1.2");
    store.set_zone_records(&other.id, vec![a.clone()]).await.unwrap();
    let all = store.all_zone_records().await.unwrap();
    assert_eq!(all, [a, ZoneRecord { ttl: 60, ..mx }, txt]);
    store.set_zone_records(&other.id, Vec::new()).await.unwrap();
    assert_eq!(store.zone_records(&other.id).await.unwrap(), []);
    assert_eq!(store.zone_version().await.unwrap(), second + 2);
}

async fn another_handle_sees_what_was_written(place: Place) {
    let house = House::at(place).await;
    let other = house.place.open(&house.clock).await;
    let version = other.zone_version().await.unwrap();
    let id = house.accept(&["bob@example.net"]).await;
    house.store.set_zone_records(&house.domain.id, vec![record("example.com", "A", "127.0.1.1")]).await.unwrap();
    assert!(other.message(&id).await.unwrap().is_some());
    assert_eq!(other.due(&house.domain.id, house.store.clock().now(), None, 10).await.unwrap().len(), 1);
    assert!(other.zone_version().await.unwrap() > version);
}

async fn a_writer_waits_for_the_lock_of_another_process(place: Place) {
    let house = House::at(place).await;
    let mut holder = house.place.connect().await;
    let lock = match &house.place {
        Place::Sqlite(_) => "BEGIN IMMEDIATE; INSERT INTO workspace VALUES ('w', 'held', 0)",
        Place::Postgresql(_) => {
            "BEGIN; SELECT pg_advisory_xact_lock(7165050240886599777); INSERT INTO workspace VALUES ('w', 'held', 0)"
        }
    };
    holder.execute(sqlx::raw_sql(lock)).await.unwrap();
    let waiting = tokio::spawn({
        let store = house.store.clone();
        async move { store.ensure_workspace("held").await }
    });
    // Readers do not wait.
    assert_eq!(house.store.workspaces().await.unwrap().len(), 1);
    assert!(!waiting.is_finished());
    holder.execute(sqlx::raw_sql("COMMIT")).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().id.as_str(), "w", "it saw what the other had written");
}

async fn events_of_two_writers_are_seen_by_who_goes_on_from_the_last(place: Place) {
    let house = House::at(place).await;
    let other = house.place.open(&house.clock).await;
    let start = house.store.last_event().await.unwrap();
    let writers = [house.store.clone(), other].map(|store| {
        tokio::spawn(async move {
            for _ in 0..50 {
                let event = rules::event::Event::InboundRefused { reply: "550 no".to_owned() };
                store.record(vec![event]).await.unwrap();
            }
        })
    });
    let (mut seen, mut last) = (0, start);
    let mut done = false;
    while !done {
        // Asked before reading: what is read after the last commit is all there is.
        done = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let page = house.store.events_after(last, 1000).await.unwrap();
        seen += page.len();
        last = page.last().map_or(last, |row| row.sequence);
    }
    assert_eq!(seen, 100);
}
