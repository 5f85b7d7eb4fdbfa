//! What blocklists said, and since when.

use rules::{event::Event, listing::Listing};
use store::SeenListing;

use crate::house::{HandClock, House, MINUTE, NOON, Place};

crate::on_both_databases!(
    every_change_is_kept_and_told_once,
    a_list_that_does_not_answer_takes_nothing_back,
    two_subjects_and_two_zones_do_not_mix,
    text_of_lists_is_kept_whatever_it_holds,
);

const IP: &str = "192.0.2.5";

fn seen(zone: &str, state: Listing, codes: &[&str]) -> SeenListing {
    SeenListing {
        zone: zone.into(),
        state,
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        bad: state == Listing::Listed,
        reason: None,
        why: (state == Listing::Unknown).then(|| String::from("no answer")),
    }
}

async fn every_change_is_kept_and_told_once(place: Place) {
    let house = House::at(place).await;
    let start = house.store.last_event().await.unwrap();
    for (state, codes) in [
        (Listing::Clear, &[][..]),
        (Listing::Clear, &[]),
        (Listing::Listed, &["127.0.0.2"]),
        (Listing::Listed, &["127.0.0.2"]),
        (Listing::Listed, &["127.0.0.2", "127.0.0.9"]),
        (Listing::Clear, &[]),
    ] {
        house.store.see_listings(IP, vec![seen("zen.test", state, codes)]).await.unwrap();
        house.clock.forward(MINUTE);
    }
    let history = house.store.listing_history(IP, 10).await.unwrap();
    let shown: Vec<(Listing, usize, bool)> =
        history.iter().map(|one| (one.state, one.codes.len(), one.ended_at.is_none())).collect();
    assert_eq!(
        shown,
        [
            (Listing::Clear, 0, true),
            (Listing::Listed, 2, false),
            (Listing::Listed, 1, false),
            (Listing::Clear, 0, false)
        ]
    );
    assert_eq!((history[2].since, history[2].seen_at), (NOON + MINUTE * 2, NOON + MINUTE * 3));
    assert_eq!(history[2].ended_at, Some(NOON + MINUTE * 4));
    assert_eq!(house.store.listings(Some(IP)).await.unwrap().len(), 1, "one state holds now");
    assert_eq!(house.kinds_after(start).await, ["listing-changed"; 3], "began, said more, ended");
    let last = house.events().await.pop().unwrap();
    let Event::ListingChanged { subject, zone, before, now, codes, bad: false } = last else { panic!("{last:?}") };
    assert_eq!((subject.as_str(), zone.as_str(), codes.len()), (IP, "zen.test", 0));
    assert_eq!((before, now), (Some(Listing::Listed), Listing::Clear));
    assert_eq!(house.store.listing_history(IP, 2).await.unwrap().len(), 2);
}

async fn a_list_that_does_not_answer_takes_nothing_back(place: Place) {
    let house = House::at(place).await;
    house.store.see_listings(IP, vec![seen("zen.test", Listing::Listed, &["127.0.0.2"])]).await.unwrap();
    house.clock.forward(MINUTE);
    let told = house.store.see_listings(IP, vec![seen("zen.test", Listing::Unknown, &[])]).await.unwrap();
    assert!(told.is_empty());
    let now = house.store.listings(Some(IP)).await.unwrap().remove(0);
    assert_eq!((now.state, now.since, now.seen_at), (Listing::Listed, NOON, NOON));
    assert_eq!((now.asked_at, now.why.as_deref()), (NOON + MINUTE, Some("no answer")));
    assert_eq!(house.store.listings_asked_at().await.unwrap()[IP], NOON + MINUTE);
    house.store.see_listings(IP, vec![seen("zen.test", Listing::Listed, &["127.0.0.2"])]).await.unwrap();
    let again = house.store.listings(Some(IP)).await.unwrap().remove(0);
    assert_eq!((again.since, again.seen_at, again.why), (NOON, NOON + MINUTE, None));
}

async fn two_subjects_and_two_zones_do_not_mix(place: Place) {
    let store = place.open(&HandClock::at_noon()).await;
    let both = |state| vec![seen("a.test", state, &["127.0.0.2"]), seen("b.test", Listing::Clear, &[])];
    store.see_listings(IP, both(Listing::Listed)).await.unwrap();
    assert_eq!(store.see_listings("example.com", both(Listing::Listed)).await.unwrap().len(), 1);
    store.see_listings(IP, vec![seen("a.test", Listing::Clear, &[])]).await.unwrap();
    let all = store.listings(None).await.unwrap();
    let shown: Vec<(&str, &str, Listing)> =
        all.iter().map(|one| (one.subject.as_str(), one.zone.as_str(), one.state)).collect();
    assert_eq!(
        shown,
        [
            (IP, "a.test", Listing::Clear),
            (IP, "b.test", Listing::Clear),
            ("example.com", "a.test", Listing::Listed),
            ("example.com", "b.test", Listing::Clear),
        ]
    );
}

async fn text_of_lists_is_kept_whatever_it_holds(place: Place) {
    let store = place.open(&HandClock::at_noon()).await;
    let mut one = seen("a.test", Listing::Listed, &["127.0.0.2"]);
    one.reason = Some("a\0b 'quoted' ünïcode".into());
    store.see_listings(IP, vec![one]).await.unwrap();
    let kept = store.listings(Some(IP)).await.unwrap().remove(0);
    assert_eq!(kept.reason.as_deref(), Some("a\u{fffd}b 'quoted' ünïcode"));
}
