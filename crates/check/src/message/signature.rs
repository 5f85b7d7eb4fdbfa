//! The DKIM signatures of a message: what they are worth, and what they cover. RFC 6376 §5.4, RFC 8301.

use auth::{Dkim, Verdict};
use syntax::Timestamp;

use super::Letter;
use crate::{Finding, Kind, State, dkim::tag};

const SIGNATURE: Kind = Kind::outbound("dkim.signature", "dkim", "RFC 6376 §6.1");
const COVERS: Kind = Kind::outbound("dkim.covers", "dkim", "RFC 6376 §5.4.1");
const OVERSIGNED: Kind = Kind::outbound("dkim.oversigned", "dkim", "RFC 6376 §5.4.2, §8.15");
const LENGTH: Kind = Kind::outbound("dkim.body-length", "dkim", "RFC 6376 §8.2");
const EXPIRED: Kind = Kind::outbound("dkim.expired", "dkim", "RFC 6376 §3.5");
const HASH: Kind = Kind::outbound("dkim.hash", "dkim", "RFC 8301 §3.1");

pub(crate) const KINDS: &[&Kind] = &[&SIGNATURE, &COVERS, &OVERSIGNED, &LENGTH, &EXPIRED, &HASH];

/// Fields whose change or second occurrence changes what the recipient reads. RFC 6376 §5.4.1
const WANTED: &[&str] = &[
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// One DKIM-Signature field.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Signature {
    /// `d=`
    pub domain: String,
    /// `s=`
    pub selector: String,
    /// `a=`
    pub algorithm: String,
    /// `c=`
    pub canonicalization: String,
    /// `h=`, lower-case, as often as they are named.
    pub covers: Vec<String>,
    /// `t=`
    pub signed_at: Option<Timestamp>,
    /// `x=`
    pub expires_at: Option<Timestamp>,
    /// `l=`: only so many octets of the body are covered.
    pub body_length: Option<u64>,
    /// What verifying it said.
    pub verdict: Verdict,
    /// Why, when not pass.
    pub reason: Option<String>,
}

/// The signatures with what verifying them said.
pub(crate) fn read(letter: &Letter<'_>, verdicts: &[Dkim]) -> Vec<Signature> {
    let mut left: Vec<&Dkim> = verdicts.iter().collect();
    let fields = letter.message.all("DKIM-Signature");
    fields
        .map(|field| {
            let text = field.value();
            let value = |name: &str| tag(&text, name).unwrap_or_default();
            let (domain, selector, algorithm) =
                (value("d").to_ascii_lowercase(), value("s"), value("a").to_ascii_lowercase());
            let is_it = |one: &&Dkim| {
                one.domain.eq_ignore_ascii_case(&domain)
                    && one.selector == selector
                    && one.algorithm.eq_ignore_ascii_case(&algorithm)
            };
            let verdict = left.iter().position(is_it).map(|place| left.remove(place));
            let moment = |name: &str| {
                value(name).parse::<i64>().ok().map(|seconds| Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
            };
            Signature {
                canonicalization: Some(value("c"))
                    .filter(|value| !value.is_empty())
                    .unwrap_or_else(|| "simple/simple".into()),
                covers: value("h").split(':').filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect(),
                signed_at: moment("t"),
                expires_at: moment("x"),
                body_length: value("l").parse().ok(),
                verdict: verdict.map_or(Verdict::PermError, |one| one.verdict),
                reason: match verdict {
                    Some(one) => one.reason.clone(),
                    None => Some(String::from("the signature cannot be read")),
                },
                domain,
                selector,
                algorithm,
            }
        })
        .collect()
}

pub(crate) fn findings(letter: &Letter<'_>, signatures: &[Signature]) -> Vec<Finding> {
    if signatures.is_empty() {
        let fix = "sign with a key of the From domain; what is submitted to this program is signed by it";
        return vec![SIGNATURE.bad("the message bears no DKIM signature").fix(fix)];
    }
    let passing = || signatures.iter().filter(|signature| signature.verdict == Verdict::Pass);
    let mut findings = Vec::new();
    for signature in signatures {
        findings.push(of_signature(signature, passing().next().is_some()));
        findings.extend(of_form(signature, letter));
    }
    if let Some(best) = passing().max_by_key(|signature| signature.covers.len()) {
        findings.extend(of_cover(best, letter));
    }
    findings
}

/// One passing signature is enough; another that fails is odd, and does no harm.
fn of_signature(signature: &Signature, another_passes: bool) -> Finding {
    let name = format!("d={} s={} ({})", signature.domain, signature.selector, signature.algorithm);
    let why = signature.reason.as_deref().unwrap_or("no reason given");
    let finding = match signature.verdict {
        Verdict::Pass => SIGNATURE.ok(format!("the DKIM signature {name} passes")),
        Verdict::TempError => SIGNATURE.found(State::Unknown, format!("could not look: the key of {name}: {why}")),
        verdict if another_passes => SIGNATURE
            .warn(format!("the DKIM signature {name} does not pass ({}): {why}; another one does", verdict.as_str())),
        verdict => SIGNATURE.bad(format!("the DKIM signature {name} does not pass ({}): {why}", verdict.as_str())),
    };
    finding.with("canonicalization", &signature.canonicalization).with("h", signature.covers.join(":"))
}

fn of_form(signature: &Signature, letter: &Letter<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if signature.algorithm.ends_with("sha1") {
        findings
            .push(HASH.bad(format!("the signature of {} uses SHA-1, which no receiver may take", signature.domain)));
    }
    if signature.body_length.is_some() {
        findings
            .push(LENGTH.warn(format!("the signature of {} has `l=`: anybody can add text below", signature.domain)));
    }
    if let (Some(until), Some(at)) = (signature.expires_at, letter.at)
        && until < at
    {
        findings.push(
            EXPIRED.bad(format!("the signature of {} ran out at {until}, before the message came", signature.domain)),
        );
    }
    findings
}

fn of_cover(signature: &Signature, letter: &Letter<'_>) -> Vec<Finding> {
    let covered = |name: &str| signature.covers.iter().filter(|one| *one == name).count();
    let there = |name: &str| letter.message.all(name).count();
    let mut findings = Vec::new();
    let left_out: Vec<&str> = WANTED.iter().copied().filter(|name| there(name) > 0 && covered(name) == 0).collect();
    findings.push(match left_out.as_slice() {
        [] => COVERS.ok(format!("the signature of {} covers what the recipient reads", signature.domain)),
        names if names.contains(&"from") => {
            COVERS.bad(format!("the signature of {} does not cover From", signature.domain))
        }
        names => COVERS.warn(format!("the signature of {} leaves out {}", signature.domain, names.join(", "))),
    });
    // More of a field than the signature names: what stands above the signed one was never signed.
    let doubled: Vec<&str> =
        WANTED.iter().copied().filter(|name| covered(name) > 0 && there(name) > covered(name)).collect();
    if !doubled.is_empty() {
        findings.push(OVERSIGNED.bad(format!("a second {} was added that no signature covers", doubled.join(", "))));
    }
    findings
}
