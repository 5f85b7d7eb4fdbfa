//! What the dashboard lists and counts: the same for whoever sees all and for the tenant whose it is, nothing for another tenant.

use rules::id::{RecipientId, WorkspaceId};
use store::{MailboxFilter, MailboxState, MessageFilter, QueueFilter, Settled, State, Verdict};

use crate::house::{House, MINUTE, Place, add_domain, settled};

crate::on_both_databases!(
    counts_are_of_the_rows_that_a_tenant_may_see,
    messages_are_found_by_state_and_by_words,
    mailboxes_are_found_by_state_and_by_words,
    events_are_found_by_their_kind,
);

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// A house where one message was delivered, one bounced, one is put off and one waits; the tenant whose it is, and another one.
struct Desk {
    house: House,
    whose: [Option<WorkspaceId>; 2],
    other: Option<WorkspaceId>,
}

impl Desk {
    async fn at(place: Place) -> Self {
        let house = House::at(place).await;
        let other = add_domain(&house.store, "other", "example.org", "127.0.1.2").await.workspace;
        let later = house.clock_now() + MINUTE;
        for verdict in [Some(Verdict::Delivered), Some(Verdict::Bounced), Some(Verdict::Deferred(later)), None] {
            let recipient = house.accept_one().await;
            if let Some(verdict) = verdict {
                house.end(&recipient, verdict).await;
            }
            house.clock.forward(MINUTE);
        }
        let own = house.domain.workspace.clone();
        Self { whose: [None, Some(own)], other: Some(other), house }
    }
}

impl House {
    fn clock_now(&self) -> syntax::Timestamp {
        self.store.clock().now()
    }
    async fn end(&self, recipient: &RecipientId, verdict: Verdict) {
        let attempt = self.begin(recipient, 1).await.unwrap();
        let entry = (verdict == Verdict::Bounced).then(|| String::from("550-5-1-1"));
        self.store.settle(vec![Settled { entry, ..settled(&attempt, recipient, verdict) }]).await.unwrap();
    }
}

async fn counts_are_of_the_rows_that_a_tenant_may_see(place: Place) {
    let desk = Desk::at(place).await;
    let (store, since) = (&desk.house.store, desk.house.clock_now() - DAY);
    for whose in &desk.whose {
        let whose = whose.as_ref();
        let counts = store.desk_counts(whose).await.unwrap();
        assert_eq!((counts.mailboxes, counts.waiting, counts.suspended), (1, 2, 0), "{whose:?}");
        let days = store.day_tallies(whose, since).await.unwrap();
        let sum = days.iter().fold((0, 0, 0), |(accepted, delivered, bounced), day| {
            (accepted + day.accepted, delivered + day.delivered, bounced + day.bounced)
        });
        assert_eq!(sum, (4, 1, 1), "{whose:?}: {days:?}");
        let bounces = store.bounce_counts(whose, since, 10).await.unwrap();
        assert_eq!(bounces.len(), 1, "{whose:?}");
        assert_eq!((bounces[0].entry.as_deref(), bounces[0].count), (Some("550-5-1-1"), 1));
        let waiting = store.waiting_rows(whose, None, 10).await.unwrap();
        let states: Vec<State> = waiting.iter().map(|row| row.state).collect();
        assert!(states.contains(&State::Deferred) && states.contains(&State::Queued), "{whose:?}: {states:?}");
        let long = store.long_deferred(whose, desk.house.clock_now(), 5).await.unwrap();
        assert_eq!(long.iter().map(|row| row.state).collect::<Vec<_>>(), [State::Deferred], "{whose:?}");
    }
    let nothing = store.desk_counts(desk.other.as_ref()).await.unwrap();
    assert_eq!((nothing.domains, nothing.mailboxes, nothing.waiting), (1, 0, 0));
    assert!(store.day_tallies(desk.other.as_ref(), since).await.unwrap().is_empty());
    assert!(store.bounce_counts(desk.other.as_ref(), since, 10).await.unwrap().is_empty());
    assert!(store.waiting_rows(desk.other.as_ref(), None, 10).await.unwrap().is_empty());
}

async fn messages_are_found_by_state_and_by_words(place: Place) {
    let desk = Desk::at(place).await;
    let store = &desk.house.store;
    for whose in &desk.whose {
        let all = MessageFilter { workspace: whose.clone(), limit: 10, ..MessageFilter::default() };
        let found = |filter: MessageFilter| async move { store.message_rows(&filter).await.unwrap().len() };
        assert_eq!(found(all.clone()).await, 4);
        let newest = store.message_rows(&all).await.unwrap();
        assert!(newest.windows(2).all(|pair| pair[0].id.0 > pair[1].id.0), "the newest first");
        for state in [State::Delivered, State::Bounced, State::Deferred, State::Queued] {
            assert_eq!(found(MessageFilter { state: Some(state), ..all.clone() }).await, 1, "{whose:?} {state:?}");
            let before = Some(newest[3].id.clone());
            assert_eq!(found(MessageFilter { state: Some(state), before, ..all.clone() }).await, 0);
        }
        let (subject, id) = (newest[0].subject.to_uppercase(), newest[0].id.0.clone());
        for (search, expect) in [("bob@example.net", 4), ("@example.net", 4), (&id, 1), (&subject, 4), ("nobody", 0)] {
            let filter = MessageFilter { search: Some(search.to_owned()), ..all.clone() };
            assert_eq!(found(filter).await, expect, "{whose:?} {search}");
        }
        let states = vec![State::Queued, State::Deferred];
        let queue = QueueFilter { states, workspace: whose.clone(), limit: 1, ..QueueFilter::default() };
        let first = store.queue(&queue).await.unwrap();
        let before = Some(first[0].id.clone());
        let rest = store.queue(&QueueFilter { before, limit: 5, ..queue }).await.unwrap();
        assert_eq!((first.len(), rest.len()), (1, 1), "{whose:?}");
    }
    let other = MessageFilter { workspace: desk.other.clone(), limit: 10, ..MessageFilter::default() };
    assert!(store.message_rows(&other).await.unwrap().is_empty());
}

async fn mailboxes_are_found_by_state_and_by_words(place: Place) {
    let desk = Desk::at(place).await;
    let store = &desk.house.store;
    // Its cap of the day is used up.
    for _ in 4..desk.house.ann.daily_cap {
        desk.house.accept_one().await;
    }
    for whose in &desk.whose {
        let all = MailboxFilter { workspace: whose.clone(), limit: 10, ..MailboxFilter::default() };
        let found = |filter: MailboxFilter| async move { store.mailbox_rows(&filter).await.unwrap().len() };
        for (state, expect) in [(MailboxState::Active, 1), (MailboxState::AtCap, 1), (MailboxState::Suspended, 0)] {
            assert_eq!(found(MailboxFilter { state: Some(state), ..all.clone() }).await, expect, "{whose:?} {state:?}");
        }
        for (search, expect) in [("ANN", 1), ("example.com", 1), ("nobody", 0)] {
            let filter = MailboxFilter { search: Some(search.to_owned()), ..all.clone() };
            assert_eq!(found(filter).await, expect, "{whose:?} {search}");
        }
        let row = store.mailbox_rows(&all).await.unwrap().remove(0);
        assert_eq!((row.sent, row.bounced, row.recipients), (row.daily_cap, 1, row.daily_cap));
    }
}

async fn events_are_found_by_their_kind(place: Place) {
    let desk = Desk::at(place).await;
    let store = &desk.house.store;
    for (kind, expect) in [("delivered", 0), ("attempt-begun", 3), ("message-accepted", 4), ("domain-added", 2)] {
        let found = store.events_before(None, Some(kind), 50).await.unwrap();
        assert!(found.iter().all(|row| row.event.kind() == kind), "{kind}");
        assert_eq!(found.len(), expect, "{kind}");
    }
}
