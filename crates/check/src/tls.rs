//! STARTTLS at a domain's mail hosts, and the certificate that they show. RFC 3207, RFC 7435.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use net::{Certificate, ClientTls, Dial, Drive, House, Socket, dial};
use smtp::client::{Answer, Question, Session, Settings, Tls};
use syntax::Domain;
use tokio::task::JoinSet;

use crate::{Checks, Finding, Kind, MailHosts, State};

const RECEIVER: Kind = Kind::outbound("tls.receiver", "tls", "RFC 3207 §4");
const OFFERED: Kind = Kind::inbound("mx.starttls", "mx-tls", "RFC 3207 §4");
const CERTIFICATE: Kind = Kind::inbound("mx.certificate", "mx-tls", "RFC 8461 §4.1, RFC 9525 §6");
const REACHED: Kind = Kind::inbound("mx.reached", "mx-tls", "RFC 5321 §5.1");

pub(crate) const KINDS: &[&Kind] = &[&RECEIVER, &OFFERED, &CERTIFICATE, &REACHED];

/// Mail hosts that are dialled.
const MAX_HOSTS: usize = 5;
/// Longest wait for a connection, and for each answer: a test is watched by a person.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a mail host was found.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub host: String,
    pub seen: Seen,
}

#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// It could not be looked at, and why.
    Unknown(String),
    /// It answers in plain text alone.
    Plain,
    /// The handshake failed, and how.
    Broken(String),
    /// TLS version and cipher, and what was shown.
    Tls(String, Box<Certificate>),
}

impl Checks {
    /// Whether the receiver offers STARTTLS, for mail that is sent to it.
    pub async fn tls(&self, domain: &Domain) -> Vec<Finding> {
        let doors = match self.doors(domain).await {
            Ok(doors) => doors,
            Err(finding) => return vec![finding],
        };
        doors
            .into_iter()
            .map(|door| match door.seen {
                Seen::Unknown(why) => RECEIVER.found(State::Unknown, format!("could not look: {why}")),
                Seen::Plain => {
                    RECEIVER.warn(format!("{} offers no STARTTLS: mail to it is readable on the way", door.host))
                }
                Seen::Broken(why) => RECEIVER.bad(format!("STARTTLS with {} fails: {why}", door.host)),
                Seen::Tls(how, shown) => with(RECEIVER.ok(format!("{} speaks {how}", door.host)), &shown),
            })
            .collect()
    }

    /// What the domain's mail hosts are like, for mail that it receives.
    pub(crate) async fn mx_tls(&self, domain: &Domain) -> Vec<Finding> {
        match self.doors(domain).await {
            Ok(doors) => doors.into_iter().flat_map(of_door).collect(),
            Err(finding) => vec![finding],
        }
    }

    /// Every mail host of the domain, looked at at the same time.
    pub(crate) async fn doors(&self, domain: &Domain) -> Result<Vec<Door>, Finding> {
        let hosts = match self.mail_hosts(domain).await {
            Ok(MailHosts::Hosts { hosts } | MailHosts::OwnAddress { hosts }) => hosts,
            Ok(_) => return Ok(Vec::new()),
            Err(fault) => return Err(REACHED.unknown(&fault)),
        };
        let mut looking = JoinSet::new();
        for (place, host) in hosts.into_iter().take(MAX_HOSTS).enumerate() {
            let checks = self.clone();
            looking.spawn(async move {
                let seen = match &host.unknown {
                    Some(why) => Seen::Unknown(why.clone()),
                    None => checks.door(&host.name, &host.addresses).await,
                };
                (place, Door { host: host.name, seen })
            });
        }
        let mut doors: Vec<(usize, Door)> = Vec::new();
        while let Some(ended) = looking.join_next().await {
            doors.extend(ended.ok());
        }
        doors.sort_by_key(|(place, _)| *place);
        Ok(doors.into_iter().map(|(_, door)| door).collect())
    }

    async fn door(&self, host: &str, addresses: &[IpAddr]) -> Seen {
        let Some(ip) = addresses.iter().find(|ip| self.reach.allows(**ip)) else {
            return Seen::Unknown(match addresses.first() {
                Some(ip) => format!("{host} is {ip}, an address that is not dialled from here"),
                None => format!("{host} has no address"),
            });
        };
        let limit = self.resolver.limit().min(PATIENCE);
        let stream = match dial(&Dial { target: SocketAddr::new(*ip, self.smtp_port), source: None, limit }).await {
            Ok(stream) => stream,
            // Reality: many networks let nobody connect to port 25, so this says nothing about the host.
            Err(fault) => {
                return Seen::Unknown(format!("{host} could not be reached on port {}: {fault}", self.smtp_port));
            }
        };
        let (tls, witness) = ClientTls::witnessed(&self.roots);
        let settings = Settings { hostname: self.hostname.clone(), tls: Tls::Opportunistic, login: None };
        let mut session = Session::new(settings);
        let drive = Drive {
            socket: Socket::Client(tls, host.to_owned()),
            implicit_tls: false,
            read_limit: limit,
            body_limit: limit,
            write_limit: limit,
            we_are_server: false,
        };
        let ended = net::drive(&mut session, stream, &mut Leaving, drive).await;
        match (ended.tls, witness.certificate(), ended.why) {
            (Some(how), Some(shown), _) => Seen::Tls(how, Box::new(shown)),
            (_, _, Some("tls.handshake" | "tls.certificate")) => {
                let notes = ended.transcript.text.clone();
                Seen::Broken(
                    notes.lines().rev().find(|line| line.contains("TLS")).unwrap_or("the handshake failed").to_owned(),
                )
            }
            (_, _, Some(why)) => Seen::Unknown(format!("the conversation with {host} broke off ({why})")),
            (None, _, None) if session.was_ready() => Seen::Plain,
            _ => Seen::Unknown(format!("{host} let nobody in: {}", refused(&mut session))),
        }
    }
}

fn refused(session: &mut Session) -> String {
    match session.failure() {
        Some(smtp::client::RecipientOutcome::Refused { reply, .. }) => reply.to_string(),
        _ => String::from("it said nothing"),
    }
}

fn of_door(door: Door) -> Vec<Finding> {
    let host = &door.host;
    match door.seen {
        Seen::Unknown(why) => vec![REACHED.found(State::Unknown, format!("could not look: {why}"))],
        Seen::Plain => {
            vec![OFFERED.bad(format!("the MX {host} offers no STARTTLS: what is written to it can be read on the way"))]
        }
        Seen::Broken(why) => {
            vec![OFFERED.bad(format!("the MX {host} offers STARTTLS, and the handshake fails: {why}"))]
        }
        Seen::Tls(how, shown) => {
            let offered = OFFERED.ok(format!("the MX {host} speaks {how}"));
            let certificate = match &shown.problem {
                None => CERTIFICATE.ok(format!("the certificate of {host} is one that senders can verify")),
                // RFC 7435: most senders encrypt all the same; those that hold to MTA-STS do not deliver.
                Some(why) => {
                    CERTIFICATE.warn(format!("senders that verify do not take the certificate of {host}: {why}"))
                }
            };
            vec![offered, with(certificate, &shown)]
        }
    }
}

fn with(finding: Finding, shown: &Certificate) -> Finding {
    finding.with("names", shown.names.join(", ")).with("issuer", &shown.issuer).with("until", &shown.until)
}

/// Has nothing to deliver.
struct Leaving;

#[async_trait]
impl House<Question, Answer> for Leaving {
    async fn answer(&mut self, _question: Question) -> Answer {
        Answer::Quit
    }
}
