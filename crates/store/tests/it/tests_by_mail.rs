//! One-time addresses.

use std::time::Duration;

use store::TestArrival;

use crate::house::{House, MINUTE, NOON, Place, address};

crate::on_both_databases!(a_one_time_address_takes_one_message_in_its_time, old_tests_are_forgotten);

fn arrival() -> TestArrival {
    TestArrival {
        at: NOON,
        peer: [192, 0, 2, 1].into(),
        helo: "a\0b".into(),
        tls: true,
        reverse_path: Some(address("mia@example.net")),
    }
}

async fn a_one_time_address_takes_one_message_in_its_time(place: Place) {
    let house = House::at(place).await;
    let to = address("test-x@example.com");
    let test = house.store.new_mail_test(&to, NOON + MINUTE).await.unwrap();
    assert_eq!(house.store.waiting_mail_test(&address("TEST-X@example.com")).await.unwrap(), Some(test.id.clone()));
    assert!(house.store.mail_test(&test.id).await.unwrap().unwrap().arrived.is_none());
    assert_eq!(house.store.mail_test_content(&test.id).await.unwrap(), None);
    assert!(house.store.keep_mail_test(&test.id, arrival(), b"one\0\r\n").await.unwrap());
    assert!(!house.store.keep_mail_test(&test.id, arrival(), b"two").await.unwrap(), "one message, and no other");
    assert_eq!(house.store.waiting_mail_test(&to).await.unwrap(), None);
    let kept = house.store.mail_test(&test.id).await.unwrap().unwrap().arrived.unwrap();
    assert_eq!((kept.helo.as_str(), kept.tls), ("a\u{fffd}b", true));
    assert_eq!(house.store.mail_test_content(&test.id).await.unwrap().unwrap(), b"one\0\r\n");
    let late = house.store.new_mail_test(&address("test-y@example.com"), NOON + MINUTE).await.unwrap();
    house.clock.forward(MINUTE * 2);
    assert_eq!(house.store.waiting_mail_test(&late.address).await.unwrap(), None, "it has expired");
}

async fn old_tests_are_forgotten(place: Place) {
    let house = House::at(place).await;
    let old = house.store.new_mail_test(&address("test-x@example.com"), NOON + MINUTE).await.unwrap();
    house.clock.forward(Duration::from_secs(8 * 24 * 60 * 60));
    let later = house.store.clock().now() + MINUTE;
    let new = house.store.new_mail_test(&address("test-y@example.com"), later).await.unwrap();
    assert!(house.store.mail_test(&old.id).await.unwrap().is_none());
    assert!(house.store.mail_test(&new.id).await.unwrap().is_some());
}
