//! The DKIM keys of a domain on its page.

use super::desk;

#[tokio::test]
async fn keys_are_changed_step_by_step_and_each_step_says_what_it_waits_for() {
    let desk = desk().await;
    let path = "/domains/example.com/dkim";
    let (_, body) = desk.read("/domains/example.com").await;
    assert!(!body.contains("value=\"start\""), "a viewer changes no keys: {body}");
    let page = async || desk.ask(Some(desk.operator()), "GET", "/domains/example.com", "").await.2;
    assert!(page().await.contains("Change the keys"));
    let (status, head, body) = desk.send(path, "do=start").await;
    assert!(status == 303 && head.contains("location: /domains/example.com#dkim"), "{head} {body}");
    let body = page().await;
    assert!(
        body.contains("waiting") && body.contains("value=\"finish\"") && body.contains("do not sign yet"),
        "{body}"
    );
    let (status, _, body) = desk.send(path, "do=finish").await;
    assert!(status == 422 && body.contains("the DNS does not have"), "nobody answers there: {body}");
    for (step, told) in [("retire", "no old key to retire"), ("retire-at-once", "no old key"), ("dance", "is no step")]
    {
        let (status, _, body) = desk.send(path, &format!("do={step}")).await;
        assert!(status == 422 && body.contains(told), "{step}: {body}");
    }
    let own = desk.ops.store.domain(&"example.com".parse().unwrap()).await.unwrap().unwrap();
    let keys = desk.ops.store.dkim_keys(&own.id).await.unwrap();
    assert!(keys.len() == 2 && keys.iter().all(|key| !key.active), "{keys:?}");
    let audits = desk.ops.store.audits(Some(&desk.own), None, 10).await.unwrap();
    assert!(audits.iter().any(|one| one.what == "dkim.start" && one.who == "vic"), "{audits:?}");
}
