//! A certificate held against TLSA records. RFC 7672 §3

use std::sync::Arc;

use rules::transport::Tlsa;
use rustls::{CertificateError, OtherError, RootCertStore, client::WebPkiServerVerifier};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{
    ClientTls,
    tls::{Judge, Shown, provider},
};

/// Certificates of a chain that are looked at.
const MAX_CHAIN: usize = 16;

impl ClientTls {
    /// Takes a certificate only when one of these records says so. The public roots have no say.
    pub fn by_records(records: Vec<Tlsa>) -> Self {
        Self::judged_by(ByRecords(records)).named("DANE")
    }
}

#[derive(Debug)]
struct ByRecords(Vec<Tlsa>);

/// What is told when nothing matches.
#[derive(thiserror::Error)]
#[error("no TLSA record is about the certificate that was shown")]
struct NoRecord;

/// rustls tells of an error in this form alone.
impl std::fmt::Debug for NoRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl ByRecords {
    fn of_usage(&self, usage: u8) -> impl Iterator<Item = &Tlsa> {
        self.0.iter().filter(move |record| record.usage == usage)
    }

    /// The issuers that records of usage 2 name, out of the chain or out of the record itself.
    fn anchors(&self, chain: &[CertificateDer<'_>]) -> RootCertStore {
        let mut anchors = RootCertStore::empty();
        for record in self.of_usage(2) {
            let shown = chain.iter().take(MAX_CHAIN).filter(|certificate| is_about(record, certificate));
            anchors.add_parsable_certificates(shown.map(|certificate| certificate.clone().into_owned()));
            // RFC 7671 §5.2.1: a whole certificate need not be shown.
            if (record.selector, record.matching) == (0, 0) {
                anchors.add_parsable_certificates([CertificateDer::from(record.data.clone())]);
            }
        }
        anchors
    }
}

fn is_about(record: &Tlsa, certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate).is_ok_and(|(_, parsed)| record.matches(certificate, parsed.public_key().raw))
}

impl Judge for ByRecords {
    fn judge(&self, shown: &Shown<'_>) -> Result<(), rustls::Error> {
        // RFC 7672 §3.1.1: neither the name nor the dates of the host's own certificate count.
        if self.of_usage(3).any(|record| is_about(record, shown.end_entity)) {
            return Ok(());
        }
        let anchors = self.anchors(shown.intermediates);
        let no_record = || CertificateError::Other(OtherError(Arc::new(NoRecord)));
        if anchors.is_empty() {
            return Err(rustls::Error::InvalidCertificate(no_record()));
        }
        // RFC 7672 §3.1.2: below the issuer everything is as usual: chain, name and dates.
        let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(anchors), provider())
            .build()
            .map_err(|_| rustls::Error::InvalidCertificate(no_record()))?;
        shown.by(&judge)
    }
}
