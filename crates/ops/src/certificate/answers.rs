//! Showing a CA that names are ours: by our own DNS, by a publisher, or by the web listener. Taken away when the order is over.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use dns::{Change, Data, Record, Resolver, publish::Publisher};
use net::{Answers, Challenge, Lookup, Proof};
use rules::{Blame, Fault, Retry};
use store::ChallengeProof;
use tokio::time::{Instant, sleep};

use crate::{Ops, Publishing, house::ZoneFeed};

/// Seconds: a proof is gone before anybody could want an old one.
const TTL: u32 = 60;
/// How long a record that was published may take to be seen.
const SEEN_LIMIT: Duration = Duration::from_secs(120);
/// Between two looks for it.
const LOOK: Duration = Duration::from_secs(1);

/// Shows proofs of one order.
pub(super) struct Shower {
    pub ops: Ops,
    pub zones: Arc<ZoneFeed>,
    pub challenge: Challenge,
}

#[async_trait]
impl Answers for Shower {
    async fn show(&self, proofs: &[Proof]) -> Result<(), Fault> {
        let rows = proofs.iter().map(|proof| ChallengeProof {
            name: proof.name.clone(),
            token: proof.token.clone(),
            answer: proof.answer.clone(),
            record: proof.record.clone(),
        });
        // The web listener answers HTTP-01 from there, the embedded DNS its queries.
        self.ops.store.set_challenge_proofs(rows.collect()).await?;
        match self.challenge {
            Challenge::Http => Ok(()),
            Challenge::Dns => self.show_records(proofs).await,
        }
    }
}

impl Shower {
    async fn show_records(&self, proofs: &[Proof]) -> Result<(), Fault> {
        match &self.ops.publishing {
            Publishing::Embedded => {
                self.zones.refresh().await?;
                for proof in proofs {
                    self.has_zone(&proof.name).await?;
                }
                Ok(())
            }
            Publishing::Rfc2136(publisher) => self.publish(publisher, proofs).await,
            Publishing::Provider(publisher) => self.publish(publisher, proofs).await,
            Publishing::Print => Err(Fault::new("acme.no-publisher", Blame::Operator, Retry::AfterChange).context(
                "records are printed, not published (`dns.publisher`), so that nobody can answer dns-01: \
                 set `acme.challenge = \"http-01\"`",
            )),
        }
    }

    async fn has_zone(&self, name: &str) -> Result<(), Fault> {
        let zones = self.ops.store.all_zone_records().await?;
        let is_ours = zones.iter().any(|record| is_within(name, &record.zone));
        is_ours.then_some(()).ok_or_else(|| {
            Fault::new("acme.no-publisher", Blame::Operator, Retry::AfterChange).context(format!(
                "{name} lies in no zone that the embedded DNS serves, so that nobody can answer dns-01 for it: set \
                 `acme.challenge = \"http-01\"`, or make `hostname` the mail host of one of your domains"
            ))
        })
    }

    async fn publish(&self, publisher: &dyn Publisher, proofs: &[Proof]) -> Result<(), Fault> {
        for proof in proofs {
            let record = record(&proof.name, &proof.record);
            let old = self.ops.resolver.records(&record.owner, "TXT").await?.records();
            let change = match old.is_empty() {
                true => Change::Add { record },
                // Left by an order that was cut off.
                false => Change::Replace { old, record },
            };
            let origin = self.ops.apex(&proof.name).await;
            publisher
                .publish(&origin, &[change])
                .await
                .map_err(|fault| fault.context(format!("publishing {origin}")))?;
        }
        for proof in proofs {
            self.until_seen(&record(&proof.name, &proof.record)).await?;
        }
        Ok(())
    }

    async fn until_seen(&self, record: &Record) -> Result<(), Fault> {
        let begun = Instant::now();
        loop {
            // A server that has not heard of it yet may say anything; the limit decides.
            if let Ok(found) = self.ops.resolver.records(&record.owner, "TXT").await
                && found.records().contains(&record.data)
            {
                return Ok(());
            }
            if begun.elapsed() > SEEN_LIMIT {
                return Err(Fault::new("acme.record-unseen", Blame::Operator, Retry::Later).context(format!(
                    "the TXT record at {} was published, and is not seen after {} s: does the world ask the server that took it?",
                    record.owner,
                    SEEN_LIMIT.as_secs()
                )));
            }
            sleep(LOOK).await;
        }
    }

    /// Takes away what was shown. What cannot be taken away is told and does no harm: it is good for one order alone.
    pub(super) async fn clear(&self) {
        if let Err(fault) = self.cleared().await {
            tracing::warn!(code = fault.code, %fault, "what answered a CA could not be taken away");
        }
    }

    async fn cleared(&self) -> Result<(), Fault> {
        let shown = self.ops.store.challenge_proofs().await?;
        self.ops.store.set_challenge_proofs(Vec::new()).await?;
        let publisher: &dyn Publisher = match &self.ops.publishing {
            Publishing::Rfc2136(publisher) if self.challenge == Challenge::Dns => publisher,
            Publishing::Provider(publisher) if self.challenge == Challenge::Dns => publisher,
            _ => return Ok(()),
        };
        for proof in shown {
            let change = Change::Remove { record: record(&proof.name, &proof.record) };
            publisher.publish(&self.ops.apex(&proof.name).await, &[change]).await?;
        }
        Ok(())
    }
}

/// RFC 8555 §8.4
pub(crate) fn record(name: &str, text: &str) -> Record {
    Record::new(format!("_acme-challenge.{name}"), TTL, Data::Txt(text.to_owned()))
}

/// Whether a name is in a zone of that origin.
pub(crate) fn is_within(name: &str, origin: &str) -> bool {
    name.strip_suffix(origin).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Hosts of a CA, looked up as everything else.
pub(super) struct Hosts(pub Resolver);

#[async_trait]
impl Lookup for Hosts {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Fault> {
        Ok(self.0.addresses(host).await?.records())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_within_its_zone_and_no_other() {
        assert!(is_within("box.example.com", "example.com") && is_within("example.com", "example.com"));
        assert!(!is_within("box.notexample.com", "example.com") && !is_within("example.com", "box.example.com"));
    }
}
