//! Replies and what they ask for.

use rules::event::Event;
use store::MailKind;

use crate::{
    house::{House, house},
    mx::{RICK, greeted},
};

async fn reply(house: &House, from: &str, to: &str, header: &str, body: &str) {
    let content = format!("From: {from}\r\n{header}\r\n\r\n{body}");
    let answer = greeted(house).await.send(from, &[to], &content).await;
    assert!(answer.starts_with("250 "), "{answer}");
}

async fn left_alone(house: &House) -> Vec<String> {
    house.store.suppressions().await.unwrap().into_iter().map(|row| row.address.to_string()).collect()
}

const ANSWERS: &str = "Subject: Re: Hello\r\nReferences: <other@x.test>\r\n <one@example.test>";

#[tokio::test]
async fn a_reply_says_which_message_it_answers() {
    let house = house().await;
    house.sent(RICK, "one@example.test").await;
    reply(&house, RICK, "ann@example.test", ANSWERS, "Tell me more.").await;
    let mail = &house.mails("ann@example.test").await[0];
    let message = house.queue().await[0].id.clone();
    assert_eq!((mail.kind, mail.answers.as_ref()), (MailKind::Reply, Some(&message)));
    let told = house.events().await.into_iter().any(|event| {
        matches!(event, Event::ReplyReceived { mail: id, message: answered, .. } if id == mail.id && answered == message)
    });
    assert!(told);
    assert!(left_alone(&house).await.is_empty());
}

#[tokio::test]
async fn a_reply_that_asks_to_be_left_alone_is_heard() {
    let house = house().await;
    house.sent(RICK, "one@example.test").await;
    reply(&house, RICK, "ann@example.test", ANSWERS, "Please remove me from your list.\r\n\r\n> Hello").await;
    assert_eq!(left_alone(&house).await, [RICK]);
    let row = house.store.suppressions().await.unwrap().remove(0);
    assert_eq!(row.reason, "opt-out");
    assert!(row.why.as_deref().is_some_and(|why| why.contains("\"remove me from\", in mail")), "{:?}", row.why);
    assert!(house.events().await.iter().any(|event| matches!(event, Event::RecipientOptedOut { .. })));
    assert_eq!(house.mails("ann@example.test").await[0].kind, MailKind::Reply);
}

#[tokio::test]
async fn who_answers_from_another_address_is_left_alone_under_both() {
    let house = house().await;
    house.sent("info@elsewhere.test", "one@example.test").await;
    reply(&house, RICK, "ann@example.test", ANSWERS, "unsubscribe").await;
    assert_eq!(left_alone(&house).await, ["info@elsewhere.test", RICK]);
}

#[tokio::test]
async fn nobody_can_opt_out_for_somebody_else() {
    let house = house().await;
    // loose.test vouches for nothing, and no message of ours is named.
    reply(&house, "victim@loose.test", "ann@example.test", "Subject: unsubscribe", "stop").await;
    assert!(left_alone(&house).await.is_empty());
    reply(&house, "victim@loose.test", "unsubscribe@example.test", "Subject: x", "").await;
    assert!(left_alone(&house).await.is_empty());
    reply(&house, RICK, "unsubscribe@example.test", "Subject: x", "").await;
    assert_eq!(left_alone(&house).await, [RICK]);
}

#[tokio::test]
async fn machines_are_told_from_people_and_opt_nobody_out() {
    let house = house().await;
    house.sent(RICK, "one@example.test").await;
    let header = format!("{ANSWERS}\r\nX-Autoreply: yes");
    reply(&house, RICK, "ann@example.test", &header, "unsubscribe").await;
    let mail = &house.mails("ann@example.test").await[0];
    assert_eq!((mail.kind, mail.answers.as_ref()), (MailKind::Auto, None));
    assert!(left_alone(&house).await.is_empty());
}
