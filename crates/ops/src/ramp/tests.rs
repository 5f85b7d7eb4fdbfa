//! A ramp over days, with a clock that is moved by hand.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use rules::{Clock, ramp::Slope, secret::Key};
use store::{BeginAttempt, NewDomain, Settled, Store, Verdict};
use syntax::{Domain, Timestamp};

use super::*;
use crate::{Composed, MailboxRequest, Publishing};

#[derive(Debug)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct World {
    ops: Ops,
    clock: Arc<HandClock>,
    ann: Address,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(1_795_435_200_000_000)));
        let store = Store::open(&format!("sqlite://{}/a.db", folder.path().display()), clock.clone()).await.unwrap();
        let workspace = store.ensure_workspace("default").await.unwrap().id;
        let name = Domain::parse("acme.test").unwrap();
        let domain = NewDomain {
            workspace,
            mail_host: name.child("box"),
            name,
            egress_ip: [127, 0, 1, 1].into(),
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
            daily_cap: 5,
            expiry: Duration::from_secs(86_400),
            ramp: Slope { start: 2, step: 2 },
            proof_required: rules::proof::Required::Never,
        };
        let ann = Address::parse("ann@acme.test").unwrap();
        let request = MailboxRequest { address: ann.clone(), display: None, daily_cap: None };
        ops.add_mailboxes(&[request]).await.unwrap();
        Self { ops, clock, ann, _folder: folder }
    }

    /// Submits until the answer is no; how many went.
    async fn submit(&self, verdict: Verdict) -> (u32, String) {
        for sent in 0.. {
            let composed = Composed {
                from: self.ann.clone(),
                to: vec![Address::parse("bob@example.net").unwrap()],
                subject: "Hello".into(),
                text: "Hello\r\n".into(),
            };
            match self.ops.send(composed).await {
                Ok(id) => self.settle(&id, verdict).await,
                Err(fault) => return (sent, fault.to_string()),
            }
        }
        unreachable!("a mailbox without an end")
    }

    async fn settle(&self, id: &rules::id::MessageId, verdict: Verdict) {
        let recipient = self.ops.store.message(id).await.unwrap().unwrap().recipients[0].id.clone();
        let begin = BeginAttempt {
            recipient: recipient.clone(),
            number: 1,
            egress_ip: [127, 0, 1, 1].into(),
            next_at: self.ops.store.clock().now() + Duration::from_secs(600),
        };
        let attempt = self.ops.store.begin(vec![begin]).await.unwrap().remove(0).unwrap();
        let settled = Settled {
            attempt,
            recipient,
            verdict,
            mx_host: None,
            peer: None,
            tls: None,
            stage: "data".into(),
            reply: None,
            enhanced: None,
            entry: None,
            class: None,
            transcript: String::new(),
            notice: None,
            events: Vec::new(),
        };
        self.ops.store.settle(vec![settled]).await.unwrap();
    }

    async fn next_day(&self) -> usize {
        // What was submitted exactly 24 hours ago counts still.
        let day = ramp::DAY + Duration::from_secs(1);
        self.clock.0.fetch_add(i64::try_from(day.as_micros()).unwrap(), Ordering::SeqCst);
        self.ops.step_ramps().await.unwrap()
    }
}

#[tokio::test]
async fn good_days_lead_to_the_cap_and_the_refusal_says_what_counts_today() {
    let world = World::new().await;
    let (sent, refused) = world.submit(Verdict::Delivered).await;
    assert_eq!(sent, 2);
    assert!(refused.contains("has sent its 2 messages of 24 hours") && refused.contains("daily-cap"), "{refused}");
    assert_eq!(world.ops.step_ramps().await.unwrap(), 0, "the day is not over");
    assert_eq!(world.next_day().await, 1);
    assert_eq!(world.submit(Verdict::Delivered).await.0, 4);
    assert_eq!(world.next_day().await, 1);
    assert_eq!(world.submit(Verdict::Delivered).await.0, 5, "the cap");
    assert_eq!(world.next_day().await, 0, "the ramp is over");
}

#[tokio::test]
async fn bounces_keep_it_down_until_somebody_ends_the_ramp() {
    let world = World::new().await;
    assert_eq!(world.submit(Verdict::Bounced).await.0, 2);
    world.next_day().await;
    assert_eq!(world.submit(Verdict::Bounced).await.0, 2);
    let ended = world.ops.end_ramp(&world.ann, "olga").await.unwrap();
    assert_eq!((ended.ramp, ended.allowance()), (None, 5));
    assert_eq!(world.submit(Verdict::Delivered).await.0, 3, "of five, two were sent");
    let audit = world.ops.store.audits(None, None, 10).await.unwrap();
    assert!(audit.iter().any(|row| row.what == "mailbox.ramp" && row.who == "olga"), "{audit:?}");
}
