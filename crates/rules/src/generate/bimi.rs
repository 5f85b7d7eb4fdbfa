//! BIMI: the record that names a logo. draft-brand-indicators-for-message-identification (no RFC).

use syntax::Domain;

use super::{Generated, TxtRecord, tell_idn};
use crate::Fault;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bimi {
    /// The domain in From.
    pub domain: Domain,
    /// The selector: `default` unless messages name another in `BIMI-Selector`.
    pub selector: String,
    /// The logo, `https:` to an SVG; none says that no logo is wanted.
    pub logo: Option<String>,
    /// The certificate (VMC or CMC), `https:` to a PEM.
    pub evidence: Option<String>,
}

impl Bimi {
    /// The record.
    ///
    /// # Errors
    /// `generate.bimi-selector`, `generate.bimi-url`
    pub fn generate(&self) -> Result<Generated, Fault> {
        check_selector(&self.selector)?;
        let logo = self.logo.as_deref().map(|url| url_of(url, ".svg")).transpose()?.unwrap_or_default();
        let evidence = self.evidence.as_deref().map(|url| url_of(url, ".pem")).transpose()?.unwrap_or_default();
        if logo.is_empty() && !evidence.is_empty() {
            return Err(Fault::caller(
                "generate.bimi-url",
                "a certificate without a logo shows nothing: name the logo too",
            ));
        }
        let name = self.domain.child(&format!("{}._bimi", self.selector)).to_string();
        let value = format!("v=BIMI1; l={logo}; a={evidence}");
        let mut made = Generated::of(TxtRecord::new(name, value, "names the logo that mail programs may show"));
        made.part("v=BIMI1", "this is a BIMI record");
        if logo.is_empty() {
            made.part("l=; a=", "no logo is wanted: mail programs shall not look for one elsewhere");
            return Ok(made);
        }
        made.part(format!("l={logo}"), "the logo");
        let certificate = match evidence {
            "" => "no certificate",
            _ => "the certificate that binds the logo to the domain",
        };
        made.part(format!("a={evidence}"), certificate);
        self.preconditions(&mut made);
        tell_idn(&mut made, &self.domain);
        Ok(made)
    }

    fn preconditions(&self, made: &mut Generated) {
        made.note("DMARC of the domain must be p=quarantine or p=reject, without t=y and without sp=none; pct, where read, 100");
        made.note("the message must pass DMARC, and the sender must be known to the receiver as a good one");
        made.note("the logo is SVG Tiny PS, square, with a title, without script or links, at most 32 KB");
        made.note(
            "Gmail shows it with a VMC or a CMC (the tick only with a VMC), Apple with a VMC, Yahoo without either",
        );
        if self.evidence.is_none() {
            made.warn("without a certificate (a=) neither Gmail nor Apple shows the logo");
        }
        if self.selector != "default" {
            made.warn(format!("only messages with `BIMI-Selector: v=BIMI1; s={}` use this record", self.selector));
        }
        made.note("for one-to-one mail it gains little: reputation, SPF, DKIM and DMARC come first");
    }
}

fn check_selector(selector: &str) -> Result<(), Fault> {
    let plain = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    if selector.split('.').all(plain) {
        return Ok(());
    }
    Err(Fault::caller(
        "generate.bimi-selector",
        format!("`{selector}` is no selector: use letters, digits and hyphens"),
    ))
}

fn url_of<'u>(url: &'u str, ending: &str) -> Result<&'u str, Fault> {
    let fault = |why: &str| Fault::caller("generate.bimi-url", format!("`{url}`: {why}"));
    let rest = url.strip_prefix("https://").ok_or_else(|| fault("only https:// is allowed"))?;
    let (host, path) = rest.split_once('/').ok_or_else(|| fault("there is no file behind the host"))?;
    super::domain(host.split(':').next().unwrap_or_default()).map_err(|inner| fault(&inner.to_string()))?;
    if !path.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b';' | b',' | b'"' | b'\\')) {
        return Err(fault("it holds a letter that ends a URL here; write it in %-form"));
    }
    if !path.to_ascii_lowercase().split('?').next().unwrap_or_default().ends_with(ending) {
        return Err(fault(&format!("a name that ends in {ending} is expected")));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Bimi {
        Bimi {
            domain: "example.com".parse().unwrap(),
            selector: "default".into(),
            logo: Some("https://example.com/logo.svg".into()),
            evidence: Some("https://example.com/vmc.pem".into()),
        }
    }

    #[test]
    fn the_record_names_logo_and_certificate() {
        let expect = "default._bimi.example.com. 3600 IN TXT \"v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/vmc.pem\"\n";
        assert_eq!(sample().generate().unwrap().zone(), expect);
        let none = Bimi { logo: None, evidence: None, ..sample() }.generate().unwrap();
        assert_eq!(none.records[0].value, "v=BIMI1; l=; a=");
        let bare = Bimi { evidence: None, ..sample() }.generate().unwrap();
        assert!(bare.warnings[0].contains("neither Gmail nor Apple"), "{:?}", bare.warnings);
        assert!(bare.notes[0].contains("p=quarantine or p=reject"), "{:?}", bare.notes);
    }

    #[test]
    fn what_shows_nothing_is_refused() {
        for (logo, evidence) in [
            (Some("http://example.com/logo.svg"), None),
            (Some("https://example.com/logo.png"), None),
            (Some("https://192.0.2.1/logo.svg"), None),
            (Some("https://example.com/a;b.svg"), None),
            (Some("https://example.com"), None),
            (None, Some("https://example.com/vmc.pem")),
        ] {
            let wrong = Bimi { logo: logo.map(str::to_owned), evidence: evidence.map(str::to_owned), ..sample() };
            assert_eq!(wrong.generate().unwrap_err().code, "generate.bimi-url", "{logo:?}");
        }
        assert_eq!(Bimi { selector: "a b".into(), ..sample() }.generate().unwrap_err().code, "generate.bimi-selector");
    }
}
