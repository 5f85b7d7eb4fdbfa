//! `coldrelay check dkim`

use std::process::ExitCode;

use clap::Args;
use rules::Fault;
use syntax::Domain;

use super::{Asking, Told};
use crate::{cli::Global, out::Out};

#[derive(Args)]
pub struct Dkim {
    /// The domain that signs
    domain: Domain,
    /// The selector
    #[arg(long, value_name = "NAME")]
    selector: String,
    #[command(flatten)]
    asking: Asking,
}

impl Dkim {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let findings = self.asking.checks(global)?.dkim(&self.domain, &self.selector).await;
        Ok(Told::new(&self.domain, findings).answer(out))
    }
}
