//! One question to one server, with what stands around its answer: aliases, the zone, and whether it was validated.

use std::{net::SocketAddr, time::Duration};

use hickory_net::{
    NetError,
    client::Client,
    runtime::TokioRuntimeProvider,
    tcp::TcpClientStream,
    udp::UdpClientStream,
    xfer::{DnsHandle as _, FirstAnswer as _},
};
use hickory_proto::{
    op::{DnsRequestOptions, DnsResponse, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use rules::Fault;

use crate::{
    Data, Found, Resolver,
    resolver::{from_wire, lookup_fault, name_of, text_of},
};

/// Tries of one server.
const TRIES: usize = 2;

/// An answer and what stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The records of the type that was asked for, at the name or behind its aliases.
    pub found: Found<Data>,
    /// How many records of that type came, those of types that [`Data`] does not know (DS, DNSKEY) included.
    pub count: usize,
    /// The names that the aliases (CNAME) lead to, in order.
    pub aliases: Vec<String>,
    /// Whether the server says that it has validated the answer (AD). RFC 4035 §3.2.3
    pub secure: bool,
    /// The zone that the answer comes from, when the server says it (SOA).
    pub zone: Option<String>,
}

impl Resolver {
    /// Asks for records of that type at that name, past every cache; for DNSSEC too (DO). RFC 6840 §5.7
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`, `dns.type`, `dns.name`.
    pub async fn look(&self, name: &str, kind: &str) -> Result<Look, Fault> {
        let record_type = kind
            .to_ascii_uppercase()
            .parse::<RecordType>()
            .map_err(|error| Fault::caller("dns.type", format!("there is no record type {kind}")).caused_by(error))?;
        let mut asked = name_of(name)
            .map_err(|error| Fault::caller("dns.name", format!("`{name}` is no domain name")).caused_by(error))?;
        asked.set_fqdn(true);
        let servers = self.servers();
        let mut last = lookup_fault(name, record_type, NetError::Timeout);
        for server in servers.iter().flat_map(|server| std::iter::repeat_n(server, TRIES)) {
            match one(*server, &asked, record_type, self.limit()).await {
                Ok(response) => match response.metadata.response_code {
                    ResponseCode::NoError | ResponseCode::NXDomain => return Ok(read(&response, record_type)),
                    code => last = lookup_fault(name, record_type, NetError::from(format!("{server} answered {code}"))),
                },
                Err(error) => last = lookup_fault(name, record_type, error),
            }
        }
        Err(last)
    }
}

/// Over UDP, and again over TCP when the answer was cut off.
async fn one(server: SocketAddr, name: &Name, kind: RecordType, limit: Duration) -> Result<DnsResponse, NetError> {
    let stream = UdpClientStream::builder(server, TokioRuntimeProvider::default()).with_timeout(Some(limit));
    let (client, background) = Client::<TokioRuntimeProvider>::from_sender(stream.build());
    let background = tokio::spawn(background);
    let answer = within(limit, client.lookup(Query::query(name.clone(), kind), request()).first_answer()).await;
    background.abort();
    match answer {
        Ok(answer) if answer.metadata.truncation => {}
        answer => return answer,
    }
    let (connect, sender) = TcpClientStream::new(server, None, Some(limit), TokioRuntimeProvider::default());
    let stream = within(limit, connect).await?;
    let (client, background) = Client::<TokioRuntimeProvider>::with_timeout(stream, sender, limit);
    let background = tokio::spawn(background);
    let answer = within(limit, client.lookup(Query::query(name.clone(), kind), request()).first_answer()).await;
    background.abort();
    answer
}

async fn within<T>(limit: Duration, future: impl Future<Output = Result<T, NetError>>) -> Result<T, NetError> {
    tokio::time::timeout(limit, future).await.unwrap_or(Err(NetError::Timeout))
}

fn request() -> DnsRequestOptions {
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    options.edns_set_dnssec_ok = true;
    options
}

fn read(response: &DnsResponse, kind: RecordType) -> Look {
    let of_kind = || response.answers.iter().filter(|record| record.record_type() == kind);
    let data: Vec<Data> = of_kind().filter_map(|record| from_wire(&record.data)).collect();
    let aliases = response.answers.iter().filter_map(|record| match &record.data {
        RData::CNAME(target) => Some(text_of(&target.0)),
        _ => None,
    });
    let soa =
        response.answers.iter().chain(&response.authorities).find(|record| record.record_type() == RecordType::SOA);
    Look {
        found: match (data.is_empty(), response.metadata.response_code) {
            (false, _) => Found::Records(data),
            (true, ResponseCode::NXDomain) => Found::NoSuchName,
            (true, _) => Found::NoData,
        },
        count: of_kind().count(),
        aliases: aliases.collect(),
        secure: response.metadata.authentic_data,
        zone: soa.map(|record| text_of(&record.name)),
    }
}
