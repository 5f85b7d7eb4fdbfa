//! A callout: RCPT asked of the recipient's own MX, from a chosen IP, without a message. RFC 5321 §3.3; what to make of the
//! replies is decided in `rules::mailbox_check::callout`.
//!
//! Whether a callout may be made at all (switched on, within the day's cap, host not left alone) is asked of the store by
//! whoever calls; that a provider forbids it is looked at here once more, before anything is dialled.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use dns::Found;
use net::{ClientTls, Dial, Drive, House, Log, Socket, dial, drive_logged};
use rules::{
    Chance, Fault,
    mailbox_check::{
        Answer as Exists, By, Verdict,
        callout::{Interview, never_asked},
    },
    reach::Reach,
};
use smtp::client::callout::{Answer, Callout as Session, Question, Settings};
use syntax::Address;

use crate::Checks;

/// MX hosts that are tried when one cannot be reached.
const HOSTS: usize = 2;
/// Longest callout, as a multiple of the longest wait for one reply: a host that lets each reply drip is left.
const WHOLE: u32 = 4;

/// A callout to be made.
#[derive(Debug, Clone)]
pub struct Callout {
    /// About whom.
    pub address: Address,
    /// The MX hosts of its domain, the preferred first.
    pub hosts: Vec<String>,
    /// The IP that asks.
    pub source: IpAddr,
    /// Its PTR name, for EHLO.
    pub helo: String,
    /// Reverse-path: `None` is `<>`, else a real mailbox of ours.
    pub mail_from: Option<Address>,
    /// Port of the MX: 25 outside tests.
    pub port: u16,
    /// Which addresses may be dialled.
    pub reach: Reach,
    /// Longest wait for one reply; the whole takes at most four times that.
    pub limit: Duration,
    /// Decides the order and the strangers.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct CalledOut {
    /// The answer, always set.
    pub verdict: Verdict,
    /// The host answered with a policy: leave it alone for a day.
    pub policy: bool,
    /// The entry of the reference that explains why it was stopped.
    pub entry: Option<&'static str>,
    /// What was said.
    pub transcript: String,
}

impl CalledOut {
    fn unknown(reason: impl Into<String>, transcript: String) -> Self {
        let verdict = Verdict::new(Exists::Unknown, By::Callout, reason);
        Self { verdict, policy: false, entry: None, transcript }
    }
}

impl Checks {
    /// The name of an IP that leads back to it: what a callout greets with. `None` when it has none.
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`.
    pub async fn confirmed_name(&self, ip: IpAddr) -> Result<Option<String>, Fault> {
        for name in self.resolver.ptr(ip).await?.records().into_iter().take(5) {
            if self.resolver.addresses(&name).await?.records().contains(&ip) {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Makes it. Hosts whose owner forbids callouts are never dialled.
    pub async fn callout(&self, callout: &Callout) -> CalledOut {
        if let Some(stance) = never_asked(callout.hosts.iter().map(String::as_str)) {
            return CalledOut::unknown(format!("not asked: {}", stance.why), String::new());
        }
        if !callout.address.is_ascii() {
            return CalledOut::unknown("not asked: the address needs SMTPUTF8", String::new());
        }
        let log = Log::default();
        let mut last = String::from("the domain has no MX host to ask");
        for host in callout.hosts.iter().take(HOSTS) {
            match self.reach_host(callout, host, &log).await {
                Ok(stream) => return converse(callout, host, stream, &log).await,
                Err(why) => last = why,
            }
        }
        CalledOut::unknown(last, log.since(0))
    }

    /// A connection to one of the host's addresses; why not, when there is none.
    async fn reach_host(&self, callout: &Callout, host: &str, log: &Log) -> Result<tokio::net::TcpStream, String> {
        let found = self.resolver.addresses(host).await.map_err(|fault| format!("could not look: {fault}"))?;
        let Found::Records(addresses) = found else { return Err(format!("{host} has no address")) };
        let same_family = |ip: &IpAddr| ip.is_ipv4() == callout.source.is_ipv4();
        let allowed = |ip: &IpAddr| same_family(ip) && callout.reach.allows(*ip);
        let Some(ip) = addresses.into_iter().find(allowed) else {
            return Err(format!("{host} has no address that may be dialled from {}", callout.source));
        };
        let target = SocketAddr::new(ip, callout.port);
        let wanted = Dial { target, source: Some(callout.source), limit: callout.limit };
        let stream = dial(&wanted).await.map_err(|fault| {
            log.note(&fault.to_string());
            format!("{host} could not be reached: {fault}")
        })?;
        log.note(&format!("connected to {target} from {}", callout.source));
        Ok(stream)
    }
}

async fn converse(callout: &Callout, host: &str, stream: tokio::net::TcpStream, log: &Log) -> CalledOut {
    let settings = Settings { hostname: callout.helo.clone(), mail_from: callout.mail_from.clone(), starttls: true };
    let mut session = Session::new(settings);
    let mut interview = Interview::new(&callout.address, host, &mut Chance::new(callout.seed));
    let drive = Drive {
        socket: Socket::Client(ClientTls::opportunistic(), host.to_owned()),
        implicit_tls: false,
        read_limit: callout.limit,
        body_limit: callout.limit,
        write_limit: callout.limit,
        we_are_server: false,
    };
    let mut asker = Asker(&mut interview);
    let driven = drive_logged(&mut session, stream, &mut asker, drive, log.clone());
    let in_time = tokio::time::timeout(callout.limit * WHOLE, driven).await.is_ok();
    if let Some(heard) = session.take_ending() {
        interview.heard(&heard);
    } else if !in_time {
        log.note("it took too long: left");
        interview.heard(&smtp::client::callout::Heard::Lost(smtp::Stage::Rcpt));
    }
    let stop = interview.stop();
    CalledOut {
        verdict: interview.verdict(),
        policy: stop.is_some_and(|stop| stop.policy),
        entry: stop.and_then(|stop| stop.entry),
        transcript: log.since(0),
    }
}

/// Puts the core's questions to the interview.
struct Asker<'i>(&'i mut Interview);

#[async_trait]
impl House<Question, Answer> for Asker<'_> {
    async fn answer(&mut self, question: Question) -> Answer {
        let Question::Next(heard) = question;
        if let Some(heard) = heard {
            self.0.heard(&heard);
        }
        self.0.ask().map_or(Answer::Quit, Answer::Rcpt)
    }
}
