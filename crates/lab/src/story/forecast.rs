//! The deliverability test over our own domains: what it finds, and whether the replies that it predicts are the ones that
//! receivers give.

use check::{DomainFacts, State};
use rules::Fault;
use syntax::Domain;

use super::{Lab, Letter, domain, letter};
use crate::{
    dashboard,
    report::{Delivery, Forecast},
};

/// Receivers that judge as a provider does, by the provider's id.
const JUDGES: &[(&str, &str)] = &[("gmail", "dmarc-enforcing"), ("outlook", "outlook-like"), ("yahoo", "yahoo-like")];

/// What the letters that put a forecast to the test are about.
pub(super) const PURPOSE: &str = "what large receivers say";

/// The letters that ask every judge about a sender.
pub(super) fn letters(from: &'static str) -> Vec<Letter> {
    vec![
        letter(from, "dana@dmarc-enforcing.test", PURPOSE),
        letter(from, "dana@outlook-like.test", PURPOSE),
        letter(from, "dana@yahoo-like.test", PURPOSE),
    ]
}

/// What the test says of a domain.
pub(super) struct Tested {
    pub name: Domain,
    /// Ids of what is not ok.
    pub findings: Vec<String>,
    /// Provider and reply.
    predicted: Vec<(&'static str, Option<String>)>,
}

impl Lab {
    pub(super) async fn test(&self, name: &str) -> Result<Tested, Fault> {
        let name = domain(name)?;
        let facts = self.ops.facts_of(&name).await?.unwrap_or_default();
        // The lab's mail hosts show certificates that nobody signed; the judges hold every sender to the rules for bulk.
        let facts = DomainFacts { dial: false, blocklists: true, bulk: true, ..facts };
        let report = dashboard::checks(&self.world)?.report(&name, &facts, |_| {}).await;
        let not_ok = report.findings.iter().filter(|finding| finding.state != State::Ok);
        let mut findings: Vec<String> = not_ok.map(|finding| finding.id.to_owned()).collect();
        findings.sort();
        findings.dedup();
        let predicted = report.predicted.into_iter().map(|one| (one.provider, one.reply)).collect();
        Ok(Tested { name, findings, predicted })
    }
}

impl Tested {
    /// Each prediction beside what the judge really said.
    pub(super) fn forecasts(&self, deliveries: &[Delivery]) -> Vec<Forecast> {
        let of = |(provider, predicted): &(&'static str, Option<String>)| {
            let (_, judge) = JUDGES.iter().find(|(id, _)| id == provider)?;
            let real = deliveries.iter().find(|delivery| {
                delivery.purpose == PURPOSE && delivery.receiver == *judge && delivery.sender.domain() == &self.name
            })?;
            let refused = real.refusals.first().and_then(|refusal| refusal.reply.clone());
            Some(Forecast { receiver: (*judge).to_owned(), predicted: predicted.clone(), real: refused })
        };
        self.predicted.iter().filter_map(of).collect()
    }
}
