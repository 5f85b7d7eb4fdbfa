//! What a record costs and allows, for whatever client: its includes expanded, its look-ups counted.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use dns::{Data, Found, Resolver};
use tokio::{sync::OnceCell, task::JoinSet};

use super::{
    macros::MacroString,
    record::{Lengths, Mechanism, Qualifier, Record, is_spf, parse},
};

/// Records that are read at most: far beyond what any receiver follows.
const MAX_RECORDS: usize = 40;

/// Questions that are asked ahead.
const MAX_QUESTIONS: usize = 400;
/// Includes inside includes that are asked ahead.
const MAX_DEPTH: u32 = 20;

/// What the record of a domain comes to.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct SpfSurvey {
    /// The record itself.
    pub record: Option<String>,
    /// Look-up terms in it and in all that it includes; ten are allowed.
    pub lookups: u32,
    /// Domains included or redirected to, in order, with how deep.
    pub includes: Vec<(u32, String)>,
    /// Networks that pass, as `ip4:` and `ip6:` terms.
    pub networks: Vec<String>,
    /// Whether everything passes (`+all`).
    pub passes_all: bool,
    /// Whether it ends in `-all`, `~all`, `?all`; `None` without `all` and redirect.
    pub end: Option<char>,
    /// Terms that depend on the client (`ptr`, `exists`, macros): they have no network.
    pub dynamic: Vec<String>,
    /// Terms that match without a pass (`-ip4:…`; `all` aside): what stands behind them passes for fewer.
    pub exceptions: Vec<String>,
    /// What could not be read, with the domain.
    pub problems: Vec<String>,
    /// Records that were read.
    #[serde(skip)]
    read: usize,
}

/// Reads the record and everything below it. What does not depend on another answer is asked at the same time.
pub async fn survey_spf(resolver: &Resolver, domain: &str) -> SpfSurvey {
    let (mut survey, answers) = (SpfSurvey::default(), Answers::new(resolver));
    answers.gather(domain.to_ascii_lowercase(), 0).await;
    walk(&answers, domain.to_ascii_lowercase(), 0, &mut survey, &mut Vec::new()).await;
    survey
}

fn walk<'f>(
    answers: &'f Answers,
    domain: String,
    depth: u32,
    survey: &'f mut SpfSurvey,
    above: &'f mut Vec<String>,
) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>> {
    Box::pin(async move {
        if above.contains(&domain) || survey.read >= MAX_RECORDS {
            survey.problems.push(format!("{domain} is included again and again"));
            return;
        }
        survey.read += 1;
        let Some(record) = read(answers, &domain, depth, survey).await else { return };
        above.push(domain.clone());
        for directive in &record.directives {
            if directive.mechanism.looks_up() {
                survey.lookups += 1;
            }
            let passes = directive.qualifier == Qualifier::Pass;
            match &directive.mechanism {
                Mechanism::All if depth == 0 => {
                    survey.passes_all |= passes;
                    survey.end = Some(sign(directive.qualifier));
                }
                Mechanism::All => survey.passes_all |= passes,
                Mechanism::Ip4(network, length) if passes => survey.networks.push(network4(*network, *length)),
                Mechanism::Ip6(network, length) if passes => survey.networks.push(format!("ip6:{network}/{length}")),
                Mechanism::Include(target) => match target.fixed() {
                    Some(name) => {
                        survey.includes.push((depth + 1, name.to_owned()));
                        let (networks, open) = (survey.networks.len(), survey.passes_all);
                        walk(answers, name.to_ascii_lowercase(), depth + 1, survey, above).await;
                        if !passes {
                            survey.networks.truncate(networks);
                            survey.passes_all = open;
                        }
                    }
                    None => survey.dynamic.push(directive.text.clone()),
                },
                Mechanism::A(target, lengths) | Mechanism::Mx(target, lengths) if passes => {
                    let name = target.as_ref().map_or(Some(domain.as_str()), |target| target.fixed());
                    let mx = matches!(directive.mechanism, Mechanism::Mx(..));
                    match name {
                        Some(name) => addresses(answers, name, mx, *lengths, survey).await,
                        None => survey.dynamic.push(directive.text.clone()),
                    }
                }
                Mechanism::Ptr(_) | Mechanism::Exists(_) => survey.dynamic.push(directive.text.clone()),
                _ => {}
            }
            if !passes && directive.mechanism != Mechanism::All {
                survey.exceptions.push(directive.text.clone());
            }
        }
        let has_all = record.directives.iter().any(|one| one.mechanism == Mechanism::All);
        if let Some(target) = record.redirect.filter(|_| !has_all) {
            survey.lookups += 1;
            match target.fixed() {
                Some(name) => {
                    survey.includes.push((depth, name.to_owned()));
                    walk(answers, name.to_ascii_lowercase(), depth, survey, above).await;
                }
                None => survey.dynamic.push(String::from("redirect with macros")),
            }
        }
        above.pop();
    })
}

async fn read(answers: &Answers, domain: &str, depth: u32, survey: &mut SpfSurvey) -> Option<Record> {
    let data = match answers.ask(domain, "TXT").await {
        Ok(data) => data,
        Err(why) => {
            survey.problems.push(why);
            return None;
        }
    };
    let mut records = texts(data).filter(|text| is_spf(text));
    let (first, second) = (records.next(), records.next());
    let Some(text) = first.filter(|_| second.is_none()) else {
        if depth > 0 {
            survey.problems.push(format!("{domain} has not exactly one SPF record"));
        }
        return None;
    };
    if depth == 0 && survey.record.is_none() {
        survey.record = Some(text.clone());
    }
    match parse(&text) {
        Ok(record) => Some(record),
        Err(bad) => {
            survey.problems.push(format!("in the record of {domain}, `{}`: {}", bad.term, bad.why));
            None
        }
    }
}

async fn addresses(answers: &Answers, name: &str, mx: bool, lengths: Lengths, survey: &mut SpfSurvey) {
    let mut hosts = vec![name.to_owned()];
    if mx {
        hosts = match answers.ask(name, "MX").await {
            Ok(data) => exchanges(data),
            Err(why) => {
                survey.problems.push(why);
                return;
            }
        };
    }
    for host in hosts {
        for kind in ["A", "AAAA"] {
            match answers.ask(&host, kind).await {
                Ok(data) => survey.networks.extend(data.iter().filter_map(|data| match data {
                    Data::A(ip) => Some(network4(*ip, lengths.v4)),
                    Data::Aaaa(ip) if lengths.v6 == 128 => Some(format!("ip6:{ip}")),
                    Data::Aaaa(ip) => Some(format!("ip6:{ip}/{}", lengths.v6)),
                    _ => None,
                })),
                Err(why) => survey.problems.push(why),
            }
        }
    }
}

/// What was asked, each question once. Cheap to clone.
#[derive(Clone)]
struct Answers {
    resolver: Resolver,
    asked: Arc<Mutex<HashMap<Question, Arc<OnceCell<Answer>>>>>,
}

/// Name and type.
type Question = (String, &'static str);

/// The records, none where there are none, or why they are not known.
type Answer = Result<Vec<Data>, String>;

impl Answers {
    fn new(resolver: &Resolver) -> Self {
        Self { resolver: resolver.clone(), asked: Arc::default() }
    }

    async fn ask(&self, name: &str, kind: &'static str) -> Answer {
        let cell = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.entry((name.to_ascii_lowercase(), kind)).or_default().clone()
        };
        let look =
            async { self.resolver.records(name, kind).await.map(Found::records).map_err(|fault| fault.to_string()) };
        cell.get_or_init(|| look).await.clone()
    }

    /// Asks everything that the record of a domain leads to, side by side; what it comes to is read afterwards.
    fn gather(&self, domain: String, depth: u32) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let is_known = {
                let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
                asked.contains_key(&(domain.clone(), "TXT")) || asked.len() > MAX_QUESTIONS
            };
            if is_known || depth > MAX_DEPTH {
                return;
            }
            let Ok(data) = self.ask(&domain, "TXT").await else { return };
            let Some(record) = texts(data).find(|text| is_spf(text)).and_then(|text| parse(&text).ok()) else { return };
            let mut below = JoinSet::new();
            for directive in record.directives {
                let this = self.clone();
                let fixed = |target: Option<MacroString>, or: &str| match target {
                    Some(target) => target.fixed().map(str::to_ascii_lowercase),
                    None => Some(or.to_owned()),
                };
                let (name, mx) = match directive.mechanism {
                    Mechanism::Include(target) => {
                        if let Some(name) = fixed(Some(target), &domain) {
                            below.spawn(async move { this.gather(name, depth + 1).await });
                        }
                        continue;
                    }
                    Mechanism::A(target, _) => (fixed(target, &domain), false),
                    Mechanism::Mx(target, _) => (fixed(target, &domain), true),
                    _ => continue,
                };
                if let Some(name) = name {
                    below.spawn(async move { this.gather_hosts(name, mx).await });
                }
            }
            if let Some(name) = record.redirect.and_then(|target| target.fixed().map(str::to_ascii_lowercase)) {
                let this = self.clone();
                below.spawn(async move { this.gather(name, depth + 1).await });
            }
            while below.join_next().await.is_some() {}
        })
    }

    async fn gather_hosts(&self, name: String, mx: bool) {
        let hosts = if mx { exchanges(self.ask(&name, "MX").await.unwrap_or_default()) } else { vec![name] };
        let mut below = JoinSet::new();
        for (host, kind) in hosts.into_iter().flat_map(|host| [(host.clone(), "A"), (host, "AAAA")]) {
            let this = self.clone();
            below.spawn(async move { this.ask(&host, kind).await.map(drop) });
        }
        while below.join_next().await.is_some() {}
    }
}

fn texts(data: Vec<Data>) -> impl Iterator<Item = String> {
    data.into_iter().filter_map(|data| match data {
        Data::Txt(text) => Some(text),
        _ => None,
    })
}

fn exchanges(data: Vec<Data>) -> Vec<String> {
    let hosts = data.into_iter().filter_map(|data| match data {
        Data::Mx(_, host) if host != "." => Some(host),
        _ => None,
    });
    hosts.take(10).collect()
}

fn network4(network: std::net::Ipv4Addr, length: u8) -> String {
    if length == 32 { format!("ip4:{network}") } else { format!("ip4:{network}/{length}") }
}

fn sign(qualifier: Qualifier) -> char {
    match qualifier {
        Qualifier::Pass => '+',
        Qualifier::Fail => '-',
        Qualifier::SoftFail => '~',
        Qualifier::Neutral => '?',
    }
}
