//! Our own IPs and domains over a name server on loopback, a clock moved by hand and a real store.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use dns::Asker;
use rules::{Clock, secret::Key};
use store::{NewDomain, Store};
use syntax::{Domain, Timestamp};
use testkit::nameserver::{Habit, Nameserver, Zones};

use super::*;
use crate::Publishing;

/// 2026-11-23T12:00:00Z
const NOON: i64 = 1_795_435_200_000_000;
const HOUR: Duration = Duration::from_secs(3600);
const COP: &str = "bl.spamcop.net";
const DBL: &str = "dbl.spamhaus.org";
const IP: &str = "192.0.2.5";
const WORKS: &str = "2.0.0.127.bl.spamcop.net A 127.0.0.2\ndbltest.com.dbl.spamhaus.org A 127.0.1.2\n";

#[derive(Debug)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct House {
    ops: Ops,
    clock: Arc<HandClock>,
    _folder: tempfile::TempDir,
}

impl House {
    /// `acme.test`, which sends from [`IP`].
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(NOON)));
        let store = Store::open(&format!("sqlite://{}/a.db", folder.path().display()), clock.clone()).await.unwrap();
        let workspace = store.ensure_workspace("default").await.unwrap().id;
        let name = Domain::parse("acme.test").unwrap();
        let domain = NewDomain {
            workspace,
            mail_host: name.child("box"),
            name,
            egress_ip: IP.parse().unwrap(),
            dmarc_policy: "reject".into(),
            publisher: "print".into(),
            keys: Vec::new(),
        };
        store.add_domain(domain).await.unwrap();
        let resolver = dns::Resolver::new(&[([127, 0, 0, 1], 9).into()], Duration::from_millis(50), false).unwrap();
        let ops = Ops {
            store,
            resolver,
            key: Key([0; 32]),
            publishing: Publishing::Print,
            daily_cap: 50,
            expiry: HOUR,
            ramp: rules::ramp::Slope::NONE,
            proof_required: rules::proof::Required::default(),
        };
        Self { ops, clock, _folder: folder }
    }

    fn forward(&self, by: Duration) {
        self.clock.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// What is told by a look over a name server that holds that text.
    async fn look(&self, zones: Zones) -> (Vec<(String, Listing)>, Nameserver) {
        let server = zones.serve().await;
        let events = self.ops.look_at_blocklists(&watch(&server)).await.unwrap();
        let told = events.into_iter().map(|event| match event {
            Event::ListingChanged { subject, now, .. } => (subject, now),
            other => panic!("{other:?}"),
        });
        (told.collect(), server)
    }

    async fn events(&self) -> usize {
        let events = self.ops.store.events_after(0, 1000).await.unwrap();
        events.iter().filter(|stored| stored.event.kind() == "listing-changed").count()
    }
}

fn watch(server: &Nameserver) -> BlocklistWatch {
    let asker = Asker::new(&[server.address], Duration::from_millis(300));
    let blocklists = Blocklists::new(asker).zones(vec![COP.into(), DBL.into()], Vec::new());
    BlocklistWatch { blocklists, interval: HOUR, reach: Reach::Anywhere }
}

fn listed() -> Zones {
    Zones::text(&format!("{WORKS}5.2.0.192.{COP} A 127.0.0.2\nacme.test.{DBL} A 127.0.1.2\n"))
}

#[tokio::test]
async fn each_change_of_each_own_ip_and_domain_is_one_event() {
    let house = House::new().await;
    assert!(house.look(Zones::text(WORKS)).await.0.is_empty(), "clear at first is no news");
    house.forward(HOUR);
    let mut told = house.look(listed()).await.0;
    told.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(told, [(String::from(IP), Listing::Listed), (String::from("acme.test"), Listing::Listed)]);
    house.forward(HOUR);
    assert!(house.look(listed()).await.0.is_empty(), "still listed is no news");
    house.forward(HOUR);
    // A list that refuses or is silent takes nothing back, and is no alarm.
    let mute = listed().habit(&format!("5.2.0.192.{COP}"), Habit::Silent);
    let refusing = mute.habit(&format!("acme.test.{DBL}"), Habit::Refused);
    assert!(house.look(refusing).await.0.is_empty());
    house.forward(HOUR);
    assert_eq!(house.look(Zones::text(WORKS)).await.0.len(), 2, "both have ended");
    assert_eq!(house.events().await, 4);
    let history = house.ops.listing_history(&[]).await.unwrap();
    assert_eq!(history.len(), 2);
    let states: Vec<Listing> = history[0].periods.iter().map(|period| period.state).collect();
    assert_eq!(states, [Listing::Clear, Listing::Listed, Listing::Clear]);
    assert_eq!(history[0].periods[1].seen_at, Timestamp::from_micros(NOON) + HOUR * 2, "when it was seen last");
}

#[tokio::test]
async fn nothing_is_asked_before_its_time() {
    let house = House::new().await;
    assert!(!house.look(Zones::text(WORKS)).await.1.asked().is_empty());
    house.forward(HOUR - Duration::from_secs(1));
    assert!(house.look(listed()).await.1.asked().is_empty());
    house.forward(Duration::from_secs(1));
    assert!(!house.look(listed()).await.1.asked().is_empty());
}

#[tokio::test]
async fn private_ips_are_asked_about_nowhere() {
    let house = House::new().await;
    let server = Zones::text(WORKS).serve().await;
    let public = BlocklistWatch { reach: Reach::Public, ..watch(&server) };
    house.ops.look_at_blocklists(&public).await.unwrap();
    let asked = server.asked();
    assert!(asked.iter().any(|question| question.starts_with("acme.test.")), "{asked:?}");
    assert!(asked.iter().all(|question| !question.contains("192")), "{asked:?}");
}

#[tokio::test]
async fn only_what_is_ours_has_a_history() {
    let house = House::new().await;
    let own = house.ops.listing_history(&[Subject::parse("acme.test").unwrap()]).await.unwrap();
    assert!(own[0].periods.is_empty(), "not looked at yet");
    let fault = house.ops.listing_history(&[Subject::parse("other.test").unwrap()]).await.unwrap_err();
    assert_eq!(fault.code, "blocklist.unknown");
}

#[tokio::test]
async fn the_job_looks_until_it_is_stopped() {
    let house = House::new().await;
    let server = listed().serve().await;
    let (stopper, stop) = net::Stopper::new();
    let job = tokio::spawn(watch(&server).run(house.ops.clone(), stop));
    let told = async {
        while house.events().await < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.expect("both are told");
    stopper.stop();
    tokio::time::timeout(Duration::from_secs(20), job).await.expect("it stops").unwrap();
}
