//! `coldrelay check`: the live checks and the free tools.

mod account;
mod address;
mod blocklist;
mod dkim;
mod domain;
mod from;
mod helo;
mod mail;
mod mailbox;
mod message;
mod of_domain;
mod opt_out;
mod ptr;
mod report;
mod show;
mod spf;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use check::{Checks, Finding, State, worst};
use clap::{Args, Subcommand};
use dns::Resolver;
use rules::{Fault, reach::Reach};

use super::Global;
use crate::{exit, house, out::Out};

#[derive(Subcommand)]
pub enum Check {
    /// The deliverability test of a domain, or of many
    Domain(domain::Domain),
    /// The test of a message: signatures, alignment, form, way, and what receivers would say
    Message(message::Message),
    /// A one-time address, and the test of the message that comes to it
    Mail(mail::Mail),
    /// SPF of a domain for an IP
    Spf(spf::Spf),
    /// The DKIM key of a selector
    Dkim(dkim::Dkim),
    /// The DMARC record that holds for a domain
    Dmarc(of_domain::OfDomain),
    /// Reverse DNS of an IP, both ways
    Ptr(ptr::Ptr),
    /// The name that a server greets with
    Helo(helo::Helo),
    /// Where the mail of a domain goes, and whose hosts those are
    Mx(of_domain::OfDomain),
    /// Whether a domain answers for a zone, as Yahoo asks
    Soa(of_domain::OfDomain),
    /// STARTTLS and the certificates of a domain's mail hosts
    Tls(of_domain::OfDomain),
    /// The MTA-STS policy of a domain
    MtaSts(of_domain::OfDomain),
    /// Where the TLS reports about a domain go
    TlsRpt(of_domain::OfDomain),
    /// The TLSA records of a domain's mail hosts
    Dane(of_domain::OfDomain),
    /// Whether a domain is signed
    Dnssec(of_domain::OfDomain),
    /// The BIMI record of a domain
    Bimi(of_domain::OfDomain),
    /// What a message owes its recipient: postal address, a way out, an honest sender
    OptOut(opt_out::OptOut),
    /// Whether a mailbox exists, as far as that can be known
    Mailbox(mailbox::Mailbox),
    /// Who lists an IP or a domain, why, and what to do
    Blocklist(blocklist::Blocklist),
    /// What our own log says about a domain of ours: volume, growth, bounces, caps
    Account(account::Account),
    /// A whole From header: every fault with a caret under it, and the header that is right
    From(from::From),
    /// One bare address, judged as it is typed
    Address(address::Address),
}

impl Check {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::Domain(domain) => domain.run(global, out).await,
            Self::Message(message) => message.run(global, out).await,
            Self::Mail(mail) => mail.run(global, out).await,
            Self::Spf(spf) => spf.run(global, out).await,
            Self::Dkim(dkim) => dkim.run(global, out).await,
            Self::Dmarc(one) => one.run("dmarc", global, out).await,
            Self::Ptr(ptr) => ptr.run(global, out).await,
            Self::Helo(helo) => helo.run(global, out).await,
            Self::Mx(one) => one.run("sender-mx", global, out).await,
            Self::Soa(one) => one.run("soa", global, out).await,
            Self::Tls(one) => one.run("tls", global, out).await,
            Self::MtaSts(one) => one.run("mta-sts", global, out).await,
            Self::TlsRpt(one) => one.run("tls-rpt", global, out).await,
            Self::Dane(one) => one.run("dane", global, out).await,
            Self::Dnssec(one) => one.run("dnssec", global, out).await,
            Self::Bimi(one) => one.run("bimi", global, out).await,
            Self::OptOut(opt_out) => opt_out.run(out),
            Self::Mailbox(mailbox) => mailbox.run(global, out).await,
            Self::Blocklist(blocklist) => blocklist.run(global, out).await,
            Self::Account(account) => account.run(global, out).await,
            Self::From(from) => from.run(out),
            Self::Address(address) => address.run(out),
        }
    }
}

/// Whom to ask, and for how long.
#[derive(Args, Clone, Default)]
pub struct Asking {
    /// DNS server to ask, as IP or IP:port; without it the configured ones, else the system's
    #[arg(long, value_name = "ADDR", alias = "resolver")]
    dns: Option<String>,
    /// Longest wait for one answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    timeout: f64,
    /// Which addresses may be dialled; without --dns and configured servers only public ones
    #[arg(long, value_enum, value_name = "HOW FAR")]
    reach: Option<HowFar>,
    /// Where mail hosts listen
    #[arg(long, value_name = "PORT", default_value_t = 25, hide = true)]
    smtp_port: u16,
    /// Where web hosts listen
    #[arg(long, value_name = "PORT", default_value_t = 443, hide = true)]
    https_port: u16,
    /// A certificate (PEM) that is trusted beside the public roots
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
}

/// How far a check may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum HowFar {
    /// Addresses of the public Internet; mail hosts at others are findings
    Public,
    /// Every address
    Anywhere,
}

impl Asking {
    /// Longest wait for one answer.
    pub fn limit(&self) -> Duration {
        Duration::try_from_secs_f64(self.timeout).unwrap_or(Duration::from_secs(5)).max(Duration::from_millis(10))
    }

    /// Whether `--reach public` was asked for.
    pub fn is_public_only(&self) -> bool {
        self.reach == Some(HowFar::Public)
    }

    /// The resolver that it names; it keeps no answers.
    ///
    /// # Errors
    /// `dns.malformed` when it is no address, `dns.config`, `config.*`
    pub fn resolver(&self, global: &Global) -> Result<Resolver, Fault> {
        if let Some(server) = &self.dns {
            return Resolver::new(&[socket(server)?], self.limit(), false);
        }
        let configured = global.config()?.dns_servers;
        let servers = if configured.is_empty() { Resolver::system()?.servers() } else { configured };
        Resolver::new(&servers, self.limit(), false)
    }

    /// The checks over that resolver.
    ///
    /// # Errors
    /// As [`Asking::resolver`]; `tls.certificate`.
    pub fn checks(&self, global: &Global) -> Result<Checks, Fault> {
        let resolver = self.resolver(global)?;
        let blocklists = self.blocklists(global, &resolver)?;
        let checks = Checks::new(resolver)?.with_blocklists(blocklists);
        let is_own_world = self.dns.is_some() || !global.config()?.dns_servers.is_empty();
        let reach = match self.reach {
            Some(HowFar::Public) => Reach::Public,
            Some(HowFar::Anywhere) => Reach::Anywhere,
            None if is_own_world => Reach::Anywhere,
            None => Reach::Public,
        };
        let roots = match &self.roots {
            Some(file) => net::certificates(file)?,
            None => Vec::new(),
        };
        Ok(Checks { reach, roots, smtp_port: self.smtp_port, https_port: self.https_port, ..checks })
    }

    /// Blocklists: `--dns`, else `blocklist.servers`, else as everything else is asked.
    fn blocklists(&self, global: &Global, resolver: &Resolver) -> Result<check::Blocklists, Fault> {
        let config = global.config()?;
        let named = self.dns.as_deref().map(socket).transpose()?;
        let servers = named.map_or_else(|| house::blocklist_servers(&config, resolver), |server| vec![server]);
        Ok(house::blocklists(&config, dns::Asker::new(&servers, self.limit())))
    }
}

/// `IP`, `IP:port`, `[IPv6]:port`.
fn socket(text: &str) -> Result<SocketAddr, Fault> {
    let bare = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    let found = text.parse::<SocketAddr>().or_else(|_| bare());
    found.map_err(|_| Fault::caller("dns.malformed", format!("--dns {text}: this is no IP and no IP:port")))
}

/// What a check says about one thing.
#[derive(serde::Serialize)]
pub struct Told {
    /// What was looked at.
    pub about: String,
    /// The worst state.
    pub state: State,
    /// Everything found.
    pub findings: Vec<Finding>,
}

impl Told {
    pub fn new(about: impl ToString, findings: Vec<Finding>) -> Self {
        Self { about: about.to_string(), state: worst(&findings), findings }
    }

    /// Shows it; the exit code is that of the worst finding.
    pub fn answer(&self, out: Out) -> ExitCode {
        out.answer(self, |told| show::findings(&told.findings));
        code(self.state)
    }
}

/// 0 for good and middling, 1 for bad, 5 when it could not be looked at.
pub fn code(state: State) -> ExitCode {
    ExitCode::from(match state {
        State::Ok | State::Warn => exit::OK,
        State::Bad => exit::NO,
        State::Unknown => exit::LATER,
    })
}

pub use show::word;
