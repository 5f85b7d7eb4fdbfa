//! Records for the DNS, from what a person wants: the text, the line of a zone file, what each part means, what to beware.
//!
//! Everything is typed on the way in, so that what comes out is right by construction. Reading order: [`Generated`],
//! [`dmarc`], then any other.

pub mod bimi;
pub mod dkim;
pub mod dmarc;
pub mod mta_sts;
pub mod spf;
pub mod tls_rpt;
mod uri;

use std::net::IpAddr;

use syntax::Domain;

use crate::Fault;

pub use uri::ReportUri;

/// Seconds for which an answer may be kept, where nothing else is asked for.
pub const TTL: u32 = 3600;
/// Octets of a record's text that fit into one answer over UDP with room for others. RFC 7208 §3.4.
pub const COMFORTABLE: usize = 450;
/// Longest string of a TXT record, in octets. RFC 1035 §3.3.
const TXT_STRING: usize = 255;

/// What to publish, and what it means.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Generated {
    /// Records, the main one first.
    pub records: Vec<TxtRecord>,
    /// Files to serve besides.
    pub files: Vec<ServedFile>,
    /// The main record, part by part.
    pub parts: Vec<Part>,
    /// What can go wrong with it.
    pub warnings: Vec<String>,
    /// What else must be there, or be done.
    pub notes: Vec<String>,
}

/// A TXT record to publish.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TxtRecord {
    /// Owner name, without the final dot.
    pub name: String,
    /// Always `TXT`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The whole text, as a form of a DNS host takes it.
    pub value: String,
    /// Seconds.
    pub ttl: u32,
    /// What it is for.
    pub purpose: String,
}

/// A file to serve.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ServedFile {
    /// Where it must be found.
    pub url: String,
    /// Its octets, with CRLF line ends.
    pub text: String,
}

/// A part of a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// As it stands in the record.
    pub text: String,
    /// What it means.
    pub means: String,
}

impl Generated {
    fn of(record: TxtRecord) -> Self {
        Self { records: vec![record], ..Self::default() }
    }

    fn part(&mut self, text: impl Into<String>, means: impl Into<String>) {
        self.parts.push(Part { text: text.into(), means: means.into() });
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The lines of a zone file, one a record.
    pub fn zone(&self) -> String {
        self.records.iter().map(|record| format!("{}\n", record.zone_line())).collect()
    }
}

impl TxtRecord {
    /// A record of that text, kept for an hour.
    pub fn new(name: impl Into<String>, value: impl Into<String>, purpose: impl Into<String>) -> Self {
        Self { name: name.into(), kind: "TXT", value: value.into(), ttl: TTL, purpose: purpose.into() }
    }

    /// The text in character strings of at most 255 octets, which a receiver joins without a blank. RFC 7208 §3.3.
    pub fn strings(&self) -> Vec<String> {
        let mut strings = vec![String::new()];
        for letter in self.value.chars() {
            if strings.last().is_some_and(|last| last.len() + letter.len_utf8() > TXT_STRING) {
                strings.push(String::new());
            }
            strings.last_mut().into_iter().for_each(|last| last.push(letter));
        }
        strings
    }

    /// `example.com. 3600 IN TXT "v=spf1 -all"`. RFC 1035 §5.1.
    pub fn zone_line(&self) -> String {
        let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let strings: Vec<String> = self.strings().iter().map(quoted).collect();
        format!("{}. {} IN {} {}", self.name, self.ttl, self.kind, strings.join(" "))
    }
}

/// Reads the name of a domain, in A-label or U-label form.
///
/// # Errors
/// `domain.malformed`: an IP, an address, a URL, or what is no name at all.
pub fn domain(text: &str) -> Result<Domain, Fault> {
    let text = text.trim();
    let fault = |why: &str| Fault::caller("domain.malformed", format!("`{text}` is no domain: {why}"));
    if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err(fault("it is an IP; a name as in example.com is wanted"));
    }
    if text.contains("://") {
        return Err(fault("it is a URL; write only its host"));
    }
    if text.contains('@') {
        return Err(fault("it is an address; write only what stands behind the @"));
    }
    let domain = Domain::parse(text).map_err(|malformed| fault(&malformed.to_string()))?;
    // A name of one label, or one whose last label is a number, is nobody's mail domain. RFC 3696 §2.
    if domain.as_str().rsplit('.').next().is_some_and(|label| label.bytes().all(|octet| octet.is_ascii_digit())) {
        return Err(fault("its last part is a number"));
    }
    Ok(domain)
}

/// A name in A-labels stands for letters that the caller may have written: says so.
fn tell_idn(generated: &mut Generated, domain: &Domain) {
    let unicode = domain.unicode();
    if unicode != domain.as_str() {
        generated.note(format!("{unicode} stands in the DNS as {domain}: publish it under that name (RFC 5890)"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_split_and_joins_without_a_blank() {
        let record = TxtRecord::new("a.test", format!("v=DKIM1; p={}ü\"\\", "x".repeat(600)), "");
        let strings = record.strings();
        assert_eq!(strings.concat(), record.value);
        assert_eq!(strings.iter().map(String::len).collect::<Vec<_>>(), [255, 255, 105]);
        assert!(record.zone_line().ends_with("xxü\\\"\\\\\""), "{}", record.zone_line());
        assert!(record.zone_line().starts_with("a.test. 3600 IN TXT \"v=DKIM1; p=x"));
    }

    #[test]
    fn only_a_domain_is_a_domain() {
        assert_eq!(domain(" Bücher.Example. ").unwrap().as_str(), "xn--bcher-kva.example");
        for (text, why) in [
            ("192.0.2.1", "it is an IP"),
            ("[2001:db8::1]", "it is an IP"),
            ("https://example.com/", "it is a URL"),
            ("ann@example.com", "it is an address"),
            ("exa mple.com", ""),
            ("", ""),
            ("example.123", "a number"),
        ] {
            let fault = domain(text).unwrap_err();
            assert!(fault.code == "domain.malformed" && fault.to_string().contains(why), "{text}: {fault}");
        }
    }
}
