//! Workspaces, domains, keys, mailboxes, grants.

use store::{DkimKey, Store};
use syntax::Domain;

use crate::house::{HandClock, House, Place, add_domain, add_mailbox, address, new_domain, new_mailbox};

crate::on_both_databases!(
    a_workspace_is_made_once,
    a_domain_is_found_by_its_name_with_its_keys,
    an_egress_ip_belongs_to_one_domain,
    an_unknown_domain_cannot_be_changed,
    mailboxes_are_made_all_or_none_and_the_fault_names_the_address,
    a_mailbox_is_found_in_any_case_of_its_local_part,
    a_mailbox_sends_only_as_mailboxes_of_its_workspace,
    a_new_password_replaces_the_old_one,
    lists_are_in_the_order_of_octets,
);

async fn a_workspace_is_made_once(place: Place) {
    let store = place.open(&HandClock::at_noon()).await;
    let first = store.ensure_workspace("sales").await.unwrap();
    assert_eq!(store.ensure_workspace("sales").await.unwrap().id, first.id);
    store.ensure_workspace("agency").await.unwrap();
    let names: Vec<String> = store.workspaces().await.unwrap().into_iter().map(|workspace| workspace.name).collect();
    assert_eq!(names, ["agency", "sales"]);
}

async fn a_domain_is_found_by_its_name_with_its_keys(place: Place) {
    let store = place.open(&HandClock::at_noon()).await;
    let workspace = store.ensure_workspace("default").await.unwrap().id;
    let key = |selector: &str, active| DkimKey {
        selector: selector.to_owned(),
        algorithm: "ed25519".to_owned(),
        private_key: vec![0, 1, 255],
        txt: "v=DKIM1; k=ed25519; p=AA".to_owned(),
        active,
    };
    let mut new = new_domain(workspace.clone(), "example.com", "::1");
    new.keys = vec![key("b", true), key("a", true)];
    let made = store.add_domain(new.clone()).await.unwrap();

    let found = store.domain(&Domain::parse("example.com").unwrap()).await.unwrap().unwrap();
    assert_eq!((found.id.clone(), found.egress_ip.to_string()), (made.id.clone(), "::1".to_owned()));
    assert_eq!(store.domains(Some(&workspace)).await.unwrap().len(), 1);
    assert_eq!(store.add_domain(new).await.unwrap_err().code, "domain.exists");

    store.put_dkim_key(&made.id, key("a", false)).await.unwrap();
    store.put_dkim_key(&made.id, key("c", true)).await.unwrap();
    let keys = store.dkim_keys(&made.id).await.unwrap();
    let shown: Vec<(&str, bool)> = keys.iter().map(|key| (key.selector.as_str(), key.active)).collect();
    assert_eq!(shown, [("a", false), ("b", true), ("c", true)]);
    assert_eq!(keys[0].private_key, [0, 1, 255]);
}

async fn an_egress_ip_belongs_to_one_domain(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    let fault = store.add_domain(new_domain(house.domain.workspace.clone(), "example.org", "127.0.1.1")).await;
    let fault = fault.unwrap_err();
    assert_eq!(fault.code, "domain.ip-taken");
    assert!(fault.to_string().contains("example.com"), "{fault}");
    // The same IPv4 address in its IPv6 dress.
    let mapped = new_domain(house.domain.workspace.clone(), "example.org", "::ffff:127.0.1.1");
    assert_eq!(store.add_domain(mapped).await.unwrap_err().code, "domain.ip-taken");

    let mut other = add_domain(store, "default", "example.org", "127.0.1.2").await;
    other.egress_ip = house.domain.egress_ip;
    assert_eq!(store.update_domain(&other).await.unwrap_err().code, "domain.ip-taken");
    other.egress_ip = "127.0.1.3".parse().unwrap();
    other.catch_all = Some(address("ann@example.com"));
    store.update_domain(&other).await.unwrap();
    let changed = store.domain(&other.name).await.unwrap().unwrap();
    assert_eq!((changed.egress_ip, changed.catch_all), (other.egress_ip, other.catch_all));
}

async fn an_unknown_domain_cannot_be_changed(place: Place) {
    let house = House::at(place).await;
    let mut stranger = house.domain.clone();
    stranger.id.0 = "nobody".to_owned();
    stranger.egress_ip = "127.0.1.9".parse().unwrap();
    assert_eq!(house.store.update_domain(&stranger).await.unwrap_err().code, "domain.unknown");
}

async fn mailboxes_are_made_all_or_none_and_the_fault_names_the_address(place: Place) {
    let house = House::at(place).await;
    let refused = async |addresses: &[&str], code: &str, named: &str| {
        let new = addresses.iter().map(|text| new_mailbox(text)).collect();
        let fault = house.store.add_mailboxes(new).await.unwrap_err();
        assert_eq!(fault.code, code);
        assert!(fault.to_string().contains(named), "{fault}");
    };
    refused(&["bea@example.com", "ANN@example.com"], "mailbox.exists", "ANN@example.com").await;
    refused(&["bea@example.com", "Bea@example.com"], "mailbox.exists", "Bea@example.com").await;
    refused(&["bea@example.com", "bea@example.org"], "mailbox.no-domain", "bea@example.org").await;
    assert_eq!(mailboxes(&house.store).await, ["ann@example.com"]);
}

async fn a_mailbox_is_found_in_any_case_of_its_local_part(place: Place) {
    let house = House::at(place).await;
    let found = house.store.mailbox(&address("ANN@example.com")).await.unwrap().unwrap();
    assert_eq!((found.id, found.workspace), (house.ann.id.clone(), house.domain.workspace.clone()));
    assert!(house.store.mailbox(&address("bob@example.com")).await.unwrap().is_none());
}

async fn a_mailbox_sends_only_as_mailboxes_of_its_workspace(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    add_domain(store, "rival", "example.org", "127.0.1.2").await;
    let bea = add_mailbox(store, "bea@example.com").await;
    let abe = add_mailbox(store, "abe@example.com").await;
    let rival = add_mailbox(store, "eve@example.org").await;

    assert_eq!(store.grants(&house.ann.id).await.unwrap(), [address("ann@example.com")]);
    for other in [&bea, &abe, &bea, &house.ann] {
        store.grant(&house.ann.id, &other.id).await.unwrap();
    }
    let expect = ["ann@example.com", "abe@example.com", "bea@example.com"].map(address);
    assert_eq!(store.grants(&house.ann.id).await.unwrap(), expect);
    assert_eq!(store.grants(&bea.id).await.unwrap(), [address("bea@example.com")]);
    assert_eq!(store.grant(&house.ann.id, &rival.id).await.unwrap_err().code, "mailbox.other-workspace");
    let nobody = rules::id::MailboxId("nobody".to_owned());
    assert_eq!(store.grant(&house.ann.id, &nobody).await.unwrap_err().code, "mailbox.unknown");
}

async fn a_new_password_replaces_the_old_one(place: Place) {
    let house = House::at(place).await;
    house.store.set_password_hash(&house.ann.id, "other").await.unwrap();
    let ann = house.store.mailbox(&house.ann.address).await.unwrap().unwrap();
    assert_eq!(ann.password_hash, "other");
    assert!(!serde_json::to_string(&ann).unwrap().contains("other"));
    let nobody = rules::id::MailboxId("nobody".to_owned());
    assert_eq!(house.store.set_password_hash(&nobody, "x").await.unwrap_err().code, "mailbox.unknown");
}

async fn lists_are_in_the_order_of_octets(place: Place) {
    let house = House::at(place).await;
    for text in ["a_b@example.com", "a.b@example.com", "ab@example.com", "a-b@example.com"] {
        add_mailbox(&house.store, text).await;
    }
    let expect = ["a-b@example.com", "a.b@example.com", "a_b@example.com", "ab@example.com", "ann@example.com"];
    assert_eq!(mailboxes(&house.store).await, expect);
}

async fn mailboxes(store: &Store) -> Vec<String> {
    store.mailboxes(None).await.unwrap().iter().map(|mailbox| mailbox.address.to_string()).collect()
}
