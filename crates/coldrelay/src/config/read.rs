//! Reading the file: every mistake at once, each with its place.

use std::{
    net::{IpAddr, SocketAddr},
    ops::Range,
    path::{Path, PathBuf},
};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use rules::{
    Blame, Fault, Retry,
    cost::{Tier, Tiers},
    money::Cents,
    proof::Required,
    transport::Dane,
};
use syntax::Address;
use toml::de::{DeTable, DeValue};

use super::{Config, SETTINGS};

/// A mistake in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Octets of the text.
    pub span: Range<usize>,
    /// What is wrong and what to do.
    pub what: String,
}

/// Reads the file; without one every setting has its default.
///
/// # Errors
/// `config.unreadable`, `config.invalid` with every mistake shown in its place.
pub fn load(path: Option<&Path>) -> Result<Config, Fault> {
    let text = match path {
        None => String::new(),
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            Fault::new("config.unreadable", Blame::Operator, Retry::AfterChange)
                .context(format!("reading the configuration {}", path.display()))
                .caused_by(error)
        })?,
    };
    parse(&text).map_err(|problems| {
        let shown = problems_shown(path.unwrap_or(Path::new("(defaults)")), &text, &problems);
        Fault::new("config.invalid", Blame::Operator, Retry::AfterChange).context(shown)
    })
}

/// Reads the text.
///
/// # Errors
/// Every mistake.
pub fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut problems: Vec<Problem> = errors
        .iter()
        .map(|error| Problem { span: error.span().unwrap_or(0..0), what: error.message().to_owned() })
        .collect();
    unknown_keys(table.get_ref(), "", &mut problems);
    let mut reader = Reader { table: table.get_ref(), problems };
    let config = Config::read(&mut reader);
    if let Some(config) = &config {
        together(config, &mut reader.problems);
    }
    let problems = reader.problems;
    config.filter(|_| problems.is_empty()).ok_or(problems)
}

/// The mistakes, each below its line.
pub fn problems_shown(path: &Path, text: &str, problems: &[Problem]) -> String {
    let name = path.display().to_string();
    let renderer = Renderer::plain();
    let mut shown = format!("the configuration {name} has {} mistake(s)\n", problems.len());
    for problem in problems {
        let span = problem.span.start.min(text.len())..problem.span.end.min(text.len());
        let annotation = AnnotationKind::Primary.span(span).label(problem.what.as_str());
        let snippet = Snippet::source(text).path(name.as_str()).annotation(annotation);
        let report = &[Group::with_title(Level::ERROR.primary_title(problem.what.as_str())).element(snippet)];
        shown.push_str(&renderer.render(report));
        shown.push_str("\n\n");
    }
    shown.push_str("`coldrelay config describe` shows every setting");
    shown
}

/// Takes settings out of a table.
pub struct Reader<'t> {
    table: &'t DeTable<'t>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// The setting, or its default. `None` when it is wrong, which is noted.
    pub fn take<T: FromToml>(&mut self, path: &str, default: &str) -> Option<T> {
        let found = find(self.table, path);
        let (value, span) = match &found {
            Some((value, span)) => (T::from_toml(value), span.clone()),
            None => {
                let parsed = DeValue::parse(default).ok();
                (parsed.map_or(Err(String::from("the default is broken")), |value| T::from_toml(value.get_ref())), 0..0)
            }
        };
        value.map_err(|what| self.problems.push(Problem { span, what: format!("{path}: {what}") })).ok()
    }
}

fn find<'t>(table: &'t DeTable<'t>, path: &str) -> Option<(&'t DeValue<'t>, Range<usize>)> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (_, value) = table.iter().find(|(key, _)| key.get_ref().as_ref() == first)?;
    match rest {
        None => Some((value.get_ref(), value.span())),
        Some(rest) => find(value.get_ref().as_table()?, rest),
    }
}

/// Keys that are no settings, with the nearest that is one.
fn unknown_keys(table: &DeTable<'_>, prefix: &str, problems: &mut Vec<Problem>) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        let is_section = SETTINGS.iter().any(|setting| setting.path.starts_with(&format!("{path}.")));
        let is_setting = SETTINGS.iter().any(|setting| setting.path == path);
        match value.get_ref().as_table() {
            Some(inner) if is_section => unknown_keys(inner, &path, problems),
            _ if is_setting => {}
            _ if is_section => {
                problems.push(Problem { span: value.span(), what: format!("{path}: a section is expected here") })
            }
            _ => problems
                .push(Problem { span: key.span(), what: format!("there is no setting `{path}`{}", suggestion(&path)) }),
        }
    }
}

fn suggestion(path: &str) -> String {
    let nearest = SETTINGS.iter().map(|setting| (distance(path, setting.path), setting.path)).min();
    nearest
        .filter(|(distance, _)| *distance <= 4)
        .map(|(_, path)| format!(": did you mean `{path}`?"))
        .unwrap_or_default()
}

/// Letters to be added, dropped or changed.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut next = vec![index + 1];
        for (column, other) in right.chars().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or(usize::MAX);
            let diagonal = row.get(column).copied().unwrap_or(usize::MAX);
            let before = next.last().copied().unwrap_or(usize::MAX);
            let change = diagonal.saturating_add(usize::from(letter != other));
            next.push(above.saturating_add(1).min(before.saturating_add(1)).min(change));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

/// What only two settings together can get wrong.
fn together(config: &Config, problems: &mut Vec<Problem>) {
    let mut wrong = |what: &str| problems.push(Problem { span: 0..0, what: what.to_owned() });
    match config.dns_publisher.as_str() {
        "embedded" | "print" => {}
        "rfc2136" if config.dns_rfc2136_server.is_none() => wrong("dns.publisher is rfc2136: set dns.rfc2136.server"),
        "provider" if config.dns_provider_name.is_empty() => wrong("dns.publisher is provider: set dns.provider.name"),
        "rfc2136" | "provider" => {}
        _ => wrong("dns.publisher: use embedded, rfc2136, provider or print"),
    }
    if config.listen_proxy_protocol && config.listen_proxies.is_empty() {
        wrong("listen.proxy_protocol: name the proxies in listen.proxies");
    }
    if config.tls_certificate.is_some() != config.tls_key.is_some() {
        wrong("tls.certificate and tls.key go together");
    }
    if !matches!(config.acme_challenge.as_str(), "dns-01" | "http-01") {
        wrong("acme.challenge: use dns-01 or http-01");
    }
    if !config.acme_directory.is_empty() && !config.acme_directory.starts_with("https://") {
        wrong("acme.directory: an URL that begins with https://");
    }
    if config.relay_retry_s.is_empty() || config.relay_retry_s.contains(&0) {
        wrong("relay.retry_s: at least one number, none of them 0");
    }
    if let Err(fault) = Tiers::new(config.cost_tiers.clone(), config.cost_minimum) {
        wrong(&format!("cost.{fault}"));
    }
    if config.proof_at_once == 0 || config.proof_limit_s == 0 {
        wrong("proof.at_once and proof.limit_s: at least 1");
    }
    if !matches!(config.log_format.as_str(), "text" | "json") {
        wrong("log.format: use text or json");
    }
    for zone in config.blocklist_only.iter().chain(&config.blocklist_skip).chain(&config.arriving_blocklists) {
        if reference::blocklist(zone).is_none() {
            wrong(&format!("blocklist: there is no zone {zone}; `coldrelay check blocklist --zones` shows all"));
        }
    }
    for key in config.blocklist_keys.0.keys() {
        if !reference::blocklists().iter().any(|list| list.key.as_deref() == Some(key)) {
            wrong(&format!("blocklist.keys: no list takes a key named {key}; use spamhaus-dqs or abusix"));
        }
    }
    if syntax::Domain::parse(&config.hostname).is_err() {
        wrong("hostname: not a host name");
    }
}

/// What a setting may be.
pub trait FromToml: Sized {
    /// For people.
    const KIND: &'static str;
    /// Reads a value.
    ///
    /// # Errors
    /// What is wrong with it.
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String>;
}

fn expected(kind: &str, value: &DeValue<'_>) -> String {
    format!("{kind} is expected, not {}", value.type_str())
}

impl FromToml for String {
    const KIND: &'static str = "text";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        value.as_str().map(str::to_owned).ok_or_else(|| expected(Self::KIND, value))
    }
}

impl FromToml for bool {
    const KIND: &'static str = "true or false";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| expected(Self::KIND, value))
    }
}

impl FromToml for PathBuf {
    const KIND: &'static str = "path";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let text = String::from_toml(value)?;
        if text.is_empty() { Err(String::from("a path is expected")) } else { Ok(Self::from(text)) }
    }
}

impl FromToml for SocketAddr {
    const KIND: &'static str = "IP and port";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let text = String::from_toml(value)?;
        text.parse().map_err(|_| format!("`{text}` is not an IP and port, as in 192.0.2.1:25 or [2001:db8::1]:25"))
    }
}

impl FromToml for Cents {
    const KIND: &'static str = "amount";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        Self::parse(&String::from_toml(value)?).map_err(|fault| fault.to_string())
    }
}

impl FromToml for Required {
    const KIND: &'static str = "failed, always or never";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let text = String::from_toml(value)?;
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not one of failed, always and never"))
    }
}

impl FromToml for Dane {
    const KIND: &'static str = "local, always or never";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let text = String::from_toml(value)?;
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not one of local, always and never"))
    }
}

impl FromToml for Tier {
    const KIND: &'static str = "mailboxes:price";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        Self::parse(&String::from_toml(value)?).map_err(|fault| fault.to_string())
    }
}

impl FromToml for IpAddr {
    const KIND: &'static str = "IP";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let text = String::from_toml(value)?;
        text.parse().map_err(|_| format!("`{text}` is not an IP, as in 192.0.2.1 or 2001:db8::1"))
    }
}

impl FromToml for Address {
    const KIND: &'static str = "address";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let text = String::from_toml(value)?;
        text.parse().map_err(|malformed| format!("`{text}` is not an address: {malformed}"))
    }
}

impl FromToml for check::Keys {
    const KIND: &'static str = "table of keys";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let table = value.as_table().ok_or_else(|| expected(Self::KIND, value))?;
        let key = |(name, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
            let name: &std::borrow::Cow<'_, str> = name.get_ref();
            let key = String::from_toml(value.get_ref())?;
            // It becomes labels of a name: anything else in it would ask for something else.
            let fine = !key.is_empty() && key.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
            if fine {
                Ok((name.to_string(), key))
            } else {
                Err(format!("the key `{name}` holds other than letters and digits"))
            }
        };
        table.iter().map(key).collect::<Result<_, String>>().map(Self)
    }
}

impl<T: FromToml> FromToml for Option<T> {
    const KIND: &'static str = T::KIND;
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        if value.as_str() == Some("") { Ok(None) } else { T::from_toml(value).map(Some) }
    }
}

impl<T: FromToml> FromToml for Vec<T> {
    const KIND: &'static str = "list";
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let list = value.as_array().ok_or_else(|| expected(Self::KIND, value))?;
        list.iter().map(|value| T::from_toml(value.get_ref())).collect()
    }
}

macro_rules! numbers {
    ($($type:ty),+) => {$(
        impl FromToml for $type {
            const KIND: &'static str = "whole number";
            fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
                let number = value.as_integer().ok_or_else(|| expected(Self::KIND, value))?;
                Self::from_str_radix(number.as_str(), number.radix())
                    .map_err(|_| format!("a whole number from 0 to {} is expected", Self::MAX))
            }
        }
    )+};
}

numbers!(u16, u32, u64, usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_all_defaults() {
        let config = parse("").unwrap();
        assert_eq!(config.relay_mx_port, 25);
        assert_eq!(config.listen_mx, ["127.0.0.1:2525".parse().unwrap()]);
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_place() {
        let text = "hostnam = \"x\"\n[relay]\nmx_port = 99999\nretry_s = \"soon\"\n[listen]\nmx = [\"here\"]\n[colour]\nred = 1\n";
        let problems = parse(text).unwrap_err();
        let found: Vec<(&str, &str)> =
            problems.iter().map(|problem| (&text[problem.span.clone()], problem.what.as_str())).collect();
        for (place, what) in [
            ("hostnam", "did you mean `hostname`"),
            ("99999", "relay.mx_port"),
            ("\"soon\"", "relay.retry_s"),
            ("[\"here\"]", "listen.mx"),
            ("colour", "no setting `colour`"),
        ] {
            assert!(found.iter().any(|(there, said)| *there == place && said.contains(what)), "{place}: {found:#?}");
        }
        let shown = problems_shown(Path::new("x.toml"), text, &problems);
        assert!(shown.contains("x.toml:3"), "{shown}");
    }

    #[test]
    fn keys_of_blocklists_are_read_checked_and_never_shown() {
        let text = "[blocklist]\nkeys = { spamhaus-dqs = \"verysecret\" }\nskip = [\"psbl.surriel.com\"]\n";
        let config = parse(text).unwrap();
        assert_eq!(config.blocklist_keys.0["spamhaus-dqs"], "verysecret");
        assert!(!format!("{config:?}").contains("verysecret"));
        let mistake = |text: &str| parse(&format!("[blocklist]\n{text}\n")).unwrap_err()[0].what.clone();
        assert!(mistake("keys = { spamhaus = \"x\" }").contains("spamhaus-dqs"));
        assert!(mistake("keys = { abusix = \"a.b\" }").contains("letters and digits"));
        assert!(mistake("keys = { abusix = 7 }").contains("text is expected"));
        assert!(mistake("only = [\"zen.spamhouse.org\"]").contains("no zone zen.spamhouse.org"));
    }

    #[test]
    fn settings_that_need_each_other_are_checked_together() {
        assert!(parse("[dns]\npublisher = \"rfc2136\"\n").unwrap_err()[0].what.contains("dns.rfc2136.server"));
        assert!(parse("[tls]\nkey = \"k.pem\"\n").unwrap_err()[0].what.contains("go together"));
        assert!(parse("[proof]\nlimit_s = 0\n").unwrap_err()[0].what.contains("proof.limit_s"));
        assert!(parse("[proof]\nrequired = \"often\"\n").unwrap_err()[0].what.contains("failed, always and never"));
        assert!(parse("[cost]\ntiers = [\"2:1.00\"]\n").unwrap_err()[0].what.contains("cost.tiers: the first"));
    }
}
