//! Questions to the DNS, over hickory.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hickory_net::{NetError, runtime::TokioRuntimeProvider};
use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RData, RecordType},
};
use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
};
use rules::{Blame, Fault, Retry};

use crate::{Data, reverse_name};

/// Tries of one question.
const ATTEMPTS: usize = 2;
/// Answers kept.
const CACHE: u64 = 8192;

/// An answer that is always set; a lookup that could not be made is a [`Fault`], never "not found".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// Records.
    Records(Vec<T>),
    /// The name exists without such records.
    NoData,
    /// The name does not exist.
    NoSuchName,
}

impl<T> Found<T> {
    /// The records; none for a name without.
    pub fn records(self) -> Vec<T> {
        match self {
            Self::Records(records) => records,
            Self::NoData | Self::NoSuchName => Vec::new(),
        }
    }

    pub(crate) fn keep<U>(self, map: impl FnMut(T) -> Option<U>) -> Found<U> {
        match self {
            Self::Records(records) => match records.into_iter().filter_map(map).collect::<Vec<_>>() {
                kept if kept.is_empty() => Found::NoData,
                kept => Found::Records(kept),
            },
            Self::NoData => Found::NoData,
            Self::NoSuchName => Found::NoSuchName,
        }
    }
}

/// A stub resolver. Cheap to clone.
#[derive(Clone)]
pub struct Resolver {
    inner: TokioResolver,
    servers: Vec<SocketAddr>,
    limit: Duration,
    cache: bool,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").field("servers", &self.servers).finish_non_exhaustive()
    }
}

impl Resolver {
    /// Asks these servers (UDP, TCP on truncation), each try limited by `limit`. `cache` false asks
    /// anew each time (live checks, tests, lab).
    ///
    /// # Errors
    /// `dns.config`.
    pub fn new(servers: &[SocketAddr], limit: Duration, cache: bool) -> Result<Self, Fault> {
        let inner = build(config(servers), options(limit, cache))?;
        Ok(Self { inner, servers: servers.to_vec(), limit, cache })
    }

    /// Asks the servers of the system's configuration.
    ///
    /// # Errors
    /// `dns.config`.
    pub fn system() -> Result<Self, Fault> {
        let (config, _) = hickory_resolver::system_conf::read_system_conf()
            .map_err(|error| config_fault(error).context("reading the system's resolver configuration"))?;
        let servers: Vec<SocketAddr> =
            config.name_servers().iter().map(|server| SocketAddr::new(server.ip, 53)).collect();
        Self::new(&servers, Duration::from_secs(5), true)
    }

    /// The servers asked; `auth` builds its own resolver on them.
    pub fn servers(&self) -> Vec<SocketAddr> {
        self.servers.clone()
    }

    /// Configuration and options for another resolver on the same servers: `auth` gives them to its library.
    pub fn parts(&self) -> (ResolverConfig, ResolverOpts) {
        (config(&self.servers), options(self.limit, self.cache))
    }

    /// Longest wait for one try.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Whether answers are kept for their TTL.
    pub fn caches(&self) -> bool {
        self.cache
    }

    /// MX: (preference, exchange without final dot; `.` for null MX).
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`.
    pub async fn mx(&self, name: &str) -> Result<Found<(u16, String)>, Fault> {
        let found = self.ask(name, RecordType::MX).await?;
        Ok(found.keep(|data| match data {
            Data::Mx(preference, exchange) => Some((preference, exchange)),
            _ => None,
        }))
    }

    /// A and AAAA, IPv4 first.
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`.
    pub async fn addresses(&self, name: &str) -> Result<Found<IpAddr>, Fault> {
        let (four, six) = tokio::join!(self.ask(name, RecordType::A), self.ask(name, RecordType::AAAA));
        let address = |data| match data {
            Data::A(ip) => Some(IpAddr::V4(ip)),
            Data::Aaaa(ip) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        let (four, six) = (four?.keep(address), six?.keep(address));
        if let (Found::NoSuchName, Found::NoSuchName) = (&four, &six) {
            return Ok(Found::NoSuchName);
        }
        let all: Vec<IpAddr> = four.records().into_iter().chain(six.records()).collect();
        Ok(if all.is_empty() { Found::NoData } else { Found::Records(all) })
    }

    /// TXT, each with its strings joined.
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`.
    pub async fn txt(&self, name: &str) -> Result<Found<String>, Fault> {
        let found = self.ask(name, RecordType::TXT).await?;
        Ok(found.keep(|data| match data {
            Data::Txt(text) => Some(text),
            _ => None,
        }))
    }

    /// PTR of an address.
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`.
    pub async fn ptr(&self, ip: IpAddr) -> Result<Found<String>, Fault> {
        let found = self.ask(&reverse_name(ip), RecordType::PTR).await?;
        Ok(found.keep(|data| match data {
            Data::Ptr(name) => Some(name),
            _ => None,
        }))
    }

    /// Every record of that type (`A`, `MX`, `TXT`, `SRV`…) at that name, as our own [`crate::Data`]:
    /// for diff and live proof.
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`, `dns.type`.
    pub async fn records(&self, name: &str, kind: &str) -> Result<Found<Data>, Fault> {
        let record_type = kind
            .to_ascii_uppercase()
            .parse::<RecordType>()
            .map_err(|error| Fault::caller("dns.type", format!("there is no record type {kind}")).caused_by(error))?;
        let found = self.ask(name, record_type).await?;
        Ok(found.keep(|data| (data.kind() == kind.to_ascii_uppercase()).then_some(data)))
    }

    async fn ask(&self, name: &str, record_type: RecordType) -> Result<Found<Data>, Fault> {
        let mut asked = name_of(name)
            .map_err(|error| Fault::caller("dns.name", format!("`{name}` is no domain name")).caused_by(error))?;
        asked.set_fqdn(true);
        if name.ends_with(LOOPBACK_REVERSE) {
            return Ok(self.look(name, &record_type.to_string()).await?.found);
        }
        match self.inner.lookup(asked, record_type).await {
            Ok(answer) => {
                let data: Vec<Data> = answer.answers().iter().filter_map(|record| from_wire(&record.data)).collect();
                Ok(if data.is_empty() { Found::NoData } else { Found::Records(data) })
            }
            Err(error) if error.is_nx_domain() => Ok(Found::NoSuchName),
            Err(error) if is_no_data(&error) => Ok(Found::NoData),
            Err(error) => Err(lookup_fault(name, record_type, error)),
        }
    }
}

/// Any octets make a label (RFC 2181 §11), also those that no host name has: `%{l}` of SPF puts local parts into names.
pub(crate) fn name_of(name: &str) -> Result<Name, hickory_proto::ProtoError> {
    if !name.is_ascii() {
        return Name::from_utf8(name);
    }
    match name.strip_suffix('.').unwrap_or(name) {
        "" => Ok(Name::root()),
        name => Name::from_labels(name.split('.').map(str::as_bytes)),
    }
}

/// Reality: hickory answers `localhost` for every loopback address by itself (RFC 6761 §6.3), and never asks. The lab and
/// the tests live on such addresses, with names of their own.
const LOOPBACK_REVERSE: &str = ".127.in-addr.arpa";

fn build(config: ResolverConfig, options: ResolverOpts) -> Result<TokioResolver, Fault> {
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder.build().map_err(config_fault)
}

fn config(servers: &[SocketAddr]) -> ResolverConfig {
    let name_servers = servers.iter().map(|server| {
        let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
        name_server.connections.iter_mut().for_each(|connection| connection.port = server.port());
        name_server
    });
    ResolverConfig::from_parts(None, Vec::new(), name_servers.collect())
}

fn options(limit: Duration, cache: bool) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = limit;
    options.attempts = ATTEMPTS;
    options.cache_size = if cache { CACHE } else { 0 };
    options.use_hosts_file = ResolveHosts::Never;
    options
}

/// hickory tells an answer without records apart from SERVFAIL and REFUSED only by its response code.
fn is_no_data(error: &NetError) -> bool {
    match error {
        NetError::Dns(hickory_net::DnsError::NoRecordsFound(none)) => none.response_code == ResponseCode::NoError,
        _ => false,
    }
}

pub(crate) fn lookup_fault(name: &str, record_type: RecordType, error: NetError) -> Fault {
    let code = match &error {
        NetError::Timeout => "dns.timeout",
        _ => "dns.servfail",
    };
    Fault::new(code, Blame::Peer, Retry::Later).context(format!("looking up {record_type} of {name}")).caused_by(error)
}

fn config_fault(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::new("dns.config", Blame::Operator, Retry::AfterChange)
        .context("the resolver cannot be set up: name its servers in `dns.servers`")
        .caused_by(error)
}

/// A name as text, lower-case, without the final dot. Octets that are no letter are kept as they are, so that the name can
/// be asked for again; a label that holds a dot cannot be told from two, and cannot be asked for.
pub(crate) fn text_of(name: &Name) -> String {
    let label = |octets: &[u8]| String::from_utf8_lossy(octets).to_ascii_lowercase();
    let labels: Vec<String> = name.iter().map(label).collect();
    if labels.is_empty() { String::from(".") } else { labels.join(".") }
}

pub(crate) fn from_wire(data: &RData) -> Option<Data> {
    let name = text_of;
    Some(match data {
        RData::A(ip) => Data::A(ip.0),
        RData::AAAA(ip) => Data::Aaaa(ip.0),
        RData::PTR(target) => Data::Ptr(name(&target.0)),
        RData::CNAME(target) => Data::Cname(name(&target.0)),
        RData::NS(target) => Data::Ns(name(&target.0)),
        RData::MX(mx) => Data::Mx(mx.preference, name(&mx.exchange)),
        RData::SRV(srv) => Data::Srv(srv.priority, srv.weight, srv.port, name(&srv.target)),
        RData::TXT(txt) => {
            let octets: Vec<u8> = txt.txt_data.iter().flat_map(|string| string.iter().copied()).collect();
            Data::Txt(String::from_utf8_lossy(&octets).into_owned())
        }
        RData::TLSA(tlsa) => Data::Tlsa(
            tlsa.cert_usage.into(),
            tlsa.selector.into(),
            tlsa.matching.into(),
            tlsa.cert_data.iter().map(|octet| format!("{octet:02x}")).collect(),
        ),
        RData::SOA(soa) => Data::Soa(name(&soa.mname), name(&soa.rname), soa.serial),
        _ => return None,
    })
}
