//! `coldrelay check ptr`

use std::{net::IpAddr, process::ExitCode};

use clap::Args;
use rules::Fault;

use super::{Asking, Told};
use crate::{cli::Global, out::Out};

#[derive(Args)]
pub struct Ptr {
    /// The IP that sends
    ip: IpAddr,
    #[command(flatten)]
    asking: Asking,
}

impl Ptr {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let findings = self.asking.checks(global)?.ptr(self.ip).await;
        Ok(Told::new(self.ip, findings).answer(out))
    }
}
