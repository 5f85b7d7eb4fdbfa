//! The embedded DNS and the resolver, over real sockets on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

use std::time::Duration;

use dns::{Authority, Data, Found, Resolver, Zone, read_zone};
use tokio::net::UdpSocket;

const LIMIT: Duration = Duration::from_secs(3);

async fn serve(zones: &[(&str, &str)]) -> (Authority, Resolver) {
    let authority = Authority::bind(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
    authority.set_zone(&Zone { origin: ".".into(), records: Vec::new() }).await.unwrap();
    for (origin, text) in zones {
        authority.set_zone(&read_zone(origin, text).unwrap()).await.unwrap();
    }
    let resolver = Resolver::new(&authority.addresses(), LIMIT, false).unwrap();
    (authority, resolver)
}

#[tokio::test]
async fn every_type_of_record_is_served_and_read() {
    let long = format!("v=DKIM1; k=rsa; p={}", "A".repeat(600));
    let text = format!(
        "@ MX 10 box\n@ NS ns\nns A 127.0.0.1\nbox A 192.0.2.1\nbox AAAA 2001:db8::1\n@ TXT \"v=spf1 -all\"\n\
         key TXT \"{long}\"\nalias CNAME box\n_s._tcp SRV 0 1 587 box\nnull MX 0 .\n"
    );
    let (_authority, resolver) = serve(&[("a.test", &text), ("2.0.192.in-addr.arpa", "1 PTR box.a.test.\n")]).await;
    let records = |name: &'static str, kind: &'static str| {
        let resolver = resolver.clone();
        async move { resolver.records(name, kind).await.unwrap().records() }
    };
    assert_eq!(records("a.test", "MX").await, [Data::Mx(10, "box.a.test".into())]);
    assert_eq!(records("a.test", "NS").await, [Data::Ns("ns.a.test".into())]);
    assert_eq!(records("key.a.test", "TXT").await, [Data::Txt(long)]);
    assert_eq!(records("_s._tcp.a.test", "SRV").await, [Data::Srv(0, 1, 587, "box.a.test".into())]);
    assert_eq!(records("alias.a.test", "CNAME").await, [Data::Cname("box.a.test".into())]);
    assert_eq!(resolver.mx("null.a.test").await.unwrap(), Found::Records(vec![(0, ".".into())]));
    assert_eq!(resolver.addresses("box.a.test").await.unwrap().records().len(), 2);
    assert_eq!(resolver.ptr([192, 0, 2, 1].into()).await.unwrap(), Found::Records(vec!["box.a.test".into()]));
}

#[tokio::test]
async fn what_is_absent_is_told_apart_from_what_cannot_be_asked() {
    let (_authority, resolver) = serve(&[("a.test", "box A 192.0.2.1\n")]).await;
    assert_eq!(resolver.txt("box.a.test").await.unwrap(), Found::NoData);
    assert_eq!(resolver.txt("nobody.a.test").await.unwrap(), Found::NoSuchName);
    assert_eq!(resolver.txt("_dmarc.test").await.unwrap(), Found::NoSuchName);
    // A server that never answers.
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let deaf = Resolver::new(&[silent.local_addr().unwrap()], Duration::from_millis(100), false).unwrap();
    let fault = deaf.mx("a.test").await.unwrap_err();
    assert!(matches!(fault.code, "dns.timeout" | "dns.servfail"), "{fault}");
}

#[tokio::test]
async fn a_zone_changes_while_it_is_served() {
    let (authority, resolver) = serve(&[("a.test", "@ TXT \"one\"\n")]).await;
    assert_eq!(resolver.txt("a.test").await.unwrap(), Found::Records(vec!["one".into()]));
    authority.set_zone(&read_zone("a.test", "@ TXT \"two\"\n").unwrap()).await.unwrap();
    assert_eq!(resolver.txt("a.test").await.unwrap(), Found::Records(vec!["two".into()]));
    authority.remove_zone("a.test").await;
    assert_eq!(resolver.txt("a.test").await.unwrap(), Found::NoSuchName);
}

#[tokio::test]
async fn loopback_addresses_have_the_names_that_their_zone_gives() {
    let (_authority, resolver) = serve(&[("1.0.127.in-addr.arpa", "7 PTR box.a.test.\n")]).await;
    assert_eq!(resolver.ptr([127, 0, 1, 7].into()).await.unwrap(), Found::Records(vec!["box.a.test".into()]));
    assert_eq!(resolver.ptr([127, 0, 1, 8].into()).await.unwrap(), Found::NoSuchName);
}
