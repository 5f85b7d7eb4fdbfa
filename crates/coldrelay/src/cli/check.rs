//! `coldrelay check`: the live checks and the free tools.

mod account;
mod blocklist;
mod dkim;
mod dmarc;
mod domain;
mod mx;
mod ptr;
mod show;
mod spf;

use std::{
    net::{IpAddr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use check::{Checks, Finding, State, worst};
use clap::{Args, Subcommand};
use dns::Resolver;
use rules::Fault;

use super::Global;
use crate::{exit, house, out::Out};

#[derive(Subcommand)]
pub enum Check {
    /// The deliverability test of a domain, or of many
    Domain(domain::Domain),
    /// SPF of a domain for an IP
    Spf(spf::Spf),
    /// The DKIM key of a selector
    Dkim(dkim::Dkim),
    /// The DMARC record that holds for a domain
    Dmarc(dmarc::Dmarc),
    /// Reverse DNS of an IP, both ways
    Ptr(ptr::Ptr),
    /// Where the mail of a domain goes
    Mx(mx::Mx),
    /// Who lists an IP or a domain, why, and what to do
    Blocklist(blocklist::Blocklist),
    /// What our own log says about a domain of ours: volume, growth, bounces, caps
    Account(account::Account),
}

impl Check {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::Domain(domain) => domain.run(global, out).await,
            Self::Spf(spf) => spf.run(global, out).await,
            Self::Dkim(dkim) => dkim.run(global, out).await,
            Self::Dmarc(dmarc) => dmarc.run(global, out).await,
            Self::Ptr(ptr) => ptr.run(global, out).await,
            Self::Mx(mx) => mx.run(global, out).await,
            Self::Blocklist(blocklist) => blocklist.run(global, out).await,
            Self::Account(account) => account.run(global, out).await,
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
}

impl Asking {
    /// Longest wait for one answer.
    pub fn limit(&self) -> Duration {
        Duration::try_from_secs_f64(self.timeout).unwrap_or(Duration::from_secs(5)).max(Duration::from_millis(10))
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
    /// As [`Asking::resolver`].
    pub fn checks(&self, global: &Global) -> Result<Checks, Fault> {
        let resolver = self.resolver(global)?;
        let blocklists = self.blocklists(global, &resolver)?;
        Ok(Checks::new(resolver)?.with_blocklists(blocklists))
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
