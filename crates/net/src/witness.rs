//! A certificate looked at: whoever shows it is let in, and what it is worth is written down.

use std::sync::{Arc, Mutex, PoisonError};

use rules::{Blame, Fault, Retry};
use rustls::{ClientConfig, RootCertStore, client::WebPkiServerVerifier};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::{
    ClientTls,
    tls::{Judge, Shown, provider},
};

/// A certificate that was shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Certificate {
    /// The names that it is for.
    pub names: Vec<String>,
    /// Who signed it.
    pub issuer: String,
    /// Until when it holds, as `2027-01-31 12:00:00 +00:00`.
    pub until: String,
    /// Why a sender that verifies would not take it; `None` when it would.
    pub problem: Option<String>,
}

/// What the handshakes of one [`ClientTls`] have shown.
#[derive(Debug, Clone, Default)]
pub struct Witness(Arc<Mutex<Option<Certificate>>>);

impl Witness {
    /// The last certificate shown.
    pub fn certificate(&self) -> Option<Certificate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientTls {
    /// Takes any certificate, as opportunistic TLS does, and writes down what the public roots, and `more` of them (DER),
    /// say of it.
    pub fn witnessed(more: &[Vec<u8>]) -> (Self, Witness) {
        let witness = Witness::default();
        let roots = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(more)), provider()).build().ok();
        (Self::judged_by(Witnessing { roots, seen: witness.clone() }), witness)
    }

    /// Checks the certificate against the public roots and `more` of them (DER).
    pub fn verified_by(more: &[Vec<u8>]) -> Self {
        let roots = roots(more);
        Self::build(|builder: rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>| {
            builder.with_root_certificates(roots)
        })
    }
}

fn roots(more: &[Vec<u8>]) -> RootCertStore {
    let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    store.add_parsable_certificates(more.iter().map(|der| CertificateDer::from(der.clone())));
    store
}

#[derive(Debug)]
struct Witnessing {
    roots: Option<Arc<WebPkiServerVerifier>>,
    seen: Witness,
}

impl Judge for Witnessing {
    fn judge(&self, shown: &Shown<'_>) -> Result<(), rustls::Error> {
        let problem = match &self.roots {
            Some(roots) => shown.by(roots).err().map(|error| error.to_string()),
            None => Some(String::from("it could not be judged")),
        };
        let certificate = Certificate { problem, ..read(shown.end_entity) };
        *self.seen.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
        Ok(())
    }
}

/// A certificate, and from when until when it holds in seconds since the epoch. `problem` is not judged.
///
/// # Errors
/// `tls.certificate` when it cannot be read.
pub fn read_certificate(der: &[u8]) -> Result<(Certificate, i64, i64), Fault> {
    let (_, parsed) = X509Certificate::from_der(der).map_err(|error| {
        Fault::new("tls.certificate", Blame::Operator, Retry::AfterChange)
            .context(format!("it cannot be read: {error}"))
    })?;
    let validity = parsed.validity();
    Ok((read(der), validity.not_before.timestamp(), validity.not_after.timestamp()))
}

fn read(der: &[u8]) -> Certificate {
    let mut certificate = Certificate { names: Vec::new(), issuer: String::new(), until: String::new(), problem: None };
    let Ok((_, parsed)) = X509Certificate::from_der(der) else { return certificate };
    let alternatives = parsed.subject_alternative_name().ok().flatten();
    certificate.names =
        alternatives.into_iter().flat_map(|extension| &extension.value.general_names).filter_map(name).collect();
    certificate.issuer = parsed.issuer().to_string();
    certificate.until = parsed.validity().not_after.to_datetime().to_string();
    certificate
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    }
}
