//! Certificates for the names that clients and senders meet: which are wanted, how they stand, and asking for them.

mod answers;
mod watch;

use rules::{Blame, Fault, Retry};
use store::{Certificate, SendingDomain, WantedCertificate};
use syntax::Timestamp;

use crate::Ops;

pub(crate) use answers::{is_within, record as challenge_record};
pub use watch::CertificateWatch;
pub(crate) use watch::Certificates;

/// Labels under a domain that lead to its mail host and are asked over HTTPS: RFC 8461 §3.3, and the set-up of mail programs.
const LABELS: [&str; 3] = ["autoconfig", "autodiscover", "mta-sts"];

/// A certificate, and how it stands in a word.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CertificateView {
    /// The certificate.
    #[serde(flatten)]
    pub certificate: Certificate,
    /// `valid`, `ended`, or `none` (none was given yet).
    pub state: &'static str,
}

impl Ops {
    /// Every certificate that is wanted, by name.
    ///
    /// # Errors
    /// `store.*`
    pub async fn certificates(&self) -> Result<Vec<CertificateView>, Fault> {
        let now = self.store.clock().now();
        let view = |certificate: Certificate| CertificateView { state: state(&certificate, now), certificate };
        Ok(self.store.certificates().await?.into_iter().map(view).collect())
    }

    /// The certificates that have one of these names, or are of one of these domains.
    ///
    /// # Errors
    /// `certificate.unknown`, `store.*`
    pub async fn certificates_meant(&self, of: &[String]) -> Result<Vec<CertificateView>, Fault> {
        let mut meant: Vec<CertificateView> = Vec::new();
        let all = self.certificates().await?;
        for wish in of {
            let wish = wish.trim_end_matches('.').to_ascii_lowercase();
            let found = all.iter().find(|view| view.certificate.names.iter().any(|name| is_meant(name, &wish)));
            let found = found.ok_or_else(|| unknown(&wish))?;
            if !meant.iter().any(|view| view.certificate.name == found.certificate.name) {
                meant.push(found.clone());
            }
        }
        Ok(meant)
    }

    /// Asks for an order of each. `serve` makes it: now, or as soon as the last order is a minute ago and the CA may be asked.
    ///
    /// # Errors
    /// `store.*`
    pub async fn ask_for_certificates(&self, of: &[CertificateView]) -> Result<(), Fault> {
        let names = of.iter().map(|view| view.certificate.name.clone()).collect();
        self.store.ask_for_certificates(names).await.map(drop)
    }
}

fn state(certificate: &Certificate, now: Timestamp) -> &'static str {
    match certificate.not_after {
        None => "none",
        Some(end) if end <= now => "ended",
        Some(_) => "valid",
    }
}

/// A name itself, or the domain that it is the autoconfig name of.
fn is_meant(name: &str, wish: &str) -> bool {
    name == wish || name.strip_prefix("autoconfig.") == Some(wish)
}

fn unknown(wish: &str) -> Fault {
    Fault::new("certificate.unknown", Blame::Caller, Retry::AfterChange).context(format!(
        "no certificate is wanted for {wish}: `serve` wants one for each domain and for `hostname` once `acme.directory` is set; \
         `coldrelay cert list` shows them"
    ))
}

/// What is wanted: one certificate for each domain, and one for the host name of the installation when no domain has it.
pub(crate) fn wanted(hostname: &str, domains: &[SendingDomain]) -> Vec<WantedCertificate> {
    let of_domain = |domain: &SendingDomain| {
        let host = domain.mail_host.to_string();
        let under = LABELS.map(|label| domain.name.child(label).to_string());
        WantedCertificate { name: host.clone(), names: std::iter::once(host).chain(under).collect() }
    };
    let mut wanted: Vec<WantedCertificate> = domains.iter().map(of_domain).collect();
    let hostname = hostname.to_ascii_lowercase();
    if hostname.contains('.') && !wanted.iter().any(|one| one.names.contains(&hostname)) {
        wanted.push(WantedCertificate { name: hostname.clone(), names: vec![hostname] });
    }
    wanted
}

#[cfg(test)]
mod tests;
