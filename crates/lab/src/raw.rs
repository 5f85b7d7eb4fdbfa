//! A conversation in clear, line by line: for clients that misbehave on purpose, and for callbacks.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use net::{Dial, dial};
use rules::{Blame, Fault, Retry};
use smtp::Reply;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

const LIMIT: Duration = Duration::from_secs(10);
/// Octets of one reply.
const REPLY_OCTETS: u64 = 64 * 1024;

/// A connection on which anything may be written.
pub(crate) struct Raw {
    stream: BufReader<TcpStream>,
}

impl Raw {
    /// Connects and reads the greeting.
    pub async fn connect(target: SocketAddr, source: Option<IpAddr>) -> Result<(Self, Reply), Fault> {
        let stream = dial(&Dial { target, source, limit: LIMIT }).await?;
        let mut raw = Self { stream: BufReader::new(stream) };
        let greeting = raw.reply().await?;
        Ok((raw, greeting))
    }

    /// Writes these octets as they are and reads one reply.
    pub async fn say(&mut self, octets: &str) -> Result<Reply, Fault> {
        let written = tokio::time::timeout(LIMIT, self.stream.write_all(octets.as_bytes())).await;
        written.map_err(|_| silent())?.map_err(|error| silent().caused_by(error))?;
        self.reply().await
    }

    /// Reads one reply, all its lines.
    pub async fn reply(&mut self) -> Result<Reply, Fault> {
        let text = tokio::time::timeout(LIMIT, self.lines()).await.map_err(|_| silent())??;
        Reply::parse(&text).ok_or_else(|| silent().context(format!("not a reply: {text:?}")))
    }

    async fn lines(&mut self) -> Result<String, Fault> {
        let mut text = String::new();
        let mut reader = (&mut self.stream).take(REPLY_OCTETS);
        loop {
            let start = text.len();
            let read = reader.read_line(&mut text).await.map_err(|error| silent().caused_by(error))?;
            let is_last = text.get(start..).is_none_or(|line| line.as_bytes().get(3) != Some(&b'-'));
            if read == 0 || is_last {
                return Ok(text);
            }
        }
    }
}

fn silent() -> Fault {
    Fault::new("lab.no-reply", Blame::Peer, Retry::Later).context("the server did not answer in the lab")
}
