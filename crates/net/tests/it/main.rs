//! Sessions over real sockets and real TLS, on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod slow;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use net::{ClientTls, Dial, Drive, Ended, House, Limits, ServerTls, Socket, Stopper, dial, drive, serve};
use smtp::{Reply, client, server};
use syntax::Address;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const SECOND: Duration = Duration::from_secs(1);

/// Says yes to everything and keeps the questions.
#[derive(Clone, Default)]
struct Yes(Arc<Mutex<Vec<server::Question>>>);

#[async_trait]
impl House<server::Question, server::Answer> for Yes {
    async fn answer(&mut self, question: server::Question) -> server::Answer {
        let code = match question {
            server::Question::Connect(_) => 220,
            server::Question::Data => 354,
            _ => 250,
        };
        self.0.lock().unwrap().push(question);
        server::Answer::Reply(Reply::bare(code, "yes"))
    }
}

/// Brings one message and keeps its outcome.
struct One(Option<client::Delivery>, Option<client::Outcome>);

#[async_trait]
impl House<client::Question, client::Answer> for One {
    async fn answer(&mut self, question: client::Question) -> client::Answer {
        let client::Question::Next(outcome) = question;
        self.1 = outcome.or(self.1.take());
        self.0.take().map_or(client::Answer::Quit, client::Answer::Deliver)
    }
}

fn limits(socket: Socket, implicit_tls: bool, we_are_server: bool) -> Drive {
    let limit = 10 * SECOND;
    Drive { socket, implicit_tls, read_limit: limit, body_limit: limit, write_limit: limit, we_are_server }
}

fn session(implicit_tls: bool, peer: IpAddr) -> server::Session {
    let settings = server::Settings {
        hostname: "mx.test".into(),
        starttls: !implicit_tls,
        implicit_tls,
        auth: false,
        max_message_octets: 10_000,
        max_recipients: 10,
        max_errors: 5,
        max_auth_failures: 3,
        enhanced_codes: true,
    };
    server::Session::new(settings, peer)
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Serves one connection.
async fn one_server(listener: TcpListener, house: Yes, implicit_tls: bool) -> Ended {
    let (stream, peer) = listener.accept().await.unwrap();
    let tls = ServerTls::self_signed(&["mx.test".into()]).unwrap();
    let mut session = session(implicit_tls, peer.ip());
    let mut house = house;
    drive(&mut session, stream, &mut house, limits(Socket::Server(Some(tls)), implicit_tls, true)).await
}

async fn bring(address: SocketAddr, tls: client::Tls) -> (Option<client::Outcome>, Ended) {
    let stream = dial(&Dial { target: address, source: None, limit: SECOND }).await.unwrap();
    let mut session = client::Session::new(client::Settings { hostname: "box.test".into(), tls, login: None });
    let delivery = client::Delivery {
        reverse_path: Address::parse("ann@a.test").ok(),
        recipients: vec![Address::parse("dana@b.test").unwrap()],
        content: b"Subject: x\r\n\r\n.dots\r\n..\r\n".to_vec(),
        envid: None,
    };
    let mut house = One(Some(delivery), None);
    let socket = Socket::Client(ClientTls::opportunistic(), "mx.test".into());
    let ended = drive(&mut session, stream, &mut house, limits(socket, tls == client::Tls::Implicit, false)).await;
    (house.1, ended)
}

#[tokio::test]
async fn a_message_goes_through_in_clear_under_starttls_and_under_tls() {
    use client::Tls::{Implicit, Never, Opportunistic, Required};
    for tls in [Never, Opportunistic, Required, Implicit] {
        let (listener, address) = listener().await;
        let house = Yes::default();
        let server = tokio::spawn(one_server(listener, house.clone(), tls == Implicit));
        let (outcome, ended) = bring(address, tls).await;
        assert!(matches!(outcome.unwrap().recipients[0], client::RecipientOutcome::Accepted(_)), "{tls:?}");
        assert_eq!(ended.why, None);
        assert_eq!(ended.tls.is_some(), tls != Never);
        assert!(ended.transcript.text.contains("C: [content, "), "{}", ended.transcript.text);
        assert!(!ended.transcript.text.contains(".dots"));
        server.await.unwrap();
        let questions = house.0.lock().unwrap();
        let content = questions.iter().find_map(|question| match question {
            server::Question::Message { content, .. } => Some(content.clone()),
            _ => None,
        });
        assert_eq!(content.unwrap(), b"Subject: x\r\n\r\n.dots\r\n..\r\n");
    }
}

#[tokio::test]
async fn commands_injected_behind_starttls_are_not_executed() {
    let (listener, address) = listener().await;
    let house = Yes::default();
    let server = tokio::spawn(one_server(listener, house.clone(), false));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut buffer = vec![0; 4096];
    let _ = stream.read(&mut buffer).await.unwrap();
    stream.write_all(b"EHLO a.test\r\n").await.unwrap();
    let _ = stream.read(&mut buffer).await.unwrap();
    // In one packet: what an attacker in the middle would put there.
    stream.write_all(b"STARTTLS\r\nEHLO evil.test\r\nMAIL FROM:<evil@a.test>\r\n").await.unwrap();
    let count = stream.read(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..count], b"220 2.0.0 Ready to start TLS\r\n");
    // The handshake is the client core's, which takes up the conversation at its own EHLO.
    let mut session = client::Session::new(client::Settings {
        hostname: "good.test".into(),
        tls: client::Tls::Implicit,
        login: None,
    });
    let mut nobody = One(None, None);
    let mut settings = limits(Socket::Client(ClientTls::opportunistic(), "mx.test".into()), true, false);
    settings.read_limit = SECOND / 2;
    let ended = drive(&mut session, stream, &mut nobody, settings).await;
    assert!(ended.tls.is_some());
    // It waits for a greeting that never comes: the server says nothing to what was injected.
    assert_eq!(ended.why, Some("connection.timeout"), "{}", ended.transcript.text);
    server.await.unwrap();
    let questions = house.0.lock().unwrap();
    let evil = questions.iter().any(|question| format!("{question:?}").contains("evil"));
    assert!(!evil, "{questions:?}");
}

#[tokio::test]
async fn a_silent_peer_is_not_waited_for_longer_than_the_limit() {
    let (listener, address) = listener().await;
    let server = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        let mut settings = limits(Socket::Server(None), false, true);
        settings.read_limit = SECOND / 10;
        drive(&mut session(false, peer.ip()), stream, &mut Yes::default(), settings).await
    });
    let _silent = TcpStream::connect(address).await.unwrap();
    assert_eq!(server.await.unwrap().why, Some("connection.timeout"));
}

#[tokio::test]
async fn one_address_gets_only_so_many_connections() {
    let (listener, address) = listener().await;
    let (stopper, stop) = Stopper::new();
    let limits = Limits { connections: 10, connections_per_ip: 1, busy: b"421 4.7.0 busy\r\n".to_vec() };
    let server = tokio::spawn(serve(listener, limits, stop, |mut stream, _| async move {
        let _ = stream.write_all(b"220 in\r\n").await;
        let _ = stream.read(&mut [0; 1]).await;
    }));
    let said = |mut stream: TcpStream| async move {
        let mut buffer = [0; 64];
        let count = stream.read(&mut buffer).await.unwrap();
        (String::from_utf8_lossy(&buffer[..count]).into_owned(), stream)
    };
    let (first, held) = said(TcpStream::connect(address).await.unwrap()).await;
    let (second, _) = said(TcpStream::connect(address).await.unwrap()).await;
    assert_eq!((first.as_str(), second.as_str()), ("220 in\r\n", "421 4.7.0 busy\r\n"));
    let other = dial(&Dial { target: address, source: Some([127, 0, 0, 9].into()), limit: SECOND }).await.unwrap();
    assert_eq!(other.local_addr().unwrap().ip(), IpAddr::from([127, 0, 0, 9]), "the source is bound");
    assert_eq!(said(other).await.0, "220 in\r\n");
    drop(held);
    stopper.stop();
    server.await.unwrap();
}

#[tokio::test]
async fn each_way_in_which_a_connect_fails_has_its_code() {
    let (listener, address) = listener().await;
    drop(listener);
    let code = |target, source| async move { dial(&Dial { target, source, limit: SECOND }).await.unwrap_err().code };
    assert_eq!(code(address, None).await, "connect.refused");
    assert_eq!(code(address, Some([192, 0, 2, 1].into())).await, "connect.source");
}
