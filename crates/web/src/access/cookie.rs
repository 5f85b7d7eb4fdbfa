//! The cookie of a session. RFC 6265bis §4.1.3.2: the prefix `__Host-` ties it to this host and to TLS.

use axum::http::{HeaderMap, HeaderValue, header};

/// Over TLS.
const SECURE: &str = "__Host-coldrelay_session";
/// Without, on loopback.
const PLAIN: &str = "coldrelay_session";

/// The token in the request; the one that came by TLS first, which a plain page cannot have set.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    let pairs: Vec<(&str, &str)> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .collect();
    let named = |name| pairs.iter().find(|(found, _)| *found == name).map(|(_, value)| (*value).to_owned());
    named(SECURE).or_else(|| named(PLAIN)).filter(|token| !token.is_empty())
}

/// Sets the token: for this site only, not for scripts, until the browser ends.
pub(super) fn set(token: &str, over_tls: bool) -> Option<HeaderValue> {
    let (name, secure) = if over_tls { (SECURE, "; Secure") } else { (PLAIN, "") };
    HeaderValue::from_str(&format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax{secure}")).ok()
}

/// Takes it away.
pub(super) fn clear(over_tls: bool) -> HeaderValue {
    HeaderValue::from_static(if over_tls {
        "__Host-coldrelay_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure"
    } else {
        "coldrelay_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    })
}
