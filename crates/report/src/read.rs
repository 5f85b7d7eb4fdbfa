//! Which reports a message carries.

use syntax::{Message, Part};

use crate::{
    Aggregate, Feedback, Problem, TlsReport, feedback, parse_aggregate, parse_tls,
    unpack::{Packing, packing, unpack},
};

/// A report of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// DMARC aggregate. RFC 9990.
    Aggregate(Box<Aggregate>),
    /// TLS. RFC 8460.
    Tls(Box<TlsReport>),
    /// A complaint or an authentication failure. RFC 5965, RFC 9991.
    Feedback(Box<Feedback>),
}

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// DMARC aggregate.
    DmarcAggregate,
    /// DMARC failure.
    DmarcFailure,
    /// TLS.
    Tls,
    /// A complaint.
    Complaint,
}

/// A message that says that it carries a report, which cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What it says it is.
    pub kind: Kind,
    /// Why it cannot be read.
    pub problem: Problem,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::DmarcAggregate, Self::DmarcFailure, Self::Tls, Self::Complaint];

    /// As it is stored and written: `dmarc-aggregate`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DmarcAggregate => "dmarc-aggregate",
            Self::DmarcFailure => "dmarc-failure",
            Self::Tls => "tls",
            Self::Complaint => "complaint",
        }
    }

    /// Reads what [`Kind::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Report {
    /// What it is about.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Aggregate(_) => Kind::DmarcAggregate,
            Self::Tls(_) => Kind::Tls,
            Self::Feedback(feedback) if feedback.auth_failure.is_some() => Kind::DmarcFailure,
            Self::Feedback(_) => Kind::Complaint,
        }
    }
}

/// The report that a message carries; `None` when it is something else. `expected` says that it came to an address
/// that reports go to: then an attachment need not be named like one. Never fails and takes bounded time.
pub fn read(message: &Message<'_>, expected: bool) -> Option<Result<Report, Unreadable>> {
    let parts = message.parts();
    if let Some(feedback) = feedback::read(&parts) {
        return Some(Ok(Report::Feedback(Box::new(feedback))));
    }
    let claim = claim(message, &parts);
    if claim.is_none() && !expected {
        return None;
    }
    let mut first: Option<Problem> = None;
    for part in parts.iter().filter(|part| is_candidate(part)) {
        match open(part) {
            Ok(report) => return Some(Ok(report)),
            Err(Problem::NoReport(_)) if claim.is_none() => {}
            Err(problem) => first = first.or(Some(problem)),
        }
    }
    let kind = claim.unwrap_or(Kind::DmarcAggregate);
    // Somebody's own archive, sent to postmaster, may be broken; a bomb is told in any case.
    let is_bomb = |problem: &Problem| matches!(problem, Problem::Bomb { .. } | Problem::TooLarge { .. });
    let problem = match first {
        Some(problem) if claim.is_some() || is_bomb(&problem) => problem,
        None if claim.is_some() => Problem::NoReport("no attachment is a report"),
        _ => return None,
    };
    Some(Err(Unreadable { kind, problem }))
}

fn open(part: &Part<'_>) -> Result<Report, Problem> {
    let text = unpack(&part.octets())?;
    match text.trim_ascii_start().first() {
        Some(b'{') => parse_tls(&text).map(|report| Report::Tls(Box::new(report))),
        Some(b'<' | 0xef | 0xfe | 0xff) => parse_aggregate(&text).map(|report| Report::Aggregate(Box::new(report))),
        _ => Err(Problem::NoReport("it is neither XML nor JSON")),
    }
}

/// What the message says that it carries. RFC 9990 §3.5 (subject and file name), RFC 8460 §5.
fn claim(message: &Message<'_>, parts: &[Part<'_>]) -> Option<Kind> {
    let content_type = message.value("Content-Type").unwrap_or_default().to_ascii_lowercase();
    let is_tls = message.all("TLS-Report-Domain").next().is_some()
        || content_type.contains("report-type=tlsrpt")
        || content_type.contains("report-type=\"tlsrpt\"")
        || parts.iter().any(|part| part.content_type.starts_with("application/tlsrpt"));
    if is_tls {
        return Some(Kind::Tls);
    }
    let subject = message.all("Subject").next().map(syntax::Field::decoded).unwrap_or_default().to_lowercase();
    // Reality: `Report domain:`, `[Preview] Report Domain:`, `Dmarc Aggregate Report Domain:`.
    let by_subject = subject.contains("report domain:") && subject.contains("submitter:");
    let by_name = parts.iter().any(|part| file_name(part).split('!').count() >= 4);
    (by_subject || by_name).then_some(Kind::DmarcAggregate)
}

fn is_candidate(part: &Part<'_>) -> bool {
    const TYPES: [&str; 11] = [
        "application/gzip",
        "application/x-gzip",
        "application/zip",
        "application/x-zip",
        "application/x-zip-compressed",
        "application/xml",
        "text/xml",
        "application/tlsrpt+gzip",
        "application/tlsrpt+json",
        "application/json",
        "application/x-compressed",
    ];
    let name = file_name(part).to_ascii_lowercase();
    TYPES.contains(&part.content_type.as_str())
        || [".xml", ".gz", ".zip", ".json"].iter().any(|end| name.ends_with(end))
        || (part.content_type == "application/octet-stream" && packing(&part.octets()) != Packing::None)
}

fn file_name(part: &Part<'_>) -> String {
    let disposition = part.value("Content-Disposition").unwrap_or_default();
    let (_, parameters) = syntax::content_type(&disposition);
    let of_disposition = parameters.into_iter().find(|(name, _)| name == "filename").map(|(_, value)| value);
    let of_type = || part.parameters.iter().find(|(name, _)| name == "name").map(|(_, value)| value.clone());
    of_disposition.or_else(of_type).unwrap_or_default()
}
