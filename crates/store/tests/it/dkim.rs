//! The life of DKIM keys.

use std::time::Duration;

use rules::rotation::Stage;
use store::{Deed, DkimKey};

use crate::house::{House, NOON, Place};

crate::on_both_databases!(
    keys_wait_sign_retire_are_revoked_and_go,
    keys_are_added_only_while_all_others_sign,
    a_step_and_its_line_in_the_audit_log_are_written_together,
);

fn key(selector: &str) -> DkimKey {
    DkimKey {
        selector: selector.to_owned(),
        algorithm: "rsa".to_owned(),
        private_key: vec![0, 1, 255],
        txt: format!("v=DKIM1; k=rsa; p={selector}"),
        active: true,
    }
}

fn deed(what: &'static str) -> Deed {
    Deed { who: "olga".to_owned(), what, about: "example.com".to_owned(), workspace: None }
}

async fn stages(house: &House) -> Vec<(String, Stage)> {
    let lives = house.store.dkim_lives(&house.domain.id).await.unwrap();
    lives.into_iter().map(|key| (key.selector, key.stage)).collect()
}

async fn keys_wait_sign_retire_are_revoked_and_go(place: Place) {
    let house = House::at(place).await;
    let (store, id) = (&house.store, &house.domain.id);
    let day = Duration::from_secs(86_400);
    let of = |selector: &str, stage| (selector.to_owned(), stage);
    store.put_dkim_key(id, key("a")).await.unwrap();
    store.add_waiting_keys(id, vec![key("b")], deed("dkim.start")).await.unwrap();
    assert_eq!(stages(&house).await, [of("a", Stage::Signs), of("b", Stage::Waiting)]);
    store.switch_dkim_keys(id, deed("dkim.finish")).await.unwrap();
    assert_eq!(stages(&house).await, [of("a", Stage::Retired(NOON)), of("b", Stage::Signs)]);
    assert_eq!(store.switch_dkim_keys(id, deed("dkim.finish")).await.unwrap_err().code, "dkim.nothing-waits");
    let signing: Vec<String> =
        store.dkim_keys(id).await.unwrap().into_iter().filter(|key| key.active).map(|key| key.selector).collect();
    assert_eq!(signing, ["b"], "one that is retired does not come back");

    house.clock.forward(day);
    store.revoke_dkim_keys(id, NOON - day, deed("dkim.revoke")).await.unwrap();
    assert_eq!(stages(&house).await[0], of("a", Stage::Retired(NOON)), "its time has not come");
    store.revoke_dkim_keys(id, NOON, deed("dkim.revoke")).await.unwrap();
    assert_eq!(stages(&house).await[0], of("a", Stage::Revoked(NOON + day)));
    let keys = store.dkim_keys(id).await.unwrap();
    assert_eq!(
        (keys[0].txt.as_str(), keys[0].private_key.len()),
        ("v=DKIM1; k=rsa; p=", 0),
        "the private part is gone"
    );
    assert_eq!(keys[1].txt, "v=DKIM1; k=rsa; p=b");

    store.remove_dkim_keys(id, NOON, deed("dkim.remove")).await.unwrap();
    assert_eq!(stages(&house).await.len(), 2, "its time has not come");
    store.remove_dkim_keys(id, NOON + day, deed("dkim.remove")).await.unwrap();
    assert_eq!(stages(&house).await, [of("b", Stage::Signs)]);
}

async fn keys_are_added_only_while_all_others_sign(place: Place) {
    let house = House::at(place).await;
    let (store, id) = (&house.store, &house.domain.id);
    let add = |selector: &'static str| store.add_waiting_keys(id, vec![key(selector)], deed("dkim.start"));
    add("a").await.unwrap();
    let refused = add("b").await.unwrap_err();
    assert!(refused.code == "dkim.under-way" && refused.to_string().contains("with a first"), "{refused}");
    store.switch_dkim_keys(id, deed("dkim.finish")).await.unwrap();
    add("b").await.unwrap();
    store.switch_dkim_keys(id, deed("dkim.finish")).await.unwrap();
    assert_eq!(add("c").await.unwrap_err().code, "dkim.under-way");
}

async fn a_step_and_its_line_in_the_audit_log_are_written_together(place: Place) {
    let house = House::at(place).await;
    let (store, id) = (&house.store, &house.domain.id);
    assert!(store.switch_dkim_keys(id, deed("dkim.finish")).await.is_err());
    store.add_waiting_keys(id, vec![key("a")], deed("dkim.start")).await.unwrap();
    assert!(store.add_waiting_keys(id, vec![key("b")], deed("dkim.start")).await.is_err());
    store.switch_dkim_keys(id, deed("dkim.finish")).await.unwrap();
    let told: Vec<String> = store.audits(None, None, 10).await.unwrap().into_iter().map(|one| one.what).collect();
    assert_eq!(told, ["dkim.finish", "dkim.start"], "what was refused is not in the log");
}
