//! Plain questions, many at once: one datagram each, its own socket, one deadline. Unlike [`crate::Resolver`] it keeps no
//! answers, sends nothing a fourth time, and says REFUSED where a server refused: blocklists are asked through it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_proto::{
    op::{Message, MessageType, Query, ResponseCode},
    rr::{Name, RecordType},
};
use rules::{Blame, Fault, Retry};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::{Instant, timeout_at},
};

use crate::{
    Data, Found,
    resolver::{from_wire, name_of},
};

/// Longest wait for an answer before it is asked again: a busy resolver may have dropped the datagram.
const AGAIN: Duration = Duration::from_secs(1);
/// Largest datagram that is read, in octets.
const DATAGRAM: usize = 4096;

/// A stub that asks servers one after another. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Asker {
    servers: Vec<SocketAddr>,
    limit: Duration,
}

impl Asker {
    /// Asks these servers, in this order; no question takes longer than `limit` in all.
    pub fn new(servers: &[SocketAddr], limit: Duration) -> Self {
        Self { servers: servers.to_vec(), limit }
    }

    /// The servers asked.
    pub fn servers(&self) -> &[SocketAddr] {
        &self.servers
    }

    /// Longest time for one question, all servers together.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// A records.
    ///
    /// # Errors
    /// `dns.timeout`, `dns.refused`, `dns.servfail`, `dns.malformed-answer`, `dns.name`.
    pub async fn a(&self, name: &str) -> Result<Found<Ipv4Addr>, Fault> {
        let found = self.ask(name, RecordType::A).await?;
        Ok(found.keep(|data| match data {
            Data::A(ip) => Some(ip),
            _ => None,
        }))
    }

    /// TXT records, each with its strings joined.
    ///
    /// # Errors
    /// As [`Asker::a`].
    pub async fn txt(&self, name: &str) -> Result<Found<String>, Fault> {
        let found = self.ask(name, RecordType::TXT).await?;
        Ok(found.keep(|data| match data {
            Data::Txt(text) => Some(text),
            _ => None,
        }))
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Found<Data>, Fault> {
        let mut asked = name_of(name)
            .map_err(|error| Fault::caller("dns.name", format!("`{name}` is no domain name")).caused_by(error))?;
        asked.set_fqdn(true);
        let (begun, mut last) = (Instant::now(), None);
        for (number, server) in (1_u32..).zip(&self.servers) {
            // What one server leaves of its share, the next may use.
            let share = u32::try_from(self.servers.len()).unwrap_or(u32::MAX);
            let deadline = begun + self.limit * number / share.max(1);
            let question = Question { server: *server, name: &asked, kind, begun: Instant::now(), deadline };
            match question.ask().await {
                Ok(found) => return Ok(found),
                Err(fault) => last = Some(fault),
            }
        }
        Err(last.unwrap_or_else(|| failed("dns.config", "no DNS server is named: set `dns.servers`".into())))
    }
}

/// One question to one server.
struct Question<'a> {
    server: SocketAddr,
    name: &'a Name,
    kind: RecordType,
    begun: Instant,
    deadline: Instant,
}

impl Question<'_> {
    async fn ask(&self) -> Result<Found<Data>, Fault> {
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(self.name.clone(), self.kind));
        let octets = message.to_vec().map_err(|error| self.failed("dns.name", "cannot be asked").caused_by(error))?;
        let answer = self.over_udp(&octets, &message).await?;
        let answer = if answer.metadata.truncation { self.over_tcp(&octets, &message).await? } else { answer };
        match answer.metadata.response_code {
            ResponseCode::NoError => {
                let data: Vec<Data> = answer.answers.iter().filter_map(|record| from_wire(&record.data)).collect();
                Ok(if data.is_empty() { Found::NoData } else { Found::Records(data) })
            }
            ResponseCode::NXDomain => Ok(Found::NoSuchName),
            ResponseCode::Refused => Err(self.failed("dns.refused", "answered REFUSED")),
            ResponseCode::ServFail => Err(self.failed("dns.servfail", "answered SERVFAIL")),
            code => Err(self.failed("dns.servfail", &format!("answered `{code}`"))),
        }
    }

    /// Sends it, and twice more when no answer comes; takes only what bears its id and question and comes from that server.
    async fn over_udp(&self, octets: &[u8], asked: &Message) -> Result<Message, Fault> {
        let unsent = |error: std::io::Error| self.failed("dns.unreachable", "cannot be asked").caused_by(error);
        let any: IpAddr =
            if self.server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await.map_err(unsent)?;
        let time = self.deadline.saturating_duration_since(self.begun);
        let (again, last) = (self.begun + AGAIN.min(time / 4), self.begun + time / 2);
        let (mut buffer, mut strays) = (vec![0; DATAGRAM], 0_u32);
        for until in [again, last, self.deadline] {
            socket.send_to(octets, self.server).await.map_err(unsent)?;
            while let Ok(received) = timeout_at(until, socket.recv_from(&mut buffer)).await {
                // Reality: an ICMP error of an earlier datagram is told here; the other server may still answer.
                let Ok((length, peer)) = received else { break };
                let answer = Message::from_vec(buffer.get(..length).unwrap_or_default());
                match answer {
                    Ok(answer) if peer == self.server && answers(&answer, asked) => return Ok(answer),
                    Err(error) if peer == self.server && buffer.get(..2) == octets.get(..2) => {
                        return Err(self
                            .failed("dns.malformed-answer", "answered what cannot be read")
                            .caused_by(error));
                    }
                    _ => strays += 1,
                }
            }
        }
        Err(self.silent(strays))
    }

    async fn over_tcp(&self, octets: &[u8], asked: &Message) -> Result<Message, Fault> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.server).await?;
            let length = u16::try_from(octets.len()).unwrap_or(u16::MAX);
            stream.write_all(&[&length.to_be_bytes(), octets].concat()).await?;
            let mut answer = vec![0; usize::from(stream.read_u16().await?)];
            stream.read_exact(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        let cut = "cut its answer off and gave no whole one over TCP";
        let answer = match timeout_at(self.deadline, exchange).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(self.failed("dns.servfail", cut).caused_by(error)),
            Err(_) => return Err(self.failed("dns.timeout", cut)),
        };
        match Message::from_vec(&answer) {
            Ok(answer) if answers(&answer, asked) => Ok(answer),
            _ => Err(self.failed("dns.malformed-answer", "answered something else over TCP")),
        }
    }

    fn silent(&self, strays: u32) -> Fault {
        let seconds = self.deadline.saturating_duration_since(self.begun).as_secs_f64();
        let strays = match strays {
            0 => String::new(),
            count => format!(" ({count} came from another socket or with another id, and were not taken)"),
        };
        self.failed("dns.timeout", &format!("gave no answer within {seconds:.1} s{strays}"))
    }

    fn failed(&self, code: &'static str, what: &str) -> Fault {
        failed(code, format!("{} {what}", self.server)).context(format!("asking {} {}", self.name, self.kind))
    }
}

/// RFC 5452 §9.1: the id and the question must be ours.
fn answers(answer: &Message, asked: &Message) -> bool {
    let same = |(one, other): (&Query, &Query)| one.name() == other.name() && one.query_type() == other.query_type();
    answer.metadata.message_type == MessageType::Response
        && answer.metadata.id == asked.metadata.id
        && answer.queries.first().zip(asked.queries.first()).is_some_and(same)
}

fn failed(code: &'static str, what: String) -> Fault {
    Fault::new(code, Blame::Peer, Retry::Later).context(what)
}
