//! Which certificate a server shows: by the name that the client asks for (SNI, RFC 6066 §3). They are changed while listeners
//! run; a connection keeps the one that it began with.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use rules::{Blame, Fault, Retry};
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::tls::{fault, provider};

/// The certificates of one server.
pub(crate) struct Chosen {
    /// Shown when there is none for the name, and to clients that name nobody.
    otherwise: Arc<CertifiedKey>,
    by_name: RwLock<ByName>,
}

#[derive(Default)]
struct ByName {
    names: HashMap<String, Arc<CertifiedKey>>,
    /// Whose certificate is shown to clients that name nobody.
    own: Option<String>,
}

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The names that it is for, in lower case.
    pub names: Vec<String>,
    /// Begin of its life, in seconds since 1970.
    pub not_before: i64,
    /// End of its life, in seconds since 1970.
    pub not_after: i64,
}

impl std::fmt::Debug for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by_name = self.read();
        f.debug_struct("Chosen").field("names", &by_name.names.len()).field("own", &by_name.own).finish()
    }
}

impl Chosen {
    pub(crate) fn new(otherwise: CertifiedKey) -> Self {
        Self { otherwise: Arc::new(otherwise), by_name: RwLock::default() }
    }

    pub(crate) fn set_own(&self, name: &str) {
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).own = Some(name.to_ascii_lowercase());
    }

    pub(crate) fn set(&self, names: &[String], key: CertifiedKey) {
        let key = Arc::new(key);
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.names.extend(names.iter().map(|name| (name.to_ascii_lowercase(), key.clone())));
    }

    pub(crate) fn forget(&self, names: &[String]) {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            by_name.names.remove(&name.to_ascii_lowercase());
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, ByName> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn for_name(&self, name: Option<&str>) -> Arc<CertifiedKey> {
        let by_name = self.read();
        let asked = name.and_then(|name| by_name.names.get(&name.to_ascii_lowercase()));
        let own = || by_name.own.as_ref().and_then(|own| by_name.names.get(own));
        asked.or_else(own).unwrap_or(&self.otherwise).clone()
    }
}

impl ResolvesServerCert for Chosen {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.for_name(hello.server_name()))
    }
}

/// Chain and key from PEM; the key must be the certificate's.
pub(crate) fn certified(chain: &str, key: &str) -> Result<CertifiedKey, Fault> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().map_err(fault)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(fault)?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(fault)
}

/// What the first certificate of a chain says of itself, once its key was held against it.
pub(crate) fn look(chain: &str, key: &str) -> Result<Look, Fault> {
    let unreadable =
        |what: &str| Fault::new("tls.certificate", Blame::Peer, Retry::AfterChange).context(what.to_owned());
    let certified = certified(chain, key)?;
    let first = certified.cert.first().ok_or_else(|| unreadable("the chain holds no certificate"))?;
    let (_, parsed) = X509Certificate::from_der(first).map_err(fault)?;
    let alternatives = parsed.subject_alternative_name().map_err(fault)?;
    let names =
        alternatives.iter().flat_map(|extension| &extension.value.general_names).filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
    let (names, validity) = (names.collect(), parsed.validity());
    Ok(Look { names, not_before: validity.not_before.timestamp(), not_after: validity.not_after.timestamp() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientTls, ServerTls};

    fn key_for(name: &str) -> (String, String) {
        crate::tls::make(&[name.to_owned()]).unwrap()
    }

    fn shown(chosen: &Chosen, name: Option<&str>) -> Vec<String> {
        let key = chosen.for_name(name);
        let (_, parsed) = X509Certificate::from_der(key.cert.first().unwrap()).unwrap();
        let names = parsed.subject_alternative_name().unwrap().unwrap();
        names.value.general_names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn a_name_gets_its_certificate_and_any_other_that_of_the_house() {
        let (fallback, box_a, own) = (key_for("fallback.test"), key_for("box.a.test"), key_for("mail.test"));
        let chosen = Chosen::new(certified(&fallback.0, &fallback.1).unwrap());
        assert!(shown(&chosen, None)[0].contains("fallback.test"));
        chosen.set(&["box.a.test".into()], certified(&box_a.0, &box_a.1).unwrap());
        chosen.set_own("mail.test");
        assert!(shown(&chosen, Some("BOX.a.test"))[0].contains("box.a.test"));
        assert!(shown(&chosen, Some("other.test"))[0].contains("fallback.test"));
        chosen.set(&["mail.test".into()], certified(&own.0, &own.1).unwrap());
        assert!(
            shown(&chosen, None)[0].contains("mail.test")
                && shown(&chosen, Some("other.test"))[0].contains("mail.test")
        );
        chosen.forget(&["Box.A.test".into()]);
        assert!(shown(&chosen, Some("box.a.test"))[0].contains("mail.test"));
    }

    #[test]
    fn a_key_that_is_not_the_certificates_is_not_taken() {
        let (one, other) = (key_for("one.test"), key_for("one.test"));
        assert_eq!(look(&one.0, &other.1).unwrap_err().code, "tls.certificate");
        assert_eq!(look(&one.0, &one.1).unwrap().names, ["one.test"]);
        assert_eq!(look("", &one.1).unwrap_err().code, "tls.certificate");
    }

    #[tokio::test]
    async fn a_running_listener_shows_the_new_certificate_to_the_next_connection() {
        let tls = ServerTls::self_signed(&["old.test".to_owned()]).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut listener = crate::TlsListener::new(listener, &tls).unwrap();
        let at = listener.local_addr();
        let (chain, key) = key_for("box.a.test");
        for expected in ["old.test", "box.a.test"] {
            let (client, witness) = ClientTls::witnessed(&[]);
            let stream = tokio::net::TcpStream::connect(at).await.unwrap();
            let (encrypted, _) = tokio::join!(crate::fetch::encrypt(stream, "box.a.test", &client), listener.accept());
            encrypted.unwrap();
            assert_eq!(witness.certificate().unwrap().names, [expected]);
            tls.show(&["box.a.test".to_owned()], &chain, &key).unwrap();
        }
    }
}
