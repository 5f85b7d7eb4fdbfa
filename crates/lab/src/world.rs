//! The lab's DNS and what every receiver may ask of it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use auth::Verifier;
use dns::{Authority, Data, Found, Record, Resolver, Zone, reverse_name, reverse_zone};
use rules::{Clock, Fault};
use tokio::sync::Mutex;

use crate::roster::{DNSBL, RECEIVERS, Resident, SPAMHAUS};

/// Seconds; short, since the story changes records while it runs.
const TTL: u32 = 5;

/// DNS of the lab. Cheap to clone.
#[derive(Clone)]
pub(crate) struct World {
    pub authority: Authority,
    pub resolver: Resolver,
    pub verifier: Verifier,
    pub clock: Arc<dyn Clock>,
    /// The port on which every MX of the lab listens, ours too.
    pub mx_port: u16,
    listed: Arc<Mutex<Vec<IpAddr>>>,
}

impl World {
    /// Serves the root, the receivers' zones, their reverse zone and the DNSBL.
    pub async fn start(clock: Arc<dyn Clock>, mx_port: u16) -> Result<Self, Fault> {
        let authority = Authority::bind(&[([127, 0, 0, 1], 0).into()]).await?;
        let resolver = Resolver::new(&authority.addresses(), Duration::from_secs(3), false)?;
        let verifier = Verifier::new(&resolver)?;
        let world = Self { authority, resolver, verifier, clock, mx_port, listed: Arc::default() };
        world.publish().await?;
        Ok(world)
    }

    async fn publish(&self) -> Result<(), Fault> {
        self.authority.set_zone(&Zone { origin: ".".into(), records: Vec::new() }).await?;
        for resident in RECEIVERS {
            self.authority.set_zone(&zone_of(resident)).await?;
        }
        self.authority.set_zone(&reverse_zone_of_receivers()).await?;
        self.publish_dnsbl().await
    }

    /// Puts an address on the DNSBL.
    pub async fn list(&self, ip: IpAddr) -> Result<(), Fault> {
        self.listed.lock().await.push(ip);
        self.publish_dnsbl().await
    }

    /// Takes an address off the DNSBL, as its operator does once the cause is gone.
    pub async fn delist(&self, ip: IpAddr) -> Result<(), Fault> {
        self.listed.lock().await.retain(|listed| *listed != ip);
        self.publish_dnsbl().await
    }

    /// Whether the DNSBL lists an address, and why. RFC 5782 §2.1.
    pub async fn listing(&self, ip: IpAddr) -> Result<Option<String>, Fault> {
        let name = format!("{}.{DNSBL}", labels(ip));
        match self.resolver.addresses(&name).await? {
            Found::Records(_) => match self.resolver.txt(&name).await? {
                Found::Records(reasons) => Ok(Some(reasons.join(" "))),
                _ => Ok(Some(String::from("listed"))),
            },
            _ => Ok(None),
        }
    }

    /// Whether the address has a name that leads back to it (FCrDNS).
    pub async fn is_forward_confirmed(&self, ip: IpAddr) -> Result<bool, Fault> {
        let Found::Records(names) = self.resolver.ptr(ip).await? else { return Ok(false) };
        for name in names {
            if let Found::Records(addresses) = self.resolver.addresses(&name).await?
                && addresses.contains(&ip)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn publish_dnsbl(&self) -> Result<(), Fault> {
        // RFC 5782 §5: 127.0.0.2 is always listed, 127.0.0.1 never.
        let mut listed = vec![IpAddr::from([127, 0, 0, 2])];
        listed.extend(self.listed.lock().await.iter());
        for zone in [DNSBL, SPAMHAUS] {
            let records = listed.iter().flat_map(|ip| listing_of(*ip, zone)).collect();
            self.authority.set_zone(&Zone { origin: zone.into(), records }).await?;
        }
        Ok(())
    }
}

fn listing_of(ip: IpAddr, zone: &str) -> [Record; 2] {
    let owner = format!("{}.{zone}", labels(ip));
    let reason = format!("{ip} sent mail to a trap; see https://{DNSBL}/lookup/{ip}");
    [
        Record { owner: owner.clone(), ttl: TTL, data: Data::A([127, 0, 0, 2].into()) },
        Record { owner, ttl: TTL, data: Data::Txt(reason) },
    ]
}

/// The octets of an address in reverse, as DNSBLs are asked: `4.1.0.127`.
fn labels(ip: IpAddr) -> String {
    let name = reverse_name(ip);
    name.trim_end_matches(".in-addr.arpa").trim_end_matches(".ip6.arpa").to_owned()
}

fn zone_of(resident: &Resident) -> Zone {
    let domain = resident.domain;
    let record = |owner: String, data| Record { owner, ttl: TTL, data };
    let mut records = Vec::new();
    match resident.ip() {
        Some(IpAddr::V4(ip)) => {
            records.push(record(domain.into(), Data::Mx(10, resident.mx())));
            records.push(record(resident.mx(), Data::A(ip)));
            records.push(record(domain.into(), Data::Txt(format!("v=spf1 ip4:{ip} -all"))));
            records.push(record(resident.mx(), Data::Txt(String::from("v=spf1 a -all"))));
        }
        _ => {
            // RFC 7505 §3
            records.push(record(domain.into(), Data::Mx(0, String::from("."))));
            records.push(record(domain.into(), Data::Txt(String::from("v=spf1 -all"))));
        }
    }
    records.push(record(format!("_dmarc.{domain}"), Data::Txt(String::from("v=DMARC1; p=reject"))));
    Zone { origin: domain.into(), records }
}

fn reverse_zone_of_receivers() -> Zone {
    let pointers = RECEIVERS.iter().filter_map(|resident| Some((resident.ip()?, resident.mx())));
    Zone {
        origin: reverse_zone([127, 0, 0, 1].into()),
        records: pointers
            .map(|(ip, name)| Record { owner: reverse_name(ip), ttl: TTL, data: Data::Ptr(name) })
            .collect(),
    }
}
