//! Certificates: wanted, due, ordered, given; and proofs for a CA.

use std::time::Duration;

use store::{Ca, CertificateEnd, ChallengeProof, WantedCertificate};
use syntax::Timestamp;

use crate::house::{House, MINUTE, NOON, Place};

crate::on_both_databases!(
    one_that_is_wanted_is_due_and_taken_once,
    one_that_was_given_is_shown_with_its_event_and_stays_when_the_next_order_fails,
    asking_makes_one_due_but_not_twice_in_a_minute,
    no_more_orders_are_begun_than_the_limit_allows,
    what_is_not_wanted_any_more_is_forgotten_and_a_later_one_is_shown_all_the_same,
    proofs_are_there_while_they_are_shown_and_the_zone_version_rises,
    what_is_known_of_a_ca_is_kept_and_not_shown_in_debug,
);

const HOUR: Duration = Duration::from_secs(3600);

fn wanted(name: &str) -> WantedCertificate {
    WantedCertificate { name: name.to_owned(), names: vec![name.to_owned(), format!("auto.{name}")] }
}

fn given(until: Timestamp) -> CertificateEnd {
    CertificateEnd::Given { chain: "chain".into(), private_key: "secret".into(), not_before: NOON, not_after: until }
}

async fn take(house: &House) -> Option<String> {
    let taken = house.store.take_certificate(NOON - HOUR, 10).await.unwrap();
    taken.map(|certificate| certificate.name)
}

async fn one_that_is_wanted_is_due_and_taken_once(place: Place) {
    let house = House::at(place).await;
    house.store.want_certificates(vec![wanted("a.test")]).await.unwrap();
    house.store.want_certificates(vec![wanted("a.test")]).await.unwrap();
    assert_eq!(take(&house).await.as_deref(), Some("a.test"));
    assert_eq!(take(&house).await, None, "it is in hand");
    house.clock.forward(HOUR);
    assert_eq!(take(&house).await.as_deref(), Some("a.test"), "whoever had it in hand is gone");
}

async fn one_that_was_given_is_shown_with_its_event_and_stays_when_the_next_order_fails(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    store.want_certificates(vec![wanted("a.test")]).await.unwrap();
    take(&house).await.unwrap();
    let last = store.last_event().await.unwrap();
    store.end_certificate("a.test", NOON + HOUR, given(NOON + 2 * HOUR)).await.unwrap();
    let shown = store.certificates_given_after(0).await.unwrap();
    assert_eq!(
        (shown.len(), shown[0].names.as_slice()),
        (1, ["a.test".to_owned(), "auto.a.test".to_owned()].as_slice())
    );
    assert!(!format!("{:?}", shown[0]).contains("secret"));
    assert!(store.certificates_given_after(shown[0].revision).await.unwrap().is_empty());

    let failed = CertificateEnd::Failed { code: "acme.refused".into(), problem: "no\0".into() };
    store.end_certificate("a.test", NOON + HOUR, failed).await.unwrap();
    let row = store.certificates().await.unwrap().remove(0);
    assert_eq!((row.failures, row.problem.as_deref()), (1, Some("no\u{fffd}")));
    assert_eq!((row.not_after, row.due_at), (Some(NOON + 2 * HOUR), NOON + HOUR));
    assert_eq!(store.certificates_given_after(0).await.unwrap(), shown, "the old one goes on");
    assert_eq!(house.kinds_after(last).await, ["certificate-issued", "certificate-failed"]);

    store.end_certificate("a.test", NOON + HOUR, given(NOON + 3 * HOUR)).await.unwrap();
    let row = store.certificates().await.unwrap().remove(0);
    assert_eq!((row.failures, row.problem), (0, None));
    assert!(store.certificates_given_after(0).await.unwrap()[0].revision > shown[0].revision);
    store.end_certificate("gone.test", NOON, given(NOON)).await.unwrap();
    assert_eq!(store.certificates().await.unwrap().len(), 1, "one that nobody wants any more is not written");
}

async fn asking_makes_one_due_but_not_twice_in_a_minute(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    store.want_certificates(vec![wanted("a.test")]).await.unwrap();
    take(&house).await.unwrap();
    store.end_certificate("a.test", NOON + HOUR * 1000, given(NOON + HOUR * 1500)).await.unwrap();
    assert_eq!(store.ask_for_certificates(vec!["a.test".into(), "other.test".into()]).await.unwrap(), 1);
    assert_eq!(take(&house).await, None, "the last order was made this minute");
    house.clock.forward(MINUTE);
    assert_eq!(store.certificates().await.unwrap()[0].asked_at, Some(NOON));
    assert_eq!(take(&house).await.as_deref(), Some("a.test"));
    assert_eq!(store.certificates().await.unwrap()[0].asked_at, None);
}

async fn no_more_orders_are_begun_than_the_limit_allows(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    store.want_certificates((0..3).map(|number| wanted(&format!("{number}.test"))).collect()).await.unwrap();
    for _ in 0..2 {
        assert!(store.take_certificate(NOON - HOUR, 2).await.unwrap().is_some());
    }
    assert!(store.take_certificate(NOON - HOUR, 2).await.unwrap().is_none());
    house.clock.forward(MINUTE);
    assert_eq!(
        store.take_certificate(NOON, 2).await.unwrap().unwrap().name,
        "2.test",
        "those before do not count any more"
    );
}

async fn what_is_not_wanted_any_more_is_forgotten_and_a_later_one_is_shown_all_the_same(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    store.want_certificates(vec![wanted("a.test"), wanted("b.test")]).await.unwrap();
    store.end_certificate("a.test", NOON, given(NOON)).await.unwrap();
    store.end_certificate("b.test", NOON, given(NOON)).await.unwrap();
    let seen = store.certificates_given_after(0).await.unwrap()[1].revision;
    let other = WantedCertificate { names: vec!["a.test".into()], ..wanted("a.test") };
    house.clock.forward(MINUTE);
    store.want_certificates(vec![other]).await.unwrap();
    let rows = store.certificates().await.unwrap();
    assert_eq!(
        (rows.len(), rows[0].names.len(), rows[0].due_at),
        (1, 1, NOON + MINUTE),
        "other names are ordered anew"
    );
    store.end_certificate("a.test", NOON, given(NOON)).await.unwrap();
    assert_eq!(store.certificates_given_after(seen).await.unwrap().len(), 1);
}

async fn proofs_are_there_while_they_are_shown_and_the_zone_version_rises(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    let proof = |token: &str| ChallengeProof {
        name: "box.example.com".into(),
        token: token.into(),
        answer: format!("{token}.thumb"),
        record: "digest".into(),
    };
    let version = store.zone_version().await.unwrap();
    store.set_challenge_proofs(Vec::new()).await.unwrap();
    assert_eq!(store.zone_version().await.unwrap(), version, "nothing changed");
    store.set_challenge_proofs(vec![proof("one"), proof("two")]).await.unwrap();
    assert_eq!(store.zone_version().await.unwrap(), version + 1);
    assert_eq!(store.challenge_proofs().await.unwrap(), [proof("one"), proof("two")]);
    assert_eq!(store.challenge_proof("two").await.unwrap(), Some(proof("two")));
    store.set_challenge_proofs(Vec::new()).await.unwrap();
    assert_eq!(store.challenge_proof("two").await.unwrap(), None);
    assert_eq!(store.zone_version().await.unwrap(), version + 2);
}

async fn what_is_known_of_a_ca_is_kept_and_not_shown_in_debug(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    assert_eq!(store.acme_ca("https://ca.test").await.unwrap(), Ca::default());
    let ca = Ca { credentials: Some("key".into()), paused_until: Some(NOON) };
    store.keep_acme_ca("https://ca.test", ca.clone()).await.unwrap();
    assert_eq!(store.acme_ca("https://ca.test").await.unwrap(), ca);
    assert!(!format!("{ca:?}").contains("key"));
    let ca = Ca { paused_until: None, ..ca };
    store.keep_acme_ca("https://ca.test", ca.clone()).await.unwrap();
    assert_eq!(store.acme_ca("https://ca.test").await.unwrap(), ca);
}
