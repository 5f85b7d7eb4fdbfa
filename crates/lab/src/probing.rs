//! A probe in the lab: receivers that really look an IP up in a blocklist, domains that really swap their IPs.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use check::Checks;
use ops::{DomainRequest, MailboxRequest, ProbeReport, ProbeRequest};
use rules::{
    Clock,
    probe::{Cause, Outcome, Role, Trial},
};
use syntax::{Address, Domain, Timestamp};

use crate::{Lab, Options, roster::egress_ip};

const SUSPECT: &str = "listed.test";
const CONTROL: &str = "acme-mail.test";

/// Time as it passes, from a fixed day on.
#[derive(Debug)]
struct Passing(Instant);

impl Clock for Passing {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_795_435_200_000_000) + self.0.elapsed()
    }
}

async fn lab() -> Lab {
    let lab = Lab::start(Options {
        clock: Arc::new(Passing(Instant::now())),
        http: ([127, 0, 0, 1], 0).into(),
        progress: Box::new(|_| {}),
    })
    .await
    .unwrap();
    move_to(&lab, SUSPECT, egress_ip(4)).await;
    move_to(&lab, CONTROL, egress_ip(1)).await;
    for name in [SUSPECT, CONTROL] {
        let address = Address::parse(&format!("ann@{name}")).unwrap();
        lab.ops.add_mailboxes(&[MailboxRequest { address, display: None, daily_cap: None }]).await.unwrap();
    }
    lab
}

/// Gives a domain that IP, and publishes it.
async fn move_to(lab: &Lab, name: &str, ip: IpAddr) {
    let request = DomainRequest {
        name: Domain::parse(name).unwrap(),
        workspace: String::from("lab"),
        egress_ip: Some(ip),
        dmarc_policy: None,
        catch_all: None,
    };
    lab.ops.apply_domain(&request).await.unwrap();
    lab.house.refresh().await.unwrap();
}

async fn probe(lab: &Lab, earlier: Vec<Trial>) -> ProbeReport {
    let ann = |name: &str| Address::parse(&format!("ann@{name}")).unwrap();
    let boxes = ["dana@blocklisting.test", "dana@outlook-like.test", "dana@accepting.test"];
    let request = ProbeRequest {
        suspect: ann(SUSPECT),
        control: ann(CONTROL),
        boxes: boxes.iter().map(|text| Address::parse(text).unwrap()).collect(),
        consent: true,
        repeats: 3,
        seed: Some(4),
        subject: String::from("Delivery test"),
        text: String::from("Hello\n"),
        wait: Duration::from_secs(20),
        imap: HashMap::new(),
        folder_wait: Duration::ZERO,
        earlier,
    };
    let checks = Checks::new(lab.ops.resolver.clone()).unwrap();
    let refused = ProbeRequest { consent: false, ..request.clone() };
    assert_eq!(lab.ops.run_probe(&checks, &refused, |_| {}).await.unwrap_err().code, "probe.consent");
    lab.ops.run_probe(&checks, &request, |_| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_ip_is_told_from_its_domain_by_swapping_the_ips() {
    let lab = lab().await;
    lab.world.list(egress_ip(4)).await.unwrap();
    let first = probe(&lab, Vec::new()).await;
    assert_eq!(first.verdict.cause, Cause::DomainOrIp, "{:#?}", first.trials);
    assert!(first.caveats.iter().any(|caveat| caveat.contains("swap the IPs")), "{:?}", first.caveats);
    assert!(first.caveats.iter().any(|caveat| caveat.contains("poor control")), "it was made a moment ago");
    assert!(first.replies.iter().any(|quoted| quoted.reply.contains("blocked using") && quoted.entry.is_some()));
    let refused = |trial: &&Trial| trial.arm.role == Role::Suspect && trial.outcome == Outcome::Refused;
    assert_eq!(first.trials.iter().filter(refused).count(), 2, "each receiver that blocks is written to once");
    assert!(first.trials.iter().any(|trial| trial.outcome == Outcome::Withheld));

    move_to(&lab, CONTROL, egress_ip(5)).await;
    move_to(&lab, SUSPECT, egress_ip(1)).await;
    move_to(&lab, CONTROL, egress_ip(4)).await;
    let second = probe(&lab, first.trials).await;
    assert_eq!(second.verdict.cause, Cause::Ip, "{:#?}", second.arms);
    assert!(second.verdict.p < 0.05, "{}", second.verdict.chance);
    assert!(!second.caveats.iter().any(|caveat| caveat.contains("swap the IPs")), "they were swapped");
    lab.stop().await;
}
