//! The DMARC record of a domain. RFC 9989.

use syntax::Domain;

use super::{Generated, ReportUri, TxtRecord, tell_idn};
use crate::Fault;

/// What is asked for mail that fails. RFC 9989 §4.7: `p`, `sp`, `np`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Nothing: only reports.
    None,
    /// Treat it with suspicion.
    Quarantine,
    /// Refuse it.
    Reject,
}

/// How alike the domains must be. RFC 9989 §4.7: `adkim`, `aspf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alignment {
    /// `r`: of one organisation.
    #[default]
    Relaxed,
    /// `s`: the same.
    Strict,
}

/// Whether the domain is one below which others register theirs. RFC 9989 §4.7: `psd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Psd {
    /// `y`: a public suffix.
    Yes,
    /// `n`: the organisational domain, whatever stands above it.
    No,
    /// `u`: found by the tree walk.
    #[default]
    Unsaid,
}

/// What is asked for in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dmarc {
    /// The domain in From.
    pub domain: Domain,
    /// For the domain.
    pub p: Policy,
    /// For what exists below it; as `p` without.
    pub sp: Option<Policy>,
    /// For names below it that do not exist; as `sp` without.
    pub np: Option<Policy>,
    /// Whether it is a public suffix.
    pub psd: Psd,
    /// Whether the policy is on trial: receivers apply the one below it.
    pub t: bool,
    /// Alignment of DKIM.
    pub adkim: Alignment,
    /// Alignment of SPF.
    pub aspf: Alignment,
    /// Where aggregate reports go.
    pub rua: Vec<ReportUri>,
    /// Where failure reports go.
    pub ruf: Vec<ReportUri>,
    /// When a failure report is asked for: `0`, `1`, `d`, `s`.
    pub fo: Vec<char>,
}

macro_rules! words {
    ($type:ident, $code:literal, $what:literal: $($word:literal $short:literal => $value:ident),+) => {
        impl $type {
            /// As it stands in the record.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$value => $short),+ }
            }

            /// Reads the value of the tag, or its word.
            ///
            /// # Errors
            #[doc = $code]
            pub fn parse(text: &str) -> Result<Self, Fault> {
                $(if [$word, $short].iter().any(|word| text.trim().eq_ignore_ascii_case(word)) { return Ok(Self::$value); })+
                let known = [$($word),+].join(", ");
                Err(Fault::caller($code, format!(concat!("`{}` is no ", $what, ": use {}"), text, known)))
            }
        }
    };
}

words!(Policy, "generate.dmarc-policy", "DMARC policy": "none" "none" => None, "quarantine" "quarantine" => Quarantine, "reject" "reject" => Reject);
words!(Alignment, "generate.dmarc-alignment", "alignment": "relaxed" "r" => Relaxed, "strict" "s" => Strict);
words!(Psd, "generate.dmarc-psd", "value of psd": "y" "y" => Yes, "n" "n" => No, "u" "u" => Unsaid);

/// Reads `fo`: letters with or without colons between them.
///
/// # Errors
/// `generate.dmarc-fo`
pub fn parse_fo(text: &str) -> Result<Vec<char>, Fault> {
    let mut letters = Vec::new();
    for letter in text.split(':').map(str::trim).filter(|piece| !piece.is_empty()) {
        match letter {
            "0" | "1" | "d" | "s" if !letters.contains(&letter) => letters.push(letter),
            "0" | "1" | "d" | "s" => {}
            _ => {
                let words = format!("`{letter}` says not when to report a failure: use 0, 1, d, s, as in 1:d:s");
                return Err(Fault::caller("generate.dmarc-fo", words));
            }
        }
    }
    Ok(letters.into_iter().filter_map(|letter| letter.chars().next()).collect())
}

impl Dmarc {
    /// A record that asks only for aggregate reports.
    pub fn new(domain: Domain, p: Policy) -> Self {
        Self {
            domain,
            p,
            sp: None,
            np: None,
            psd: Psd::Unsaid,
            t: false,
            adkim: Alignment::Relaxed,
            aspf: Alignment::Relaxed,
            rua: Vec::new(),
            ruf: Vec::new(),
            fo: Vec::new(),
        }
    }

    /// The record, with those that let other domains take its reports.
    pub fn generate(&self) -> Generated {
        let tags = self.tags();
        let text = tags.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("; ");
        let name = self.domain.child("_dmarc").to_string();
        let mut made = Generated::of(TxtRecord::new(name, text, "the DMARC policy"));
        tags.into_iter().for_each(|(text, means)| made.part(text, means));
        self.external(&mut made);
        self.beware(&mut made);
        tell_idn(&mut made, &self.domain);
        made
    }

    /// Tags in order, each with its meaning; those that say what holds anyway are left out. `v` must come first.
    fn tags(&self) -> Vec<(String, String)> {
        let mut tags = vec![(String::from("v=DMARC1"), String::from("this is a DMARC record"))];
        let mut tag = |name: &str, value: &str, means: String| tags.push((format!("{name}={value}"), means));
        tag("p", self.p.as_str(), format!("mail of {} that fails: {}", self.domain, asks(self.p)));
        if let Some(sp) = self.sp {
            tag("sp", sp.as_str(), format!("mail of its sub-domains that fails: {}", asks(sp)));
        }
        if let Some(np) = self.np {
            tag("np", np.as_str(), format!("mail of sub-domains that do not exist: {}", asks(np)));
        }
        if self.psd != Psd::Unsaid {
            let means = if self.psd == Psd::Yes {
                "a public suffix: others register their domains below it"
            } else {
                "the organisational domain: the tree walk ends here"
            };
            tag("psd", self.psd.as_str(), means.to_owned());
        }
        if self.t {
            tag("t", "y", format!("on trial: receivers apply {} instead", lower(self.p).as_str()));
        }
        for (name, what, alignment) in [("adkim", "d= of DKIM", self.adkim), ("aspf", "the envelope sender", self.aspf)]
        {
            if alignment == Alignment::Strict {
                tag(name, "s", format!("{what} must be the domain in From itself"));
            }
        }
        let list = |uris: &[ReportUri]| uris.iter().map(ReportUri::written).collect::<Vec<_>>().join(",");
        if !self.rua.is_empty() {
            tag("rua", &list(&self.rua), String::from("where the daily aggregate reports go (RFC 9990)"));
        }
        if !self.ruf.is_empty() {
            tag("ruf", &list(&self.ruf), String::from("where reports of single failures go (RFC 9991)"));
        }
        if !self.fo.is_empty() {
            let letters: Vec<String> = self.fo.iter().map(char::to_string).collect();
            let means: Vec<&str> = self.fo.iter().map(|letter| asked_when(*letter)).collect();
            tag("fo", &letters.join(":"), format!("a failure is reported {}", means.join(", ")));
        }
        tags
    }

    /// A record per domain elsewhere that takes reports. RFC 9990 §4.
    fn external(&self, made: &mut Generated) {
        let mut targets: Vec<Domain> = self.rua.iter().chain(&self.ruf).filter_map(ReportUri::domain).collect();
        targets.sort();
        targets.dedup();
        for target in targets.iter().filter(|target| !target.is_within(&self.domain) && !self.domain.is_within(target))
        {
            made.records.push(TxtRecord::new(
                format!("{}._report._dmarc.{target}", self.domain),
                "v=DMARC1;",
                format!("{target} says with it that it takes the reports of {}", self.domain),
            ));
            made.note(format!(
                "reports go to {target}: whoever runs its DNS publishes the second record, or no report comes; it is not needed \
                 where both domains are of one organisation"
            ));
        }
    }

    fn beware(&self, made: &mut Generated) {
        if self.rua.is_empty() {
            made.warn("without rua nobody tells you what fails, and a slip in p makes the whole record void");
        }
        if self.rua.iter().chain(&self.ruf).any(|uri| matches!(uri, ReportUri::Https(_))) {
            made.warn(
                "receivers send DMARC reports by mail alone: an https: URI gets none (RFC 9990 defines only mailto:)",
            );
        }
        if self.p == Policy::Reject {
            made.note(
                "p=reject asks you to sign everything with DKIM: SPF alone does not survive forwarding (RFC 9989)",
            );
        }
        if self.p == Policy::None && !self.t {
            made.note(
                "p=none meets the rule for bulk senders at Gmail, Yahoo and Microsoft; the domain can still be forged",
            );
        }
        if self.t && self.p == Policy::None {
            made.warn("t=y has no effect on p=none");
        }
        if self.t {
            made.warn("receivers that go by RFC 7489 do not know t and apply the policy in full");
        }
        for (name, below) in [("sp", self.sp), ("np", self.np)] {
            if below.is_some_and(|below| below < self.p) {
                made.warn(format!(
                    "{name} is weaker than p: sub-domains can be forged more easily than the domain itself"
                ));
            }
        }
        if self.sp.is_some() && self.domain.as_str().split('.').count() > 2 && self.psd == Psd::Unsaid {
            made.note(
                "sp and np count only in the record of the organisational domain, which may stand above this one",
            );
        }
        if self.psd == Psd::Yes {
            made.warn("psd=y is for registries: on a company's domain it cuts its sub-domains off from it");
        }
        if !self.fo.is_empty() && self.ruf.is_empty() {
            made.warn("fo has no effect without ruf");
        }
        if !self.ruf.is_empty() {
            made.note(
                "few receivers send failure reports, and they hold parts of messages: mind who reads that mailbox",
            );
        }
    }
}

fn asks(policy: Policy) -> &'static str {
    match policy {
        Policy::None => "deliver as without DMARC, only report",
        Policy::Quarantine => "treat as suspicious, mostly the junk folder",
        Policy::Reject => "refuse",
    }
}

/// What is applied while on trial. RFC 9989 §4.7: `t`.
fn lower(policy: Policy) -> Policy {
    match policy {
        Policy::Reject => Policy::Quarantine,
        Policy::Quarantine | Policy::None => Policy::None,
    }
}

fn asked_when(letter: char) -> &'static str {
    match letter {
        '0' => "when neither SPF nor DKIM gives an aligned pass",
        '1' => "when SPF or DKIM gives no aligned pass",
        'd' => "when a signature does not verify",
        _ => "when SPF does not pass",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Dmarc {
        Dmarc {
            sp: Some(Policy::Quarantine),
            np: Some(Policy::Reject),
            psd: Psd::No,
            t: true,
            adkim: Alignment::Strict,
            aspf: Alignment::Strict,
            rua: vec![ReportUri::parse("d@example.com").unwrap(), ReportUri::parse("x@reports.test").unwrap()],
            ruf: vec![ReportUri::parse("x@reports.test").unwrap()],
            fo: parse_fo("1:d:s:d").unwrap(),
            ..Dmarc::new("example.com".parse().unwrap(), Policy::Reject)
        }
    }

    #[test]
    fn every_tag_of_rfc_9989_is_written_in_order() {
        let made = sample().generate();
        assert_eq!(
            made.zone(),
            "_dmarc.example.com. 3600 IN TXT \"v=DMARC1; p=reject; sp=quarantine; np=reject; psd=n; t=y; adkim=s; aspf=s; \
             rua=mailto:d@example.com,mailto:x@reports.test; ruf=mailto:x@reports.test; fo=1:d:s\"\n\
             example.com._report._dmarc.reports.test. 3600 IN TXT \"v=DMARC1;\"\n"
        );
        assert_eq!(made.parts.len(), 11);
    }

    #[test]
    fn what_holds_anyway_is_not_written() {
        let made = Dmarc::new("example.com".parse().unwrap(), Policy::None).generate();
        assert_eq!(made.records[0].value, "v=DMARC1; p=none");
        assert!(made.warnings.iter().any(|line| line.contains("without rua")), "{:?}", made.warnings);
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        let warned = |dmarc: Dmarc, word: &str| {
            let made = dmarc.generate();
            assert!(made.warnings.iter().any(|line| line.contains(word)), "{word}: {:?}", made.warnings);
        };
        warned(Dmarc { sp: Some(Policy::None), ..sample() }, "sp is weaker");
        warned(Dmarc { np: Some(Policy::None), ..sample() }, "np is weaker");
        warned(Dmarc { ruf: Vec::new(), ..sample() }, "fo has no effect");
        warned(Dmarc { p: Policy::None, ..sample() }, "t=y has no effect");
        warned(Dmarc { psd: Psd::Yes, ..sample() }, "registries");
        warned(sample(), "RFC 7489");
        warned(Dmarc { rua: vec![ReportUri::parse("https://r.test/d").unwrap()], ..sample() }, "by mail alone");
    }

    #[test]
    fn a_domain_above_or_below_needs_no_leave_for_its_reports() {
        let to = |address: &str| {
            let rua = vec![ReportUri::parse(address).unwrap()];
            Dmarc { rua, ..Dmarc::new("m.example.com".parse().unwrap(), Policy::None) }.generate().records.len()
        };
        assert_eq!(
            [to("a@example.com"), to("a@x.m.example.com"), to("a@m.example.com"), to("a@example.net")],
            [1, 1, 1, 2]
        );
    }

    #[test]
    fn unknown_values_name_the_known_ones() {
        for (fault, word) in [
            (Policy::parse("rejct").unwrap_err(), "none, quarantine, reject"),
            (Alignment::parse("x").unwrap_err(), "relaxed, strict"),
            (Psd::parse("maybe").unwrap_err(), "y, n, u"),
            (parse_fo("1:x").unwrap_err(), "0, 1, d, s"),
        ] {
            assert!(fault.to_string().contains(word), "{fault}");
        }
        assert_eq!(Policy::parse(" Reject ").unwrap(), Policy::Reject);
        assert_eq!(Alignment::parse("S").unwrap(), Alignment::Strict);
    }
}
