//! `coldrelay check helo`

use std::{net::IpAddr, process::ExitCode};

use clap::Args;
use rules::Fault;

use super::{Asking, Told};
use crate::{cli::Global, out::Out};

#[derive(Args)]
pub struct Helo {
    /// The name that the server greets with
    name: String,
    /// The IP that it greets from
    #[arg(long, value_name = "IP")]
    ip: Option<IpAddr>,
    #[command(flatten)]
    asking: Asking,
}

impl Helo {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let findings = self.asking.checks(global)?.helo(&self.name, self.ip).await;
        Ok(Told::new(&self.name, findings).answer(out))
    }
}
