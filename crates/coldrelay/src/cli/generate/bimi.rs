//! `coldrelay generate bimi`

use clap::Args;
use rules::{Fault, generate};

use super::{Answer, Shape};

#[derive(Args)]
pub struct Bimi {
    /// The domain in From
    domain: String,
    /// The selector
    #[arg(long, value_name = "NAME", default_value = "default")]
    selector: String,
    /// The logo: https: to an SVG
    #[arg(long, value_name = "URL", required_unless_present = "decline")]
    logo: Option<String>,
    /// The certificate (VMC or CMC): https: to a PEM
    #[arg(long, value_name = "URL")]
    evidence: Option<String>,
    /// Say that no logo is wanted
    #[arg(long, conflicts_with_all = ["logo", "evidence"])]
    decline: bool,
    #[command(flatten)]
    shape: Shape,
}

impl Bimi {
    pub fn answer(self) -> Result<Answer, Fault> {
        let domain = generate::domain(&self.domain)?;
        let wish = generate::bimi::Bimi { domain, selector: self.selector, logo: self.logo, evidence: self.evidence };
        let made = wish.generate()?;
        Answer::new(&made, &made, "", self.shape)
    }
}
