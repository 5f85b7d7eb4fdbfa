//! What two vendors want over HTTP, and what their answers mean. Pure.
//!
//! Instantly API v2, `POST /api/v2/accounts` and its list, 2026-04. Smartlead API v1, `POST /email-accounts/save` and its list,
//! 2025-11. What they answer for an account that exists is not documented: the words are practice.

use std::{collections::HashSet, time::Duration};

use rules::{Blame, Fault, Retry};
use serde_json::{Value, json};
use store::MailboxRow;

use crate::exchange::{IMAPS, SUBMISSIONS, parts};

/// Accounts on one page of a vendor's list.
const PAGE: usize = 100;
/// How answers say that an account is there already.
const EXISTS: [&str; 4] = ["already exist", "already added", "already connected", "duplicate"];
/// Letters of an answer that are shown.
const SHOWN: usize = 200;

/// Who takes mailboxes over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// instantly.ai, API v2.
    Instantly,
    /// smartlead.ai, API v1.
    Smartlead,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judged {
    /// The account was made; besides, what is still wrong with it.
    Made(Option<String>),
    /// It was there.
    Exists,
    /// Try again.
    Again(String),
    /// This row fails.
    Failed(String),
    /// Every row would fail.
    Stop(String),
}

impl Vendor {
    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Instantly => "Instantly",
            Self::Smartlead => "Smartlead",
        }
    }

    /// Where it is, when no other place is named.
    pub(super) fn base(self) -> &'static str {
        match self {
            Self::Instantly => "https://api.instantly.ai",
            Self::Smartlead => "https://server.smartlead.ai",
        }
    }

    /// Headers of every request.
    pub(super) fn headers(self, key: &str) -> Vec<(&'static str, String)> {
        let json = |name| (name, String::from("application/json"));
        match self {
            Self::Instantly => vec![("authorization", format!("Bearer {key}")), json("content-type"), json("accept")],
            Self::Smartlead => vec![json("content-type"), json("accept")],
        }
    }

    /// Path and query that make an account.
    pub(super) fn making(self, key: &str) -> String {
        match self {
            Self::Instantly => String::from("/api/v2/accounts"),
            Self::Smartlead => format!("/api/v1/email-accounts/save?api_key={}", encoded(key)),
        }
    }

    /// Path and query of a page of the list.
    pub(super) fn list(self, key: &str, cursor: &str) -> String {
        match self {
            Self::Instantly if cursor.is_empty() => format!("/api/v2/accounts?limit={PAGE}"),
            Self::Instantly => format!("/api/v2/accounts?limit={PAGE}&starting_after={}", encoded(cursor)),
            Self::Smartlead => {
                let offset = if cursor.is_empty() { "0" } else { cursor };
                format!("/api/v1/email-accounts/?api_key={}&offset={offset}&limit={PAGE}", encoded(key))
            }
        }
    }

    /// Takes a page of the list; the next one's cursor, when there is one.
    ///
    /// # Errors
    /// `push.list`
    pub(super) fn take_page(
        self,
        body: &[u8],
        cursor: &str,
        known: &mut HashSet<String>,
    ) -> Result<Option<String>, Fault> {
        let odd = || {
            let what = format!("{}: its list of accounts is not of the form that is known", self.name());
            Fault::new("push.list", Blame::Peer, Retry::Later).context(what)
        };
        let page: Value = serde_json::from_slice(body).map_err(|_| odd())?;
        let (items, email) = match self {
            Self::Instantly => (page.get("items"), "email"),
            Self::Smartlead => (Some(&page), "from_email"),
        };
        let items = items.and_then(Value::as_array).ok_or_else(odd)?;
        let emails = items.iter().filter_map(|item| item.get(email)?.as_str());
        known.extend(emails.map(str::to_ascii_lowercase));
        let next = match self {
            Self::Instantly => page.get("next_starting_after").and_then(Value::as_str).map(String::from),
            Self::Smartlead => {
                let offset: usize = cursor.parse().unwrap_or(0);
                (items.len() >= PAGE).then(|| (offset + items.len()).to_string())
            }
        };
        Ok(next.filter(|next| !next.is_empty() && next != cursor))
    }

    /// The account that is asked for.
    pub(super) fn account(self, row: &MailboxRow, password: &str) -> Value {
        let (email, host) = (row.address.to_string(), row.mail_host.to_string());
        let display = row.display.clone().unwrap_or_else(|| row.address.local().to_owned());
        let (first, last) = parts(&display);
        match self {
            Self::Instantly => json!({
                "email": email, "first_name": first, "last_name": last, "provider_code": 1, "daily_limit": row.daily_cap,
                "imap_username": email, "imap_password": password, "imap_host": host, "imap_port": IMAPS,
                "smtp_username": email, "smtp_password": password, "smtp_host": host, "smtp_port": SUBMISSIONS,
            }),
            Self::Smartlead => json!({
                "from_name": display, "from_email": email, "user_name": email, "password": password, "type": "SMTP",
                "smtp_host": host, "smtp_port": SUBMISSIONS, "imap_host": host, "imap_port": IMAPS,
                "max_email_per_day": row.daily_cap, "warmup_enabled": false,
            }),
        }
    }

    /// What an answer to that means.
    pub(super) fn judge(self, status: u16, body: &[u8]) -> Judged {
        let text = String::from_utf8_lossy(body);
        let told = format!("{} answered {status}: {}", self.name(), shown(&text));
        let lower = text.to_ascii_lowercase();
        let exists = EXISTS.iter().any(|words| lower.contains(words));
        match status {
            200..300 => {
                let answer: Value = serde_json::from_slice(body).unwrap_or_default();
                let fails = |name: &str| answer.pointer(&format!("/data/{name}")) == Some(&Value::Bool(false));
                match answer.get("ok").and_then(Value::as_bool) {
                    Some(false) if exists => Judged::Exists,
                    Some(false) => Judged::Failed(told),
                    _ if fails("is_smtp_success") => Judged::Made(Some(String::from("it could not log in by SMTP"))),
                    _ if fails("is_imap_success") => Judged::Made(Some(String::from("it could not log in by IMAP"))),
                    _ => Judged::Made(None),
                }
            }
            401 | 403 => Judged::Stop(format!("{told}; look at the key and its rights")),
            409 => Judged::Exists,
            400..500 if exists => Judged::Exists,
            408 | 425 | 429 | 500.. => Judged::Again(told),
            _ => Judged::Failed(told),
        }
    }
}

/// How long to wait before the next attempt: what the vendor says, else twice as long each time; never more than `most`.
pub(super) fn wait(attempt: u32, first: Duration, told: Option<Duration>, most: Duration) -> Duration {
    told.unwrap_or_else(|| first.saturating_mul(1 << attempt.min(16))).min(most)
}

/// The beginning of an answer, on one line.
fn shown(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(|letter| !letter.is_control())
        .take(SHOWN)
        .collect()
}

/// A value in a query. RFC 3986 §2.3.
fn encoded(value: &str) -> String {
    let letter = |octet: u8| match octet {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => char::from(octet).to_string(),
        other => format!("%{other:02X}"),
    };
    value.bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let judge = |vendor: Vendor, status, body: &str| vendor.judge(status, body.as_bytes());
        let (instantly, smartlead) = (Vendor::Instantly, Vendor::Smartlead);
        assert_eq!(judge(instantly, 200, "{\"email\":\"ann@example.com\"}"), Judged::Made(None));
        assert_eq!(judge(instantly, 201, ""), Judged::Made(None));
        assert_eq!(judge(instantly, 400, "{\"message\":\"Account already exists\"}"), Judged::Exists);
        assert_eq!(judge(instantly, 409, ""), Judged::Exists);
        assert!(matches!(judge(instantly, 400, "{\"message\":\"smtp_host is wrong\"}"), Judged::Failed(_)));
        assert!(matches!(judge(instantly, 301, ""), Judged::Failed(_)));
        for status in [408, 429, 500, 503] {
            assert!(matches!(judge(instantly, status, ""), Judged::Again(_)), "{status}");
        }
        assert!(matches!(judge(smartlead, 401, "Invalid key"), Judged::Stop(_)));
        assert!(matches!(judge(smartlead, 200, "{\"ok\":false,\"message\":\"bad\"}"), Judged::Failed(_)));
        assert_eq!(judge(smartlead, 200, "{\"ok\":false,\"message\":\"Email already added\"}"), Judged::Exists);
        let made = judge(smartlead, 200, "{\"ok\":true,\"data\":{\"is_smtp_success\":false}}");
        assert!(matches!(made, Judged::Made(Some(_))));
    }

    #[test]
    fn a_list_is_read_page_by_page_in_either_form() {
        let mut known = HashSet::new();
        let page = br#"{"items":[{"email":"Ann@example.com"}],"next_starting_after":"2026-01"}"#;
        assert_eq!(Vendor::Instantly.take_page(page, "", &mut known).unwrap().as_deref(), Some("2026-01"));
        assert_eq!(Vendor::Instantly.take_page(page, "2026-01", &mut known).unwrap(), None, "no page twice");
        let full = format!("[{}]", vec![r#"{"from_email":"ben@example.com"}"#; PAGE].join(","));
        assert_eq!(Vendor::Smartlead.take_page(full.as_bytes(), "100", &mut known).unwrap().as_deref(), Some("200"));
        assert_eq!(Vendor::Smartlead.take_page(b"[]", "200", &mut known).unwrap(), None);
        assert!(known.contains("ann@example.com") && known.contains("ben@example.com"));
        assert_eq!(Vendor::Smartlead.take_page(b"<html>", "", &mut known).unwrap_err().code, "push.list");
    }

    #[test]
    fn waits_grow_and_have_an_end() {
        let (second, most) = (Duration::from_secs(1), Duration::from_secs(60));
        assert_eq!(wait(0, second, None, most), second);
        assert_eq!(wait(2, second, None, most), 4 * second);
        assert_eq!(wait(30, second, None, most), most);
        assert_eq!(wait(0, second, Some(Duration::from_secs(7)), most), 7 * second);
        assert_eq!(wait(0, second, Some(Duration::from_secs(999)), most), most);
    }
}
