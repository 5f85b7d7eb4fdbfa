//! The ramps of new mailboxes: what receivers answered, and the next day.

use std::time::Duration;

use report::Kind;
use rules::ramp::{DAY, Feedback, Turn};
use store::{
    Allowances, Arriving, ArrivingReport, Complaint, Mailbox, MailboxFilter, MailboxState, NewMailbox, NewReport,
    ReportState, Verdict,
};

use crate::house::{House, NOON, Place, new_mailbox, new_message, settled};

crate::on_both_databases!(
    a_new_mailbox_ramps_when_it_is_made_so,
    results_count_on_the_day_on_which_they_came,
    a_complaint_about_a_message_of_the_mailbox_counts,
    a_day_begins_once_and_the_cap_ends_the_ramp,
    what_a_domain_may_submit_is_summed_up,
);

/// A mailbox that may submit that many on its first day, with a cap of 50.
async fn ramping(house: &House, text: &str, allowance: u32) -> Mailbox {
    let new = NewMailbox { daily_cap: 50, ramp: Some(allowance), ..new_mailbox(text) };
    house.store.add_mailboxes(vec![new]).await.unwrap().remove(0)
}

/// A message of the mailbox with a result.
async fn sent(house: &House, mailbox: &Mailbox, verdict: Verdict) -> rules::id::RecipientId {
    let message = new_message(&house.domain.id, &mailbox.id, &["bob@example.net"]);
    let id = house.store.accept(message, Vec::new()).await.unwrap();
    let recipient = house.store.message(&id).await.unwrap().unwrap().recipients[0].id.clone();
    let attempt = house.begin(&recipient, 1).await.unwrap();
    house.store.settle(vec![settled(&attempt, &recipient, verdict)]).await.unwrap();
    recipient
}

async fn again(house: &House, mailbox: &Mailbox) -> Mailbox {
    house.store.mailbox(&mailbox.address).await.unwrap().unwrap()
}

async fn a_new_mailbox_ramps_when_it_is_made_so(place: Place) {
    let house = House::at(place).await;
    assert_eq!(house.ann.ramp, None);
    assert_eq!(house.ann.allowance(), house.ann.daily_cap);
    let made = ramping(&house, "new@example.com", 2).await;
    let day = again(&house, &made).await.ramp.unwrap();
    assert_eq!((day.day, day.allowance, day.since, day.turn), (1, 2, NOON, Turn::Begun));
    assert_eq!(made.allowance(), 2);
    for _ in 0..2 {
        sent(&house, &made, Verdict::Delivered).await;
    }
    let at_cap = MailboxFilter { state: Some(MailboxState::AtCap), limit: 10, ..MailboxFilter::default() };
    let rows = house.store.mailbox_rows(&at_cap).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.address.to_string()).collect::<Vec<_>>(), ["new@example.com"]);
    assert_eq!(rows[0].ramp, made.ramp);
}

async fn results_count_on_the_day_on_which_they_came(place: Place) {
    let house = House::at(place).await;
    let new = ramping(&house, "new@example.com", 10).await;
    sent(&house, &new, Verdict::Delivered).await;
    sent(&house, &new, Verdict::Bounced).await;
    sent(&house, &house.ann, Verdict::Bounced).await;
    let today = house.store.ramp_feedback(&new.id, NOON).await.unwrap();
    assert_eq!(today, Feedback { delivered: 1, bounced: 1, complaints: 0 });
    house.clock.forward(DAY);
    let next = house.store.ramp_feedback(&new.id, NOON + DAY).await.unwrap();
    assert_eq!(next, Feedback::default(), "yesterday's results are not counted again");
}

async fn a_complaint_about_a_message_of_the_mailbox_counts(place: Place) {
    let house = House::at(place).await;
    let new = ramping(&house, "new@example.com", 10).await;
    let recipient = sent(&house, &new, Verdict::Delivered).await;
    let of_another = sent(&house, &house.ann, Verdict::Delivered).await;
    for (id, about, state) in [
        ("1", &recipient, ReportState::Counted),
        ("2", &recipient, ReportState::Unproven),
        ("3", &of_another, ReportState::Counted),
    ] {
        let report = NewReport {
            kind: Kind::Complaint,
            state,
            reason: None,
            key: id.to_owned(),
            domain: "example.com".to_owned(),
            organization: "mail.example.net".to_owned(),
            report_id: id.to_owned(),
            sender: None,
            verified: true,
            begins_at: NOON,
            ends_at: NOON,
            messages: 1,
            failures: 1,
            recipient: Some(about.clone()),
            detail: "{}".to_owned(),
            sources: Vec::new(),
            tls: Vec::new(),
        };
        let complaint =
            Some(Complaint { of: None, recipient: Some(about.clone()), proven: true, why: "the token".to_owned() });
        let report = Some(ArrivingReport { report, complaint });
        house.store.arrive(Arriving { report, ..Arriving::default() }).await.unwrap();
    }
    assert_eq!(house.store.ramp_feedback(&new.id, NOON).await.unwrap().complaints, 1);
}

async fn a_day_begins_once_and_the_cap_ends_the_ramp(place: Place) {
    let house = House::at(place).await;
    let new = ramping(&house, "new@example.com", 10).await;
    assert!(house.store.ramps_due(NOON - Duration::from_secs(1), 10).await.unwrap().is_empty());
    house.clock.forward(DAY);
    let due = house.store.ramps_due(NOON, 10).await.unwrap();
    assert_eq!(due.iter().map(|mailbox| &mailbox.id).collect::<Vec<_>>(), [&new.id]);
    assert!(house.store.step_ramp(&due[0], 15, Turn::Grew).await.unwrap());
    assert!(!house.store.step_ramp(&due[0], 20, Turn::Grew).await.unwrap(), "that day is over already");
    let second = again(&house, &new).await;
    let day = second.ramp.unwrap();
    assert_eq!((day.day, day.allowance, day.since, day.turn), (2, 15, NOON + DAY, Turn::Grew));
    assert!(house.store.ramps_due(NOON, 10).await.unwrap().is_empty());
    assert!(house.store.step_ramp(&second, 50, Turn::Grew).await.unwrap());
    let full = again(&house, &new).await;
    assert_eq!((full.ramp, full.allowance()), (None, 50));
    let other = ramping(&house, "other@example.com", 10).await;
    assert!(house.store.end_ramp(&other).await.unwrap());
    assert!(!house.store.end_ramp(&other).await.unwrap());
    assert_eq!(again(&house, &other).await.ramp, None);
}

async fn what_a_domain_may_submit_is_summed_up(place: Place) {
    let house = House::at(place).await;
    ramping(&house, "new@example.com", 10).await;
    let gone = ramping(&house, "gone@example.com", 10).await;
    house.store.set_suspended(&gone.id, true).await.unwrap();
    let sums = house.store.domain_allowances(std::slice::from_ref(&house.domain.id)).await.unwrap();
    let cap = u64::from(house.ann.daily_cap);
    assert_eq!(sums[&house.domain.id], Allowances { ramping: 1, allowed: cap + 10, caps: cap + 50 });
    assert!(house.store.domain_allowances(&[]).await.unwrap().is_empty());
}
