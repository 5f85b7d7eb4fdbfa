//! Feedback reports: complaints (RFC 5965) and authentication failures (RFC 9991, RFC 6591).

use std::net::IpAddr;

use syntax::{Address, Message, Part, message_ids};

/// Most values of one field.
const MAX_LISTED: usize = 20;
/// Most characters of a value.
const MAX_TEXT: usize = 500;

/// What a feedback report is about. RFC 5965 §3.5, IANA feedback-report-types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedbackKind {
    /// Somebody called it spam.
    Abuse,
    /// Fraud or phishing.
    Fraud,
    /// A virus was found.
    Virus,
    /// Somebody wants no more of it.
    OptOut,
    /// Somebody said that it is no spam.
    NotSpam,
    /// Authentication failed. RFC 6591.
    AuthFailure,
    /// Anything else.
    Other,
}

impl FeedbackKind {
    fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "abuse" => Self::Abuse,
            "fraud" => Self::Fraud,
            "virus" => Self::Virus,
            "opt-out" | "opt-out-list" => Self::OptOut,
            "not-spam" => Self::NotSpam,
            "auth-failure" => Self::AuthFailure,
            _ => Self::Other,
        }
    }

    /// As it is stored and written: `opt-out`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Abuse => "abuse",
            Self::Fraud => "fraud",
            Self::Virus => "virus",
            Self::OptOut => "opt-out",
            Self::NotSpam => "not-spam",
            Self::AuthFailure => "auth-failure",
            Self::Other => "other",
        }
    }

    /// Whether it asks to be left alone by the sender.
    pub fn is_complaint(self) -> bool {
        matches!(self, Self::Abuse | Self::Fraud | Self::OptOut)
    }
}

/// A feedback report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// What it is about.
    pub kind: FeedbackKind,
    /// `Reporting-MTA`, without its type, or `User-Agent`.
    pub reporter: String,
    /// `Source-IP`.
    pub source_ip: Option<IpAddr>,
    /// `Arrival-Date` or `Received-Date`, in seconds since the epoch.
    pub arrived_at: Option<i64>,
    /// `Incidents`; 1 when it is not said.
    pub incidents: u64,
    /// `Reported-Domain`, lower-case.
    pub domains: Vec<String>,
    /// `Original-Mail-From`.
    pub mail_from: Option<Address>,
    /// `Original-Rcpt-To` and `Removal-Recipient`; a claim.
    pub recipients: Vec<Address>,
    /// What failed, of an `auth-failure` report.
    pub auth_failure: Option<AuthFailure>,
    /// The message that came back, or its header.
    pub returned: Vec<u8>,
}

/// The fields of RFC 6591 §3.2 and RFC 9991.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct AuthFailure {
    /// `Auth-Failure`: `dmarc`, `dkim`, `spf`, `bodyhash`…
    pub failure: String,
    /// `Delivery-Result`: `delivered`, `spam`, `policy`, `reject`, `other`.
    pub delivery: String,
    /// `Identity-Alignment`: `none`, `dkim`, `spf`, or both.
    pub alignment: String,
    /// `DKIM-Domain`.
    pub dkim_domain: String,
    /// `DKIM-Selector`.
    pub dkim_selector: String,
    /// `SPF-DNS`.
    pub spf_dns: String,
}

impl Feedback {
    /// Message-ID of the returned message, without brackets.
    pub fn message_id(&self) -> Option<String> {
        self.returned_value("Message-ID").and_then(|value| message_ids(&value).into_iter().next())
    }

    /// The reverse-path that the message had: as the report says, and as its header does. Claims.
    pub fn return_paths(&self) -> Vec<Address> {
        let of_header = self.returned_value("Return-Path").and_then(|value| bracketed(&value));
        self.mail_from.iter().cloned().chain(of_header).collect()
    }

    /// The domain of its From, where that can be read.
    pub fn from_domain(&self) -> Option<String> {
        let from = self.returned_value("From")?;
        syntax::parse_from(&from).ok().map(|from| from.address.domain().to_string())
    }

    /// A field of the returned header. A line that is no field ends that header: what comes back is often cut.
    fn returned_value(&self, name: &str) -> Option<String> {
        let header = readable_header(&self.returned);
        Message::parse(header).ok()?.value(name)
    }
}

/// Reads the machine's part and what came back with it.
pub(crate) fn read(parts: &[Part<'_>]) -> Option<Feedback> {
    let part = parts.iter().find(|part| part.content_type == "message/feedback-report")?;
    let text = part.octets();
    let fields = Message::parse(text.trim_ascii_start()).ok()?;
    let value = |name: &str| fields.value(name).map(|value| cut(&value)).unwrap_or_default();
    let all = |name: &'static str| fields.all(name).take(MAX_LISTED).map(syntax::Field::value).collect::<Vec<_>>();
    let kind = FeedbackKind::parse(&fields.value("Feedback-Type")?);
    let reporter = value("Reporting-MTA").rsplit(';').next().unwrap_or_default().trim().to_owned();
    let date = fields.value("Arrival-Date").or_else(|| fields.value("Received-Date"));
    let recipients = [all("Original-Rcpt-To"), all("Removal-Recipient")].concat();
    let failure = || AuthFailure {
        failure: value("Auth-Failure").to_ascii_lowercase(),
        delivery: value("Delivery-Result").to_ascii_lowercase(),
        alignment: value("Identity-Alignment").to_ascii_lowercase(),
        dkim_domain: value("DKIM-Domain").to_ascii_lowercase(),
        dkim_selector: value("DKIM-Selector"),
        spf_dns: value("SPF-DNS"),
    };
    Some(Feedback {
        kind,
        reporter: if reporter.is_empty() { value("User-Agent") } else { reporter },
        source_ip: value("Source-IP").parse().ok(),
        arrived_at: date
            .and_then(|date| syntax::Timestamp::parse_rfc5322(&date).ok())
            .map(|at| at.micros() / 1_000_000),
        incidents: value("Incidents").parse().unwrap_or(1),
        domains: all("Reported-Domain").iter().map(|domain| cut(domain).to_ascii_lowercase()).collect(),
        mail_from: fields.value("Original-Mail-From").and_then(|value| bracketed(&value)),
        recipients: recipients.iter().filter_map(|value| bracketed(value)).collect(),
        auth_failure: (kind == FeedbackKind::AuthFailure).then(failure),
        returned: returned(parts),
    })
}

fn returned(parts: &[Part<'_>]) -> Vec<u8> {
    const KINDS: [&str; 4] = ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"];
    let part = parts.iter().find(|part| KINDS.contains(&part.content_type.as_str()));
    part.map(|part| part.octets().trim_ascii_start().to_vec()).unwrap_or_default()
}

/// An address with or without its brackets.
fn bracketed(value: &str) -> Option<Address> {
    let value = value.trim();
    let inner = value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(value, |(inner, _)| inner);
    Address::parse(inner.trim()).ok()
}

fn cut(value: &str) -> String {
    value.chars().take(MAX_TEXT).collect()
}

/// The octets up to the first line that is neither a field nor a continuation.
fn readable_header(octets: &[u8]) -> &[u8] {
    match Message::parse(octets) {
        Ok(_) => octets,
        Err(malformed) => octets.get(..malformed.offset).unwrap_or_default(),
    }
}
