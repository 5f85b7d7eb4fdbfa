//! What a client sent: query, form, or form with a file, read into one list.

use axum::{
    Form,
    extract::{FromRequest, Multipart, Query, Request},
    http::{StatusCode, header},
    response::IntoResponse,
};
use rules::{Fault, reach::is_public};
use std::net::IpAddr;
use syntax::Domain;

/// Names that stand for machines of the network that we are in, and are nobody's mail domain. RFC 6761, RFC 6762, RFC 8375.
const LOCAL: &[&str] =
    &["localhost", "local", "internal", "intranet", "lan", "corp", "home", "arpa", "onion", "localdomain"];

/// The fields, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Input(Vec<(String, Vec<u8>)>);

/// A form that could not be read: status and why.
pub(crate) type Unread = (StatusCode, String);

impl Input {
    /// From the part of the address behind `?`.
    pub(crate) fn of_query(Query(pairs): Query<Vec<(String, String)>>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name, value.into_bytes())).collect())
    }

    /// From the body of a POST, as a form sends it.
    pub(crate) async fn of_body(request: Request) -> Result<Self, Unread> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            return Self::of_parts(request).await;
        }
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, String::from("a form is wanted")));
        }
        let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        form.map(|Form(pairs)| Self::of_query(Query(pairs))).map_err(|refused| unread(refused.into_response().status()))
    }

    async fn of_parts(request: Request) -> Result<Self, Unread> {
        let mut parts = Multipart::from_request(request, &()).await.map_err(|refused| unread(refused.status()))?;
        let mut fields = Vec::new();
        loop {
            match parts.next_field().await {
                Ok(Some(field)) => {
                    let name = field.name().unwrap_or_default().to_owned();
                    let octets = field.bytes().await.map_err(|error| unread(error.status()))?;
                    fields.push((name, octets.to_vec()));
                }
                Ok(None) => return Ok(Self(fields)),
                Err(error) => return Err(unread(error.status())),
            }
        }
    }

    /// The field as text, without blanks around it; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(self.octets(name)).trim().to_owned()
    }

    /// The field; the first of that name that is not empty.
    pub(crate) fn octets(&self, name: &str) -> &[u8] {
        let mut of_name = self.0.iter().filter(|(known, value)| known == name && !value.is_empty());
        of_name.next().map(|(_, value)| value.as_slice()).unwrap_or_default()
    }

    /// Whether the box is ticked.
    pub(crate) fn has(&self, name: &str) -> bool {
        !self.octets(name).is_empty()
    }

    /// Whether nothing was sent but `format`.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|(name, value)| name == "format" || value.is_empty())
    }

    /// Names and values as an address has them, `format` left out.
    pub(crate) fn query(&self, names: &[&str]) -> String {
        let pairs =
            names.iter().filter(|name| self.has(name)).map(|name| format!("{name}={}", encoded(&self.text(name))));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// A domain of the public Internet.
    ///
    /// # Errors
    /// `domain.malformed`, `reach.not-public`
    pub(crate) fn domain(&self, name: &str) -> Result<Domain, Fault> {
        let text = self.text(name);
        if text.is_empty() {
            return Err(Fault::caller("domain.none", "no domain was named: write one as in example.com"));
        }
        public(rules::generate::domain(&text)?)
    }

    /// The same, when it is named at all.
    pub(crate) fn domain_if_any(&self, name: &str) -> Result<Option<Domain>, Fault> {
        if self.has(name) { self.domain(name).map(Some) } else { Ok(None) }
    }

    /// An IP of the public Internet, when one is named.
    ///
    /// # Errors
    /// `ip.malformed`, `reach.not-public`
    pub(crate) fn ip(&self, name: &str) -> Result<Option<IpAddr>, Fault> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(None);
        }
        let ip: IpAddr = text
            .trim_matches(['[', ']'])
            .parse()
            .map_err(|_| Fault::caller("ip.malformed", format!("`{text}` is no IP: write it as in 203.0.114.5")))?;
        if is_public(ip) {
            return Ok(Some(ip));
        }
        let what = format!(
            "{ip} is private, local or reserved: a public tool looks at addresses of the public Internet alone"
        );
        Err(Fault::caller("reach.not-public", what))
    }

    /// A whole number, or that one when none is named.
    pub(crate) fn number(&self, name: &str, default: u64) -> Result<u64, Fault> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(default);
        }
        text.parse().map_err(|_| Fault::caller("number.malformed", format!("`{text}` is no whole number ({name})")))
    }
}

/// Refuses names of the network that we stand in.
///
/// # Errors
/// `reach.not-public`
pub(crate) fn public(domain: Domain) -> Result<Domain, Fault> {
    let text = domain.as_str().trim_end_matches('.');
    let is_local = !text.contains('.') || text.rsplit('.').next().is_some_and(|last| LOCAL.contains(&last));
    if is_local {
        let what =
            format!("{domain} is a name of a local network: a public tool looks at names of the public Internet alone");
        return Err(Fault::caller("reach.not-public", what));
    }
    Ok(domain)
}

/// As the part of an address behind `?` has it. RFC 3986 §2.1.
pub(crate) fn encoded(text: &str) -> String {
    let one = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(octet).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

fn unread(status: StatusCode) -> Unread {
    let why = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "it is larger than this tool takes",
        _ => "the form could not be read",
    };
    (status, why.to_owned())
}
