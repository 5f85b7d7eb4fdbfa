//! What mail programs ask for to set themselves up: Mozilla's autoconfig, Microsoft's autodiscover, Apple's profile.
//!
//! The answer depends on the domain alone: nobody learns here which mailboxes there are, and no password is in it.

use askama::Template;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use store::{SendingDomain, Store};
use syntax::{Address, Domain};

use crate::{Site, desk::query_value, problem::Problem};

/// Largest question of an Outlook.
const MAX_QUESTION: usize = 16 * 1024;

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
    answer(&site.store, &name, |domain| Mozilla { domain: &domain.name, host: &domain.mail_host }.render()).await
}

/// The address stands in `EMailAddress` of what is posted. MS-OXDSCLI §3.1.5.
async fn outlook(State(site): State<Site>, body: String) -> Response {
    let Some(address) = between(&body, "<EMailAddress>", "</EMailAddress>").and_then(|text| Address::parse(text).ok())
    else {
        return Problem::not_found().into_response();
    };
    answer(&site.store, address.domain(), |domain| Outlook { address: &address, host: &domain.mail_host }.render())
        .await
}

/// Apple, Configuration Profile Reference.
async fn apple(State(site): State<Site>, Path(file): Path<String>) -> Response {
    let address = file.strip_suffix(".mobileconfig").and_then(|text| Address::parse(text).ok());
    let Some(address) = address else { return Problem::not_found().into_response() };
    let mut response = answer(&site.store, address.domain(), |domain| {
        let [account_id, profile_id] = ["account", "profile"].map(|what| stable_id(what, &address));
        Apple { address: &address, domain: &domain.name, host: &domain.mail_host, account_id, profile_id }.render()
    })
    .await;
    if response.status().is_success() {
        let kind = header::HeaderValue::from_static("application/x-apple-aspen-config");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

async fn answer(
    store: &Store,
    name: &Domain,
    write: impl FnOnce(&SendingDomain) -> Result<String, askama::Error>,
) -> Response {
    match store.domain(name).await {
        Ok(Some(domain)) => match write(&domain) {
            Ok(text) => ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], text).into_response(),
            Err(error) => {
                tracing::error!(%error, "settings for a mail program could not be written");
                Problem::not_found().into_response()
            }
        },
        Ok(None) => Problem::not_found().into_response(),
        Err(fault) => {
            tracing::warn!(code = fault.code, %fault, "settings for a mail program could not be read");
            Problem::of_fault(&fault).into_response()
        }
    }
}

/// `autoconfig.example.com:443` → `example.com`
fn asked(headers: &HeaderMap) -> Option<Domain> {
    let host = headers.get(header::HOST)?.to_str().ok()?.to_ascii_lowercase();
    let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    Domain::parse(name.strip_prefix("autoconfig.").unwrap_or(name)).ok()
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
