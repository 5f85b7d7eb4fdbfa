//! Requests that come at the same moment are one change, and one that cannot be done takes nobody else with it.

use rules::id::DomainId;
use store::{State, Verdict};
use tokio::task::JoinSet;

use crate::house::{House, Place, new_message, settled};

crate::on_both_databases!(
    many_messages_are_accepted_at_once_each_with_its_event,
    one_that_cannot_be_accepted_takes_nobody_else_with_it,
    a_life_of_many_at_once_is_the_life_of_each,
    whoever_gave_up_leaves_the_others_their_answers,
);

const MANY: usize = 40;

/// Accepts so many at the same moment; those at `broken` are of a domain that is not there.
async fn accept(house: &House, broken: &[usize]) -> Vec<Result<rules::id::MessageId, rules::Fault>> {
    let mut tasks = JoinSet::new();
    for number in 0..MANY {
        let mut new = new_message(&house.domain.id, &house.ann.id, &[&format!("user{number}@example.net")]);
        new.subject = format!("number {number}");
        if broken.contains(&number) {
            new.domain = DomainId("nobody's".into());
        }
        let store = house.store.clone();
        tasks.spawn(async move { (number, store.accept(new, Vec::new()).await) });
    }
    let mut all = tasks.join_all().await;
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, answer)| answer).collect()
}

async fn many_messages_are_accepted_at_once_each_with_its_event(place: Place) {
    let house = House::at(place).await;
    let before = house.store.last_event().await.unwrap();
    for (number, id) in accept(&house, &[]).await.into_iter().enumerate() {
        let id = id.unwrap();
        let message = house.store.message(&id).await.unwrap().unwrap();
        assert_eq!(message.subject, format!("number {number}"), "everybody has the id of their own message");
        assert_eq!(message.recipients[0].address.to_string(), format!("user{number}@example.net"));
        assert_eq!(house.store.content(&id).await.unwrap().unwrap(), crate::house::CONTENT);
    }
    assert_eq!(house.kinds_after(before).await, vec!["message-accepted"; MANY]);
}

async fn one_that_cannot_be_accepted_takes_nobody_else_with_it(place: Place) {
    let house = House::at(place).await;
    let before = house.store.last_event().await.unwrap();
    let broken = [0, 7, 39];
    for (number, answer) in accept(&house, &broken).await.into_iter().enumerate() {
        match answer {
            Ok(id) => {
                assert!(!broken.contains(&number));
                let message = house.store.message(&id).await.unwrap().unwrap();
                assert_eq!(message.subject, format!("number {number}"));
            }
            Err(fault) => assert!(broken.contains(&number), "{number}: {fault}"),
        }
    }
    assert_eq!(house.kinds_after(before).await.len(), MANY - broken.len(), "an event for each that was accepted");
}

async fn a_life_of_many_at_once_is_the_life_of_each(place: Place) {
    let house = House::at(place).await;
    let mut tasks = JoinSet::new();
    for id in accept(&house, &[]).await {
        let (store, id) = (house.store.clone(), id.unwrap());
        tasks.spawn(async move {
            let recipient = store.message(&id).await.unwrap().unwrap().recipients[0].id.clone();
            let begin = || store.begin(vec![crate::house::attempt(&recipient, 1)]);
            let (one, other) = tokio::join!(begin(), begin());
            let both = [one.unwrap().remove(0), other.unwrap().remove(0)];
            let [attempt] = &both.iter().flatten().collect::<Vec<_>>()[..] else {
                panic!("one of two begins: {both:?}")
            };
            let end = settled(attempt, &recipient, Verdict::Delivered);
            store.settle(vec![end.clone()]).await.unwrap();
            store.settle(vec![end]).await.unwrap();
            recipient
        });
    }
    for recipient in tasks.join_all().await {
        assert_eq!(house.state(&recipient).await, State::Delivered);
        let attempts = house.store.attempts(&recipient).await.unwrap();
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0].verdict.as_deref(), Some("delivered"));
        assert_eq!(attempts[0].transcript, "S: 250 ok\r\n");
    }
}

async fn whoever_gave_up_leaves_the_others_their_answers(place: Place) {
    let house = House::at(place).await;
    let mut gone = Vec::new();
    for _ in 0..MANY {
        let (store, new) = (house.store.clone(), house.message(&["bob@example.net"]));
        gone.push(tokio::spawn(async move { store.accept(new, Vec::new()).await }));
        tokio::task::yield_now().await;
    }
    gone.iter().for_each(tokio::task::JoinHandle::abort);
    for answer in accept(&house, &[]).await {
        answer.unwrap();
    }
}
