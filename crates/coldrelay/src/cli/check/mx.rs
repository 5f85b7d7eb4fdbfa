//! `coldrelay check mx`

use std::process::ExitCode;

use clap::Args;
use rules::Fault;
use syntax::Domain;

use super::{Asking, Told};
use crate::{cli::Global, out::Out};

#[derive(Args)]
pub struct Mx {
    /// The domain that is written to
    domain: Domain,
    #[command(flatten)]
    asking: Asking,
}

impl Mx {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let findings = self.asking.checks(global)?.mx(&self.domain).await;
        Ok(Told::new(&self.domain, findings).answer(out))
    }
}
