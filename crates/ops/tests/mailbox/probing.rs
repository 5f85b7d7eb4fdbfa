//! What a probe asks for before anything is sent.

use std::{collections::HashMap, time::Duration};

use ops::ProbeRequest;
use rules::probe::Role;
use syntax::Address;
use testkit::smtp_host::Habit;

use crate::World;

fn request(suspect: &str, control: &str, boxes: &[&str]) -> ProbeRequest {
    let address = |text: &str| Address::parse(text).unwrap();
    ProbeRequest {
        suspect: address(suspect),
        control: address(control),
        boxes: boxes.iter().map(|text| address(text)).collect(),
        consent: true,
        repeats: 3,
        seed: Some(1),
        subject: String::from("Delivery test"),
        text: String::from("Hi"),
        wait: Duration::ZERO,
        imap: HashMap::new(),
        folder_wait: Duration::ZERO,
        earlier: Vec::new(),
    }
}

#[tokio::test]
async fn the_arms_are_domains_with_their_own_ips_and_the_control_once_more() {
    let world = World::with(Habit::knows(&[])).await;
    let plan =
        world.ops.plan_probe(&request("ann@ours.test", "all@open.test", &["a@x.test", "b@y.test"])).await.unwrap();
    let arms: Vec<(Role, String, String)> =
        plan.arms.iter().map(|arm| (arm.role, arm.from.to_string(), arm.ip.to_string())).collect();
    let arm = |role, from: &str, ip: &str| (role, from.to_owned(), ip.to_owned());
    assert_eq!(
        arms,
        [
            arm(Role::Suspect, "ann@ours.test", "127.0.1.1"),
            arm(Role::Control, "all@open.test", "127.0.1.2"),
            arm(Role::ControlAgain, "all@open.test", "127.0.1.2"),
        ]
    );
    assert_eq!((plan.letters.len(), plan.clearest_words.as_str()), (18, "1 in 91 by chance"));
    assert!(world.ops.store.queue(&store::QueueFilter::default()).await.unwrap().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn what_would_be_no_probe_is_refused() {
    let world = World::with(Habit::knows(&[])).await;
    let fault = async |request: ProbeRequest| world.ops.plan_probe(&request).await.unwrap_err().code;
    let fair = || request("ann@ours.test", "all@open.test", &["a@x.test"]);
    assert_eq!(fault(request("ann@ours.test", "eve@ours.test", &["a@x.test"])).await, "probe.arms");
    assert_eq!(fault(request("nobody@ours.test", "all@open.test", &["a@x.test"])).await, "mailbox.unknown");
    assert_eq!(fault(request("ann@ours.test", "all@open.test", &["a@x.test", "A@x.test"])).await, "probe.boxes");
    assert_eq!(fault(ProbeRequest { boxes: Vec::new(), ..fair() }).await, "probe.boxes");
    assert_eq!(fault(ProbeRequest { repeats: 0, ..fair() }).await, "probe.boxes");
    assert_eq!(fault(ProbeRequest { repeats: 1000, ..fair() }).await, "probe.boxes");
}

#[tokio::test]
async fn what_waits_at_the_end_is_taken_out_of_the_queue() {
    // No relay runs: every letter stays without an answer.
    let world = World::with(Habit::knows(&[])).await;
    let checks = check::Checks::new(world.ops.resolver.clone()).unwrap();
    let request = request("ann@ours.test", "all@open.test", &["a@target.test"]);
    let report = world.ops.run_probe(&checks, &request, |_| {}).await.unwrap();
    assert_eq!(report.verdict.cause, rules::probe::Cause::TooFew);
    let letters = world.ops.store.queue(&store::QueueFilter::default()).await.unwrap();
    assert_eq!(letters.len(), 9);
    assert!(letters.iter().all(|letter| letter.recipients[0].state == store::State::Dropped));
}

#[tokio::test]
async fn a_rule_of_ours_is_not_taken_for_a_refusal() {
    let world = World::with(Habit::knows(&[])).await;
    let checks = check::Checks::new(world.ops.resolver.clone()).unwrap();
    // A suspended mailbox sends nothing.
    let request = request("eve@ours.test", "all@open.test", &["a@target.test"]);
    let report = world.ops.run_probe(&checks, &request, |_| {}).await.unwrap();
    let suspect = &report.arms[0];
    assert_eq!((suspect.arm.role, suspect.refused, suspect.uncounted), (Role::Suspect, 0, 3));
    assert!(report.replies.iter().any(|quoted| quoted.reply.contains("suspended")), "{:?}", report.replies);
}
