//! A web server on loopback that answers by a script and keeps what it was asked. Written in octets: it must be able to misbehave.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// Longest wait of a test for a request.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a request is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// With that status and a short body.
    Status(u16),
    /// With exactly these octets.
    Raw(String),
    /// Never; the connection stays open.
    Silence,
}

/// What was asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// Request line and headers.
    pub head: String,
    /// Body.
    pub body: String,
}

impl Request {
    /// The value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<String> {
        let of = |line: &str| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        self.head.lines().find_map(of)
    }
}

/// The server; it ends when dropped.
pub struct HttpHost {
    /// Where it listens.
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl HttpHost {
    /// Answers the requests in their order; the last answer repeats.
    pub async fn start(script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (counted, count) = watch::channel(0);
        let kept = requests.clone();
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, kept, counted) = (script.clone(), kept.clone(), counted.clone());
                open.spawn(async move { serve(stream, &script, &kept, &counted).await });
            }
        });
        Self { address, requests, count, task }
    }

    /// The URL of a path on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was asked until now.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics in it").clone()
    }

    /// Waits until so many requests have come.
    pub async fn asked(&self, number: usize) -> Vec<Request> {
        let mut count = self.count.clone();
        let come = tokio::time::timeout(PATIENCE, count.wait_for(|count| *count >= number)).await;
        assert!(matches!(come, Ok(Ok(_))), "{number} requests do not come: {:?}", self.requests());
        self.requests()
    }
}

impl Drop for HttpHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, script: &[Answer], kept: &Mutex<Vec<Request>>, counted: &watch::Sender<usize>) {
    let Some(request) = read(&mut stream).await else { return };
    let number = {
        let mut kept = kept.lock().expect("no test panics in it");
        kept.push(request);
        kept.len()
    };
    counted.send_replace(number);
    let text = match script.get(number - 1).or(script.last()) {
        Some(Answer::Status(status)) => {
            format!("HTTP/1.1 {status} As told\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthis\n")
        }
        Some(Answer::Raw(text)) => text.clone(),
        Some(Answer::Silence) | None => return std::future::pending().await,
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut octets = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = Request { head: head.to_owned(), body: body.to_owned() };
            let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            if request.body.len() >= length {
                return Some(request);
            }
        }
        if stream.read_buf(&mut octets).await.ok()? == 0 {
            return None;
        }
    }
}
