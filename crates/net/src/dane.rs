//! A certificate held against TLSA records. RFC 7672 §3

use std::sync::Arc;

use rules::transport::Tlsa;
use rustls::{
    CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{
    ClientTls,
    tls::{AnyCertificate, provider},
};

/// Certificates of a chain that are looked at.
const MAX_CHAIN: usize = 16;

impl ClientTls {
    /// Takes a certificate only when one of these records says so. The public roots have no say.
    pub fn by_records(records: Vec<Tlsa>) -> Self {
        let verifier = Arc::new(ByRecords { records, signatures: AnyCertificate(provider()) });
        Self::build(|builder| builder.dangerous().with_custom_certificate_verifier(verifier)).named("DANE")
    }
}

#[derive(Debug)]
struct ByRecords {
    records: Vec<Tlsa>,
    /// That the server holds the key of what it shows is checked as opportunistic TLS checks it.
    signatures: AnyCertificate,
}

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
        self.records.iter().filter(move |record| record.usage == usage)
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

impl ServerCertVerifier for ByRecords {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // RFC 7672 §3.1.1: neither the name nor the dates of the host's own certificate count.
        if self.of_usage(3).any(|record| is_about(record, end_entity)) {
            return Ok(ServerCertVerified::assertion());
        }
        let anchors = self.anchors(intermediates);
        let no_record = || CertificateError::Other(OtherError(Arc::new(NoRecord)));
        if anchors.is_empty() {
            return Err(rustls::Error::InvalidCertificate(no_record()));
        }
        // RFC 7672 §3.1.2: below the issuer everything is as usual: chain, name and dates.
        let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(anchors), provider())
            .build()
            .map_err(|_| rustls::Error::InvalidCertificate(no_record()))?;
        judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signatures.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signatures.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signatures.supported_verify_schemes()
    }
}
