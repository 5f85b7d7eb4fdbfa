//! Three clients that do what comes to mind on a few folders, beside a model that knows what must be so: in turn, where every
//! answer is held against the model; and at the same time, where at rest all must agree.
//!
//! `COLDRELAY_IMAP_SEEDS` says how many seeds are tried, `COLDRELAY_IMAP_STEPS` how many steps each has; a failure names its seed
//! and step. `COLDRELAY_IMAP_SEED` tries that one alone.

mod deeds;
mod viewer;
mod world;

use std::collections::BTreeMap;

use crate::{house::House, model::Chance, play::Client};
use deeds::{Deed, do_one};
use viewer::Viewer;
use world::World;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn seeds(first: u64, otherwise: u64) -> std::ops::Range<u64> {
    match std::env::var("COLDRELAY_IMAP_SEED") {
        Ok(seed) => seed.parse().unwrap()..seed.parse::<u64>().unwrap() + 1,
        Err(_) => first..first + number("COLDRELAY_IMAP_SEEDS", otherwise),
    }
}

async fn viewers(house: &House) -> Vec<Viewer> {
    vec![Viewer::new(house, false).await, Viewer::new(house, true).await, Viewer::new(house, false).await]
}

#[tokio::test]
async fn every_answer_is_what_the_model_says() {
    for seed in seeds(1, 3) {
        let house = House::start().await;
        let mut chance = Chance(seed);
        let (mut world, mut viewers) = (World::new(&house).await, viewers(&house).await);
        for step in 0..number("COLDRELAY_IMAP_STEPS", 250) {
            let who = chance.below(viewers.len());
            let deed = Deed::any(&mut chance, &viewers[who], &world);
            let at = format!("seed {seed}, step {step}, client {who}: {deed:?}");
            viewers[who].at = at;
            do_one(&house, deed, who, &mut viewers, &mut world).await;
            if step % 20 == 19 {
                for viewer in &mut viewers {
                    viewer.at = format!("seed {seed}, at rest after step {step}");
                    viewer.rest(&house, &mut world).await;
                }
                world.check_all_statuses(&mut viewers[who].client).await;
            }
        }
    }
}

#[tokio::test]
async fn a_command_by_number_that_is_refused_changes_no_numbers_either() {
    let house = House::start().await;
    for _ in 0..2 {
        house.deliver("Subject: letter 1\r\n\r\nbody\r\n").await;
    }
    let (mut reader, mut writer) = (Client::login(&house).await, Client::login(&house).await);
    reader.does("EXAMINE INBOX").await;
    writer.does("SELECT INBOX").await;
    writer.does("STORE 1 +FLAGS (\\Deleted)").await;
    writer.does("EXPUNGE").await;
    let said = reader.does("STORE 2 +FLAGS (\\Seen)").await;
    assert!(said.last().unwrap().contains(" NO "), "{said:?}");
    assert!(!said.iter().any(|line| line.ends_with("EXPUNGE")), "{said:?}");
    assert!(reader.does("NOOP").await.contains(&"* 1 EXPUNGE".to_owned()));
}

#[tokio::test]
async fn clients_that_write_at_the_same_time_agree_at_rest() {
    for seed in seeds(1001, 3) {
        let house = House::start().await;
        let mut chance = Chance(seed);
        let mut viewers = viewers(&house).await;
        // UID to what the message was, of INBOX, for ever: an UID is never given again.
        let mut ever: BTreeMap<u32, u32> = BTreeMap::new();
        for round in 0..number("COLDRELAY_IMAP_STEPS", 250) / 10 {
            for viewer in &mut viewers {
                viewer.at = format!("seed {seed}, round {round}");
                viewer.open_inbox(&house).await;
            }
            let mut scripts: Vec<Vec<String>> = Vec::new();
            for who in 0..viewers.len() {
                let first = u32::try_from((round * 10) as usize * viewers.len() + who * 10).unwrap();
                scripts.push(deeds::script(&mut chance, first));
            }
            let [first, second, third] = viewers.as_mut_slice() else { unreachable!() };
            tokio::join!(
                first.does_blindly(&scripts[0]),
                second.does_blindly(&scripts[1]),
                third.does_blindly(&scripts[2])
            );
            let mut world = World::read(&house).await;
            for (uid, letter) in world.letters_of_inbox() {
                let before = *ever.entry(uid).or_insert(letter);
                assert_eq!(before, letter, "seed {seed}, round {round}: UID {uid} was another message");
            }
            for viewer in &mut viewers {
                viewer.rest(&house, &mut world).await;
            }
            world.check_all_statuses(&mut viewers[0].client).await;
        }
    }
}
