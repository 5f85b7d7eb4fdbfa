//! `check_host()`. RFC 7208 §4.

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    pin::Pin,
};

use dns::{Data, Found, Resolver};

use super::{
    MAX_LOOKUPS, MAX_VOIDS, SpfProblem, SpfQuery, SpfReport, SpfStep,
    macros::{MacroString, Values},
    record::{Directive, Lengths, Mechanism, Qualifier, Record, is_spf, parse},
};
use crate::Verdict;

/// Names that a `ptr` or `%{p}` looks at, mail hosts that an `mx` does. RFC 7208 §4.6.4
const MAX_NAMES: usize = 10;
/// Answers kept in the trace of one step.
const SHOWN: usize = 12;

/// Evaluates SPF, step by step. Never fails: what could not be looked up is `temperror`, with its reason.
pub async fn evaluate_spf(resolver: &Resolver, query: &SpfQuery) -> SpfReport {
    let sender = Sender::of(query);
    let mut evaluation = Evaluation {
        resolver,
        query,
        ip: plain(query.ip),
        sender,
        lookups: 0,
        voids: 0,
        trace: Vec::new(),
        asked: Vec::new(),
        answers: Vec::new(),
        within: Vec::new(),
    };
    let domain = evaluation.sender.domain.clone();
    let ended = evaluation.check_host(domain.clone(), 0).await;
    let mut report = SpfReport {
        result: Verdict::None,
        domain,
        explanation: None,
        lookups: evaluation.lookups,
        voids: evaluation.voids,
        matched: None,
        problem: None,
        trace: Vec::new(),
    };
    match ended {
        Ok(Ending { verdict, matched, explanation }) => {
            report.result = verdict;
            report.matched = matched;
            if let Some((exp, domain)) = explanation.filter(|_| verdict == Verdict::Fail) {
                report.explanation = evaluation.explain(&exp, &domain).await;
            }
        }
        Err(Stop { verdict, problem }) => {
            report.result = verdict;
            report.problem = problem;
        }
    }
    report.trace = evaluation.trace;
    report
}

/// An IPv4 address however it is dressed.
fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// The identity. RFC 7208 §2.4, §4.3
struct Sender {
    local: String,
    domain: String,
}

impl Sender {
    fn of(query: &SpfQuery) -> Self {
        let (local, domain) = match query.mail_from.as_deref().filter(|from| !from.is_empty()) {
            None => ("", query.helo.as_str()),
            Some(from) => from.rsplit_once('@').unwrap_or(("", from)),
        };
        let local = if local.is_empty() { "postmaster" } else { local };
        Self { local: local.to_owned(), domain: domain.trim_end_matches('.').to_ascii_lowercase() }
    }
}

/// How a domain's record ended.
struct Ending {
    verdict: Verdict,
    matched: Option<String>,
    /// `exp=` of the record that decided, and its domain.
    explanation: Option<(MacroString, String)>,
}

/// An error that ends the evaluation.
struct Stop {
    verdict: Verdict,
    problem: Option<SpfProblem>,
}

impl Stop {
    fn permanent(id: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::PermError, problem: Some(SpfProblem { id, message: message.into() }) }
    }

    fn temporary(message: impl Into<String>) -> Self {
        Self { verdict: Verdict::TempError, problem: Some(SpfProblem { id: "spf.timeout", message: message.into() }) }
    }
}

struct Evaluation<'a> {
    resolver: &'a Resolver,
    query: &'a SpfQuery,
    ip: IpAddr,
    sender: Sender,
    lookups: u32,
    voids: u32,
    trace: Vec<SpfStep>,
    /// Of the step that runs.
    asked: Vec<String>,
    answers: Vec<String>,
    /// Domains whose records are being evaluated, outermost first.
    within: Vec<String>,
}

type Running<'f, T> = Pin<Box<dyn Future<Output = Result<T, Stop>> + Send + 'f>>;

impl Evaluation<'_> {
    fn check_host(&mut self, domain: String, depth: u32) -> Running<'_, Ending> {
        Box::pin(async move {
            let none = |verdict| Ending { verdict, matched: None, explanation: None };
            if !is_host_name(&domain) {
                self.step(depth, &domain, "", "none: this is no full domain name");
                return Ok(none(Verdict::None));
            }
            let Some((text, record)) = self.record(&domain, depth).await? else { return Ok(none(Verdict::None)) };
            self.step(depth, &domain, &text, "record");
            self.within.push(domain.clone());
            let ending = self.run(&record, &domain, depth).await;
            self.within.pop();
            ending
        })
    }

    /// The domain's one record. RFC 7208 §4.4, §4.5
    async fn record(&mut self, domain: &str, depth: u32) -> Result<Option<(String, Record)>, Stop> {
        let texts = match self.ask(domain, "TXT").await {
            Ok(data) => data,
            Err(why) => {
                self.step(depth, domain, "", "temperror");
                return Err(Stop::temporary(why));
            }
        };
        let mut records = texts.into_iter().filter_map(|data| match data {
            Data::Txt(text) if is_spf(&text) => Some(text),
            _ => None,
        });
        let Some(text) = records.next() else {
            self.step(depth, domain, "", "none: there is no SPF record");
            return Ok(None);
        };
        if records.next().is_some() {
            self.step(depth, domain, &text, "permerror: several records");
            return Err(Stop::permanent("spf.several-records", format!("{domain} has more than one SPF record")));
        }
        match parse(&text) {
            Ok(record) => Ok(Some((text, record))),
            Err(bad) => {
                self.step(depth, domain, &text, "permerror: syntax");
                Err(Stop::permanent("spf.syntax", format!("in the record of {domain}, `{}`: {}", bad.term, bad.why)))
            }
        }
    }

    async fn run(&mut self, record: &Record, domain: &str, depth: u32) -> Result<Ending, Stop> {
        for directive in &record.directives {
            let matches = self.matches(directive, domain, depth).await;
            let outcome = match &matches {
                Ok(true) => "match",
                Ok(false) => "no match",
                Err(stop) => stop.verdict.as_str(),
            };
            // An include tells its own steps; its own outcome comes after them.
            self.step(depth, domain, &directive.text, outcome);
            if matches? {
                return Ok(Ending {
                    verdict: verdict_of(directive.qualifier),
                    matched: Some(directive.text.clone()),
                    explanation: record.explanation.clone().map(|exp| (exp, domain.to_owned())),
                });
            }
        }
        let Some(redirect) = &record.redirect else {
            return Ok(Ending { verdict: Verdict::Neutral, matched: None, explanation: None });
        };
        self.count("redirect", domain)?;
        let target = self.name(redirect, domain).await?;
        self.step(depth, domain, &format!("redirect={target}"), "goes on there");
        self.guard(&target)?;
        let ending = self.check_host(target.clone(), depth).await?;
        if ending.verdict == Verdict::None {
            let words = format!("the redirect of {domain} leads to {target}, which has no SPF record");
            return Err(Stop::permanent("spf.redirect-missing", words));
        }
        Ok(ending)
    }

    async fn matches(&mut self, directive: &Directive, domain: &str, depth: u32) -> Result<bool, Stop> {
        if directive.mechanism.looks_up() {
            self.count(&directive.text, domain)?;
        }
        match &directive.mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(network, length) => Ok(within4(self.ip, *network, *length)),
            Mechanism::Ip6(network, length) => Ok(within6(self.ip, *network, *length)),
            Mechanism::Include(target) => self.include(target, domain, depth).await,
            Mechanism::A(target, lengths) => {
                let name = self.target(target.as_ref(), domain).await?;
                self.has_address(&name, *lengths).await
            }
            Mechanism::Mx(target, lengths) => {
                let name = self.target(target.as_ref(), domain).await?;
                self.has_mail_host(&name, *lengths).await
            }
            Mechanism::Ptr(target) => {
                let name = self.target(target.as_ref(), domain).await?.to_ascii_lowercase();
                let names = self.validated_names().await;
                Ok(names.iter().any(|one| is_within(one, &name)))
            }
            Mechanism::Exists(target) => {
                let name = self.name(target, domain).await?;
                // Always A, whatever the client's family. RFC 7208 §5.7
                Ok(!self.look(&name, "A").await?.is_empty())
            }
        }
    }

    async fn include(&mut self, target: &MacroString, domain: &str, depth: u32) -> Result<bool, Stop> {
        let name = self.name(target, domain).await?;
        self.guard(&name)?;
        // RFC 7208 §5.2
        match self.check_host(name.clone(), depth + 1).await?.verdict {
            Verdict::Pass => Ok(true),
            Verdict::None => {
                let words = format!("{domain} includes {name}, which has no SPF record");
                Err(Stop::permanent("spf.include-missing", words))
            }
            _ => Ok(false),
        }
    }

    /// A record that leads back to itself never ends: it would use up all look-ups.
    fn guard(&self, name: &str) -> Result<(), Stop> {
        let name = name.to_ascii_lowercase();
        if !self.within.contains(&name) {
            return Ok(());
        }
        let way = [self.within.as_slice(), std::slice::from_ref(&name)].concat().join(" → ");
        Err(Stop::permanent("spf.include-loop", format!("the record leads back to itself: {way}")))
    }

    fn count(&mut self, term: &str, domain: &str) -> Result<(), Stop> {
        self.lookups += 1;
        if self.lookups <= MAX_LOOKUPS {
            return Ok(());
        }
        let words =
            format!("`{term}` in the record of {domain} is look-up {}, and {MAX_LOOKUPS} are allowed", self.lookups);
        Err(Stop::permanent("spf.too-many-lookups", words))
    }

    async fn has_address(&mut self, name: &str, lengths: Lengths) -> Result<bool, Stop> {
        let addresses = self.look(name, self.family()).await?;
        Ok(addresses.iter().any(|data| self.covers(data, lengths)))
    }

    async fn has_mail_host(&mut self, name: &str, lengths: Lengths) -> Result<bool, Stop> {
        let hosts = self.look(name, "MX").await?;
        if hosts.len() > MAX_NAMES {
            let words = format!("{name} has {} mail hosts, and `mx` may look at {MAX_NAMES}", hosts.len());
            return Err(Stop::permanent("spf.mx-limit", words));
        }
        for host in hosts {
            if let Data::Mx(_, exchange) = host
                && exchange != "."
                && self.has_address(&exchange, lengths).await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Names of the client's address that lead back to it. Failures count as no name. RFC 7208 §5.5
    async fn validated_names(&mut self) -> Vec<String> {
        let Ok(pointers) = self.ask(&dns::reverse_name(self.ip), "PTR").await else { return Vec::new() };
        let mut names = Vec::new();
        for pointer in pointers.into_iter().take(MAX_NAMES) {
            let Data::Ptr(name) = pointer else { continue };
            let addresses = self.ask(&name, self.family()).await.unwrap_or_default();
            if addresses.iter().any(|data| self.covers(data, Lengths { v4: 32, v6: 128 })) {
                names.push(name.to_ascii_lowercase());
            }
        }
        names
    }

    fn covers(&self, data: &Data, lengths: Lengths) -> bool {
        match data {
            Data::A(network) => within4(self.ip, *network, lengths.v4),
            Data::Aaaa(network) => within6(self.ip, *network, lengths.v6),
            _ => false,
        }
    }

    /// Only addresses of the client's family are asked for.
    fn family(&self) -> &'static str {
        if self.ip.is_ipv4() { "A" } else { "AAAA" }
    }

    async fn target(&mut self, target: Option<&MacroString>, domain: &str) -> Result<String, Stop> {
        match target {
            Some(target) => self.name(target, domain).await,
            None => Ok(domain.to_owned()),
        }
    }

    async fn name(&mut self, target: &MacroString, domain: &str) -> Result<String, Stop> {
        let values = self.values(domain, target.needs_validated_name()).await;
        Ok(target.expand_name(&values))
    }

    /// A look-up on behalf of a term; one that finds nothing is void.
    async fn look(&mut self, name: &str, kind: &str) -> Result<Vec<Data>, Stop> {
        let found = self.ask(name, kind).await.map_err(Stop::temporary)?;
        if found.is_empty() {
            self.voids += 1;
            if self.voids > MAX_VOIDS {
                let words = format!("{kind} of {name} is void look-up {}, and {MAX_VOIDS} are allowed", self.voids);
                return Err(Stop::permanent("spf.void-lookups", words));
            }
        }
        Ok(found)
    }

    /// The records, none for a name without; an error in words.
    async fn ask(&mut self, name: &str, kind: &str) -> Result<Vec<Data>, String> {
        self.asked.push(format!("{kind} {name}"));
        let answer = match self.resolver.records(name, kind).await {
            Ok(Found::Records(data)) => Ok(data),
            Ok(Found::NoData) => {
                self.answers.push(String::from("no such record"));
                Ok(Vec::new())
            }
            Ok(Found::NoSuchName) => {
                self.answers.push(String::from("no such name"));
                Ok(Vec::new())
            }
            // A name that cannot exist: macros may make one. RFC 7208 §4.3 treats it as a name that does not.
            Err(fault) if fault.code == "dns.name" => {
                self.answers.push(String::from("no name of the DNS"));
                Ok(Vec::new())
            }
            Err(fault) => {
                self.answers.push(fault.to_string());
                Err(fault.to_string())
            }
        };
        for data in answer.iter().flatten().take(SHOWN) {
            self.answers.push(data.rdata());
        }
        answer
    }

    fn step(&mut self, depth: u32, domain: &str, term: &str, outcome: &str) {
        self.trace.push(SpfStep {
            depth,
            domain: domain.to_owned(),
            term: term.to_owned(),
            asked: std::mem::take(&mut self.asked),
            answers: std::mem::take(&mut self.answers),
            outcome: outcome.to_owned(),
            lookups: self.lookups,
            voids: self.voids,
        });
    }

    /// The text that the domain gives for a failure; any error means that there is none. RFC 7208 §6.2
    async fn explain(&mut self, exp: &MacroString, domain: &str) -> Option<String> {
        let name = self.name(exp, domain).await.ok()?;
        let mut texts = self.ask(&name, "TXT").await.ok()?.into_iter().filter_map(|data| match data {
            Data::Txt(text) => Some(text),
            _ => None,
        });
        let (Some(text), None) = (texts.next(), texts.next()) else { return None };
        if !text.is_ascii() {
            return None;
        }
        let words = MacroString::parse(&text, true).ok()?;
        let values = self.values(domain, words.needs_validated_name()).await;
        Some(words.expand(&values))
    }

    async fn values(&mut self, domain: &str, with_name: bool) -> Values {
        let validated = if with_name { self.validated_for(domain).await } else { String::new() };
        let (ip, family) = match self.ip {
            IpAddr::V4(ip) => (ip.to_string(), "in-addr"),
            IpAddr::V6(ip) => (nibbles(ip), "ip6"),
        };
        Values {
            sender: format!("{}@{}", self.sender.local, self.sender.domain),
            local: self.sender.local.clone(),
            sender_domain: self.sender.domain.clone(),
            domain: domain.to_owned(),
            ip,
            validated,
            family,
            helo: self.query.helo.clone(),
            readable_ip: self.ip.to_string(),
            receiver: self.query.receiver.clone(),
            time: self.query.at,
        }
    }

    /// `%{p}`: the domain itself, else a name below it, else any. RFC 7208 §7.3
    async fn validated_for(&mut self, domain: &str) -> String {
        let names = self.validated_names().await;
        let found = names
            .iter()
            .find(|name| name.as_str() == domain)
            .or_else(|| names.iter().find(|name| is_within(name, domain)))
            .or_else(|| names.first());
        found.cloned().unwrap_or_else(|| String::from("unknown"))
    }
}

fn verdict_of(qualifier: Qualifier) -> Verdict {
    match qualifier {
        Qualifier::Pass => Verdict::Pass,
        Qualifier::Fail => Verdict::Fail,
        Qualifier::SoftFail => Verdict::SoftFail,
        Qualifier::Neutral => Verdict::Neutral,
    }
}

/// A name of several labels, none empty or too long. RFC 7208 §4.3
fn is_host_name(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let fits = |label: &&str| (1..=63).contains(&label.len());
    domain.len() <= 253 && labels.len() > 1 && labels.iter().all(fits) && !domain.starts_with('[')
}

fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

pub(super) fn within4(ip: IpAddr, network: Ipv4Addr, length: u8) -> bool {
    let IpAddr::V4(ip) = ip else { return false };
    let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
    (u32::from(ip) & mask) == (u32::from(network) & mask)
}

pub(super) fn within6(ip: IpAddr, network: Ipv6Addr, length: u8) -> bool {
    let IpAddr::V6(ip) = ip else { return false };
    let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
    (u128::from(ip) & mask) == (u128::from(network) & mask)
}

fn nibbles(ip: Ipv6Addr) -> String {
    let hex = format!("{:032X}", u128::from(ip));
    hex.chars().map(String::from).collect::<Vec<_>>().join(".")
}
