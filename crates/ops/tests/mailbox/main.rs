//! Whether a mailbox exists, by everything that can say so: the store, the MX, the history, a callout; and what a probe asks for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken expectation fails the test; the lints know only functions marked #[test]"
)]

mod porting;
mod probing;
mod pushing;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use check::{Checks, State, worst};
use ops::{CalloutSettings, DomainRequest, MailboxCheck, MailboxChecked, MailboxRequest, Ops, Publishing};
use rules::{
    Clock,
    mailbox_check::{Answer, By},
    reach::Reach,
    secret::Key,
};
use store::{BeginAttempt, Settled, Store, Verdict};
use syntax::{Address, Domain, Timestamp};
use testkit::{
    nameserver::{Nameserver, Zones},
    smtp_host::{Habit, Host},
};

const ZONES: &str = "
target.test MX 10 mx.target.test
mx.target.test A 127.0.0.1
other.test MX 10 mx.target.test
null.test MX 0 .
hotmail.test MX 10 hotmail-com.olc.protection.outlook.com
1.0.0.127.in-addr.arpa PTR probe.example.test
probe.example.test A 127.0.0.1
";

#[derive(Debug)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// An installation with ann@ours.test, and a host that has the mail of target.test.
pub(crate) struct World {
    clock: Arc<HandClock>,
    pub(crate) ops: Ops,
    host: Host,
    _names: Nameserver,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn with(habit: Habit) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(1_795_435_200_000_000)));
        let folder = tempfile::tempdir().unwrap();
        let names = Zones::text(ZONES).serve().await;
        let url = format!("sqlite://{}/store.db", folder.path().display());
        let ops = Ops {
            store: Store::open(&url, clock.clone()).await.unwrap(),
            resolver: names.resolver(),
            key: Key([7; 32]),
            publishing: Publishing::Print,
            daily_cap: 50,
            expiry: Duration::from_secs(600),
            ramp: rules::ramp::Slope::NONE,
            proof_required: rules::proof::Required::default(),
        };
        let request = |name: &str, ip: [u8; 4]| DomainRequest {
            name: Domain::parse(name).unwrap(),
            workspace: "default".into(),
            egress_ip: Some(ip.into()),
            dmarc_policy: None,
            catch_all: None,
        };
        ops.apply_domain(&request("ours.test", [127, 0, 1, 1])).await.unwrap();
        ops.apply_domain(&request("open.test", [127, 0, 1, 2])).await.unwrap();
        for address in ["ann@ours.test", "eve@ours.test", "all@open.test"] {
            let request = MailboxRequest { address: Address::parse(address).unwrap(), display: None, daily_cap: None };
            ops.add_mailboxes(&[request]).await.unwrap();
        }
        let everybody = DomainRequest {
            catch_all: Some(Address::parse("all@open.test").ok()),
            ..request("open.test", [127, 0, 1, 2])
        };
        ops.apply_domain(&everybody).await.unwrap();
        ops.suspend(&Address::parse("eve@ours.test").unwrap(), true).await.unwrap();
        Self { clock, ops, host: Host::start(habit).await, _names: names, _folder: folder }
    }

    fn settings(&self, daily: u32) -> CalloutSettings {
        CalloutSettings {
            daily,
            ip: Some([127, 0, 0, 1].into()),
            mail_from: None,
            port: self.host.port,
            limit: Duration::from_secs(2),
            reach: Reach::Anywhere,
        }
    }

    async fn check(&self, input: &str, callout: Option<CalloutSettings>) -> MailboxChecked {
        let checks = Checks::new(self.ops.resolver.clone()).unwrap();
        MailboxCheck { checks, ops: Some(self.ops.clone()), callout }.check(input).await.unwrap()
    }

    /// Sends a message to it, and settles the attempt so.
    async fn sent(&self, to: &str, verdict: Verdict, entry: Option<&str>) {
        let composed = ops::Composed {
            from: Address::parse("ann@ours.test").unwrap(),
            to: vec![Address::parse(to).unwrap()],
            subject: "Hello".into(),
            text: "Hi".into(),
        };
        let message = self.ops.send(composed).await.unwrap();
        let recipient = self.ops.store.message(&message).await.unwrap().unwrap().recipients[0].id.clone();
        let now = self.clock.now();
        let begin =
            BeginAttempt { recipient: recipient.clone(), number: 1, egress_ip: [127, 0, 1, 1].into(), next_at: now };
        let attempt = self.ops.store.begin(vec![begin]).await.unwrap().remove(0).unwrap();
        let settled = Settled {
            attempt,
            recipient,
            verdict,
            mx_host: None,
            peer: None,
            tls: None,
            stage: "rcpt".into(),
            reply: Some("550 5.1.1 gone".into()),
            enhanced: None,
            entry: entry.map(String::from),
            class: entry.and_then(reference::entry).map(|entry| entry.class),
            transcript: String::new(),
            notice: None,
            events: Vec::new(),
        };
        self.ops.store.settle(vec![settled]).await.unwrap();
    }
}

#[tokio::test]
async fn our_own_domains_are_answered_by_the_store_and_nobody_is_asked() {
    let world = World::with(Habit::knows(&[])).await;
    for (input, exists, catch_all, state) in [
        ("ann@ours.test", Answer::Yes, Answer::No, State::Ok),
        ("ANN@ours.test", Answer::Yes, Answer::No, State::Ok),
        ("eve@ours.test", Answer::No, Answer::No, State::Bad),
        ("bob@ours.test", Answer::No, Answer::No, State::Bad),
        ("abuse@ours.test", Answer::Yes, Answer::No, State::Warn),
        ("ann@box.ours.test", Answer::No, Answer::No, State::Bad),
        ("postmaster@box.ours.test", Answer::Yes, Answer::No, State::Warn),
        ("bob@open.test", Answer::No, Answer::Yes, State::Warn),
    ] {
        let found = world.check(input, Some(world.settings(9))).await;
        let verdict = &found.verdict;
        assert_eq!(
            (verdict.by, verdict.exists, verdict.catch_all),
            (By::Store, exists, catch_all),
            "{input}: {verdict:?}"
        );
        assert_eq!(worst(&found.findings), state, "{input}: {:?}", found.findings);
    }
    assert!(world.check("eve@ours.test", None).await.verdict.reason.contains("suspended"));
    assert_eq!(world.host.connections(), 0);
}

#[tokio::test]
async fn callouts_are_off_until_both_the_caller_and_the_operator_want_them() {
    let world = World::with(Habit::knows(&["dana"])).await;
    for (callout, why) in [
        (None, "--callout"),
        (Some(world.settings(0)), "callout.daily"),
        (Some(CalloutSettings { ip: None, ..world.settings(9) }), "callout.ip"),
        (Some(CalloutSettings { ip: Some([127, 0, 0, 77].into()), ..world.settings(9) }), "PTR"),
    ] {
        let found = world.check("dana@target.test", callout).await;
        assert_eq!((found.verdict.exists, found.verdict.by), (Answer::Unknown, By::Mx));
        assert!(found.verdict.reason.contains(why), "{}", found.verdict.reason);
    }
    let checks = Checks::new(world.ops.resolver.clone()).unwrap();
    let without_store = MailboxCheck { checks, ops: None, callout: Some(world.settings(9)) };
    assert_eq!(without_store.check("dana@target.test").await.unwrap().verdict.by, By::Mx);
    assert_eq!((world.host.connections(), world.ops.store.callouts_today().await.unwrap()), (0, 0));
}

#[tokio::test]
async fn a_callout_answers_once_and_is_remembered() {
    let world = World::with(Habit::knows(&["dana"])).await;
    let found = world.check("dana@target.test", Some(world.settings(2))).await;
    assert_eq!((found.verdict.exists, found.verdict.by), (Answer::Yes, By::Callout), "{}", found.verdict.reason);
    assert!(found.transcript.unwrap().contains("C: EHLO probe.example.test"));
    let again = world.check("Dana@target.test", Some(world.settings(2))).await;
    assert_eq!((again.verdict.exists, again.verdict.by), (Answer::Yes, By::Callout));
    assert_eq!(world.host.connections(), 1, "the answer of a moment ago still holds");
    let found = world.check("bob@target.test", Some(world.settings(2))).await;
    assert_eq!((found.verdict.exists, worst(&found.findings)), (Answer::No, State::Bad));
    let capped = world.check("ida@target.test", Some(world.settings(2))).await;
    assert!(capped.verdict.reason.contains("cap"), "{}", capped.verdict.reason);
    assert_eq!((capped.verdict.exists, world.host.connections()), (Answer::Unknown, 2));
}

#[tokio::test]
async fn a_host_that_answers_with_a_policy_is_left_alone_for_a_day() {
    let world = World::with(Habit::says(["550 5.7.1 Access denied"])).await;
    let first = world.check("dana@target.test", Some(world.settings(9))).await;
    assert_eq!(first.verdict.exists, Answer::Unknown);
    for address in ["bob@target.test", "bob@other.test"] {
        let found = world.check(address, Some(world.settings(9))).await;
        assert!(found.verdict.reason.contains("left alone"), "{}", found.verdict.reason);
    }
    assert_eq!(world.host.connections(), 1);
    world.clock.0.fetch_add(25 * 3_600_000_000, Ordering::SeqCst);
    world.check("bob@target.test", Some(world.settings(9))).await;
    assert_eq!(world.host.connections(), 2);
}

#[tokio::test]
async fn a_provider_that_forbids_callouts_is_not_even_counted() {
    let world = World::with(Habit::knows(&["dana"])).await;
    let found = world.check("dana@hotmail.test", Some(world.settings(9))).await;
    assert_eq!((found.verdict.exists, found.provider), (Answer::Unknown, Some("outlook")));
    assert!(found.verdict.reason.contains("forbid"), "{}", found.verdict.reason);
    assert_eq!((world.host.connections(), world.ops.store.callouts_today().await.unwrap()), (0, 0));
}

#[tokio::test]
async fn what_became_of_our_own_mail_is_believed_before_a_callout() {
    let world = World::with(Habit::knows(&[])).await;
    world.sent("dana@target.test", Verdict::Delivered, None).await;
    world.sent("gone@target.test", Verdict::Bounced, Some("550-5-1-1")).await;
    world.sent("barred@target.test", Verdict::Bounced, Some("554-5-7-1")).await;
    let found = async |input: &str| world.check(input, Some(world.settings(9))).await.verdict;
    let dana = found("dana@target.test").await;
    assert_eq!((dana.exists, dana.by), (Answer::Yes, By::History), "{}", dana.reason);
    let gone = found("gone@target.test").await;
    assert_eq!((gone.exists, gone.by), (Answer::No, By::History));
    assert!(gone.reason.contains("550 5.1.1 gone"), "{}", gone.reason);
    assert_eq!(world.host.connections(), 0);
    let barred = found("barred@target.test").await;
    assert_eq!((barred.exists, barred.by), (Answer::No, By::Callout), "a policy said nothing about the mailbox");
}

#[tokio::test]
async fn whoever_asks_is_somebody() {
    let world = World::with(Habit::knows(&["dana"])).await;
    let from = |text: &str| CalloutSettings { mail_from: Address::parse(text).ok(), ..world.settings(9) };
    let checks = Checks::new(world.ops.resolver.clone()).unwrap();
    let check = MailboxCheck { checks, ops: Some(world.ops.clone()), callout: Some(from("nobody@ours.test")) };
    assert_eq!(check.check("dana@target.test").await.unwrap_err().code, "callout.mail-from");
    assert_eq!(world.host.connections(), 0);
    world.check("dana@target.test", Some(from("ann@ours.test"))).await;
    assert!(world.host.saw("MAIL FROM:<ann@ours.test>"));
}

#[tokio::test]
async fn an_address_that_cannot_exist_is_told_by_its_spelling_or_its_domain() {
    let world = World::with(Habit::knows(&[])).await;
    let found = world.check(" ann doe@target.test", None).await;
    assert_eq!(
        (found.verdict.exists, found.verdict.by, found.findings[0].id),
        (Answer::No, By::Syntax, "mailbox.syntax")
    );
    let found = world.check("ann@null.test", None).await;
    assert_eq!((found.verdict.exists, found.verdict.by), (Answer::No, By::Mx));
    let found = world.check("ann@gmial.com", None).await;
    assert_eq!(found.suggestion.unwrap().to_string(), "ann@gmail.com");
    world.ops.store.suppress(&Address::parse("dana@target.test").unwrap(), "opt-out").await.unwrap();
    let found = world.check("dana@target.test", None).await;
    assert!(found.findings.iter().any(|finding| finding.id == "mailbox.suppressed" && finding.state == State::Bad));
    let json = serde_json::to_value(&found).unwrap();
    for field in
        ["input", "exists", "reason", "by", "catch_all", "role", "free", "disposable", "mx", "provider", "findings"]
    {
        assert!(json.get(field).is_some(), "{field}: {json}");
    }
}
