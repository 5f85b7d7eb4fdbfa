//! Mail in mailboxes, events, suppression.

use rules::{
    event::Event,
    id::{MailId, MailboxId},
};
use store::{MailKind, NewMail};

use crate::house::{House, MINUTE, NOON, Place, add_domain, add_mailbox, address};

crate::on_both_databases!(
    mail_is_stored_all_or_none,
    mails_are_listed_newest_first_with_all_they_say,
    an_answer_is_known_by_the_message_it_names,
    events_come_in_order_and_page_by_page,
    an_address_is_suppressed_once_whatever_its_case,
);

fn mail(mailbox: &MailboxId, subject: &str) -> NewMail {
    NewMail {
        mailbox: mailbox.clone(),
        kind: MailKind::Reply,
        reverse_path: Some(address("bob@example.net")),
        forward_path: address("sales@example.com"),
        from: Some(address("Bob@example.net")),
        subject: subject.to_owned(),
        about: None,
        verdicts: Some(r#"{"spf":"pass"}"#.to_owned()),
        content: vec![0, 13, 10, 255],
    }
}

async fn mail_is_stored_all_or_none(place: Place) {
    let house = House::at(place).await;
    let nobody = MailboxId("nobody".to_owned());
    let both = vec![mail(&house.ann.id, "one"), mail(&nobody, "two")];
    assert_eq!(house.store.deliver(both, Vec::new()).await.unwrap_err().code, "store.constraint");
    assert!(house.store.mails(None, 0).await.unwrap().is_empty());
}

async fn mails_are_listed_newest_first_with_all_they_say(place: Place) {
    let house = House::at(place).await;
    let bea = add_mailbox(&house.store, "bea@example.com").await;
    let start = house.store.last_event().await.unwrap();
    let further = Event::InboundRefused { reply: "550 no".to_owned() };
    let mails = vec![mail(&house.ann.id, "one"), mail(&bea.id, "two")];
    let ids = house.store.deliver(mails, vec![further]).await.unwrap();
    house.clock.forward(MINUTE);
    let newest = house.store.deliver(vec![mail(&house.ann.id, "three")], Vec::new()).await.unwrap().remove(0);

    let subjects = async |mailbox, limit| {
        let mails = house.store.mails(mailbox, limit).await.unwrap();
        mails.into_iter().map(|mail| mail.subject).collect::<Vec<_>>()
    };
    assert_eq!(subjects(None, 0).await, ["three", "two", "one"]);
    assert_eq!(subjects(Some(&house.ann.id), 0).await, ["three", "one"]);
    assert_eq!(subjects(None, 1).await, ["three"]);
    assert_eq!(house.kinds_after(start).await, ["mail-received", "mail-received", "inbound-refused", "mail-received"]);

    let kept = house.store.mails(Some(&bea.id), 0).await.unwrap().remove(0);
    assert_eq!((kept.id.clone(), kept.kind, kept.received_at), (ids[1].clone(), MailKind::Reply, NOON));
    assert_eq!(kept.reverse_path, Some(address("bob@example.net")));
    assert_eq!(kept.verdicts.as_deref(), Some(r#"{"spf":"pass"}"#));
    assert_eq!(house.store.mail_content(&newest).await.unwrap().unwrap(), [0, 13, 10, 255]);
    assert!(house.store.mail_content(&MailId("nothing".to_owned())).await.unwrap().is_none());
}

async fn an_answer_is_known_by_the_message_it_names(place: Place) {
    let house = House::at(place).await;
    house.accept_one().await;
    let bea = add_mailbox(&house.store, "bea@example.com").await;
    let mut named: Vec<String> = (2..300).map(|number| format!("{number}@example.com")).collect();
    let answered = async |mailbox, named: &[String]| {
        house.store.answered(mailbox, named).await.unwrap().map(|message| message.message_id)
    };
    assert_eq!(answered(&house.ann.id, &named).await, None);
    named.push("1@example.com".to_owned());
    assert_eq!(answered(&house.ann.id, &named).await.as_deref(), Some("1@example.com"));
    assert_eq!(answered(&bea.id, &named).await.as_deref(), Some("1@example.com"), "a mailbox of the same domain");
    assert_eq!(answered(&bea.id, &[]).await, None);
    add_domain(&house.store, "other", "example.org", "127.0.1.7").await;
    let eve = add_mailbox(&house.store, "eve@example.org").await;
    assert_eq!(answered(&eve.id, &named).await, None);
}

async fn events_come_in_order_and_page_by_page(place: Place) {
    let house = House::at(place).await;
    let start = house.store.last_event().await.unwrap();
    let refused = |number: u32| Event::InboundRefused { reply: format!("550 {number}") };
    house.store.record((0..250).map(refused).collect()).await.unwrap();
    house.clock.forward(MINUTE);
    house.store.record(vec![refused(250)]).await.unwrap();

    let (mut seen, mut last) = (Vec::new(), start);
    loop {
        let page = house.store.events_after(last, 100).await.unwrap();
        let Some(end) = page.last() else { break };
        assert!(page.is_sorted_by_key(|row| row.sequence) && page[0].sequence > last);
        last = end.sequence;
        seen.extend(page);
    }
    let replies: Vec<String> = seen.iter().map(|row| format!("{:?}", row.event)).collect();
    assert_eq!(replies, (0..=250).map(|number| format!("{:?}", refused(number))).collect::<Vec<_>>());
    assert_eq!((seen[0].at, seen[250].at), (NOON, NOON + MINUTE));
    assert_eq!(house.store.last_event().await.unwrap(), last);
    assert_eq!(house.events().await.len(), seen.len() + 2, "the domain and its mailbox came first");
}

async fn an_address_is_suppressed_once_whatever_its_case(place: Place) {
    let house = House::at(place).await;
    let start = house.store.last_event().await.unwrap();
    house.store.suppress(&address("Bob@example.net"), "550-5-1-1").await.unwrap();
    house.store.suppress(&address("bob@example.net"), "manual").await.unwrap();
    house.store.suppress(&address("al@example.net"), "opt-out").await.unwrap();
    assert_eq!(house.kinds_after(start).await, ["suppressed", "suppressed"]);

    let found = house.store.suppression(&address("BOB@example.net")).await.unwrap().unwrap();
    assert_eq!((found.reason.as_str(), found.created_at), ("550-5-1-1", NOON));
    let all = house.store.suppressions().await.unwrap();
    let all: Vec<String> = all.iter().map(|row| row.address.to_string()).collect();
    assert_eq!(all, ["al@example.net", "Bob@example.net"]);

    assert!(house.store.unsuppress(&address("bob@example.net")).await.unwrap());
    assert!(!house.store.unsuppress(&address("bob@example.net")).await.unwrap());
    assert!(house.store.suppression(&address("bob@example.net")).await.unwrap().is_none());
}
