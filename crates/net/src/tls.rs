//! TLS on both sides. rustls with aws-lc-rs, told explicitly: no process-wide default is needed.

use std::{fmt::Debug, fs, path::Path, sync::Arc};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rules::{Blame, Fault, Retry};
use rustls::{
    ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};

use crate::chosen::{Chosen, Look, certified, look};

/// What a server shows. Clones share it: a certificate that is changed is changed in every listener.
#[derive(Clone)]
pub struct ServerTls(pub(crate) Arc<ServerConfig>, Arc<Chosen>);

/// What a client trusts.
#[derive(Clone)]
pub struct ClientTls(pub(crate) Arc<ClientConfig>, pub(crate) Option<&'static str>);

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerTls")
    }
}

impl std::fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientTls")
    }
}

impl ServerTls {
    /// A new self-signed certificate for these names.
    ///
    /// # Errors
    /// `tls.certificate`.
    pub fn self_signed(names: &[String]) -> Result<Self, Fault> {
        let (certificate, key) = make(names)?;
        Self::from_pem_text(&certificate, &key)
    }

    /// A self-signed certificate kept in `folder` (made on first use, key readable by the owner only).
    ///
    /// # Errors
    /// `tls.certificate`.
    pub fn kept_in(folder: &Path, names: &[String]) -> Result<Self, Fault> {
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        if !certificate.exists() || !key.exists() {
            let (certificate_text, key_text) = make(names)?;
            fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
            write_private(&key, &key_text).map_err(|error| unwritable(&key, error))?;
            fs::write(&certificate, certificate_text).map_err(|error| unwritable(&certificate, error))?;
        }
        Self::from_pem(&certificate, &key)
    }

    /// From PEM files.
    ///
    /// # Errors
    /// `tls.certificate`.
    pub fn from_pem(certificate: &Path, key: &Path) -> Result<Self, Fault> {
        let read = |path: &Path| {
            fs::read_to_string(path).map_err(|error| fault(error).context(format!("reading {}", path.display())))
        };
        Self::from_pem_text(&read(certificate)?, &read(key)?)
            .map_err(|fault| fault.context(format!("{} and {}", certificate.display(), key.display())))
    }

    /// Shows this certificate (chain and key, PEM) from now on to clients that ask for one of these names.
    ///
    /// # Errors
    /// `tls.certificate`
    pub fn show(&self, names: &[String], chain: &str, key: &str) -> Result<(), Fault> {
        self.1.set(names, certified(chain, key)?);
        Ok(())
    }

    /// Names the host whose certificate clients see that name nobody, once there is one.
    pub fn show_by_default(&self, name: &str) {
        self.1.set_own(name);
    }

    /// Shows for these names again what is shown for every other.
    pub fn forget(&self, names: &[String]) {
        self.1.forget(names);
    }

    /// What a certificate says of itself, once its key was held against it.
    ///
    /// # Errors
    /// `tls.certificate`
    pub fn look(chain: &str, key: &str) -> Result<Look, Fault> {
        look(chain, key)
    }

    fn from_pem_text(certificate: &str, key: &str) -> Result<Self, Fault> {
        let chosen = Arc::new(Chosen::new(certified(certificate, key)?));
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(fault)?
            .with_no_client_auth()
            .with_cert_resolver(chosen.clone());
        Ok(Self(Arc::new(config), chosen))
    }
}

impl ClientTls {
    /// Encrypts without checking who is there: opportunistic STARTTLS. RFC 7435.
    pub fn opportunistic() -> Self {
        Self::judged_by(AnyCertificate)
    }

    /// Takes what a judge takes.
    pub(crate) fn judged_by(judge: impl Judge) -> Self {
        let verifier = Arc::new(Judged(judge, provider()));
        Self::build(|builder| builder.dangerous().with_custom_certificate_verifier(verifier))
    }

    /// Checks the certificate against the public roots.
    pub fn verified() -> Self {
        Self::verified_by(&[])
    }

    /// Named for what it holds to; the name is told beside version and cipher.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self(self.0, Some(name))
    }

    #[expect(clippy::expect_used, reason = "aws-lc-rs supports the default protocol versions")]
    pub(crate) fn build(
        verify: impl FnOnce(
            rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
        ) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>,
    ) -> Self {
        let builder = ClientConfig::builder_with_provider(provider());
        let builder = builder.with_safe_default_protocol_versions().expect("default protocol versions");
        Self(Arc::new(verify(builder).with_no_client_auth()), None)
    }
}

/// The certificates of a PEM file, DER.
///
/// # Errors
/// `tls.certificate` when it cannot be read or holds none.
pub fn certificates(file: &Path) -> Result<Vec<Vec<u8>>, Fault> {
    let reading = || format!("reading {}", file.display());
    let text = fs::read(file).map_err(|error| fault(error).context(reading()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| fault(error).context(reading()))?;
    if found.is_empty() {
        return Err(Fault::caller("tls.certificate", format!("{} holds no certificate (PEM)", file.display())));
    }
    Ok(found.into_iter().map(|one| one.to_vec()).collect())
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Certificate and key as PEM.
pub(crate) fn make(names: &[String]) -> Result<(String, String), Fault> {
    let key = KeyPair::generate().map_err(fault)?;
    let mut parameters = CertificateParams::new(names.to_vec()).map_err(fault)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, names.first().map_or("coldrelay", String::as_str));
    parameters.distinguished_name = subject;
    let certificate = parameters.self_signed(&key).map_err(fault)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

pub(crate) fn fault(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::new("tls.certificate", Blame::Operator, Retry::AfterChange).caused_by(error)
}

fn unwritable(path: &Path, error: std::io::Error) -> Fault {
    fault(error).context(format!("writing {}: is the folder writable?", path.display()))
}

/// What a server shows in a handshake.
pub(crate) struct Shown<'a> {
    pub(crate) end_entity: &'a CertificateDer<'a>,
    pub(crate) intermediates: &'a [CertificateDer<'a>],
    pub(crate) server_name: &'a ServerName<'a>,
    pub(crate) ocsp_response: &'a [u8],
    pub(crate) now: UnixTime,
}

impl Shown<'_> {
    /// Held against roots.
    pub(crate) fn by(&self, roots: &WebPkiServerVerifier) -> Result<(), rustls::Error> {
        let Self { end_entity, intermediates, server_name, ocsp_response, now } = self;
        roots.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, *now).map(drop)
    }
}

/// Says what a certificate is worth.
pub(crate) trait Judge: Debug + Send + Sync + 'static {
    /// Whether it is taken.
    fn judge(&self, shown: &Shown<'_>) -> Result<(), rustls::Error>;
}

/// Takes any certificate.
#[derive(Debug)]
struct AnyCertificate;

impl Judge for AnyCertificate {
    fn judge(&self, _: &Shown<'_>) -> Result<(), rustls::Error> {
        Ok(())
    }
}

/// Asks a judge for the certificate, and checks for every judge alike that the server holds the key of what it shows.
#[derive(Debug)]
struct Judged<J>(J, Arc<CryptoProvider>);

impl<J: Judge> ServerCertVerifier for Judged<J> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.0.judge(&Shown { end_entity, intermediates, server_name, ocsp_response, now })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.1.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.1.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.signature_verification_algorithms.supported_schemes()
    }
}
