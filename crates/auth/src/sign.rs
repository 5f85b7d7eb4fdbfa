//! DKIM signing with every active key of a domain.

use std::sync::Arc;

use mail_auth::{
    common::{
        crypto::{self, DkimKey, Ed25519Key, RsaKey, Sha256},
        headers::{HeaderWriter as _, Writable},
    },
    dkim::DkimSigner,
};
use rules::{Blame, Fault, Retry};
use syntax::{Domain, Message};

use crate::{Algorithm, PrivateKey, key::fault_of};

/// Fields that are signed when they are there. RFC 6376 §5.4.1.
const SIGNED: &[&str] = &[
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
];
/// Fields of which nobody may add another: named once more than they occur. RFC 6376 §8.15.
const OVERSIGNED: &[&str] = &["From", "To", "Subject", "Date", "Reply-To"];

/// One key to sign with.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// `d=`
    pub domain: Domain,
    /// `s=`
    pub selector: String,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// Key.
    pub key: PrivateKey,
}

/// Signs with one signature a key.
pub struct Signer {
    keys: Vec<Ready>,
}

struct Ready {
    domain: String,
    selector: String,
    key: Loaded,
}

/// A key that was read once: checking an RSA key costs about as much as a signature.
#[derive(Clone)]
struct Loaded(Arc<DkimKey>);

impl crypto::SigningKey for Loaded {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        self.0.sign(input)
    }
    fn algorithm(&self) -> crypto::Algorithm {
        self.0.algorithm()
    }
}

impl Signer {
    /// With these keys, one signature each.
    ///
    /// # Errors
    /// `dkim.key`: a key that cannot be read.
    pub fn new(keys: &[SigningKey]) -> Result<Self, Fault> {
        let ready = keys.iter().map(|key| {
            let loaded = match key.algorithm {
                Algorithm::Rsa => rsa(&key.key.0).map(DkimKey::Rsa),
                Algorithm::Ed25519 => ed25519(&key.key.0).map(DkimKey::Ed25519),
            };
            let loaded =
                loaded.map_err(|fault| fault.context(format!("the key {} of {}", key.selector, key.domain)))?;
            let (domain, selector) = (key.domain.to_string(), key.selector.clone());
            Ok(Ready { domain, selector, key: Loaded(Arc::new(loaded)) })
        });
        Ok(Self { keys: ready.collect::<Result<_, Fault>>()? })
    }

    /// The message with its DKIM-Signature fields on top (body normalised so that every verifier agrees).
    ///
    /// # Errors
    /// `dkim.sign`.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let message = with_plain_tail(message);
        let headers = signed_headers(&message);
        let mut signed = Vec::with_capacity(message.len() + 1024);
        for key in &self.keys {
            let signer = DkimSigner::from_key(key.key.clone()).domain(&key.domain).selector(&key.selector);
            let signature = signer.headers(headers.iter().copied()).sign(&message);
            let signature = signature.map_err(|error| {
                Fault::new("dkim.sign", Blame::Us, Retry::Later)
                    .context(format!("signing with {} of {}", key.selector, key.domain))
                    .caused_by(error.to_string())
            })?;
            signature.write_header(&mut signed);
        }
        signed.extend_from_slice(&message);
        Ok(signed)
    }
}

/// The names for `h=`: each field as often as it occurs, some once more.
fn signed_headers(message: &[u8]) -> Vec<&'static str> {
    let mut names = Vec::new();
    let Ok(parsed) = Message::parse(message) else { return vec!["From"] };
    for name in SIGNED {
        let more = usize::from(OVERSIGNED.contains(name));
        names.extend(std::iter::repeat_n(*name, parsed.all(name).count() + more));
    }
    names
}

/// Verifiers disagree on lines at the end that hold only white space (RFC 6376 §3.4.4 would drop them, many hash
/// them): the message goes out without them.
fn with_plain_tail(message: &[u8]) -> Vec<u8> {
    let body = message.windows(4).position(|window| window == b"\r\n\r\n").map_or(message.len(), |at| at + 4);
    let (header, body) = message.split_at(body);
    let body = body.trim_ascii_end();
    let mut plain = header.to_vec();
    plain.extend_from_slice(body);
    if !body.is_empty() {
        plain.extend_from_slice(b"\r\n");
    }
    plain
}

pub(crate) fn rsa(octets: &[u8]) -> Result<RsaKey<Sha256>, Fault> {
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(octets);
    RsaKey::<Sha256>::from_key_der(key.into()).map_err(|error| fault_of(error.to_string()))
}

pub(crate) fn ed25519(octets: &[u8]) -> Result<Ed25519Key, Fault> {
    Ed25519Key::from_pkcs8_der(octets).map_err(|error| fault_of(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_at_the_end_of_the_body_is_dropped() {
        let check = |body: &str, expect: &str| {
            let message = format!("From: a@b.test\r\n\r\n{body}");
            let expect = format!("From: a@b.test\r\n\r\n{expect}");
            assert_eq!(String::from_utf8(with_plain_tail(message.as_bytes())).unwrap(), expect, "{body:?}");
        };
        check("hi\r\n", "hi\r\n");
        check("hi", "hi\r\n");
        check("hi \r\n \r\n\t\r\n", "hi\r\n");
        check("\r\n\r\n", "");
    }

    #[test]
    fn from_is_named_once_more_than_it_occurs() {
        let names = signed_headers(b"From: a@b.test\r\nSubject: x\r\n\r\n");
        assert_eq!(names, ["From", "From", "Reply-To", "To", "Subject", "Subject", "Date"]);
    }
}
