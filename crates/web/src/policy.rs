//! The MTA-STS policy of each domain of ours, at `https://mta-sts.<domain>/.well-known/mta-sts.txt`. RFC 8461 §3.2.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use store::{SendingDomain, Store};
use syntax::Domain;

use crate::problem::Problem;

/// What the policy asks of senders. RFC 8461 §3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StsMode {
    /// Senders report, and deliver all the same: right while the certificate is not one that they can verify.
    #[default]
    Testing,
    /// Senders deliver over verified TLS or not at all.
    Enforce,
}

/// Seconds for which a sender keeps the policy: a week. RFC 8461 §3.2 allows up to 31,557,600.
const MAX_AGE: u32 = 604_800;

/// The policy of the domain that the Host header names.
pub(crate) async fn mta_sts(State(store): State<Store>, State(mode): State<StsMode>, headers: HeaderMap) -> Response {
    let Some(name) = asked(&headers) else { return Problem::not_found().into_response() };
    of_domain(&store, &name, "text/plain", |domain| Ok(policy(mode, &domain.mail_host))).await
}

/// What is written for a domain of ours; of any other there is nothing.
pub(crate) async fn of_domain(
    store: &Store,
    name: &Domain,
    kind: &'static str,
    write: impl FnOnce(&SendingDomain) -> Result<String, askama::Error>,
) -> Response {
    match store.domain(name).await {
        Ok(Some(domain)) => match write(&domain) {
            Ok(text) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
            Err(error) => {
                tracing::error!(%error, "what is served for a domain could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        },
        Ok(None) => Problem::not_found().into_response(),
        Err(fault) => {
            tracing::warn!(code = fault.code, %fault, "what is served for a domain could not be read");
            Problem::of_fault(&fault).into_response()
        }
    }
}

/// The host that was asked, lower-case and without its port.
pub(crate) fn host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    Some(host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase())
}

/// `mta-sts.example.com:443` → `example.com`
fn asked(headers: &HeaderMap) -> Option<Domain> {
    Domain::parse(host(headers)?.strip_prefix("mta-sts.")?).ok()
}

fn policy(mode: StsMode, mail_host: &Domain) -> String {
    let mode = match mode {
        StsMode::Testing => "testing",
        StsMode::Enforce => "enforce",
    };
    format!("version: STSv1\r\nmode: {mode}\r\nmx: {mail_host}\r\nmax_age: {MAX_AGE}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_read_from_the_host_that_was_asked() {
        let check = |host: &str, expect: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            assert_eq!(asked(&headers).map(|domain| domain.to_string()).as_deref(), expect, "{host}");
        };
        check("mta-sts.example.com", Some("example.com"));
        check("MTA-STS.Example.com:8443", Some("example.com"));
        check("example.com", None);
        check("mta-sts.", None);
        check("[::1]:443", None);
    }

    #[test]
    fn a_policy_is_written_as_the_standard_has_it() {
        let host = Domain::parse("box.example.com").unwrap();
        let expect = "version: STSv1\r\nmode: enforce\r\nmx: box.example.com\r\nmax_age: 604800\r\n";
        assert_eq!(policy(StsMode::Enforce, &host), expect);
    }
}
