//! Questions that come at the same moment are answered by one statement, each with its own answer, and each sees what was
//! committed before it was asked.

use std::collections::HashMap;

use rules::id::{DomainId, MailboxId, MessageId};
use store::DkimKey;
use tokio::task::JoinSet;

use crate::house::{House, NOON, Place, add_domain, add_mailbox, address};

crate::on_both_databases!(
    each_of_many_questions_has_its_own_answer,
    a_question_sees_what_was_committed_before_it,
    whoever_gave_up_leaves_the_others_their_answers,
    a_store_that_is_closed_says_so,
);

/// More than one statement answers.
const MANY: usize = 150;

async fn each_of_many_questions_has_its_own_answer(place: Place) {
    let house = House::at(place).await;
    add_domain(&house.store, "default", "other.test", "127.0.9.1").await;
    let bob = add_mailbox(&house.store, "bob@other.test").await;
    house.store.grant(&house.ann.id, &bob.id).await.unwrap();
    let key = DkimKey {
        selector: "s1".into(),
        algorithm: "ed25519".into(),
        private_key: vec![1, 2, 3],
        txt: "v=DKIM1".into(),
        active: true,
    };
    house.store.put_dkim_key(&house.domain.id, key).await.unwrap();
    let mut sent = HashMap::from([(house.ann.id.clone(), 0), (bob.id.clone(), 0)]);
    let mut messages = Vec::new();
    for number in 0..20_usize {
        let whose = if number % 3 == 0 { &bob.id } else { &house.ann.id };
        let mut new = crate::house::new_message(&house.domain.id, whose, &["rcpt@example.net"]);
        new.content = format!("Subject: {number}\r\n\r\n").into_bytes();
        messages.push((house.store.accept(new.clone(), Vec::new()).await.unwrap(), new.content));
        *sent.entry(whose.clone()).or_default() += 1;
        house
            .store
            .suppress(&address(&format!("gone{number}@example.net")), &format!("reason {number}"))
            .await
            .unwrap();
    }
    let mut tasks = JoinSet::new();
    for number in 0..MANY {
        let (store, domain) = (house.store.clone(), house.domain.clone());
        let (ann, bob, sent) = (house.ann.clone(), bob.clone(), sent.clone());
        let (id, content) = messages[number % messages.len()].clone();
        tasks.spawn(async move {
            let nobody = MailboxId("nobody's".into());
            let whose = [&ann.id, &bob.id, &nobody][number % 3];
            let submitter = store.submitter(whose, NOON).await.unwrap();
            assert_eq!(submitter.as_ref().map(|one| one.accepted), sent.get(whose).copied(), "{number}");
            assert_eq!(submitter.as_ref().map(|one| &one.mailbox.id), sent.contains_key(whose).then_some(whose));
            if whose == &ann.id {
                let grants = submitter.unwrap().grants;
                let named: Vec<String> = grants.iter().map(|grant| grant.address.to_string()).collect();
                assert_eq!(named, [ann.address.to_string(), bob.address.to_string()], "its own first");
                assert_eq!((&grants[0].domain, &grants[1].domain), (&ann.domain, &bob.domain));
                assert_eq!(grants[1].mail_host.as_str(), "box.other.test");
            }
            let reason = store.suppression(&address(&format!("gone{number}@example.net"))).await.unwrap();
            assert_eq!(reason.map(|one| one.reason), (number < 20).then(|| format!("reason {number}")));
            assert_eq!(store.content(&id).await.unwrap(), Some(content));
            assert_eq!(store.content(&MessageId(format!("none {number}"))).await.unwrap(), None);
            let (name, keys) = store.sender(&domain.id).await.unwrap().unwrap();
            assert_eq!((name.name, keys.len()), (domain.name, 1));
            assert!(store.sender(&DomainId(format!("none {number}"))).await.unwrap().is_none());
        });
    }
    assert_eq!(tasks.join_all().await.len(), MANY);
}

async fn a_question_sees_what_was_committed_before_it(place: Place) {
    let house = House::at(place).await;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = house.store.clone();
        tasks.spawn(async move {
            let whom = address(&format!("user{number}@example.net"));
            for _ in 0..5 {
                assert!(store.suppression(&whom).await.unwrap().is_none());
                store.suppress(&whom, "opt-out").await.unwrap();
                assert!(store.suppression(&whom).await.unwrap().is_some());
                assert!(store.unsuppress(&whom).await.unwrap());
            }
        });
    }
    tasks.join_all().await;
}

async fn whoever_gave_up_leaves_the_others_their_answers(place: Place) {
    let house = House::at(place).await;
    for _ in 0..50 {
        let ask = || house.store.submitter(&house.ann.id, NOON);
        let given_up = tokio::time::timeout(std::time::Duration::ZERO, ask()).await;
        let (one, other) = tokio::join!(ask(), ask());
        assert!(one.unwrap().is_some() && other.unwrap().is_some(), "{given_up:?}");
    }
}

async fn a_store_that_is_closed_says_so(place: Place) {
    let house = House::at(place).await;
    house.store.close().await;
    for _ in 0..2 {
        let fault = house.store.submitter(&house.ann.id, NOON).await.unwrap_err();
        assert_eq!(fault.code, "store.unavailable");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_left_without_an_answer_when_one_look_ends_as_another_begins() {
    let house = House::at(Place::sqlite()).await;
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (store, ann) = (house.store.clone(), house.ann.id.clone());
        tasks.spawn(async move {
            for _ in 0..5_000 {
                assert!(store.submitter(&ann, NOON).await.unwrap().is_some());
            }
        });
    }
    tasks.join_all().await;
}
