//! `coldrelay generate tls-rpt`

use clap::Args;
use rules::{Fault, generate};

use super::{Answer, Shape, dmarc::uris};

#[derive(Args)]
pub struct TlsRpt {
    /// The domain that receives mail
    domain: String,
    /// Where reports go: an address or an https: URL
    #[arg(long, value_name = "URI", required = true)]
    rua: Vec<String>,
    #[command(flatten)]
    shape: Shape,
}

impl TlsRpt {
    pub fn answer(self) -> Result<Answer, Fault> {
        let made = generate::tls_rpt::generate(&generate::domain(&self.domain)?, &uris(&self.rua)?)?;
        Answer::new(&made, &made, "", self.shape)
    }
}
