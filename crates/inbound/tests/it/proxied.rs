//! Behind proxies that speak the PROXY protocol: who is really there is who is counted, throttled and written down.

use std::{net::IpAddr, time::Duration};

use inbound::Settings;
use net::Proxies;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    client::Client,
    house::{House, PASSWORD, house_with},
    mx::RICK,
};

const LIMIT: Duration = Duration::from_secs(30);

fn behind(proxy: [u8; 4]) -> Settings {
    Settings { proxies: Proxies::new(vec![IpAddr::from(proxy)], true), ..Settings::default() }
}

/// A version 2 header: from that client, to 127.0.0.2, where the MX is that of other.test.
fn from(client: [u8; 4]) -> Vec<u8> {
    let [a, b, c, d] = client;
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x13".as_slice(), &[a, b, c, d, 127, 0, 0, 2, 1, 1, 0, 25], &[4, 0, 4, 9, 9, 9, 9]]
        .concat()
}

async fn introduced(house: &House, header: &[u8]) -> Client {
    introduced_at(house.mx, header, false).await
}

async fn introduced_at(address: std::net::SocketAddr, header: &[u8], implicit_tls: bool) -> Client {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(header).await.unwrap();
    Client::over(stream, implicit_tls).await
}

/// What the server says to these octets before it closes.
async fn said_to(house: &House, octets: &[u8]) -> String {
    let mut stream = TcpStream::connect(house.mx).await.unwrap();
    stream.write_all(octets).await.unwrap();
    // Who sends no more has said all.
    stream.shutdown().await.unwrap();
    let mut said = Vec::new();
    let _ = tokio::time::timeout(LIMIT, stream.read_to_end(&mut said)).await.expect("it closes");
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn the_client_that_the_proxy_names_is_the_one_that_is_checked_and_written_down() {
    let house = house_with(behind([127, 0, 0, 1])).await;
    let v1 = b"PROXY TCP4 192.0.2.7 127.0.0.2 4000 25\r\n".to_vec();
    let v6 = [
        b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24".as_slice(),
        &[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 2],
        &[1, 1, 0, 25],
    ]
    .concat();
    for (header, written) in [(from([192, 0, 2, 7]), "[192.0.2.7]"), (v1, "[192.0.2.7]"), (v6, "[IPv6:2001:db8::7]")] {
        let mut client = introduced(&house, &header).await;
        // The MX greets as the domain whose address was connected to at the proxy.
        assert!(client.greeting.starts_with("220 box.other.test"), "{}", client.greeting);
        client.expect("EHLO mail.honest.test", "250").await;
        let letter = "From: carol@nowhere.test\r\nSubject: hi\r\n\r\nHi";
        let reply = client.send("carol@nowhere.test", &["eve@other.test"], letter).await;
        assert!(reply.starts_with("250"), "{reply}");
        let mail = house.mails("eve@other.test").await.remove(0);
        let content = house.content(&mail).await;
        assert!(content.contains(written), "{content}");
    }
    // honest.test lets 127.0.0.1 send, the proxy itself; who came through it is somebody else, and SPF says so.
    let letter = format!("From: {RICK}\r\n\r\nHi");
    let mut client = introduced(&house, &from([192, 0, 2, 7])).await;
    client.expect("EHLO mail.honest.test", "250").await;
    let reply = client.send(RICK, &["eve@other.test"], &letter).await;
    assert!(reply.starts_with("550 5.7.1") || reply.starts_with("550 5.7.2"), "{reply}");
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    let mut client = introduced(&house, local).await;
    client.expect("EHLO mail.honest.test", "250").await;
    let reply = client.send(RICK, &["ann@example.test"], &letter).await;
    assert!(reply.starts_with("250"), "{reply}");
}

#[tokio::test]
async fn a_header_that_is_not_one_ends_the_connection_without_a_word() {
    let house = house_with(behind([127, 0, 0, 1])).await;
    for octets in [
        b"EHLO client.test\r\nQUIT\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 127.0.0.2 4000\r\nEHLO x\r\n".to_vec(),
        [b"PROXY TCP4 ".to_vec(), vec![b'1'; 4000]].concat(),
        b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0".to_vec(),
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".to_vec(),
        b"\r\n\r\n\0\r\nQUIT\n\x21\x31\0\x02ab".to_vec(),
        b"\r\n\r\n\0\r\nQU".to_vec(),
        Vec::new(),
    ] {
        assert_eq!(said_to(&house, &octets).await, "", "{}", octets.escape_ascii());
    }
    let mut client = introduced(&house, &from([192, 0, 2, 7])).await;
    client.expect("EHLO client.test", "250").await;
}

#[tokio::test]
async fn nobody_but_a_configured_proxy_is_believed() {
    let house = house_with(behind([127, 0, 0, 9])).await;
    let said = said_to(&house, &[from([192, 0, 2, 7]), b"EHLO x.test\r\nQUIT\r\n".to_vec()].concat()).await;
    assert!(said.starts_with("220 ") && said.contains("\r\n5"), "{said}");
    let said = said_to(&house, b"PROXY TCP4 192.0.2.7 127.0.0.2 4000 25\r\nQUIT\r\n").await;
    assert!(said.contains("\r\n500 ") && said.contains("\r\n221 "), "{said}");
    // Who begins as SMTP does is served.
    let mut client = Client::connect(house.mx).await;
    client.expect("EHLO client.test", "250").await;
}

#[tokio::test]
async fn limits_and_slowness_are_those_of_the_client_and_never_of_the_proxy() {
    let settings = Settings { max_connections_per_ip: 2, password_wait: Duration::ZERO, ..behind([127, 0, 0, 1]) };
    let house = house_with(settings).await;
    let mut open = Vec::new();
    for last in 1..=10 {
        for _ in 0..2 {
            open.push(introduced_at(house.submission, &from([192, 0, 2, last]), false).await);
        }
        let third = introduced_at(house.submission, &from([192, 0, 2, last]), false).await;
        assert!(third.greeting.starts_with("421"), "{}", third.greeting);
    }
    assert!(open.iter().all(|client| client.greeting.starts_with("220")));
    drop(open);

    for _ in 0..3 {
        let mut guesser = introduced_at(house.submission, &from([198, 51, 100, 7]), false).await;
        guesser.log_in("bob@example.test", "wrong").await;
        guesser.auth("bob@example.test", "wrong again").await;
    }
    let mut guesser = introduced_at(house.submission, &from([198, 51, 100, 7]), false).await;
    let said = guesser.log_in("ann@example.test", PASSWORD).await;
    assert!(said.starts_with("454 4.7.0"), "{said}");
    let mut other = introduced_at(house.submission, &from([198, 51, 100, 8]), false).await;
    let said = other.log_in("ann@example.test", PASSWORD).await;
    assert!(said.starts_with("235"), "{said}");
    let tls = introduced_at(house.submissions, &from([198, 51, 100, 9]), true).await;
    assert!(tls.greeting.starts_with("220"), "{}", tls.greeting);
}
