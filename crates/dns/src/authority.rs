//! The embedded authoritative server, over hickory.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hickory_net::runtime::{Time, TokioRuntimeProvider};
use hickory_proto::rr::{LowerName, Name, RData, Record as WireRecord, rdata};
use hickory_server::{
    Server,
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    store::in_memory::InMemoryZoneHandler,
    zone_handler::{AxfrPolicy, Catalog, ZoneType},
};
use rules::{Blame, Fault, Retry};
use tokio::{
    net::{TcpListener, UdpSocket},
    sync::RwLock,
    task::JoinHandle,
};

use crate::{Data, Record, Zone, record::strings};

/// Longest wait for a TCP client.
const TCP_LIMIT: Duration = Duration::from_secs(5);
/// Responses that may wait on one TCP connection.
const TCP_RESPONSES: usize = 128;
/// Tries for a port that is free for UDP and TCP.
const PORT_TRIES: u32 = 32;
/// Seconds for which an absence may be remembered. RFC 2308 §4.
const NEGATIVE_TTL: u32 = 60;

/// A running server whose zones can be replaced while it runs. Cheap to clone. UDP and TCP.
/// It answers for its zones only: other names are refused, transfers are refused, nothing is looked up elsewhere.
#[derive(Clone)]
pub struct Authority {
    inner: Arc<Inner>,
}

struct Inner {
    catalog: Arc<RwLock<Catalog>>,
    /// Zones as they were set last: setting the same zone again changes nothing.
    zones: RwLock<HashMap<String, Zone>>,
    serial: AtomicU32,
    addresses: Vec<SocketAddr>,
    task: JoinHandle<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("addresses", &self.inner.addresses).finish_non_exhaustive()
    }
}

impl Authority {
    /// Binds UDP and TCP on the same port (port 0: one free on both) and answers until the last clone is dropped.
    ///
    /// # Errors
    /// `dns.bind`.
    pub async fn bind(addresses: &[SocketAddr]) -> Result<Self, Fault> {
        let catalog = Arc::new(RwLock::new(Catalog::new()));
        let mut server = Server::new(Live(catalog.clone()));
        let mut bound = Vec::new();
        for address in addresses {
            let (udp, tcp, real) = sockets(*address).await?;
            server.register_socket(udp);
            server.register_listener(tcp, TCP_LIMIT, TCP_RESPONSES);
            bound.push(real);
        }
        let task = tokio::spawn(async move {
            if let Err(error) = server.block_until_done().await {
                tracing::error!(%error, "the embedded DNS ended");
            }
        });
        let serial = AtomicU32::new(1);
        Ok(Self { inner: Arc::new(Inner { catalog, zones: RwLock::default(), serial, addresses: bound, task }) })
    }

    /// The addresses really bound.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.inner.addresses.clone()
    }

    /// Adds or replaces a zone; the serial rises. The same zone again changes nothing.
    ///
    /// # Errors
    /// `dns.zone`: a record that cannot be written.
    pub async fn set_zone(&self, zone: &Zone) -> Result<(), Fault> {
        let mut zones = self.inner.zones.write().await;
        if zones.get(&zone.origin) == Some(zone) {
            return Ok(());
        }
        let origin = wire_name(&zone.origin)?;
        let serial = self.inner.serial.fetch_add(1, Ordering::Relaxed);
        let mut handler = InMemoryZoneHandler::<TokioRuntimeProvider>::empty(
            origin.clone(),
            ZoneType::Primary,
            AxfrPolicy::Deny,
            None,
        );
        for record in with_apex(zone, serial)? {
            handler.upsert_mut(record, serial);
        }
        self.inner.catalog.write().await.upsert(LowerName::new(&origin), vec![Arc::new(handler)]);
        zones.insert(zone.origin.clone(), zone.clone());
        Ok(())
    }

    /// Removes a zone.
    pub async fn remove_zone(&self, origin: &str) {
        if let Ok(name) = wire_name(origin) {
            self.inner.catalog.write().await.remove(&LowerName::new(&name));
        }
        self.inner.zones.write().await.remove(origin);
    }

    /// The zones that are served.
    pub async fn origins(&self) -> Vec<String> {
        self.inner.zones.read().await.keys().cloned().collect()
    }
}

async fn sockets(address: SocketAddr) -> Result<(UdpSocket, TcpListener, SocketAddr), Fault> {
    let mut last = None;
    for _ in 0..PORT_TRIES {
        let fault = |error: std::io::Error| {
            Fault::new("dns.bind", Blame::Operator, Retry::AfterChange)
                .context(format!("the DNS cannot listen on {address}: choose another address in `listen.dns`"))
                .caused_by(error)
        };
        let udp = UdpSocket::bind(address).await.map_err(fault)?;
        let real = udp.local_addr().map_err(fault)?;
        match TcpListener::bind(real).await {
            Ok(tcp) => return Ok((udp, tcp, real)),
            Err(error) if address.port() != 0 => return Err(fault(error)),
            Err(error) => last = Some(fault(error)),
        }
    }
    Err(last.unwrap_or_else(|| Fault::new("dns.bind", Blame::Operator, Retry::Later)))
}

/// The catalog behind a lock, so that zones change while it answers.
struct Live(Arc<RwLock<Catalog>>);

#[async_trait]
impl RequestHandler for Live {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, response: R) -> ResponseInfo {
        self.0.read().await.handle_request::<R, T>(request, response).await
    }
}

/// The zone's records with SOA and NS.
fn with_apex(zone: &Zone, serial: u32) -> Result<Vec<WireRecord>, Fault> {
    let origin = wire_name(&zone.origin)?;
    let has_ns = zone.records.iter().any(|record| record.owner == zone.origin && matches!(record.data, Data::Ns(_)));
    let server = zone.records.iter().find_map(|record| match &record.data {
        Data::Ns(name) if record.owner == zone.origin => Some(name.clone()),
        _ => None,
    });
    let server = server.unwrap_or_else(|| under("ns", &zone.origin));
    let soa = rdata::SOA::new(
        wire_name(&server)?,
        wire_name(&under("hostmaster", &zone.origin))?,
        serial,
        3600,
        600,
        1_209_600,
        NEGATIVE_TTL,
    );
    let mut records = vec![WireRecord::from_rdata(origin.clone(), NEGATIVE_TTL, RData::SOA(soa))];
    if !has_ns {
        records.push(WireRecord::from_rdata(origin, 3600, RData::NS(rdata::NS(wire_name(&server)?))));
    }
    for record in &zone.records {
        records.push(to_wire(record)?);
    }
    Ok(records)
}

fn under(label: &str, origin: &str) -> String {
    if origin == "." { label.to_owned() } else { format!("{label}.{origin}") }
}

/// A record as hickory has it.
pub(crate) fn to_wire(record: &Record) -> Result<WireRecord, Fault> {
    let data = match &record.data {
        Data::A(ip) => RData::A(rdata::A(*ip)),
        Data::Aaaa(ip) => RData::AAAA(rdata::AAAA(*ip)),
        Data::Ptr(name) => RData::PTR(rdata::PTR(wire_name(name)?)),
        Data::Cname(name) => RData::CNAME(rdata::CNAME(wire_name(name)?)),
        Data::Ns(name) => RData::NS(rdata::NS(wire_name(name)?)),
        Data::Mx(preference, exchange) => RData::MX(rdata::MX::new(*preference, wire_name(exchange)?)),
        Data::Txt(text) => RData::TXT(rdata::TXT::new(strings(text))),
        Data::Srv(priority, weight, port, target) => {
            RData::SRV(rdata::SRV::new(*priority, *weight, *port, wire_name(target)?))
        }
        Data::Tlsa(usage, selector, matching, data) => {
            RData::TLSA(rdata::TLSA::new((*usage).into(), (*selector).into(), (*matching).into(), octets_of(data)))
        }
        Data::Soa(primary, contact, serial) => RData::SOA(rdata::SOA::new(
            wire_name(primary)?,
            wire_name(contact)?,
            *serial,
            3600,
            600,
            1_209_600,
            NEGATIVE_TTL,
        )),
    };
    Ok(WireRecord::from_rdata(wire_name(&record.owner)?, record.ttl, data))
}

fn octets_of(hexadecimal: &str) -> Vec<u8> {
    let pairs = hexadecimal.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

/// A name as hickory has it, fully qualified.
pub(crate) fn wire_name(name: &str) -> Result<Name, Fault> {
    let mut wire = Name::from_ascii(name)
        .map_err(|error| Fault::caller("dns.zone", format!("`{name}` is no domain name")).caused_by(error))?;
    wire.set_fqdn(true);
    Ok(wire)
}
