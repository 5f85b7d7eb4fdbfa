//! A name server on loopback with zones as text and every bad habit that a real one may have.
//!
//! Written in octets, without a DNS library: it must be able to answer wrongly. RFC 1035 §4.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use dns::{Data, Record, read_zone};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
    task::JoinHandle,
};

/// How a name is answered when not truthfully.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Never answers.
    Silent,
    /// Answers for what is there, and never for what is not.
    SilentElse,
    /// SERVFAIL.
    ServFail,
    /// REFUSED.
    Refused,
    /// Answers from another socket: a resolver must not take it.
    OtherSocket,
    /// Answers with another id.
    OtherId,
    /// Over UDP only a header with TC; the truth over TCP.
    Truncated,
    /// The header says one answer, and there is none.
    Lame,
}

/// What it serves.
#[derive(Debug, Clone, Default)]
pub struct Zones {
    records: Vec<Record>,
    habits: BTreeMap<String, Habit>,
    delay: Duration,
    authenticated: bool,
    gather: usize,
}

impl Zones {
    /// Records as zone text with absolute or root-relative names: `example.com TXT "v=spf1 -all"`.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { records: read_zone(".", text).expect("zone text").records, ..Self::default() }
    }

    /// These records.
    #[must_use]
    pub fn records(records: Vec<Record>) -> Self {
        Self { records, ..Self::default() }
    }

    /// Answers for that name (of every type) in that way.
    #[must_use]
    pub fn habit(mut self, name: &str, habit: Habit) -> Self {
        self.habits.insert(name.to_ascii_lowercase(), habit);
        self
    }

    /// That name is a zone of its own: it has a SOA, which stands beside every answer about what the zone does not have.
    #[must_use]
    pub fn apex(mut self, name: &str) -> Self {
        let soa = Data::Soa(format!("ns.{name}"), format!("hostmaster.{name}"), 1);
        self.records.push(Record::new(name, 300, soa));
        self
    }

    /// Each answer comes that much later.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Answers nothing over UDP before so many questions have come: whoever asks one after another waits for ever.
    #[must_use]
    pub fn gather(mut self, questions: usize) -> Self {
        self.gather = questions;
        self
    }

    /// Answers bear the AD bit, as from a validating resolver. RFC 4035 §3.2.3.
    #[must_use]
    pub fn authenticated(mut self) -> Self {
        self.authenticated = true;
        self
    }

    /// Serves them until the handle is dropped.
    pub async fn serve(self) -> Nameserver {
        let (udp, tcp) = sockets().await;
        let address = udp.local_addr().expect("address");
        let zones = Arc::new(self);
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let tasks = vec![
            tokio::spawn(over_udp(Arc::new(udp), zones.clone(), asked.clone())),
            tokio::spawn(over_tcp(tcp, zones, asked.clone())),
        ];
        Nameserver { address, asked, tasks }
    }
}

/// A running name server.
#[derive(Debug)]
pub struct Nameserver {
    /// Where it listens, UDP and TCP.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Nameserver {
    /// A resolver that asks it, anew each time, and waits 500 ms for one answer.
    pub fn resolver(&self) -> dns::Resolver {
        dns::Resolver::new(&[self.address], Duration::from_millis(500), false).expect("resolver")
    }

    /// What was asked so far: `example.com TXT`, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("lock").clone()
    }
}

impl Drop for Nameserver {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// UDP and TCP on one port.
async fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("listener");
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().expect("address")).await {
            return (udp, tcp);
        }
    }
}

async fn over_udp(socket: Arc<UdpSocket>, zones: Arc<Zones>, asked: Arc<Mutex<Vec<String>>>) {
    let mut buffer = [0; 4096];
    let come = tokio::sync::watch::Sender::new(0_usize);
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        let Some(question) = Question::read(&buffer[..length]) else { continue };
        asked.lock().expect("lock").push(question.shown());
        come.send_modify(|count| *count += 1);
        let (socket, zones, mut come) = (socket.clone(), zones.clone(), come.subscribe());
        tokio::spawn(async move {
            let Some((octets, elsewhere)) = zones.answer(&question, true) else { return };
            let _ = come.wait_for(|count| *count >= zones.gather).await;
            tokio::time::sleep(zones.delay).await;
            if elsewhere {
                let other = UdpSocket::bind("127.0.0.1:0").await.expect("socket");
                let _ = other.send_to(&octets, peer).await;
            } else {
                let _ = socket.send_to(&octets, peer).await;
            }
        });
    }
}

async fn over_tcp(listener: TcpListener, zones: Arc<Zones>, asked: Arc<Mutex<Vec<String>>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let (zones, asked) = (zones.clone(), asked.clone());
        tokio::spawn(async move {
            while let Ok(length) = stream.read_u16().await {
                let mut octets = vec![0; usize::from(length)];
                if stream.read_exact(&mut octets).await.is_err() {
                    return;
                }
                let Some(question) = Question::read(&octets) else { return };
                asked.lock().expect("lock").push(question.shown());
                let Some((answer, _)) = zones.answer(&question, false) else { return };
                tokio::time::sleep(zones.delay).await;
                let length = u16::try_from(answer.len()).expect("short enough for TCP");
                if stream.write_u16(length).await.is_err() || stream.write_all(&answer).await.is_err() {
                    return;
                }
            }
        });
    }
}

struct Question {
    id: u16,
    name: String,
    kind: u16,
    /// The question section as it came, for the answer.
    section: Vec<u8>,
}

impl Question {
    fn read(octets: &[u8]) -> Option<Self> {
        let id = u16::from_be_bytes([*octets.first()?, *octets.get(1)?]);
        let (mut labels, mut at) = (Vec::new(), 12);
        loop {
            let length = usize::from(*octets.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(octets.get(at..at + length)?).to_ascii_lowercase());
            at += length;
        }
        let kind = u16::from_be_bytes([*octets.get(at)?, *octets.get(at + 1)?]);
        Some(Self { id, name: labels.join("."), kind, section: octets.get(12..at + 4)?.to_vec() })
    }

    fn shown(&self) -> String {
        let kind = CODES.iter().find(|(_, code)| *code == self.kind).map_or("?", |(kind, _)| kind);
        format!("{} {kind}", self.name)
    }
}

/// IANA dns-parameters.
const CODES: &[(&str, u16)] = &[
    ("A", 1),
    ("NS", 2),
    ("CNAME", 5),
    ("SOA", 6),
    ("PTR", 12),
    ("MX", 15),
    ("TXT", 16),
    ("AAAA", 28),
    ("SRV", 33),
    ("DS", 43),
    ("TLSA", 52),
];

impl Zones {
    /// The answer, and whether it comes from another socket; `None` for silence.
    fn answer(&self, question: &Question, udp: bool) -> Option<(Vec<u8>, bool)> {
        let plain = |code: u16| header(question, question.id, code, 0, 0);
        let (code, records) = self.look(question);
        let truth = |id: u16| {
            let zone = self.zone(&question.name).filter(|_| records.is_empty());
            let flags = code | if self.authenticated { 0x20 } else { 0 };
            let mut octets = header(question, id, flags, records.len(), usize::from(zone.is_some()));
            for record in records.iter().copied().chain(zone) {
                let owner = if record.owner.starts_with('*') { &question.name } else { &record.owner };
                write_record(&mut octets, owner, record);
            }
            octets
        };
        Some(match self.habits.get(&question.name) {
            Some(Habit::Silent) => return None,
            Some(Habit::SilentElse) if records.is_empty() => return None,
            Some(Habit::ServFail) => (plain(2), false),
            Some(Habit::Refused) => (plain(5), false),
            Some(Habit::OtherSocket) => (truth(question.id), true),
            Some(Habit::OtherId) => (truth(question.id.wrapping_add(1)), false),
            Some(Habit::Lame) => (header(question, question.id, 0, 1, 0), false),
            Some(Habit::Truncated) if udp => (plain(0x200), false),
            _ => {
                let octets = truth(question.id);
                // What does not fit a datagram is cut off, and asked for again over TCP.
                if udp && octets.len() > 1232 { (plain(0x200), false) } else { (octets, false) }
            }
        })
    }

    /// The SOA of the zone that a name stands in.
    fn zone(&self, name: &str) -> Option<&Record> {
        let is_above =
            |owner: &str| name.strip_suffix(owner).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let soas = self.records.iter().filter(|record| matches!(record.data, Data::Soa(..)));
        soas.filter(|record| is_above(&record.owner)).max_by_key(|record| record.owner.len())
    }

    /// Response code and records, aliases followed.
    fn look(&self, question: &Question) -> (u16, Vec<&Record>) {
        let (mut name, mut found) = (question.name.as_str(), Vec::new());
        for _ in 0..16 {
            let exact = self.records.iter().any(|record| record.owner == name);
            let at = |record: &&Record| record.owner == name || !exact && is_wildcard_of(&record.owner, name);
            let direct: Vec<&Record> =
                self.records.iter().filter(at).filter(|record| code_of(&record.data) == question.kind).collect();
            if !direct.is_empty() {
                found.extend(direct);
                return (0, found);
            }
            let alias = self.records.iter().filter(at).find_map(|record| match &record.data {
                Data::Cname(target) => Some((record, target.as_str())),
                _ => None,
            });
            let Some((record, target)) = alias else { break };
            found.push(record);
            name = target;
        }
        let below = format!(".{name}");
        let exists = self.records.iter().any(|record| record.owner == name || record.owner.ends_with(&below));
        (if exists { 0 } else { 3 }, found)
    }
}

/// `*.zone` stands for every name below that is not there itself. RFC 4592.
fn is_wildcard_of(owner: &str, name: &str) -> bool {
    owner.strip_prefix('*').is_some_and(|below| name.ends_with(below))
}

fn code_of(data: &Data) -> u16 {
    CODES.iter().find(|(kind, _)| *kind == data.kind()).map_or(0, |(_, code)| *code)
}

/// Header and question: QR, AA, RD copied as 1, RA; `flags` are added.
fn header(question: &Question, id: u16, flags: u16, answers: usize, authorities: usize) -> Vec<u8> {
    let [answers, authorities] = [answers, authorities].map(|count| u16::try_from(count).expect("few"));
    let mut octets = Vec::new();
    for word in [id, 0x8580 | flags, 1, answers, authorities, 0] {
        octets.extend(word.to_be_bytes());
    }
    octets.extend(&question.section);
    octets
}

fn write_record(octets: &mut Vec<u8>, owner: &str, record: &Record) {
    write_name(octets, owner);
    octets.extend(code_of(&record.data).to_be_bytes());
    octets.extend(1_u16.to_be_bytes());
    octets.extend(record.ttl.to_be_bytes());
    let data = rdata(&record.data);
    octets.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
    octets.extend(data);
}

fn write_name(octets: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        octets.push(u8::try_from(label.len()).expect("a label"));
        octets.extend(label.as_bytes());
    }
    octets.push(0);
}

fn rdata(data: &Data) -> Vec<u8> {
    let mut octets = Vec::new();
    match data {
        Data::A(ip) => octets.extend(ip.octets()),
        Data::Aaaa(ip) => octets.extend(ip.octets()),
        Data::Ptr(name) | Data::Cname(name) | Data::Ns(name) => write_name(&mut octets, name),
        Data::Mx(preference, exchange) => {
            octets.extend(preference.to_be_bytes());
            write_name(&mut octets, exchange);
        }
        Data::Txt(text) => {
            let strings: Vec<&[u8]> = if text.is_empty() { vec![&[]] } else { text.as_bytes().chunks(255).collect() };
            for string in strings {
                octets.push(u8::try_from(string.len()).expect("chunk"));
                octets.extend(string);
            }
        }
        Data::Srv(priority, weight, port, target) => {
            for word in [priority, weight, port] {
                octets.extend(word.to_be_bytes());
            }
            write_name(&mut octets, target);
        }
        Data::Tlsa(usage, selector, matching, data) => {
            octets.extend([usage, selector, matching]);
            let pairs = data.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hexadecimal"));
            octets.extend(pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")));
        }
        Data::Soa(primary, contact, serial) => {
            write_name(&mut octets, primary);
            write_name(&mut octets, contact);
            for word in [*serial, 7200, 3600, 1_209_600, 300] {
                octets.extend(word.to_be_bytes());
            }
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use dns::Found;

    use super::*;

    #[tokio::test]
    async fn the_truth_is_told_with_aliases_followed_and_long_answers_over_tcp() {
        let long = "x".repeat(4000);
        let text = format!(
            "a.test MX 10 mx.a.test.\nmx.a.test A 192.0.2.1\nalias.test CNAME a.test.\nbig.test TXT \"{long}\""
        );
        let server = Zones::text(&text).serve().await;
        let resolver = server.resolver();
        assert_eq!(resolver.mx("alias.test").await.unwrap(), Found::Records(vec![(10, "mx.a.test".into())]));
        assert_eq!(resolver.txt("big.test").await.unwrap(), Found::Records(vec![long]));
        assert_eq!(resolver.txt("a.test").await.unwrap(), Found::NoData);
        assert_eq!(resolver.txt("no.test").await.unwrap(), Found::NoSuchName);
        assert!(server.asked().contains(&String::from("alias.test MX")));
    }

    #[tokio::test]
    async fn bad_habits_are_faults_to_whoever_asks() {
        let habits = [Habit::Silent, Habit::ServFail, Habit::Refused, Habit::OtherSocket, Habit::OtherId, Habit::Lame];
        for habit in habits {
            let server = Zones::text("a.test TXT \"one\"").habit("a.test", habit).serve().await;
            let resolver = dns::Resolver::new(&[server.address], Duration::from_millis(60), false).unwrap();
            let found = resolver.txt("a.test").await;
            assert!(!matches!(found, Ok(Found::Records(_))), "{habit:?}: {found:?}");
        }
        let server = Zones::text("a.test TXT \"one\"").habit("a.test", Habit::Truncated).serve().await;
        assert_eq!(server.resolver().txt("a.test").await.unwrap(), Found::Records(vec!["one".into()]));
    }
}
