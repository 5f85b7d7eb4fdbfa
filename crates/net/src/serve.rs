//! A listener with limits.

use std::{
    collections::HashMap,
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{Met, Proxies, Stop};

/// How long sessions may take to end once the listener is stopped.
const FAREWELL: Duration = Duration::from_secs(10);
/// Longest wait for the word to a client that is over a limit.
const BUSY_WRITE: Duration = Duration::from_secs(2);
/// Pause after a failed accept (out of file descriptors), so as not to spin.
const BREATH: Duration = Duration::from_millis(50);

/// Limits of a listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// Connections at the same time from one IP.
    pub connections_per_ip: usize,
    /// What a client that is over a limit is told before it is closed (`421 4.7.0 …\r\n`).
    pub busy: Vec<u8>,
}

/// Accepts until stopped, then waits for sessions to end (at most 10 s). Each connection runs `session`.
pub async fn serve<F, S>(listener: TcpListener, limits: Limits, stop: Stop, session: F)
where
    F: Fn(TcpStream, SocketAddr) -> S + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    serve_behind(listener, limits, Proxies::default(), stop, move |stream, met| session(stream, met.client)).await;
}

/// As [`serve`], behind proxies of ours: the limit of one IP does not hold for them, and when they say who is really there,
/// it holds for whoever that is.
pub async fn serve_behind<F, S>(listener: TcpListener, limits: Limits, proxies: Proxies, mut stop: Stop, session: F)
where
    F: Fn(TcpStream, Met) -> S + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let guests = Arc::new(Guests::default());
    let door = Arc::new(Door { limits, proxies, session });
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.stopped() => break,
        };
        while sessions.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => match guests.admit(peer.ip(), &door.limits, door.proxies.contains(peer.ip())) {
                Some(seat) => {
                    let _ = stream.set_nodelay(true);
                    sessions.spawn(door.clone().receive(stream, peer, seat));
                }
                None => {
                    sessions.spawn(turn_away(stream, door.limits.busy.clone()));
                }
            },
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    let farewell = async { while sessions.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
        tracing::warn!("sessions that did not end in time are cut off");
    }
}

/// What every connection of a listener passes.
struct Door<F> {
    limits: Limits,
    proxies: Proxies,
    session: F,
}

impl<F> Door<F> {
    /// Finds out who is there, counts them as themselves, and serves them.
    async fn receive<S>(self: Arc<Self>, mut stream: TcpStream, peer: SocketAddr, mut seat: Seat)
    where
        F: Fn(TcpStream, Met) -> S + Send + Sync + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let Some(met) = self.proxies.meet(&mut stream, peer).await else { return };
        let moved = met.client.ip() == seat.ip
            || seat.give_to(met.client.ip(), &self.limits, self.proxies.contains(met.client.ip()));
        if !moved {
            return turn_away(stream, self.limits.busy.clone()).await;
        }
        (self.session)(stream, met).await;
        drop(seat);
    }
}

async fn turn_away(mut stream: TcpStream, busy: Vec<u8>) {
    let _ = tokio::time::timeout(BUSY_WRITE, stream.write_all(&busy)).await;
}

/// How many are connected, by IP.
#[derive(Default)]
struct Guests {
    by_ip: Mutex<HashMap<IpAddr, usize>>,
}

/// Given back when dropped.
struct Seat {
    guests: Arc<Guests>,
    ip: IpAddr,
}

impl Guests {
    fn admit(self: &Arc<Self>, ip: IpAddr, limits: &Limits, is_trusted: bool) -> Option<Seat> {
        let mut by_ip = self.by_ip.lock().unwrap_or_else(PoisonError::into_inner);
        let ip = ip.to_canonical();
        let all: usize = by_ip.values().sum();
        let here = by_ip.entry(ip).or_default();
        if all >= limits.connections || (!is_trusted && *here >= limits.connections_per_ip) {
            return None;
        }
        *here += 1;
        Some(Seat { guests: self.clone(), ip })
    }
}

impl Seat {
    /// Who came through a proxy is counted with their own IP from now on; `false` when too many are there from it.
    fn give_to(&mut self, ip: IpAddr, limits: &Limits, is_trusted: bool) -> bool {
        let mut by_ip = self.guests.by_ip.lock().unwrap_or_else(PoisonError::into_inner);
        let here = by_ip.entry(ip).or_default();
        if !is_trusted && *here >= limits.connections_per_ip {
            return false;
        }
        *here += 1;
        leave(&mut by_ip, self.ip);
        self.ip = ip;
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        leave(&mut self.guests.by_ip.lock().unwrap_or_else(PoisonError::into_inner), self.ip);
    }
}

fn leave(by_ip: &mut HashMap<IpAddr, usize>, ip: IpAddr) {
    if let Some(count) = by_ip.get_mut(&ip) {
        *count -= 1;
        if *count == 0 {
            by_ip.remove(&ip);
        }
    }
}
