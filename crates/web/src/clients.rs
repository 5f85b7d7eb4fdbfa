//! What mail programs ask for to set themselves up: Mozilla's autoconfig, Microsoft's autodiscover, Apple's profile.
//!
//! The answer depends on the domain alone: nobody learns here which mailboxes there are, and no password is in it.

use askama::Template;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use syntax::{Address, Domain};

use crate::{
    Site,
    desk::query_value,
    policy::{host, of_domain},
    problem::Problem,
};

/// Largest question of an Outlook.
const MAX_QUESTION: usize = 16 * 1024;
const XML: &str = "text/xml; charset=utf-8";

#[derive(Template)]
#[template(path = "clients/mozilla.xml")]
struct Mozilla<'a> {
    domain: &'a Domain,
    host: &'a Domain,
}

#[derive(Template)]
#[template(path = "clients/outlook.xml")]
struct Outlook<'a> {
    address: &'a Address,
    host: &'a Domain,
}

#[derive(Template)]
#[template(path = "clients/apple.xml")]
struct Apple<'a> {
    address: &'a Address,
    domain: &'a Domain,
    host: &'a Domain,
    account_id: String,
    profile_id: String,
}

/// Where mail programs ask.
pub(crate) fn routes() -> Router<Site> {
    let autodiscover = || post(outlook).layer(DefaultBodyLimit::max(MAX_QUESTION));
    Router::new()
        .route("/mail/config-v1.1.xml", get(mozilla))
        .route("/.well-known/autoconfig/mail/config-v1.1.xml", get(mozilla))
        .route("/autodiscover/autodiscover.xml", autodiscover())
        .route("/Autodiscover/Autodiscover.xml", autodiscover())
        .route("/mail/apple/{address}", get(apple))
}

/// The domain is that of the `emailaddress` asked with, else that of the host: `autoconfig.example.com`, `example.com`.
/// Mozilla, Autoconfiguration in Thunderbird.
async fn mozilla(State(site): State<Site>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let by_address = Address::parse(&query_value(query.as_deref().unwrap_or_default(), "emailaddress"))
        .ok()
        .map(|address| address.domain().clone());
    let Some(name) = by_address.or_else(|| asked(&headers)) else { return Problem::not_found().into_response() };
    of_domain(&site.store, &name, XML, |domain| Mozilla { domain: &domain.name, host: &domain.mail_host }.render())
        .await
}

/// The address stands in `EMailAddress` of what is posted. MS-OXDSCLI §3.1.5.
async fn outlook(State(site): State<Site>, body: String) -> Response {
    let Some(address) = between(&body, "<EMailAddress>", "</EMailAddress>").and_then(|text| Address::parse(text).ok())
    else {
        return Problem::not_found().into_response();
    };
    of_domain(&site.store, address.domain(), XML, |domain| {
        Outlook { address: &address, host: &domain.mail_host }.render()
    })
    .await
}

/// Apple, Configuration Profile Reference.
async fn apple(State(site): State<Site>, Path(file): Path<String>) -> Response {
    let address = file.strip_suffix(".mobileconfig").and_then(|text| Address::parse(text).ok());
    let Some(address) = address else { return Problem::not_found().into_response() };
    of_domain(&site.store, address.domain(), "application/x-apple-aspen-config", |domain| {
        let [account_id, profile_id] = ["account", "profile"].map(|what| stable_id(what, &address));
        Apple { address: &address, domain: &domain.name, host: &domain.mail_host, account_id, profile_id }.render()
    })
    .await
}

/// `autoconfig.example.com:443` → `example.com`
fn asked(headers: &HeaderMap) -> Option<Domain> {
    let host = host(headers)?;
    Domain::parse(host.strip_prefix("autoconfig.").unwrap_or(&host)).ok()
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    Some(text.split_once(open)?.1.split_once(close)?.0.trim())
}

/// The same for the same address, so that a profile that is loaded again takes the place of the first. A UUID of version 8,
/// whose octets are free. RFC 9562 §5.8
fn stable_id(what: &str, address: &Address) -> String {
    let text = format!("{what} {}", address.key());
    let (first, second) = (crate::site::hash(text.as_bytes()), crate::site::hash(format!("{text} 2").as_bytes()));
    format!(
        "{:08x}-{:04x}-8{:03x}-8{:03x}-{:012x}",
        first >> 32,
        (first >> 16) & 0xffff,
        first & 0xfff,
        second >> 52,
        second & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    #[test]
    fn the_domain_is_read_from_the_host() {
        let check = |host: &str, expect: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            assert_eq!(asked(&headers).map(|domain| domain.to_string()).as_deref(), expect, "{host}");
        };
        check("autoconfig.example.com", Some("example.com"));
        check("AutoConfig.Example.com:8443", Some("example.com"));
        check("example.com", Some("example.com"));
        check("autoconfig.", None);
    }

    #[test]
    fn an_address_keeps_its_profile() {
        let [ann, also_ann, bob] =
            ["ann@example.com", "Ann@example.com", "bob@example.com"].map(|text| Address::parse(text).unwrap());
        assert_eq!(stable_id("profile", &ann), stable_id("profile", &also_ann));
        assert_ne!(stable_id("profile", &ann), stable_id("profile", &bob));
        assert_ne!(stable_id("profile", &ann), stable_id("account", &ann));
        assert_eq!(stable_id("profile", &ann).len(), 36);
    }
}
