//! Requests at a steady rate over kept connections, timed from the moment when each was due: a server that falls behind cannot
//! hide it by being asked less.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    time::{Instant, sleep_until, timeout},
};

/// Longest wait for one answer.
const LIMIT: Duration = Duration::from_secs(30);

/// What is asked for.
#[derive(Clone)]
pub struct Asked {
    pub address: SocketAddr,
    pub path: String,
    /// The header that says who asks, with its line end; empty for none.
    pub cookie: String,
}

/// One answer.
pub struct Answered {
    /// Of the body.
    pub octets: usize,
    /// From the moment when it was due.
    pub took: Duration,
}

/// How long the answers took, in order; one that failed counts as the longest wait.
pub struct Times(Vec<Duration>);

impl Times {
    /// So many of a hundred took no longer.
    pub fn at(&self, percent: usize) -> Duration {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(place).copied().unwrap_or_default()
    }
}

type Pool = Arc<Mutex<Vec<BufReader<TcpStream>>>>;

/// Asks once, on a connection of its own.
pub async fn once(asked: &Asked) -> Result<Answered, String> {
    ask(asked, &Pool::default(), Instant::now()).await
}

/// Asks so many times a second, for so many seconds, after that delay.
pub async fn at(asked: &Asked, rate: u32, seconds: u32, delay: Duration) -> Result<Times, String> {
    let (pool, begun) = (Pool::default(), Instant::now() + delay);
    let mut running = tokio::task::JoinSet::new();
    for number in 0..rate * seconds {
        let due = begun + Duration::from_secs(1) * number / rate;
        let (asked, pool) = (asked.clone(), pool.clone());
        running.spawn(async move {
            sleep_until(due).await;
            ask(&asked, &pool, due).await
        });
    }
    let mut times = Vec::new();
    while let Some(answer) = running.join_next().await {
        times.push(answer.map_err(|error| error.to_string())?.map_or(LIMIT, |answered| answered.took));
    }
    times.sort_unstable();
    Ok(Times(times))
}

async fn ask(asked: &Asked, pool: &Pool, due: Instant) -> Result<Answered, String> {
    let kept = pool.lock().await.pop();
    let work = async {
        let mut stream = match kept {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(asked.address).await?),
        };
        let text = format!("GET {} HTTP/1.1\r\nHost: bench\r\n{}\r\n", asked.path, asked.cookie);
        stream.get_mut().write_all(text.as_bytes()).await?;
        let octets = answer(&mut stream).await?;
        std::io::Result::Ok((stream, octets))
    };
    let done = timeout(LIMIT, work).await.map_err(|_| format!("{}: no answer within {LIMIT:?}", asked.path))?;
    let (stream, octets) = done.map_err(|error| format!("{}: {error}", asked.path))?;
    let took = due.elapsed();
    pool.lock().await.push(stream);
    Ok(Answered { octets, took })
}

/// Reads one answer of known length; anything else than 200 is an error.
async fn answer(stream: &mut BufReader<TcpStream>) -> std::io::Result<usize> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut body).await?;
    if length.is_none() || !head.starts_with("http/1.1 200") {
        let first: String = String::from_utf8_lossy(&body).chars().take(300).collect();
        return Err(std::io::Error::other(format!("{} {first}", head.lines().next().unwrap_or_default())));
    }
    Ok(body.len())
}

/// A server of one page of that size.
pub async fn fixed(octets: usize) -> Result<SocketAddr, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let page = format!("HTTP/1.1 200 OK\r\ncontent-length: {octets}\r\n\r\n{}", "x".repeat(octets));
    let page: Arc<[u8]> = page.into_bytes().into();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, page.clone()));
        }
    });
    Ok(address)
}

/// Until the client is gone.
async fn serve(mut stream: TcpStream, page: Arc<[u8]>) {
    let (mut buffer, mut seen) = ([0; 4096], Vec::new());
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        seen.extend_from_slice(buffer.get(..read).unwrap_or_default());
        if seen.ends_with(b"\r\n\r\n") {
            seen.clear();
            if stream.write_all(&page).await.is_err() {
                return;
            }
        }
    }
}
