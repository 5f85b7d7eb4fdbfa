//! Callouts counted and remembered, and what became of our own messages to an address.

use std::time::Duration;

use reference::{Action, Class, HowLong, Scope, Who};
use rules::mailbox_check::Answer;
use store::{CalloutAnswer, NewCallout, Permit, Verdict};

use crate::house::{House, MINUTE, NOON, Place, address, settled};

crate::on_both_databases!(
    a_day_has_so_many_callouts_and_no_more,
    two_that_ask_for_the_last_callout_do_not_both_get_it,
    an_answer_is_remembered_for_a_day,
    a_host_that_answered_with_a_policy_is_left_alone_for_a_day,
    the_delivery_history_has_the_last_acceptance_and_the_last_refusal,
    a_mailbox_is_suspended_until_it_is_resumed,
);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn callout(to: &str, mx_host: &str, daily: u32) -> NewCallout {
    NewCallout { address: address(to), source_ip: [192, 0, 2, 9].into(), mx_host: mx_host.to_owned(), daily }
}

async fn granted(house: &House, to: &str, mx_host: &str) -> rules::id::CalloutId {
    match house.store.begin_callout(callout(to, mx_host, 100)).await.unwrap() {
        Permit::Granted(id) => id,
        other => panic!("{other:?}"),
    }
}

fn answer(exists: Answer) -> CalloutAnswer {
    CalloutAnswer { at: NOON, exists, catch_all: Answer::No, reason: String::from("it said \0 so") }
}

async fn a_day_has_so_many_callouts_and_no_more(place: Place) {
    let house = House::at(place).await;
    let ask = |daily| house.store.begin_callout(callout("bob@example.net", "mx.example.net", daily));
    assert_eq!(ask(0).await.unwrap(), Permit::CapReached(0), "off is off");
    assert!(matches!(ask(2).await.unwrap(), Permit::Granted(_)));
    assert!(matches!(ask(2).await.unwrap(), Permit::Granted(_)), "a callout that was cut off counts as well");
    assert_eq!(ask(2).await.unwrap(), Permit::CapReached(2));
    assert_eq!(house.store.callouts_today().await.unwrap(), 2);
    house.clock.forward(DAY + MINUTE);
    assert_eq!(house.store.callouts_today().await.unwrap(), 0);
    assert!(matches!(ask(2).await.unwrap(), Permit::Granted(_)));
}

async fn two_that_ask_for_the_last_callout_do_not_both_get_it(place: Place) {
    let house = House::at(place).await;
    let ask = || house.store.begin_callout(callout("bob@example.net", "mx.example.net", 1));
    let (one, two) = tokio::join!(ask(), ask());
    let granted = [one.unwrap(), two.unwrap()].iter().filter(|permit| matches!(permit, Permit::Granted(_))).count();
    assert_eq!(granted, 1);
}

async fn an_answer_is_remembered_for_a_day(place: Place) {
    let house = House::at(place).await;
    let to = address("bob@example.net");
    let id = granted(&house, "Bob@example.net", "mx.example.net").await;
    assert_eq!(house.store.recent_callout(&to).await.unwrap(), None, "it is under way");
    house.store.end_callout(&id, &answer(Answer::Yes), false).await.unwrap();
    let found = house.store.recent_callout(&to).await.unwrap().unwrap();
    assert_eq!((found.exists, found.catch_all, found.at), (Answer::Yes, Answer::No, NOON));
    assert_eq!(found.reason, "it said \u{fffd} so");
    let eve = address("eve@example.net");
    let id = granted(&house, "eve@example.net", "mx.example.net").await;
    house.store.end_callout(&id, &answer(Answer::Unknown), false).await.unwrap();
    assert_eq!(house.store.recent_callout(&eve).await.unwrap(), None, "not known is asked again");
    house.clock.forward(MINUTE);
    let id = granted(&house, "ida@example.net", "mx.example.net").await;
    let everybody = CalloutAnswer { catch_all: Answer::Yes, ..answer(Answer::Unknown) };
    house.store.end_callout(&id, &everybody, false).await.unwrap();
    let found = house.store.recent_callout(&eve).await.unwrap().unwrap();
    assert_eq!((found.exists, found.catch_all), (Answer::Unknown, Answer::Yes), "its domain takes everybody");
    house.clock.forward(DAY + MINUTE);
    assert_eq!(house.store.recent_callout(&to).await.unwrap(), None);
}

async fn a_host_that_answered_with_a_policy_is_left_alone_for_a_day(place: Place) {
    let house = House::at(place).await;
    let id = granted(&house, "bob@example.net", "mx.shared.net").await;
    house.store.end_callout(&id, &answer(Answer::Unknown), true).await.unwrap();
    for (to, host) in [("eve@example.net", "other.example.net"), ("eve@example.org", "mx.shared.net")] {
        let permit = house.store.begin_callout(callout(to, host, 100)).await.unwrap();
        assert!(matches!(&permit, Permit::LeftAlone(why) if why.contains("it said")), "{to}: {permit:?}");
    }
    granted(&house, "eve@example.org", "mx.example.org").await;
    house.clock.forward(DAY + MINUTE);
    granted(&house, "eve@example.net", "mx.shared.net").await;
}

async fn the_delivery_history_has_the_last_acceptance_and_the_last_refusal(place: Place) {
    let house = House::at(place).await;
    let bob = address("bob@example.net");
    assert_eq!(house.store.delivery_history(&bob).await.unwrap(), rules::mailbox_check::History::default());
    let class =
        Class { who: Who::Recipient, how_long: HowLong::ForGood, action: Action::Suppress, scope: Scope::Recipient };
    for (verdict, entry) in [
        (Verdict::Delivered, None),
        (Verdict::Bounced, Some("554-5-7-1")),
        (Verdict::Deferred(NOON + MINUTE * 20), Some("451")),
        (Verdict::Bounced, Some("550-5-1-1")),
    ] {
        house.clock.forward(MINUTE);
        let recipient = house.accept_one().await;
        let attempt = house.begin(&recipient, 1).await.unwrap();
        let mut end = settled(&attempt, &recipient, verdict);
        end.reply = Some(format!("{} said", verdict.as_str()));
        end.entry = entry.map(String::from);
        end.class = entry.map(|_| class);
        house.store.settle(vec![end]).await.unwrap();
    }
    let found = house.store.delivery_history(&address("BOB@example.net")).await.unwrap();
    let (accepted, refused) = (found.accepted.unwrap(), found.refused.unwrap());
    assert_eq!((accepted.at, accepted.entry), (NOON + MINUTE, None));
    assert_eq!((refused.at, refused.entry.as_deref()), (NOON + MINUTE * 4, Some("550-5-1-1")));
    assert_eq!(refused.class, Some(class));
    let other = house.store.delivery_history(&address("eve@example.net")).await.unwrap();
    assert!(other.accepted.is_none() && other.refused.is_none());
}

async fn a_mailbox_is_suspended_until_it_is_resumed(place: Place) {
    let house = House::at(place).await;
    let since = async || house.store.mailbox(&house.ann.address).await.unwrap().unwrap().suspended_at;
    assert_eq!(since().await, None);
    house.store.set_suspended(&house.ann.id, true).await.unwrap();
    house.clock.forward(MINUTE);
    house.store.set_suspended(&house.ann.id, true).await.unwrap();
    assert_eq!(since().await, Some(NOON));
    house.store.set_suspended(&house.ann.id, false).await.unwrap();
    assert_eq!(since().await, None);
    let nobody = rules::id::MailboxId(String::from("nobody"));
    assert_eq!(house.store.set_suspended(&nobody, true).await.unwrap_err().code, "mailbox.unknown");
}
