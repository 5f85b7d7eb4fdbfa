//! `coldrelay check account`

use std::process::ExitCode;

use clap::Args;
use rules::Fault;
use syntax::Domain;

use super::{code, show};
use crate::{cli::Global, out::Out};

#[derive(Args)]
pub struct Account {
    /// A domain of this installation
    domain: Domain,
}

impl Account {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let record = global.ops().await?.sending_record(&self.domain).await?;
        out.answer(&record, |record| show::findings(&record.findings));
        Ok(code(check::worst(&record.findings)))
    }
}
