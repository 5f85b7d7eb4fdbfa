//! `coldrelay check dmarc|mx|soa|tls|mta-sts|tls-rpt|dane|dnssec|bimi DOMAIN`: the checks that need a domain and nothing else.

use std::process::ExitCode;

use check::Facts;
use clap::Args;
use rules::Fault;

use super::{Asking, Told, domain::domain_of};
use crate::{cli::Global, out::Out};

#[derive(Args)]
pub struct OfDomain {
    /// The domain
    domain: String,
    #[command(flatten)]
    asking: Asking,
}

impl OfDomain {
    /// Runs the check of that id.
    pub async fn run(self, id: &str, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let domain = domain_of(&self.domain)?;
        let facts = Facts { domain: Some(domain.clone()), recipient_domain: Some(domain.clone()), ..Facts::default() };
        let findings = self.asking.checks(global)?.run(id, &facts).await;
        Ok(Told::new(&domain, findings).answer(out))
    }
}
