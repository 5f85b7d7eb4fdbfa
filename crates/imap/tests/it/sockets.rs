//! Over real sockets: TLS, limits, what a thousand quiet clients cost, a new mail within a second.

use std::{net::SocketAddr, time::Duration};

use imap::{Listeners, Settings};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::house::House;

const LIMIT: Duration = Duration::from_secs(20);

async fn serve(house: &House) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (imap, stop) = (house.imap.clone(), house.stop.clone());
    let listeners = Listeners { imap: vec![listener], imaps: Vec::new() };
    tokio::spawn(async move { imap.serve(listeners, stop).await });
    address
}

async fn read(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 4096];
    let count = timeout(LIMIT, stream.read(&mut buffer)).await.expect("an answer").unwrap();
    String::from_utf8_lossy(&buffer[..count]).into_owned()
}

#[tokio::test]
async fn a_client_is_greeted_and_answered_over_a_socket() {
    let house = House::start().await;
    let address = serve(&house).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(read(&mut stream).await.starts_with("* OK [CAPABILITY IMAP4rev1 IMAP4rev2 STARTTLS LOGINDISABLED"));
    stream.write_all(b"a NOOP\r\nb LOGOUT\r\n").await.unwrap();
    let mut rest = String::new();
    timeout(LIMIT, stream.read_to_string(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, "a OK Done\r\n* BYE Logging out\r\nb OK Bye\r\n");
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye() {
    let house = House::start().await;
    let address = serve(&house).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    read(&mut stream).await;
    house.stopper.stop();
    assert_eq!(read(&mut stream).await, "* BYE The server stops\r\n");
}

#[tokio::test]
async fn who_does_not_log_in_is_sent_away_whatever_it_says() {
    let settings = Settings { login_limit: Duration::from_millis(200), ..Settings::default() };
    let house = House::start_with(settings).await;
    let mut client = crate::play::Client::connect(&house, true).await;
    client.lines();
    for _ in 0..5 {
        assert_eq!(client.does("NOOP").await.len(), 1);
    }
    client.wait().await;
    assert_eq!(client.lines(), ["* BYE You have not logged in for too long"]);
    assert!(client.closed);
}

#[tokio::test]
async fn wrong_passwords_make_the_next_wait_and_lock_nobody_out() {
    let house = House::start().await;
    let begun = std::time::Instant::now();
    for tries in [3, 1] {
        let mut client = crate::play::Client::connect(&house, true).await;
        for _ in 0..tries {
            let said = client.does("LOGIN ann@example.com wrong").await;
            assert!(said[0].contains("[AUTHENTICATIONFAILED]"), "{said:?}");
        }
    }
    let mut client = crate::play::Client::connect(&house, true).await;
    let said = client.does("LOGIN ann@example.com \"correct horse\"").await;
    assert!(said[0].contains(" OK "), "its owner is not locked out: {said:?}");
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_suspended_mailbox_cannot_log_in() {
    let house = House::start().await;
    house.store.set_suspended(&house.ann.id, true).await.unwrap();
    let mut client = crate::play::Client::connect(&house, true).await;
    let said = client.does("LOGIN ann@example.com \"correct horse\"").await;
    assert!(said[0].contains("NO [EXPIRED]"), "{said:?}");
}

#[tokio::test]
async fn a_full_mailbox_takes_no_append() {
    let house = House::start().await;
    house.store.set_quota(&house.ann.id, 30, 10).await.unwrap();
    let mut client = crate::play::Client::login(&house).await;
    let said = client.append("Sent", "", "Subject: x\r\n\r\nbody").await;
    assert!(said[0].contains(" OK [APPENDUID"), "{said:?}");
    let said = client.append("Sent", "", "Subject: x\r\n\r\nbody").await;
    assert!(said[0].contains(" NO [OVERQUOTA]"), "{said:?}");
}

/// A version 2 header of the PROXY protocol: a client at 192.0.2.`last`.
fn header(last: u8) -> Vec<u8> {
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".as_slice(), &[192, 0, 2, last, 127, 0, 0, 2, 1, 1, 0, 143]].concat()
}

#[tokio::test]
async fn who_comes_through_a_proxy_is_counted_by_their_own_address() {
    let proxies = net::Proxies::new(vec![[127, 0, 0, 1].into()], true);
    let house = House::start_with(Settings { max_connections_per_ip: 1, proxies, ..Settings::default() }).await;
    let address = serve(&house).await;
    let mut open = Vec::new();
    for last in 1..=5 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // What is said right behind the header is heard.
        stream.write_all(&[header(last), b"a NOOP\r\n".to_vec()].concat()).await.unwrap();
        let mut said = read(&mut stream).await;
        while !said.contains("a OK") {
            said.push_str(&read(&mut stream).await);
        }
        assert!(said.starts_with("* OK "), "{said}");
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(&header(last)).await.unwrap();
        assert!(read(&mut second).await.starts_with("* BYE [UNAVAILABLE]"));
        open.push(stream);
    }
    for octets in [b"a NOOP\r\nb LOGOUT\r\n".as_slice(), b"PROXY TCP4 nobody\r\na NOOP\r\n"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(octets).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut said = Vec::new();
        // A reset is an end too: what was sent is left unread.
        let _ = timeout(LIMIT, stream.read_to_end(&mut said)).await.expect("it closes");
        assert_eq!(said, b"", "{}", octets.escape_ascii());
    }
}

#[tokio::test]
async fn nobody_but_a_configured_proxy_says_who_they_are() {
    let proxies = net::Proxies::new(vec![[127, 0, 0, 9].into()], true);
    let house = House::start_with(Settings { proxies, ..Settings::default() }).await;
    let address = serve(&house).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"PROXY TCP4 192.0.2.1 127.0.0.2 1 143\r\nz LOGOUT\r\n").await.unwrap();
    let mut said = String::new();
    timeout(LIMIT, stream.read_to_string(&mut said)).await.unwrap().unwrap();
    assert!(said.starts_with("* OK ") && said.contains("\r\nPROXY BAD ") && said.contains("z OK"), "{said}");
}
