//! What one message brings about, all or none.

use rules::id::MailboxId;
use store::{Arriving, ArrivingMail, Fits, Forward, MailKind, NewMail, ReversePath, RuleAction};
use syntax::Address;

use crate::house::{House, MINUTE, NOON, Place, add_domain, add_mailbox, address};

crate::on_both_databases!(
    a_reply_carries_the_message_that_it_answers,
    an_opt_out_becomes_a_suppression_that_says_why,
    what_arrives_is_stored_all_or_none,
    what_is_passed_on_keeps_its_sender_and_is_no_message_of_ours,
    rules_are_made_once_and_taken_away,
    a_quota_counts_octets_and_mails,
);

fn mail(mailbox: &MailboxId) -> ArrivingMail {
    let mail = NewMail {
        mailbox: mailbox.clone(),
        kind: MailKind::Reply,
        reverse_path: Some(address("bob@example.net")),
        forward_path: address("ann@example.com"),
        from: Some(address("bob@example.net")),
        subject: "Re: Hello".to_owned(),
        about: None,
        verdicts: None,
        content: b"Subject: Re: Hello\r\n\r\nstop\r\n".to_vec(),
    };
    ArrivingMail { mail, answers: None, suspicion: None, opts_out: Vec::new() }
}

fn arriving(mails: Vec<ArrivingMail>, forwards: Vec<Forward>) -> Arriving {
    Arriving { mails, forwards, ..Arriving::default() }
}

async fn a_reply_carries_the_message_that_it_answers(place: Place) {
    let house = House::at(place).await;
    let message = house.accept(&["bob@example.net"]).await;
    let start = house.store.last_event().await.unwrap();
    let reply =
        ArrivingMail { answers: Some(message.clone()), suspicion: Some("{}".to_owned()), ..mail(&house.ann.id) };
    house.store.arrive(arriving(vec![reply], Vec::new())).await.unwrap();
    let kept = house.store.mails(None, 0).await.unwrap().remove(0);
    assert_eq!((kept.answers, kept.suspicion.as_deref()), (Some(message), Some("{}")));
    assert_eq!(house.kinds_after(start).await, ["mail-received", "reply-received"]);
}

async fn an_opt_out_becomes_a_suppression_that_says_why(place: Place) {
    let house = House::at(place).await;
    let start = house.store.last_event().await.unwrap();
    let bob = address("bob@example.net");
    let opts_out = vec![(bob.clone(), "the answer says \"stop\"".to_owned())];
    house.store.arrive(arriving(vec![ArrivingMail { opts_out, ..mail(&house.ann.id) }], Vec::new())).await.unwrap();
    let suppression = house.store.suppression(&bob).await.unwrap().unwrap();
    assert_eq!(suppression.reason, "opt-out");
    assert!(suppression.why.unwrap().starts_with("the answer says \"stop\", in mail "));
    assert_eq!(house.kinds_after(start).await, ["mail-received", "recipient-opted-out", "suppressed"]);
    assert!(house.store.unsuppress(&bob).await.unwrap());
}

async fn what_arrives_is_stored_all_or_none(place: Place) {
    let house = House::at(place).await;
    let nobody = MailboxId("nobody".to_owned());
    let both = arriving(vec![mail(&house.ann.id), mail(&nobody)], Vec::new());
    assert_eq!(house.store.arrive(both).await.unwrap_err().code, "store.constraint");
    assert!(house.store.mails(None, 0).await.unwrap().is_empty());
}

async fn what_is_passed_on_keeps_its_sender_and_is_no_message_of_ours(place: Place) {
    let house = House::at(place).await;
    let forward = |reverse_path: Option<Address>| Forward { message: house.message(&["to@example.org"]), reverse_path };
    let srs = address("SRS0=x=y=example.net=bob@example.com");
    house.store.arrive(arriving(Vec::new(), vec![forward(Some(srs.clone())), forward(None)])).await.unwrap();
    let names = ["1@example.com".to_owned()];
    assert!(house.store.answered(&house.ann.id, &names).await.unwrap().is_none());
    assert!(house.store.messages_named("1@example.com").await.unwrap().is_empty());
    assert_eq!(house.store.submitter(&house.ann.id, NOON - MINUTE).await.unwrap().unwrap().accepted, 0);
    house.accept(&["bob@example.net"]).await;
    assert_eq!(house.store.messages_named("1@example.com").await.unwrap().len(), 1);
    let due = house.store.due(&house.domain.id, NOON, None, 10).await.unwrap();
    let paths: Vec<ReversePath> = due.into_iter().map(|due| due.reverse_path).collect();
    assert_eq!(paths, [ReversePath::Of(srs), ReversePath::Null, ReversePath::Own]);
}

async fn rules_are_made_once_and_taken_away(place: Place) {
    let house = House::at(place).await;
    let forward = RuleAction::Forward { to: address("me@example.org"), keep: true };
    let refuse = RuleAction::Refuse { pattern: "info*".to_owned() };
    let (domain, ann) = (&house.domain.id, &house.ann.id);
    let made = house.store.add_rule(domain, Some(ann), forward.clone()).await.unwrap();
    assert_eq!(house.store.add_rule(domain, Some(ann), forward.clone()).await.unwrap(), made);
    let refusing = house.store.add_rule(domain, None, refuse).await.unwrap();
    assert_eq!(house.store.rules(Some(domain)).await.unwrap(), [made.clone(), refusing]);
    assert_eq!(house.store.rules_of(ann).await.unwrap()[0].action, forward);
    assert!(house.store.remove_rule(&made.id).await.unwrap());
    assert!(!house.store.remove_rule(&made.id).await.unwrap());
    let other = add_domain(&house.store, "default", "example.org", "127.0.1.9").await;
    assert!(house.store.rules(Some(&other.id)).await.unwrap().is_empty());
    assert_eq!(house.store.rules(None).await.unwrap().len(), 1);
}

async fn a_quota_counts_octets_and_mails(place: Place) {
    let house = House::at(place).await;
    let bea = add_mailbox(&house.store, "bea@example.com").await;
    house.store.arrive(arriving(vec![mail(&house.ann.id), mail(&bea.id)], Vec::new())).await.unwrap();
    house.store.set_quota(&house.ann.id, 50, 10).await.unwrap();
    let quota = house.store.quota(&house.ann.id).await.unwrap().unwrap();
    assert_eq!((quota.used_octets, quota.used_mails), (28, 1));
    assert_eq!([22, 23, 51].map(|octets| quota.fits(octets)), [Fits::Yes, Fits::NotNow, Fits::Never]);
    assert!(house.store.quota(&MailboxId("nobody".to_owned())).await.unwrap().is_none());
}
