//! The record of a DKIM key, from its public half. RFC 6376 §3.6.1, RFC 8301, RFC 8463.

use syntax::{Domain, decode_base64, encode_base64};

use super::{Generated, TxtRecord, tell_idn};
use crate::Fault;

/// Shortest RSA key that verifiers take, in bits. RFC 8301 §3.2.
const LEAST_BITS: usize = 1024;
/// Bits that signers should use. RFC 8301 §3.2.
const GOOD_BITS: usize = 2048;
/// Longest that verifiers must take. RFC 8301 §3.2.
const MOST_BITS: usize = 4096;
/// Octets of an Ed25519 public key. RFC 8032 §5.1.5.
const ED25519_OCTETS: usize = 32;
/// rsaEncryption, 1.2.840.113549.1.1.1. RFC 8017 §A.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-Ed25519, 1.3.101.112. RFC 8410 §3.
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// A public key, as `k=` and `p=` have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// SubjectPublicKeyInfo in DER, and the bits of its modulus.
    Rsa(Vec<u8>, usize),
    /// The bare octets.
    Ed25519(Vec<u8>),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dkim {
    /// `d=` of the signatures.
    pub domain: Domain,
    /// `s=` of the signatures, as read by [`selector`].
    pub selector: String,
    /// The key; none revokes the selector.
    pub key: Option<PublicKey>,
    /// `t=y`: verifiers treat a failure as if there were no signature.
    pub testing: bool,
    /// `t=s`: `i=` of a signature may not be of a sub-domain.
    pub strict: bool,
}

/// Reads a selector: labels of letters, digits, hyphens and underscores.
///
/// # Errors
/// `generate.dkim-selector`
pub fn selector(text: &str) -> Result<String, Fault> {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(plain) && !label.starts_with('-') && !label.ends_with('-')
    };
    if text.len() <= 120 && text.split('.').all(label) {
        return Ok(text.to_ascii_lowercase());
    }
    let what = format!("`{text}` is no selector: use letters, digits and hyphens, as in s20261124");
    Err(Fault::caller("generate.dkim-selector", what))
}

impl PublicKey {
    /// Reads a PEM (`BEGIN PUBLIC KEY`), the base64 of such a key, 32 octets of Ed25519 in base64, or a DKIM record.
    ///
    /// # Errors
    /// `generate.dkim-key`
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fault = |why: &str| Fault::caller("generate.dkim-key", format!("this is no public key for DKIM: {why}"));
        if text.contains("PRIVATE KEY") {
            return Err(fault(
                "it is a private key, which nobody may see; `openssl pkey -pubout` makes the public one",
            ));
        }
        if text.contains("BEGIN RSA PUBLIC KEY") {
            return Err(fault(
                "it is in PKCS#1 form; `openssl rsa -RSAPublicKey_in -pubout` makes the form that DKIM has",
            ));
        }
        let octets = decode_base64(&payload(text)).ok_or_else(|| fault("it is no base64"))?;
        if octets.len() == ED25519_OCTETS {
            return Ok(Self::Ed25519(octets));
        }
        let key =
            subject_public_key(&octets).ok_or_else(|| fault("it is no SubjectPublicKeyInfo of RSA or Ed25519"))?;
        match key {
            Self::Rsa(_, bits) if bits < LEAST_BITS => Err(fault(&format!(
                "an RSA key of {bits} bits counts for nothing; {LEAST_BITS} is the least, {GOOD_BITS} is usual"
            ))),
            Self::Rsa(_, bits) if bits > MOST_BITS => {
                Err(fault(&format!("verifiers need not take an RSA key of {bits} bits; {GOOD_BITS} is usual")))
            }
            key => Ok(key),
        }
    }

    /// `k=`
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(..) => "rsa",
            Self::Ed25519(_) => "ed25519",
        }
    }

    /// `p=`
    pub fn base64(&self) -> String {
        match self {
            Self::Rsa(octets, _) | Self::Ed25519(octets) => encode_base64(octets),
        }
    }
}

/// The base64 within armour, a record, or as it is.
fn payload(text: &str) -> String {
    let inner = match text.split_once("-----BEGIN PUBLIC KEY-----") {
        Some((_, rest)) => rest.split("-----END").next().unwrap_or_default(),
        None if text.contains("p=") && text.contains("DKIM1") => {
            text.rsplit_once("p=").map_or("", |(_, rest)| rest).split(';').next().unwrap_or_default()
        }
        None => text,
    };
    inner.chars().filter(|letter| !letter.is_whitespace() && *letter != '"').collect()
}

/// SubjectPublicKeyInfo. RFC 5280 §4.1.
fn subject_public_key(octets: &[u8]) -> Option<PublicKey> {
    let (0x30, info, []) = element(octets)? else { return None };
    let (0x30, algorithm, rest) = element(info)? else { return None };
    let (0x06, name, _) = element(algorithm)? else { return None };
    let (0x03, bits, []) = element(rest)? else { return None };
    let key = bits.strip_prefix(&[0])?;
    match name {
        ED25519 => (key.len() == ED25519_OCTETS).then(|| PublicKey::Ed25519(key.to_vec())),
        RSA => {
            let (0x30, numbers, []) = element(key)? else { return None };
            let (0x02, modulus, _) = element(numbers)? else { return None };
            let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
            let empty_bits = usize::try_from(modulus.first()?.leading_zeros()).ok()?;
            Some(PublicKey::Rsa(octets.to_vec(), modulus.len() * 8 - empty_bits))
        }
        _ => None,
    }
}

/// Tag, content and what follows. X.690 §8.1.
fn element(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = octets.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x82 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

impl Dkim {
    /// The record.
    pub fn generate(&self) -> Generated {
        let name = self.domain.child(&format!("{}._domainkey", self.selector)).to_string();
        let mut tags = vec![(String::from("v=DKIM1"), String::from("this is a DKIM key"))];
        if let Some(key) = &self.key {
            tags.push((format!("k={}", key.algorithm()), algorithm_means(key)));
        }
        if self.testing || self.strict {
            let flags = [(self.testing, "y"), (self.strict, "s")];
            let flags: Vec<&str> = flags.into_iter().filter_map(|(set, flag)| set.then_some(flag)).collect();
            tags.push((format!("t={}", flags.join(":")), flag_means(self.testing, self.strict)));
        }
        let p = self.key.as_ref().map(PublicKey::base64).unwrap_or_default();
        let means = if p.is_empty() { "no key: the selector is revoked" } else { "the public key" };
        tags.push((format!("p={p}"), means.to_owned()));
        let text = tags.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("; ");
        let mut made = Generated::of(TxtRecord::new(name, text, "the DKIM key"));
        tags.into_iter().for_each(|(text, means)| made.part(text, means));
        self.beware(&mut made);
        tell_idn(&mut made, &self.domain);
        made
    }

    fn beware(&self, made: &mut Generated) {
        match &self.key {
            Some(PublicKey::Rsa(_, bits)) if *bits < GOOD_BITS => {
                made.warn(format!("{bits} bits are the least that is taken; use {GOOD_BITS} (RFC 8301 §3.2)"));
            }
            Some(PublicKey::Rsa(_, bits)) if *bits > GOOD_BITS => {
                made.warn(format!(
                    "a key of {bits} bits makes a long answer, which some DNS hosts and resolvers do not manage"
                ));
            }
            Some(PublicKey::Ed25519(_)) => {
                made.warn("many receivers do not verify Ed25519 (RFC 8463): sign with an RSA key besides, under another selector");
            }
            Some(PublicKey::Rsa(..)) => {}
            None => made.note("keep a revoked record for as long as signed mail may still be under way: a week or two"),
        }
        if self.testing {
            made.warn("t=y: take it away once signatures verify; receivers may treat the mail as unsigned");
        }
        if made.records.first().is_some_and(|record| record.strings().len() > 1) {
            made.note(
                "the text is longer than 255 octets: a zone file holds it as several strings, which are joined without a blank; most \
                 forms of DNS hosts take it in one piece",
            );
        }
    }
}

fn algorithm_means(key: &PublicKey) -> String {
    match key {
        PublicKey::Rsa(_, bits) => format!("RSA, {bits} bits"),
        PublicKey::Ed25519(_) => String::from("Ed25519"),
    }
}

fn flag_means(testing: bool, strict: bool) -> String {
    let words = [(testing, "on trial"), (strict, "signatures are only for the domain itself, not for sub-domains")];
    words.into_iter().filter_map(|(set, words)| set.then_some(words)).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example key of RFC 8463 §A.2.
    const ED: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    /// A key of 1024 bits: the example of RFC 6376 §C.
    const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";

    fn sample(key: &str) -> Dkim {
        Dkim {
            domain: "example.com".parse().unwrap(),
            selector: selector("S1").unwrap(),
            key: Some(PublicKey::parse(key).unwrap()),
            testing: false,
            strict: false,
        }
    }

    #[test]
    fn a_key_becomes_a_record_whatever_its_wrapping() {
        let expect = format!("s1._domainkey.example.com. 3600 IN TXT \"v=DKIM1; k=ed25519; p={ED}\"\n");
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQH\nOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
        for text in
            [ED, pem, &format!("v=DKIM1; k=ed25519; p={ED}"), &format!("\"v=DKIM1; p={}\" \"{}\"", &ED[..9], &ED[9..])]
        {
            assert_eq!(sample(text).generate().zone(), expect, "{text}");
        }
    }

    #[test]
    fn the_bits_of_an_rsa_key_are_counted() {
        let made = sample(RSA_1024).generate();
        assert_eq!(made.parts[1].means, "RSA, 1024 bits");
        assert!(made.warnings[0].contains("use 2048"), "{:?}", made.warnings);
        assert_eq!(made.records[0].value, format!("v=DKIM1; k=rsa; p={RSA_1024}"));
    }

    #[test]
    fn flags_stand_before_the_key_and_a_revoked_selector_has_none() {
        let made = Dkim { testing: true, strict: true, ..sample(ED) }.generate();
        assert!(made.records[0].value.contains("; t=y:s; p="), "{}", made.records[0].value);
        let made = Dkim { key: None, ..sample(ED) }.generate();
        assert_eq!(made.records[0].value, "v=DKIM1; p=");
    }

    #[test]
    fn what_is_no_public_key_is_refused_with_the_reason() {
        for (text, why) in [
            ("-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----", "private key"),
            ("-----BEGIN RSA PUBLIC KEY-----\nMC4C\n", "PKCS#1"),
            ("not base64!", "no base64"),
            ("", "SubjectPublicKeyInfo"),
            ("AAAA", "SubjectPublicKeyInfo"),
            // 512 bits.
            (
                "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAN0RPqUTj4GHjy4PJeqogqueIUwlYETeHK8Hba3ahizuB/F+YHzOod0nix7/Rtga9JmBDs82Y7COOiMAyUVMknsCAwEAAQ==",
                "512 bits counts for nothing",
            ),
        ] {
            let fault = PublicKey::parse(text).unwrap_err();
            assert!(fault.code == "generate.dkim-key" && fault.to_string().contains(why), "{text}: {fault}");
        }
        for text in ["", "a..b", "a b", "-a", "ä"] {
            assert_eq!(selector(text).unwrap_err().code, "generate.dkim-selector", "{text}");
        }
    }
}
