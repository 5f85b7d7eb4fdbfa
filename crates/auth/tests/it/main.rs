//! Signed and verified against a real DNS on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod openspf;

use std::time::Duration;

use auth::{Algorithm, Arrived, Policy, Signer, SigningKey, Verdict, Verdicts, Verifier, generate};
use dns::{Authority, Resolver, Zone, read_zone};
use syntax::Address;

const MESSAGE: &str = "From: Ann <ann@a.test>\r\nTo: dana@b.test\r\nSubject: x\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n\
                       Message-ID: <1@a.test>\r\n\r\nHello  \r\n \r\n\r\n";

struct World {
    _authority: Authority,
    verifier: Verifier,
    signed: Vec<u8>,
}

/// A domain with both keys; `right` says whether the DNS has them, `spf` and `dmarc` are its texts.
async fn world(right: bool, spf: &str, dmarc: &str) -> World {
    let mut zone = format!("@ TXT \"{spf}\"\n_dmarc TXT \"{dmarc}\"\n");
    let mut keys = Vec::new();
    for (selector, algorithm) in [("r1", Algorithm::Rsa), ("e1", Algorithm::Ed25519)] {
        let (key, txt) = generate(algorithm).unwrap();
        let published = if right { txt } else { generate(algorithm).unwrap().1 };
        zone.push_str(&format!("{selector}._domainkey TXT \"{published}\"\n"));
        keys.push(SigningKey { domain: "a.test".parse().unwrap(), selector: selector.into(), algorithm, key });
    }
    let authority = Authority::bind(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
    authority.set_zone(&Zone { origin: ".".into(), records: Vec::new() }).await.unwrap();
    authority.set_zone(&read_zone("a.test", &zone).unwrap()).await.unwrap();
    let resolver = Resolver::new(&authority.addresses(), Duration::from_secs(3), false).unwrap();
    let signed = Signer::new(&keys).unwrap().sign(MESSAGE.as_bytes()).unwrap();
    World { _authority: authority, verifier: Verifier::new(&resolver).unwrap(), signed }
}

impl World {
    async fn verify(&self, message: &[u8]) -> Verdicts {
        let from: Address = "bounce@a.test".parse().unwrap();
        let arrived = Arrived { ip: [192, 0, 2, 1].into(), helo: "box.a.test", mail_from: Some(&from), message };
        self.verifier.verify(&arrived).await
    }
}

fn dkim(verdicts: &Verdicts) -> Vec<(&str, Verdict)> {
    verdicts.dkim.iter().map(|dkim| (dkim.algorithm.as_str(), dkim.verdict)).collect()
}

#[tokio::test]
async fn what_is_signed_with_both_keys_passes_with_both() {
    let world = world(true, "v=spf1 ip4:192.0.2.1 -all", "v=DMARC1; p=reject").await;
    let verdicts = world.verify(&world.signed).await;
    let mut found = dkim(&verdicts);
    found.sort_by_key(|one| one.0);
    assert_eq!(found, [("ed25519-sha256", Verdict::Pass), ("rsa-sha256", Verdict::Pass)]);
    assert_eq!((verdicts.spf, verdicts.dmarc, verdicts.policy), (Verdict::Pass, Verdict::Pass, Some(Policy::Reject)));
    let header = verdicts.header("mx.b.test");
    for part in ["mx.b.test;", "spf=pass", "dkim=pass header.d=a.test", "dmarc=pass header.from=a.test"] {
        assert!(header.contains(part), "{header}");
    }
}

#[tokio::test]
async fn a_changed_message_and_a_wrong_key_fail() {
    let world_right = world(true, "v=spf1 -all", "v=DMARC1; p=reject").await;
    let changed = String::from_utf8(world_right.signed.clone()).unwrap().replace("Hello", "Hallo");
    let verdicts = world_right.verify(changed.as_bytes()).await;
    assert!(verdicts.dkim.iter().all(|dkim| dkim.verdict != Verdict::Pass), "{verdicts:?}");
    assert_eq!((verdicts.spf, verdicts.dmarc), (Verdict::Fail, Verdict::Fail));

    let world_wrong = world(false, "v=spf1 ip4:192.0.2.1 -all", "v=DMARC1; p=quarantine").await;
    let verdicts = world_wrong.verify(&world_wrong.signed).await;
    assert!(verdicts.dkim.iter().all(|dkim| dkim.verdict != Verdict::Pass), "{verdicts:?}");
    // SPF passes and is aligned: that is enough for DMARC.
    assert_eq!((verdicts.dmarc, verdicts.policy), (Verdict::Pass, Some(Policy::Quarantine)));
}

#[tokio::test]
async fn a_second_from_added_on_the_way_breaks_the_signature() {
    let world = world(true, "v=spf1 -all", "v=DMARC1; p=reject").await;
    let text = String::from_utf8(world.signed.clone()).unwrap();
    let verdicts = world.verify(text.replacen("From:", "From: ceo@c.test\r\nFrom:", 1).as_bytes()).await;
    assert!(verdicts.dkim.iter().all(|dkim| dkim.verdict != Verdict::Pass), "{verdicts:?}");
    assert_ne!(verdicts.dmarc, Verdict::Pass);
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_temperror_and_never_a_verdict() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = Resolver::new(&[silent.local_addr().unwrap()], Duration::from_millis(100), false).unwrap();
    let verifier = Verifier::new(&resolver).unwrap();
    let (verdict, domain) = verifier.spf([192, 0, 2, 1].into(), "box.a.test", None).await;
    assert_eq!((verdict, domain.as_str()), (Verdict::TempError, "box.a.test"));
}
