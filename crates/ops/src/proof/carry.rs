//! Mail carried as any host of the world carries it: the MX of a domain looked up, its hosts dialled, one message or a few
//! questions.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use dns::{Found, Resolver};
use net::{ClientTls, Dial, Drive, House, Socket, dial};
use rules::{
    Fault,
    route::{Route, route},
};
use smtp::{
    Stage,
    client::{Answer, Delivery, Outcome, Question, RecipientOutcome, Session, Settings, Tls, callout},
    server::Password,
};
use syntax::{Address, Domain};
use tokio::net::TcpStream;

use super::watch::Door;

/// Hosts and addresses that are tried. RFC 5321 §5.1 asks for at least two.
const MAX_HOSTS: usize = 5;
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for one reply of our own submission, or of an MX.
const REPLY: Duration = Duration::from_secs(30);

/// A mail host with its addresses of one family.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub name: Domain,
    pub addresses: Vec<IpAddr>,
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        write!(f, "{} [{}]", self.name, addresses.join(", "))
    }
}

/// Where the mail of a domain goes.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// To these, the preferred first.
    Hosts(Vec<Host>),
    /// Nowhere, and why.
    Nowhere(String),
    /// Could not look, and why.
    Unknown(String),
}

/// Looks it up, as the world sees it, for who dials from `source`.
pub(super) async fn way(resolver: &Resolver, domain: &Domain, source: IpAddr) -> Way {
    let mx = match resolver.mx(domain.as_str()).await {
        Ok(Found::Records(records)) => records,
        Ok(Found::NoData) => return Way::Nowhere(format!("{domain} has no MX record")),
        Ok(Found::NoSuchName) => return Way::Nowhere(format!("the domain {domain} does not exist in the DNS")),
        Err(fault) => return Way::Unknown(format!("could not look up the MX of {domain}: {fault}")),
    };
    let names = match route(domain, &mx, 0) {
        Route::Hosts(names) => names,
        Route::NullMx => return Way::Nowhere(format!("{domain} has a null MX: it takes no mail")),
        Route::NoSuchDomain => return Way::Nowhere(format!("the MX of {domain} names no host")),
    };
    let (mut hosts, mut without) = (Vec::new(), Vec::new());
    for name in names.into_iter().take(MAX_HOSTS) {
        match resolver.addresses(name.as_str()).await {
            Ok(found) => {
                let mut addresses = found.records();
                addresses.retain(|address| address.is_ipv4() == source.is_ipv4());
                if addresses.is_empty() { without.push(name.to_string()) } else { hosts.push(Host { name, addresses }) }
            }
            Err(fault) => return Way::Unknown(format!("could not look up the address of {name}: {fault}")),
        }
    }
    match hosts.is_empty() {
        true => Way::Nowhere(format!("{domain} MX {}: no such host, it has no address", without.join(", "))),
        false => Way::Hosts(hosts),
    }
}

/// How it ended where mail was brought, or questions were asked.
#[derive(Debug, Clone)]
pub(super) struct Brought<T> {
    /// The host: `box.example.com [192.0.2.1]:25`.
    pub host: String,
    /// What came of it.
    pub end: T,
}

/// Whether a connection is taken there.
pub(super) async fn is_open(host: &Host, source: IpAddr, port: u16) -> bool {
    connect(std::slice::from_ref(host), source, port).await.is_ok()
}

/// A connection to the first host that takes one; why there is none.
async fn connect(hosts: &[Host], source: IpAddr, port: u16) -> Result<(String, String, TcpStream), Fault> {
    let mut last = Fault::caller("dns.failure", "there is no host to connect to");
    for host in hosts {
        for ip in &host.addresses {
            let target = SocketAddr::new(*ip, port);
            match dial(&Dial { target, source: Some(source), limit: CONNECT }).await {
                Ok(stream) => return Ok((host.name.to_string(), format!("{} [{ip}]:{port}", host.name), stream)),
                Err(fault) => last = fault.context(format!("{} cannot be reached", host.name)),
            }
        }
    }
    Err(last)
}

/// Brings one message to one of these hosts.
///
/// # Errors
/// `connect.*` when none takes a connection.
pub(super) async fn bring(
    hosts: &[Host],
    (source, port): (IpAddr, u16),
    helo: &Domain,
    parcel: Delivery,
) -> Result<Brought<RecipientOutcome>, Fault> {
    let (name, host, stream) = connect(hosts, source, port).await?;
    let settings = Settings { hostname: helo.to_string(), tls: Tls::Opportunistic, login: None };
    Ok(Brought { host, end: deliver(stream, &name, settings, parcel).await })
}

/// Submits one message at our own listener, as a mail program does.
///
/// # Errors
/// `connect.*`
pub(super) async fn submit(door: Door, login: (String, String), parcel: Delivery) -> Result<RecipientOutcome, Fault> {
    let stream = dial(&Dial { target: door.at, source: None, limit: CONNECT }).await?;
    let tls = if door.implicit_tls { Tls::Implicit } else { Tls::Required };
    let settings =
        Settings { hostname: String::from("proof.localhost"), tls, login: Some((login.0, Password(login.1))) };
    Ok(deliver(stream, &door.at.ip().to_string(), settings, parcel).await)
}

async fn deliver(stream: TcpStream, name: &str, settings: Settings, parcel: Delivery) -> RecipientOutcome {
    let drive = drive_of(name, settings.tls == Tls::Implicit);
    let mut session = Session::new(settings);
    let mut bag = Bag { parcel: Some(parcel), outcome: None };
    net::drive(&mut session, stream, &mut bag, drive).await;
    let outcome = bag.outcome.or_else(|| session.take_outcome());
    let first = outcome.and_then(|outcome| outcome.recipients.into_iter().next());
    first.or_else(|| session.failure()).unwrap_or(RecipientOutcome::Lost(Stage::Greeting))
}

/// What a host said to a RCPT.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub address: Address,
    pub heard: callout::Heard,
}

/// Asks one of these hosts about addresses, without a message. An address that it said nothing about is missing.
///
/// # Errors
/// `connect.*`
pub(super) async fn ask(
    hosts: &[Host],
    (source, port): (IpAddr, u16),
    helo: &Domain,
    from: &Address,
    addresses: Vec<Address>,
) -> Result<Brought<Vec<Told>>, Fault> {
    let (name, host, stream) = connect(hosts, source, port).await?;
    let settings = callout::Settings { hostname: helo.to_string(), mail_from: Some(from.clone()), starttls: true };
    let mut session = callout::Callout::new(settings);
    let mut list = List { waiting: addresses.into_iter(), asked: None, told: Vec::new() };
    net::drive(&mut session, stream, &mut list, drive_of(&name, false)).await;
    if let (Some(heard), Some(address)) = (session.take_ending(), list.asked.take()) {
        list.told.push(Told { address, heard });
    }
    Ok(Brought { host, end: list.told })
}

fn drive_of(name: &str, implicit_tls: bool) -> Drive {
    Drive {
        socket: Socket::Client(ClientTls::opportunistic(), name.to_owned()),
        implicit_tls,
        read_limit: REPLY,
        body_limit: REPLY,
        write_limit: REPLY,
        we_are_server: false,
    }
}

/// Holds one message.
struct Bag {
    parcel: Option<Delivery>,
    outcome: Option<Outcome>,
}

#[async_trait]
impl House<Question, Answer> for Bag {
    async fn answer(&mut self, question: Question) -> Answer {
        let Question::Next(outcome) = question;
        self.outcome = outcome.or(self.outcome.take());
        self.parcel.take().map_or(Answer::Quit, Answer::Deliver)
    }
}

/// Addresses to be asked about.
struct List {
    waiting: std::vec::IntoIter<Address>,
    asked: Option<Address>,
    told: Vec<Told>,
}

#[async_trait]
impl House<callout::Question, callout::Answer> for List {
    async fn answer(&mut self, question: callout::Question) -> callout::Answer {
        let callout::Question::Next(heard) = question;
        if let (Some(heard), Some(address)) = (heard, self.asked.take()) {
            self.told.push(Told { address, heard });
        }
        self.asked = self.waiting.next();
        self.asked.clone().map_or(callout::Answer::Quit, callout::Answer::Rcpt)
    }
}
