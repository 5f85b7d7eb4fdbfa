//! What is short puts new mail off, is told once, and is over in its time.

use std::time::Duration;

use rules::{
    event::Event,
    load::{Marks, Pressure, Reading},
};

use crate::house::{House, Place};

crate::on_both_databases!(what_is_short_is_told_once_and_what_is_there_goes_on);

async fn what_is_short_is_told_once_and_what_is_there_goes_on(place: Place) {
    let house = House::at(place).await;
    let recipient = house.accept_one().await;
    let before = house.store.last_event().await.unwrap();
    let marks = Marks { memory: None, disk: Some(1000), commit: Some(Duration::from_secs(1)) };
    let disk = |room| Reading { disk: Some(room), ..Reading::default() };
    for _ in 0..10 {
        house.store.take_reading(&marks, &disk(999)).await;
    }
    let fault = house.store.shedding().unwrap();
    assert_eq!((fault.code, house.store.refuses().unwrap().code), ("load.disk", "load.disk"));
    assert!(fault.to_string().contains("load.disk_free_mib"), "{fault}");
    assert!(house.store.is_short(Pressure::Disk) && !house.store.is_short(Pressure::Commit));
    assert!(house.store.latched().is_none(), "it can be written to");
    house.store.health().await.unwrap();
    assert!(house.begin(&recipient, 1).await.is_some(), "delivery goes on");
    for _ in 0..4 {
        house.store.take_reading(&marks, &disk(2000)).await;
    }
    assert!(house.store.shedding().is_some(), "four are not enough");
    house.store.take_reading(&marks, &disk(2000)).await;
    assert!(house.store.refuses().is_none());
    let told: Vec<bool> = house
        .store
        .events_after(before, 100)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|stored| match stored.event {
            Event::LoadChanged { pressure: Pressure::Disk, shedding, .. } => Some(shedding),
            _ => None,
        })
        .collect();
    assert_eq!(told, [true, false]);
    assert!(house.store.commit_time() > Duration::ZERO, "commits were made since");
}
