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
