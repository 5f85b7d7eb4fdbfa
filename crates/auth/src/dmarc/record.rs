//! The text of a DMARC record taken apart. Pure. RFC 9989 §4.7, §4.8.

use crate::Policy;

/// A record that counts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DmarcRecord {
    /// As published.
    pub text: String,
    /// `p`; none when it is missing or wrong and reports are asked for. RFC 9989 §4.7
    pub policy: Policy,
    /// `sp`: for sub-domains.
    pub subdomain: Option<Policy>,
    /// `np`: for sub-domains that do not exist.
    pub absent: Option<Policy>,
    /// `psd`
    pub psd: Psd,
    /// `t=y`: the policy counts as one level lower.
    pub testing: bool,
    /// `adkim=s`: d= must be the From domain itself.
    pub strict_dkim: bool,
    /// `aspf=s`: the envelope sender's domain must be the From domain itself.
    pub strict_spf: bool,
    /// `rua`: where aggregate reports go.
    pub rua: Vec<String>,
    /// `ruf`: where failure reports go.
    pub ruf: Vec<String>,
    /// What is odd about it, tag by tag.
    pub notes: Vec<DmarcNote>,
}

/// Whether the domain is a public suffix. RFC 9989 §4.7
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Psd {
    /// It is one: its organisations are one label below.
    Yes,
    /// It is an organisational domain for certain.
    No,
    /// Not said.
    Unsaid,
}

/// What is odd about a tag.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DmarcNote {
    /// The tag.
    pub tag: String,
    /// What about it.
    pub why: String,
    /// Whether the record means something else than its author meant; else it is only old or idle.
    pub misleads: bool,
}

/// Whether a TXT record is meant as DMARC.
pub fn is_dmarc(text: &str) -> bool {
    let start = text.split(';').next().unwrap_or_default();
    start
        .split_once('=')
        .is_some_and(|(tag, value)| tag.trim().eq_ignore_ascii_case("v") && value.trim().eq_ignore_ascii_case("DMARC1"))
}

/// Reads a record.
///
/// # Errors
/// Why it is no DMARC record for any receiver.
pub fn parse(text: &str) -> Result<DmarcRecord, String> {
    let mut tags = text.split(';').map(str::trim);
    match tags.next().and_then(|tag| tag.split_once('=')) {
        // RFC 9989 §4.7: the value is case-sensitive, and the tag comes first.
        Some((tag, value)) if tag.trim().eq_ignore_ascii_case("v") && value.trim() == "DMARC1" => {}
        _ => return Err(String::from("it does not begin with `v=DMARC1`")),
    }
    let mut record = DmarcRecord {
        text: text.to_owned(),
        policy: Policy::None,
        subdomain: None,
        absent: None,
        psd: Psd::Unsaid,
        testing: false,
        strict_dkim: false,
        strict_spf: false,
        rua: Vec::new(),
        ruf: Vec::new(),
        notes: Vec::new(),
    };
    let mut policy = None;
    let mut seen: Vec<String> = Vec::new();
    for tag in tags.filter(|tag| !tag.is_empty()) {
        let Some((name, value)) = tag.split_once('=') else {
            record.note(tag, "it has no value: write `tag=value`", true);
            continue;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if seen.contains(&name) {
            record.note(&name, "it stands there twice: receivers differ in which one they take", true);
            continue;
        }
        if name == "p" {
            policy = record.policy_tag("p", value)
        } else {
            record.take(&name, value)
        }
        seen.push(name);
    }
    let is_whole = !record.notes.iter().any(|note| ["p", "sp", "np"].contains(&note.tag.as_str()));
    match policy {
        Some(policy) if is_whole => record.policy = policy,
        // RFC 9989 §4.7: an invalid policy with somewhere to report to counts as p=none.
        _ if !record.rua.is_empty() => {
            if policy.is_none() && !seen.iter().any(|tag| tag == "p") {
                record.note("p", "there is no policy: it counts as `p=none`", true);
            }
        }
        _ => return Err(String::from("it has no valid policy (`p=none`, `quarantine` or `reject`) and no `rua`")),
    }
    Ok(record)
}

impl DmarcRecord {
    /// What receivers are asked to do with mail of the record's own domain that fails.
    pub fn own_policy(&self) -> Policy {
        self.tested(self.policy)
    }

    /// What receivers are asked to do with mail of a sub-domain that has no record of its own.
    pub fn subdomain_policy(&self, exists: bool) -> Policy {
        let asked = if exists { self.subdomain } else { self.absent.or(self.subdomain) };
        self.tested(asked.unwrap_or(self.policy))
    }

    /// RFC 9989 §4.7: `t=y` lowers the policy by one level.
    fn tested(&self, policy: Policy) -> Policy {
        match policy {
            Policy::Reject if self.testing => Policy::Quarantine,
            Policy::Quarantine if self.testing => Policy::None,
            policy => policy,
        }
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "sp" => self.subdomain = self.policy_tag("sp", value),
            "np" => self.absent = self.policy_tag("np", value),
            "adkim" => self.strict_dkim = self.one_of(name, value, &["r", "s"]) == Some("s"),
            "aspf" => self.strict_spf = self.one_of(name, value, &["r", "s"]) == Some("s"),
            "t" => self.testing = self.one_of(name, value, &["y", "n"]) == Some("y"),
            "psd" => {
                self.psd = match self.one_of(name, value, &["y", "n", "u"]) {
                    Some("y") => Psd::Yes,
                    Some("n") => Psd::No,
                    _ => Psd::Unsaid,
                }
            }
            "rua" => self.rua = self.destinations(name, value),
            "ruf" => self.ruf = self.destinations(name, value),
            "fo" => {
                if !value.split(':').all(|option| matches!(option.trim(), "0" | "1" | "d" | "s")) {
                    self.note(name, &format!("`{value}` is none of 0, 1, d, s"), false);
                }
            }
            // Partial rollout: receivers of RFC 7489 still read it.
            "pct" if value != "100" => self.note(name, "RFC 9989 took it out: newer receivers ignore it", true),
            "pct" | "rf" | "ri" => self.note(name, "RFC 9989 took it out: it can go", false),
            "v" => self.note(name, "it stands there twice", false),
            _ => self.note(name, "no tag of DMARC: receivers ignore it", false),
        }
    }

    fn policy_tag(&mut self, name: &str, value: &str) -> Option<Policy> {
        let found = match value.to_ascii_lowercase().as_str() {
            "none" => Some(Policy::None),
            "quarantine" => Some(Policy::Quarantine),
            "reject" => Some(Policy::Reject),
            _ => None,
        };
        if found.is_none() {
            self.note(name, &format!("`{value}` is none of none, quarantine, reject"), true);
        }
        found
    }

    fn one_of<'v>(&mut self, name: &str, value: &str, values: &[&'v str]) -> Option<&'v str> {
        let found = values.iter().find(|one| one.eq_ignore_ascii_case(value)).copied();
        if found.is_none() {
            self.note(name, &format!("`{value}` is none of {}: the default holds", values.join(", ")), true);
        }
        found
    }

    fn destinations(&mut self, name: &str, value: &str) -> Vec<String> {
        let mut kept = Vec::new();
        for uri in value.split(',').map(str::trim).filter(|uri| !uri.is_empty()) {
            let is_mail = uri.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
            let rest = uri.get(7..).filter(|_| is_mail).unwrap_or_default();
            // `!10m` limited the size; RFC 9989 took it out.
            let (address, limit) = rest.split_once('!').map_or((rest, None), |(to, size)| (to, Some(size)));
            match address.contains('@') {
                true => {
                    if limit.is_some() {
                        self.note(name, "RFC 9989 took the size limit (`!`) out", false);
                    }
                    kept.push(address.to_owned());
                }
                false => self.note(name, &format!("`{uri}` is no `mailto:` address"), true),
            }
        }
        kept
    }

    fn note(&mut self, tag: &str, why: &str, misleads: bool) {
        self.notes.push(DmarcNote { tag: tag.to_owned(), why: why.to_owned(), misleads });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, policy: Policy, notes: &[&str]) {
        let record = parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        let tags: Vec<&str> = record.notes.iter().map(|note| note.tag.as_str()).collect();
        assert_eq!((record.policy, tags.as_slice()), (policy, notes), "{text}");
    }

    #[test]
    fn records_are_read() {
        check("v=DMARC1; p=reject", Policy::Reject, &[]);
        check("v=DMARC1;p=none;", Policy::None, &[]);
        check("V = DMARC1 ; P = Quarantine", Policy::Quarantine, &[]);
        check("v=DMARC1; rua=mailto:a@b.test; p=reject; np=reject; t=n; psd=n", Policy::Reject, &[]);
        check("v=DMARC1; p=reject; pct=50", Policy::Reject, &["pct"]);
        check("v=DMARC1; p=reject; colour=red", Policy::Reject, &["colour"]);
        check("v=DMARC1; p=monitor; rua=mailto:a@b.test", Policy::None, &["p"]);
        check("v=DMARC1; rua=mailto:a@b.test", Policy::None, &["p"]);
        check("v=DMARC1; p=reject; sp=never; rua=mailto:a@b.test", Policy::None, &["sp"]);
        check("v=DMARC1; p=none; rua=mailto:a@b.test!10m,https://b.test", Policy::None, &["rua", "rua"]);
        check("v=DMARC1; p=none; rua=mailto:x!a@b.test", Policy::None, &["rua"]);
    }

    #[test]
    fn what_no_receiver_takes_is_refused() {
        for text in [
            "v=DMARC1",
            "v=DMARC1; p=monitor",
            "p=reject; v=DMARC1",
            "v=dmarc1; p=none",
            "v=spf1 -all",
            "",
            ";v=DMARC1; p=none",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(is_dmarc("v=dmarc1; p=none") && is_dmarc("v = DMARC1") && !is_dmarc("v=DMARC10") && !is_dmarc("x"));
    }

    #[test]
    fn a_policy_under_test_counts_as_one_level_lower() {
        let record = parse("v=DMARC1; p=reject; sp=quarantine; np=reject; t=y").unwrap();
        assert_eq!(record.own_policy(), Policy::Quarantine);
        assert_eq!(record.subdomain_policy(true), Policy::None);
        assert_eq!(record.subdomain_policy(false), Policy::Quarantine);
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(text in "(v=DMARC1;)?.*") {
            let _ = parse(&text);
        }
    }
}
