//! Clients that are slow on purpose, in each phase: none is waited for longer than the limit, whatever it drips.

use std::{net::SocketAddr, time::Duration};

use net::{Drive, ServerTls, Socket, drive};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::{Yes, listener, session};

/// For a whole command, for a KiB of content, for a reply to be taken.
const LIMIT: Duration = Duration::from_secs(1);
/// Between two octets that are dripped.
const DRIP: Duration = Duration::from_millis(100);

/// What the client does once it is connected.
enum Slowness {
    /// Says that, and then nothing.
    Stalls(&'static str),
    /// Says that, and then an octet of the rest from time to time, for ever.
    Drips(&'static str, u8),
    /// Says that again and again, and reads nothing.
    Deaf(&'static str),
}

async fn ending(slowness: Slowness, implicit_tls: bool) -> (Option<&'static str>, String) {
    let (listener, address) = listener().await;
    let server = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        let tls = ServerTls::self_signed(&["mx.test".into()]).unwrap();
        let (socket, read_limit, body_limit, write_limit) = (Socket::Server(Some(tls)), LIMIT, LIMIT, LIMIT);
        let drive_with = Drive { socket, implicit_tls, read_limit, body_limit, write_limit, we_are_server: true };
        drive(&mut session(implicit_tls, peer.ip()), stream, &mut Yes::default(), drive_with).await
    });
    let client = tokio::spawn(be(slowness, address));
    let ended = server.await.unwrap();
    client.abort();
    (ended.why, ended.transcript.text)
}

async fn be(slowness: Slowness, address: SocketAddr) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    match slowness {
        Slowness::Stalls(said) => {
            stream.write_all(said.as_bytes()).await.unwrap();
            let _ = read_on(stream).await;
        }
        Slowness::Drips(said, octet) => {
            stream.write_all(said.as_bytes()).await.unwrap();
            while stream.write_all(&[octet]).await.is_ok() {
                tokio::time::sleep(DRIP).await;
            }
        }
        Slowness::Deaf(said) => while stream.write_all(said.as_bytes()).await.is_ok() {},
    }
}

/// Takes what is said, and stays.
async fn read_on(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

const TO_RCPT: &str = "EHLO a.test\r\nMAIL FROM:<ann@a.test>\r\nRCPT TO:<dana@b.test>\r\n";
const TO_DATA: &str = "EHLO a.test\r\nMAIL FROM:<ann@a.test>\r\nRCPT TO:<dana@b.test>\r\nDATA\r\n";
const IN_CONTENT: &str = "EHLO a.test\r\nMAIL FROM:<ann@a.test>\r\nRCPT TO:<dana@b.test>\r\nDATA\r\nSubject: x\r\n\r\n";
const IN_CHUNK: &str = "EHLO a.test\r\nMAIL FROM:<ann@a.test>\r\nRCPT TO:<dana@b.test>\r\nBDAT 5000 LAST\r\nSubject: x";

#[tokio::test]
async fn nobody_is_waited_for_longer_than_the_limit() {
    use Slowness::{Deaf, Drips, Stalls};
    let timeout = Some("connection.timeout");
    let rows = [
        ("says nothing", Stalls(""), false, timeout),
        ("half a command", Stalls("EHL"), false, timeout),
        ("a command without its LF", Stalls("EHLO a.test\r"), false, timeout),
        ("after EHLO", Stalls("EHLO a.test\r\n"), false, timeout),
        ("after RCPT", Stalls(TO_RCPT), false, timeout),
        ("after DATA", Stalls(TO_DATA), false, timeout),
        ("in the content", Stalls(IN_CONTENT), false, timeout),
        ("in a chunk", Stalls(IN_CHUNK), false, timeout),
        ("before the handshake", Stalls(""), true, Some("tls.handshake")),
        ("after STARTTLS", Stalls("EHLO a.test\r\nSTARTTLS\r\n"), false, Some("tls.handshake")),
        ("drips a command", Drips("EHLO ", b'a'), false, timeout),
        ("drips garbage", Drips("", 0), false, timeout),
        ("drips content", Drips(IN_CONTENT, b'a'), false, timeout),
        ("drips a chunk", Drips(IN_CHUNK, b'a'), false, timeout),
        ("drips a handshake", Drips("", 22), true, Some("tls.handshake")),
        ("reads no reply", Deaf("EHLO a.test\r\nNOOP\r\nRSET\r\n"), false, timeout),
    ];
    let mut endings = JoinSet::new();
    for (name, slowness, implicit_tls, why) in rows {
        endings.spawn(async move { (name, ending(slowness, implicit_tls).await, why) });
    }
    while let Some(row) = endings.join_next().await {
        let (name, (ended, transcript), why) = row.unwrap();
        assert_eq!(ended, why, "{name}: {transcript}");
    }
}
