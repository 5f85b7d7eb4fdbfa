//! The DKIM key of a selector. RFC 6376 §3.6, RFC 8301, RFC 8463.

use dns::Found;
use syntax::{Domain, decode_base64};

use crate::{Checks, Finding, Kind, Selector};

const KEY: Kind = Kind::outbound("dkim.key", "dkim", "RFC 6376 §3.6.1");
const MISSING: Kind = Kind::outbound("dkim.missing", "dkim", "RFC 6376 §3.6.2.2");
const REVOKED: Kind = Kind::outbound("dkim.revoked", "dkim", "RFC 6376 §3.6.1");
const SYNTAX: Kind = Kind::outbound("dkim.syntax", "dkim", "RFC 6376 §3.6.1");
const SEVERAL: Kind = Kind::outbound("dkim.several-records", "dkim", "RFC 6376 §3.6.2.2");
const WEAK: Kind = Kind::outbound("dkim.weak-key", "dkim", "RFC 8301 §3.2");
const TESTING: Kind = Kind::outbound("dkim.testing", "dkim", "RFC 6376 §3.6.1");
const DIFFERENT: Kind = Kind::outbound("dkim.key-different", "dkim", "RFC 6376 §3.6.1");

pub(crate) const KINDS: &[&Kind] = &[&KEY, &MISSING, &REVOKED, &SYNTAX, &SEVERAL, &WEAK, &TESTING, &DIFFERENT];

/// Verifiers must not take shorter keys. RFC 8301 §3.2
const LEAST_BITS: usize = 1024;
/// What signers should use at least. RFC 8301 §3.2
const GOOD_BITS: usize = 2048;

/// A key record taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// `rsa` or `ed25519`.
    pub algorithm: String,
    /// Length of the key, in bits.
    pub bits: usize,
    /// `t=y`
    pub testing: bool,
    /// `t=s`: i= must not be below d=.
    pub strict: bool,
}

/// What is wrong with a key record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadKey {
    /// `p=` is empty.
    Revoked,
    /// It cannot be used, and why.
    Syntax(String),
}

impl Checks {
    /// The key at `<selector>._domainkey.<domain>`.
    pub async fn dkim(&self, domain: &Domain, selector: &str) -> Vec<Finding> {
        let name = format!("{selector}._domainkey.{domain}");
        match self.resolver.txt(&name).await {
            Ok(Found::Records(texts)) => of_records(&name, &texts),
            Ok(_) => vec![MISSING.bad(format!("there is no DKIM key at {name}"))],
            Err(fault) => vec![KEY.unknown(&fault)],
        }
    }

    /// The key of a selector, and whether it is the one that signs.
    pub(crate) async fn dkim_key(&self, domain: &Domain, selector: &Selector) -> Vec<Finding> {
        let mut findings = self.dkim(domain, &selector.name).await;
        let Some(expected) = &selector.expected else { return findings };
        let name = format!("{}._domainkey.{domain}", selector.name);
        for finding in findings.iter_mut().filter(|finding| finding.id == MISSING.id || finding.id == REVOKED.id) {
            *finding = finding.clone().record(format!("{name}. TXT \"{expected}\""));
        }
        let Ok(Found::Records(texts)) = self.resolver.txt(&name).await else { return findings };
        let is_ours = |text: &String| tag(text, "p") == tag(expected, "p");
        findings.push(if texts.iter().any(is_ours) {
            DIFFERENT.ok(format!("the key at {name} is the one that signs"))
        } else {
            DIFFERENT
                .bad(format!("the key at {name} is not the one that signs: every signature fails"))
                .record(format!("{name}. TXT \"{expected}\""))
        });
        findings
    }
}

fn of_records(name: &str, texts: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if texts.len() > 1 {
        let finding =
            SEVERAL.warn(format!("there are {} records at {name}: receivers may take any of them", texts.len()));
        findings.push(texts.iter().fold(finding, |finding, text| finding.with("record", text)));
    }
    let keys: Vec<(&String, Result<Key, BadKey>)> = texts.iter().map(|text| (text, read(text))).collect();
    // Of several records the best is told of.
    let Some((text, key)) = keys.iter().find(|(_, key)| key.is_ok()).or_else(|| keys.first()) else { return findings };
    findings.extend(match key {
        Ok(key) => of_key(name, key),
        Err(BadKey::Revoked) => vec![REVOKED.bad(format!("the DKIM key at {name} is revoked (`p=` is empty)"))],
        Err(BadKey::Syntax(why)) => {
            vec![SYNTAX.bad(format!("the DKIM key at {name} cannot be used: {why}")).with("record", text)]
        }
    });
    findings
}

fn of_key(name: &str, key: &Key) -> Vec<Finding> {
    let shown = format!("{} bits, {}", key.bits, key.algorithm);
    let is_rsa = key.algorithm == "rsa";
    let mut findings = vec![match key.bits {
        bits if is_rsa && bits < LEAST_BITS => {
            WEAK.bad(format!("the DKIM key at {name} has {bits} bits: receivers must not take fewer than {LEAST_BITS}"))
        }
        bits if is_rsa && bits < GOOD_BITS => {
            WEAK.warn(format!("the DKIM key at {name} has {bits} bits: use {GOOD_BITS}"))
        }
        _ => KEY.ok(format!("there is a DKIM key at {name}: {shown}")),
    }];
    if key.testing {
        findings.push(TESTING.warn(format!("the DKIM key at {name} is marked as a test (`t=y`): take the mark away")));
    }
    findings
}

/// Reads a key record. RFC 6376 §3.6.1
pub(crate) fn read(text: &str) -> Result<Key, BadKey> {
    let syntax = |why: String| Err(BadKey::Syntax(why));
    if let Some(version) = tag(text, "v")
        && (version != "DKIM1" || !text.trim_start().starts_with('v'))
    {
        return syntax(format!("`v={version}`: it must be `v=DKIM1`, and stand first"));
    }
    let algorithm = tag(text, "k").unwrap_or_else(|| String::from("rsa")).to_ascii_lowercase();
    let listed =
        |name: &str| tag(text, name).map(|value| value.split(':').map(str::to_ascii_lowercase).collect::<Vec<_>>());
    if let Some(services) = listed("s")
        && !services.iter().any(|service| service == "*" || service == "email")
    {
        return syntax(format!("`s={}`: it is not for mail", services.join(":")));
    }
    if let Some(hashes) = listed("h")
        && !hashes.iter().any(|hash| hash == "sha256")
    {
        return syntax(format!("`h={}`: sha256 is not allowed, and sha1 no receiver may take", hashes.join(":")));
    }
    let Some(key) = tag(text, "p") else { return syntax(String::from("it has no `p=`")) };
    if key.is_empty() {
        return Err(BadKey::Revoked);
    }
    let Some(octets) = decode_base64(&key) else {
        return syntax(String::from("`p=` is not base64: was it cut or quoted?"));
    };
    let bits = match algorithm.as_str() {
        "rsa" => {
            modulus_bits(&octets).ok_or_else(|| BadKey::Syntax(String::from("`p=` holds no RSA key: was it cut?")))?
        }
        "ed25519" if octets.len() == 32 => 256,
        "ed25519" => return syntax(format!("`p=` has {} octets, and an Ed25519 key has 32", octets.len())),
        other => return syntax(format!("`k={other}` is no algorithm that receivers know")),
    };
    let flags = listed("t").unwrap_or_default();
    let has = |flag: &str| flags.iter().any(|one| one == flag);
    Ok(Key { algorithm, bits, testing: has("y"), strict: has("s") })
}

/// A tag's value, without the white space that DNS tools put into it.
pub(crate) fn tag(text: &str, name: &str) -> Option<String> {
    let value = text.split(';').find_map(|part| {
        let (tag, value) = part.split_once('=')?;
        (tag.trim() == name).then_some(value)
    })?;
    Some(value.chars().filter(|letter| !letter.is_whitespace()).collect())
}

/// Length of the modulus in a SubjectPublicKeyInfo, or in a bare RSAPublicKey, which some publish. RFC 8017 §A.1.1
fn modulus_bits(der: &[u8]) -> Option<usize> {
    let mut inner = element(der, 0x30)?.0;
    if let Some((_, rest)) = element(inner, 0x30) {
        // AlgorithmIdentifier, then a BIT STRING whose first octet counts unused bits.
        inner = element(element(rest, 0x03)?.0.get(1..)?, 0x30)?.0;
    }
    let modulus = element(inner, 0x02)?.0;
    let leading = modulus.iter().take_while(|octet| **octet == 0).count();
    let first = modulus.get(leading)?;
    Some((modulus.len() - leading) * 8 - usize::try_from(first.leading_zeros()).ok()?)
}

/// The contents of a DER element with that tag, and what follows it. X.690 §8.1
fn element(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    (*tag == wanted).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
mod tests {
    use auth::Algorithm;

    use super::*;

    #[test]
    fn our_own_keys_are_read_with_their_length() {
        let (_, rsa) = auth::generate(Algorithm::Rsa).unwrap();
        assert_eq!(read(&rsa).unwrap(), Key { algorithm: "rsa".into(), bits: 2048, testing: false, strict: false });
        let (_, ed) = auth::generate(Algorithm::Ed25519).unwrap();
        assert_eq!(read(&ed).unwrap().bits, 256);
    }

    #[test]
    fn what_receivers_cannot_use_is_told() {
        let bad = |text: &str| read(text).unwrap_err();
        assert_eq!(bad("v=DKIM1; p="), BadKey::Revoked);
        for text in [
            "v=DKIM1; k=rsa",
            "v=DKIM2; p=AAAA",
            "k=rsa; v=DKIM1; p=AAAA",
            "p=not base64!",
            "k=dsa; p=AAAA",
            "p=AAAA",
            "s=tlsrpt; p=AAAA",
            "h=sha1; p=AAAA",
            "k=ed25519; p=AAAA",
        ] {
            assert!(matches!(bad(text), BadKey::Syntax(_)), "{text}");
        }
    }

    #[test]
    fn a_key_cut_short_is_no_key() {
        let (_, rsa) = auth::generate(Algorithm::Rsa).unwrap();
        // A TXT string of 255 octets without the second one: the usual accident.
        assert!(matches!(read(&rsa[..255]), Err(BadKey::Syntax(_))));
    }
}
