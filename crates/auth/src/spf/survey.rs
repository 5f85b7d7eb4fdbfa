//! What a record costs and allows, for whatever client: its includes expanded, its look-ups counted.

use std::{future::Future, pin::Pin};

use dns::{Data, Found, Resolver};

use super::record::{Lengths, Mechanism, Qualifier, Record, is_spf, parse};

/// Records that are read at most: far beyond what any receiver follows.
const MAX_RECORDS: usize = 40;

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

/// Reads the record and everything below it.
pub async fn survey_spf(resolver: &Resolver, domain: &str) -> SpfSurvey {
    let mut survey = SpfSurvey::default();
    walk(resolver, domain.to_ascii_lowercase(), 0, &mut survey, &mut Vec::new()).await;
    survey
}

fn walk<'f>(
    resolver: &'f Resolver,
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
        let Some(record) = read(resolver, &domain, depth, survey).await else { return };
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
                        walk(resolver, name.to_ascii_lowercase(), depth + 1, survey, above).await;
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
                        Some(name) => addresses(resolver, name, mx, *lengths, survey).await,
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
                    walk(resolver, name.to_ascii_lowercase(), depth, survey, above).await;
                }
                None => survey.dynamic.push(String::from("redirect with macros")),
            }
        }
        above.pop();
    })
}

async fn read(resolver: &Resolver, domain: &str, depth: u32, survey: &mut SpfSurvey) -> Option<Record> {
    let texts = match resolver.txt(domain).await {
        Ok(found) => found.records(),
        Err(fault) => {
            survey.problems.push(fault.to_string());
            return None;
        }
    };
    let mut records = texts.into_iter().filter(|text| is_spf(text));
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

async fn addresses(resolver: &Resolver, name: &str, mx: bool, lengths: Lengths, survey: &mut SpfSurvey) {
    let mut hosts = vec![name.to_owned()];
    if mx {
        hosts = match resolver.mx(name).await {
            Ok(found) => {
                found.records().into_iter().map(|(_, host)| host).filter(|host| host != ".").take(10).collect()
            }
            Err(fault) => {
                survey.problems.push(fault.to_string());
                return;
            }
        };
    }
    for host in hosts {
        for kind in ["A", "AAAA"] {
            match resolver.records(&host, kind).await {
                Ok(Found::Records(data)) => survey.networks.extend(data.iter().filter_map(|data| match data {
                    Data::A(ip) => Some(network4(*ip, lengths.v4)),
                    Data::Aaaa(ip) if lengths.v6 == 128 => Some(format!("ip6:{ip}")),
                    Data::Aaaa(ip) => Some(format!("ip6:{ip}/{}", lengths.v6)),
                    _ => None,
                })),
                Ok(_) => {}
                Err(fault) => survey.problems.push(fault.to_string()),
            }
        }
    }
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
