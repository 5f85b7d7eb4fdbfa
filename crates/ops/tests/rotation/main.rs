//! The DKIM keys of a domain changed, with the records served by the embedded DNS and asked for by real queries.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken expectation fails the test; the lints know only functions marked #[test]"
)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use dns::{Authority, Data, Found, Record, Resolver, Zone};
use ops::{DomainRequest, Ops, Publishing, Rotation, RotationStep};
use rules::{
    Clock, Fault,
    rotation::{GRACE, REVOKED},
    secret::Key,
};
use store::Store;
use syntax::{Domain, Timestamp};
use testkit::nameserver::Zones;

/// 2026-11-23T12:00:00Z
const NOON: i64 = 1_795_435_200_000_000;
const RETIRE: RotationStep = RotationStep::Retire { at_once: false };
const AT_ONCE: RotationStep = RotationStep::Retire { at_once: true };

#[derive(Debug)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct World {
    clock: Arc<HandClock>,
    ops: Ops,
    authority: Authority,
    _folder: tempfile::TempDir,
}

fn ours() -> Domain {
    Domain::parse("ours.test").unwrap()
}

async fn ops(clock: Arc<HandClock>, folder: &tempfile::TempDir, resolver: Resolver, publishing: Publishing) -> Ops {
    let ops = Ops {
        store: Store::open(&format!("sqlite://{}/a.db", folder.path().display()), clock).await.unwrap(),
        resolver,
        key: Key([7; 32]),
        publishing,
        daily_cap: 50,
        ramp: rules::ramp::Slope::NONE,
        proof_required: rules::proof::Required::default(),
        expiry: Duration::from_secs(3600),
    };
    let request = DomainRequest {
        name: ours(),
        workspace: "default".into(),
        egress_ip: Some([127, 0, 1, 1].into()),
        dmarc_policy: None,
        catch_all: None,
    };
    ops.apply_domain(&request).await.unwrap();
    ops
}

impl World {
    async fn new() -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(HandClock(AtomicI64::new(NOON))));
        let authority = Authority::bind(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
        authority.set_zone(&Zone { origin: ".".into(), records: Vec::new() }).await.unwrap();
        let resolver = Resolver::new(&authority.addresses(), Duration::from_secs(3), false).unwrap();
        let ops = ops(clock.clone(), &folder, resolver, Publishing::Embedded).await;
        let world = Self { clock, ops, authority, _folder: folder };
        world.serve().await;
        world
    }

    /// Serves what the store says now, as the running house does.
    async fn serve(&self) {
        let mut zones: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        for row in self.ops.store.all_zone_records().await.unwrap() {
            let data = Data::parse(&row.kind, &row.rdata).unwrap();
            zones.entry(row.zone).or_default().push(Record { owner: row.owner, ttl: row.ttl, data });
        }
        for (origin, records) in zones {
            self.authority.set_zone(&Zone { origin, records }).await.unwrap();
        }
        let checks = self.ops.check_domain(&ours()).await.unwrap();
        assert!(checks.iter().all(|check| check.status == "ok"), "the domain is green all along: {checks:#?}");
    }

    fn wait(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    async fn step(&self, step: RotationStep) -> Result<Rotation, Fault> {
        self.ops.rotate_dkim(None, &ours(), step, "olga").await
    }

    async fn refused(&self, step: RotationStep) -> &'static str {
        self.step(step).await.unwrap_err().code
    }

    async fn txt(&self, selector: &str) -> Found<String> {
        self.ops.resolver.txt(&format!("{selector}._domainkey.ours.test")).await.unwrap()
    }

    async fn signing(&self) -> Vec<String> {
        let domain = self.ops.store.domain(&ours()).await.unwrap().unwrap();
        let keys = self.ops.store.dkim_keys(&domain.id).await.unwrap();
        keys.into_iter().filter(|key| key.active).map(|key| key.selector).collect()
    }
}

fn shown(rotation: &Rotation) -> Vec<(&str, &str, &str)> {
    rotation.keys.iter().map(|one| (one.key.selector.as_str(), one.key.stage.as_str(), one.status.as_str())).collect()
}

#[tokio::test]
async fn new_keys_sign_once_they_are_seen_and_old_ones_are_revoked_after_their_time_and_go() {
    let world = World::new().await;
    let (old, new) = (["e20261123", "r20261123"], ["e20261123-2", "r20261123-2"]);
    let first = world.ops.rotation(None, &ours()).await.unwrap();
    assert_eq!(shown(&first), old.map(|selector| (selector, "signs", "ok")));
    assert_eq!((first.next, world.refused(RETIRE).await), ("start", "dkim.nothing-retired"));
    assert_eq!(world.refused(RotationStep::Finish).await, "dkim.nothing-waits");

    let started = world.step(RotationStep::Start).await.unwrap();
    assert_eq!((started.next, started.keys.len()), ("finish", 4));
    assert_eq!(world.refused(RotationStep::Finish).await, "dkim.not-yet", "the DNS does not have them");
    assert_eq!(world.step(RotationStep::Start).await.unwrap().keys.len(), 4, "a second start makes no more");
    assert_eq!(world.signing().await, old);
    world.serve().await;

    let finished = world.step(RotationStep::Finish).await.unwrap();
    assert_eq!((finished.next, finished.keys.len()), ("retire", 4));
    assert_eq!(world.signing().await, new);
    assert!(matches!(world.txt(old[0]).await, Found::Records(texts) if texts[0].len() > 30), "it is still published");
    assert_eq!(world.refused(RotationStep::Start).await, "dkim.under-way");
    assert_eq!(world.refused(RETIRE).await, "dkim.not-yet");
    world.wait(GRACE);

    assert_eq!(world.step(RETIRE).await.unwrap().next, "retire");
    world.serve().await;
    assert_eq!(world.txt(old[0]).await, Found::Records(vec!["v=DKIM1; k=ed25519; p=".into()]));
    assert_eq!(world.refused(RETIRE).await, "dkim.not-yet");
    world.wait(REVOKED);

    let ended = world.step(RETIRE).await.unwrap();
    world.serve().await;
    assert_eq!((ended.next, shown(&ended)), ("start", new.map(|selector| (selector, "signs", "ok")).to_vec()));
    assert_eq!(world.txt(old[0]).await, Found::NoSuchName);
    let audits = world.ops.store.audits(None, None, 10).await.unwrap();
    let told: Vec<&str> = audits.iter().rev().map(|one| one.what.as_str()).collect();
    assert_eq!(told, ["dkim.start", "dkim.finish", "dkim.revoke", "dkim.remove"]);
}

#[tokio::test]
async fn a_key_in_wrong_hands_is_revoked_at_once() {
    let world = World::new().await;
    world.step(RotationStep::Start).await.unwrap();
    world.serve().await;
    world.step(RotationStep::Finish).await.unwrap();
    world.step(AT_ONCE).await.unwrap();
    world.serve().await;
    assert_eq!(world.txt("r20261123").await, Found::Records(vec!["v=DKIM1; k=rsa; p=".into()]));
    world.step(AT_ONCE).await.unwrap();
    world.serve().await;
    assert_eq!(world.txt("r20261123").await, Found::NoSuchName);
    assert_eq!(world.signing().await, ["e20261123-2", "r20261123-2"]);
}

#[tokio::test]
async fn records_that_are_put_in_by_hand_are_waited_for_and_nobody_else_changes_them() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(HandClock(AtomicI64::new(NOON))));
    let names = Zones::text("elsewhere.test A 192.0.2.1\n").serve().await;
    let ops = ops(clock, &folder, names.resolver(), Publishing::Print).await;
    let rival = ops.store.ensure_workspace("rival").await.unwrap().id;
    let foreign = ops.rotate_dkim(Some(&rival), &ours(), RotationStep::Start, "eve").await.unwrap_err();
    assert_eq!(foreign.code, "domain.unknown");
    assert_eq!(ops.rotation(Some(&rival), &ours()).await.unwrap_err().code, "domain.unknown");

    let started = ops.rotate_dkim(None, &ours(), RotationStep::Start, "olga").await.unwrap();
    assert!(started.notes[0].contains("put the printed records into your DNS"), "{:?}", started.notes);
    assert!(started.keys.iter().all(|one| one.status == "missing"), "{:?}", started.keys);
    let early = ops.rotate_dkim(None, &ours(), RotationStep::Finish, "olga").await.unwrap_err();
    assert_eq!(early.code, "dkim.not-yet");
    assert!(early.to_string().contains("e20261123-2._domainkey.ours.test TXT as planned (missing)"), "{early}");
}
