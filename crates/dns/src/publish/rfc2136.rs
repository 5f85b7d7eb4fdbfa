//! Dynamic update with TSIG. RFC 2136, RFC 8945.

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use hickory_net::{
    client::{Client, ClientHandle as _},
    runtime::TokioRuntimeProvider,
    tcp::TcpClientStream,
};
use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RecordSet, TSigner, rdata::tsig::TsigAlgorithm},
};
use rules::{Blame, Fault, Retry};

use crate::{
    Change, Data, Record,
    authority::{to_wire, wire_name},
    publish::Publisher,
};

/// Longest wait for the server, for each change.
const LIMIT: Duration = Duration::from_secs(10);
/// Difference of clocks that is allowed, in seconds. RFC 8945 §10 recommends 300.
const FUDGE: u16 = 300;

/// An authoritative server that takes updates.
#[derive(Clone)]
pub struct Rfc2136 {
    /// The server.
    pub server: SocketAddr,
    /// TSIG key name.
    pub key_name: String,
    /// TSIG secret, base64.
    pub secret: String,
    /// `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
    pub algorithm: String,
}

impl std::fmt::Debug for Rfc2136 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rfc2136")
            .field("server", &self.server)
            .field("key_name", &self.key_name)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Publisher for Rfc2136 {
    async fn publish(&self, zone: &str, changes: &[Change]) -> Result<(), Fault> {
        if changes.is_empty() {
            return Ok(());
        }
        let origin = wire_name(zone)?;
        let mut client = self.connect().await?;
        for change in addresses_first(changes) {
            match change {
                Change::Add { record } => self.add(&mut client, record, &origin).await?,
                Change::Remove { record } => self.remove(&mut client, record, &origin).await?,
                Change::Replace { old, record } => {
                    for data in old {
                        let old = Record { data: Data::clone(data), ..record.clone() };
                        self.remove(&mut client, &old, &origin).await?;
                    }
                    self.add(&mut client, record, &origin).await?;
                }
            }
        }
        Ok(())
    }
}

impl Rfc2136 {
    async fn connect(&self) -> Result<Client<TokioRuntimeProvider>, Fault> {
        let provider = TokioRuntimeProvider::default();
        // TCP: an RSA key's TXT does not fit into a datagram of 512 octets.
        let (stream, sender) = TcpClientStream::new(self.server, None, Some(LIMIT), provider);
        let stream = tokio::time::timeout(LIMIT, stream).await.map_err(|_| self.unreachable())?;
        let stream = stream.map_err(|error| self.unreachable().caused_by(error))?;
        let exchange =
            hickory_net::xfer::DnsMultiplexer::new(stream, sender).with_timeout(LIMIT).with_signer(self.signer()?);
        let (client, background) = Client::<TokioRuntimeProvider>::from_sender(exchange);
        tokio::spawn(background);
        Ok(client)
    }

    fn signer(&self) -> Result<TSigner, Fault> {
        let config = |what: String| Fault::new("publish.config", Blame::Operator, Retry::AfterChange).context(what);
        let secret = syntax::decode_base64(&self.secret)
            .ok_or_else(|| config(String::from("the TSIG secret in `dns.rfc2136.secret` is not base64")))?;
        let algorithm = match self.algorithm.to_ascii_lowercase().as_str() {
            "hmac-sha256" => TsigAlgorithm::HmacSha256,
            "hmac-sha384" => TsigAlgorithm::HmacSha384,
            "hmac-sha512" => TsigAlgorithm::HmacSha512,
            other => {
                return Err(config(format!("TSIG algorithm `{other}`: use hmac-sha256, hmac-sha384 or hmac-sha512")));
            }
        };
        let name = wire_name(&self.key_name)?;
        TSigner::new(secret, algorithm, name, FUDGE).map_err(|error| config(error.to_string()))
    }

    async fn add(
        &self,
        client: &mut Client<TokioRuntimeProvider>,
        record: &Record,
        origin: &Name,
    ) -> Result<(), Fault> {
        let response = client.append(record_set(record)?, origin.clone(), false);
        self.judge(record, tokio::time::timeout(LIMIT, response).await)
    }

    async fn remove(
        &self,
        client: &mut Client<TokioRuntimeProvider>,
        record: &Record,
        origin: &Name,
    ) -> Result<(), Fault> {
        let response = client.delete_by_rdata(record_set(record)?, origin.clone());
        self.judge(record, tokio::time::timeout(LIMIT, response).await)
    }

    fn judge<E: std::error::Error + Send + Sync + 'static>(
        &self,
        record: &Record,
        response: Result<Result<hickory_proto::op::DnsResponse, E>, tokio::time::error::Elapsed>,
    ) -> Result<(), Fault> {
        let response =
            response.map_err(|_| self.unreachable())?.map_err(|error| self.refused(record).caused_by(error))?;
        match response.metadata.response_code {
            ResponseCode::NoError => Ok(()),
            code => Err(self.refused(record).context(format!("the server answered {code}"))),
        }
    }

    fn refused(&self, record: &Record) -> Fault {
        Fault::new("publish.refused", Blame::Operator, Retry::AfterChange).context(format!(
            "{} did not take the update of {} {}: check the TSIG key and the zone's update policy",
            self.server,
            record.owner,
            record.data.kind()
        ))
    }

    fn unreachable(&self) -> Fault {
        Fault::new("publish.unreachable", Blame::Peer, Retry::Later).context(format!(
            "no answer from {} within {} s",
            self.server,
            LIMIT.as_secs()
        ))
    }
}

/// BIND refuses an MX or SRV whose target has no address yet (`check-names`, `check-mx`).
fn addresses_first(changes: &[Change]) -> Vec<&Change> {
    let is_address = |change: &&Change| match change {
        Change::Add { record } | Change::Replace { record, .. } => matches!(record.data, Data::A(_) | Data::Aaaa(_)),
        Change::Remove { .. } => false,
    };
    let (addresses, others): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(is_address);
    addresses.into_iter().chain(others).collect()
}

fn record_set(record: &Record) -> Result<RecordSet, Fault> {
    let wire = to_wire(record)?;
    let mut set = RecordSet::new(wire.name.clone(), wire.record_type(), 0);
    set.insert(wire, 0);
    Ok(set)
}
