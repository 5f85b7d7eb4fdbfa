//! Where reports go: a `mailto:` or an `https:` URI. RFC 9990, RFC 8460 §3.

use syntax::{Address, Domain};

use crate::Fault;

/// One place that takes reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportUri {
    /// An address.
    Mailto(Address),
    /// A URL, as given.
    Https(String),
}

impl ReportUri {
    /// Reads an address, a `mailto:` URI or an `https:` URL.
    ///
    /// # Errors
    /// `generate.report-uri`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let fault = |why: &str| {
            Fault::caller(
                "generate.report-uri",
                format!("`{text}` takes no reports: {why}; write reports@example.com or https://example.com/reports"),
            )
        };
        if text.to_ascii_lowercase().starts_with("https://") {
            // A comma and a semicolon end a URI in these records, `!` once began a size.
            let host = text.get(8..).and_then(|rest| rest.split(['/', '?', ':']).next()).unwrap_or_default();
            super::domain(host).map_err(|fault_| fault(&fault_.to_string()))?;
            let plain = |octet: u8| octet.is_ascii_graphic() && !matches!(octet, b',' | b';' | b'!' | b'"' | b'\\');
            return if text.bytes().all(plain) {
                Ok(Self::Https(text.to_owned()))
            } else {
                Err(fault("it holds a letter that ends a URI here; write it as %2C, %3B or %21"))
            };
        }
        let scheme = text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
        let address = scheme.map_or(text, |scheme| text.get(scheme.len()..).unwrap_or_default());
        if address.contains(':') {
            return Err(fault("only mailto: and https: are understood"));
        }
        if address.contains(['!', '?']) {
            return Err(fault("a size (`!10m`, dropped by RFC 9990) or a question mark stands behind the address"));
        }
        let address = Address::parse(address).map_err(|malformed| fault(&malformed.to_string()))?;
        if !address.is_ascii() {
            return Err(fault("its local part needs SMTPUTF8, which reporters do not have"));
        }
        Ok(Self::Mailto(address))
    }

    /// As it stands in a record, letters that end a URI there written as `%2C`.
    pub fn written(&self) -> String {
        match self {
            Self::Https(url) => url.clone(),
            Self::Mailto(address) => {
                let mut local = String::new();
                for octet in address.local().bytes() {
                    let plain = octet.is_ascii_alphanumeric() || b"-._~+=".contains(&octet);
                    if plain { local.push(char::from(octet)) } else { local.push_str(&format!("%{octet:02X}")) }
                }
                format!("mailto:{local}@{}", address.domain())
            }
        }
    }

    /// The domain that takes the reports; `None` for a URL whose host is no domain.
    pub fn domain(&self) -> Option<Domain> {
        match self {
            Self::Mailto(address) => Some(address.domain().clone()),
            Self::Https(url) => Domain::parse(url.get(8..)?.split(['/', '?', ':']).next()?).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_urls_are_written_as_the_record_needs_them() {
        let check = |text: &str, expect: &str| assert_eq!(ReportUri::parse(text).unwrap().written(), expect);
        check("reports@example.com", "mailto:reports@example.com");
        check("MAILTO:d+x@example.com", "mailto:d+x@example.com");
        check("\"a,b\"@example.com", "mailto:a%2Cb@example.com");
        check("https://r.example.com/tls?x=1", "https://r.example.com/tls?x=1");
        check("reports@bücher.example", "mailto:reports@xn--bcher-kva.example");
    }

    #[test]
    fn what_takes_no_reports_is_refused() {
        for text in [
            "",
            "example.com",
            "mailto:",
            "a@b.test!10m",
            "http://a.test",
            "https://192.0.2.1/x",
            "https://a.test/;x",
            "ü@b.test",
        ] {
            assert_eq!(ReportUri::parse(text).unwrap_err().code, "generate.report-uri", "{text}");
        }
    }
}
