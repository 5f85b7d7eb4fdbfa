//! No webhook leads into the network that we stand in.

use rules::reach::Reach;
use testkit::http_host::{Answer, HttpHost};

use crate::world::World;

#[tokio::test]
async fn a_name_that_leads_inside_is_not_dialled() {
    let mut world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(200)]).await;
    world.posting.reach = Reach::Public;
    let port = host.address.port();
    let mut webhooks = Vec::new();
    for name in ["loopback.test", "private.test", "metadata.test", "six.test", "mapped.test"] {
        webhooks.push(world.endpoint(&format!("http://{name}:{port}/"), None).await);
    }
    for ip in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"] {
        webhooks.push(world.endpoint(&format!("http://{ip}:{port}/"), None).await);
    }
    let working = world.work();
    world.happens("ours.test").await;
    for webhook in &webhooks {
        let delivery = world.until(&webhook.id, |one| one.log.len() == 1).await;
        let error = delivery.log[0].error.clone().unwrap();
        assert!(error.starts_with("webhook.internal-address: "), "{}: {error}", webhook.url);
    }
    assert!(host.requests().is_empty());
    drop(working);
}

#[tokio::test]
async fn plain_http_needs_the_operators_leave_at_every_attempt() {
    let mut world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(200)]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    world.posting.http = false;
    let working = world.work();
    world.happens("ours.test").await;
    let delivery = world.until(&webhook.id, |one| one.log.len() == 1).await;
    assert!(delivery.log[0].error.as_deref().unwrap().starts_with("webhook.bad-url: "), "{:?}", delivery.log);
    assert!(host.requests().is_empty());
    drop(working);
}

#[tokio::test]
async fn a_name_is_looked_up_by_our_resolver_and_stands_in_the_host_header() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(200)]).await;
    let port = host.address.port();
    world.endpoint(&format!("http://hook.test:{port}/a"), None).await;
    let nowhere = world.endpoint(&format!("http://nowhere.test:{port}/a"), None).await;
    let working = world.work();
    world.happens("ours.test").await;
    let request = host.asked(1).await.remove(0);
    assert_eq!(request.header("host"), Some(format!("hook.test:{port}")));
    let delivery = world.until(&nowhere.id, |one| one.log.len() == 1).await;
    assert!(delivery.log[0].error.as_deref().unwrap().starts_with("webhook.unresolved: "), "{:?}", delivery.log);
    drop(working);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let world = World::new().await;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = net::ServerTls::self_signed(&["hook.test".to_owned()]).unwrap();
    let listener = net::TlsListener::new(listener, &tls).unwrap();
    let webhook = world.endpoint(&format!("https://hook.test:{port}/"), None).await;
    let serving = tokio::spawn(async move {
        let mut listener = listener;
        loop {
            let _ = listener.accept().await;
        }
    });
    let working = world.work();
    world.happens("ours.test").await;
    let delivery = world.until(&webhook.id, |one| one.log.len() == 1).await;
    assert!(delivery.log[0].error.as_deref().unwrap().starts_with("tls.handshake: "), "{:?}", delivery.log);
    serving.abort();
    drop(working);
}
