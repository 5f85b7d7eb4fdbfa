//! `coldrelay generate dmarc`

use clap::Args;
use rules::{
    Fault,
    generate::{
        self, ReportUri,
        dmarc::{Alignment, Policy, Psd, parse_fo},
    },
};

use super::{Answer, Shape};

#[derive(Args)]
pub struct Dmarc {
    /// The domain in From
    domain: String,
    /// For mail of the domain that fails: none, quarantine or reject
    #[arg(long, value_name = "POLICY", default_value = "none")]
    p: String,
    /// For mail of its sub-domains
    #[arg(long, value_name = "POLICY")]
    sp: Option<String>,
    /// For mail of sub-domains that do not exist
    #[arg(long, value_name = "POLICY")]
    np: Option<String>,
    /// Whether it is a public suffix: y, n or u
    #[arg(long, value_name = "WORD", default_value = "u")]
    psd: String,
    /// On trial: receivers apply the next weaker policy
    #[arg(long)]
    t: bool,
    /// Alignment of DKIM: relaxed or strict
    #[arg(long, value_name = "WORD", default_value = "relaxed")]
    adkim: String,
    /// Alignment of SPF: relaxed or strict
    #[arg(long, value_name = "WORD", default_value = "relaxed")]
    aspf: String,
    /// Where aggregate reports go: an address or an https: URL
    #[arg(long, value_name = "URI")]
    rua: Vec<String>,
    /// Where failure reports go
    #[arg(long, value_name = "URI")]
    ruf: Vec<String>,
    /// When a failure is reported: 0, 1, d, s, as in 1:d:s
    #[arg(long, value_name = "LETTERS")]
    fo: Option<String>,
    #[command(flatten)]
    shape: Shape,
}

impl Dmarc {
    pub fn answer(self) -> Result<Answer, Fault> {
        let policy = |text: &Option<String>| text.as_deref().map(Policy::parse).transpose();
        let wish = generate::dmarc::Dmarc {
            domain: generate::domain(&self.domain)?,
            p: Policy::parse(&self.p)?,
            sp: policy(&self.sp)?,
            np: policy(&self.np)?,
            psd: Psd::parse(&self.psd)?,
            t: self.t,
            adkim: Alignment::parse(&self.adkim)?,
            aspf: Alignment::parse(&self.aspf)?,
            rua: uris(&self.rua)?,
            ruf: uris(&self.ruf)?,
            fo: parse_fo(self.fo.as_deref().unwrap_or_default())?,
        };
        let made = wish.generate();
        Answer::new(&made, &made, "", self.shape)
    }
}

/// Where reports go.
pub fn uris(texts: &[String]) -> Result<Vec<ReportUri>, Fault> {
    texts.iter().map(|text| ReportUri::parse(text)).collect()
}
