//! `coldrelay check spf`

use std::{net::IpAddr, process::ExitCode};

use clap::Args;
use rules::Fault;
use syntax::Domain;

use super::{Asking, Told};
use crate::{cli::Global, out::Out};

#[derive(Args)]
pub struct Spf {
    /// The domain in the envelope sender
    domain: Domain,
    /// The IP that sends
    #[arg(long, value_name = "IP")]
    ip: IpAddr,
    #[command(flatten)]
    asking: Asking,
}

impl Spf {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let findings = self.asking.checks(global)?.spf(&self.domain, self.ip).await;
        Ok(Told::new(&self.domain, findings).answer(out))
    }
}
