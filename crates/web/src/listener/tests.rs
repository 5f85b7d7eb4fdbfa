//! Clients that are slow on purpose, over real sockets and with short limits.

use std::{future::IntoFuture as _, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
    time::timeout,
};

use super::{Limited, Limits};

/// No limit of these tests: a server that hangs fails them.
const LONG: Duration = Duration::from_secs(60);
/// More than any socket takes without its reader.
const LARGE: usize = 64 * 1024 * 1024;
const HEAD: &[u8] = b"GET /small HTTP/1.1\r\nHost: x\r\n";

struct Server {
    address: SocketAddr,
    places: Arc<Semaphore>,
    serving: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Three places, one of which waits for the next client.
async fn server(limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limited = Limited::within(listener, limits);
    let places = limited.places.clone();
    let router: Router =
        Router::new().route("/small", get(|| async { "here" })).route("/large", get(|| async { vec![b'x'; LARGE] }));
    let serving = axum::serve(limited, router.into_make_service()).into_future();
    let serving = tokio::spawn(async move { serving.await.unwrap() });
    Server { address, places, serving }
}

impl Server {
    async fn client(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn serves_others(&self) {
        let mut other = self.client().await;
        other.write_all(b"GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        timeout(LONG, other.read_to_string(&mut answer)).await.expect("others are served").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("here"), "{answer}");
    }

    /// Waits until so many places are free again.
    async fn frees(&self, places: u32) {
        drop(timeout(LONG, self.places.acquire_many(places)).await.expect("it is cut off").unwrap());
    }
}

/// All but one limit are out of reach.
fn limits() -> Limits {
    Limits { clients: 3, silence: LONG * 10, request: LONG * 10, taking: LONG * 10 }
}

/// Sends octet by octet until it is cut off: how many were sent.
async fn drip(client: &mut TcpStream, octets: &[u8]) -> usize {
    let mut answer = [0; 1];
    for (sent, octet) in octets.iter().enumerate() {
        if client.write_all(&[*octet]).await.is_err() {
            return sent;
        }
        // Nothing is answered to half a head: what ends this wait early is the end of the connection.
        if timeout(Duration::from_millis(10), client.read(&mut answer)).await.is_ok() {
            return sent + 1;
        }
    }
    octets.len()
}

#[tokio::test]
async fn who_sends_its_head_octet_by_octet_is_cut_off_and_others_are_served_meanwhile() {
    let server = server(Limits { request: Duration::from_millis(300), ..limits() }).await;
    let mut slow = server.client().await;
    slow.write_all(HEAD).await.unwrap();
    server.serves_others().await;
    let endless = b"X-Slow: yes\r\n".repeat(1000);
    let sent = drip(&mut slow, &endless).await;
    assert!(sent < endless.len(), "all {sent} octets were taken");
    server.frees(2).await;
    server.serves_others().await;
}

#[tokio::test]
async fn who_does_not_read_its_answer_is_cut_off_although_it_goes_on_asking() {
    let server = server(Limits { taking: Duration::from_millis(300), ..limits() }).await;
    let mut slow = server.client().await;
    slow.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.serves_others().await;
    slow.write_all(HEAD).await.unwrap();
    server.frees(2).await;
    let (mut taken, mut buffer) = (0, vec![0; 65_536]);
    while let Ok(read @ 1..) = timeout(LONG, slow.read(&mut buffer)).await.expect("the end of it") {
        taken += read;
    }
    assert!(taken < LARGE, "all of it came");
    server.serves_others().await;
}

#[tokio::test]
async fn who_says_nothing_is_cut_off() {
    let server = server(Limits { silence: Duration::from_millis(300), ..limits() }).await;
    let (mut first, mut second) = (server.client().await, server.client().await);
    second.write_all(HEAD).await.unwrap();
    for client in [&mut first, &mut second] {
        let mut answer = Vec::new();
        let _ = timeout(LONG, client.read_to_end(&mut answer)).await.expect("the end of it");
        assert!(answer.is_empty(), "{answer:?}");
    }
    server.frees(2).await;
    server.serves_others().await;
}
