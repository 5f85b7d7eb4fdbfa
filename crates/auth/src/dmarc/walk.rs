//! Which record holds for a domain. RFC 9989 §4.10; RFC 7489 §6.6.3 for the older way.

use dns::{Found, Resolver};
use rules::Fault;
use syntax::Domain;
use tokio::task::JoinSet;

use super::record::{DmarcRecord, Psd, is_dmarc, parse};
use crate::Policy;

/// Most names that a walk asks. RFC 9989 §4.10
const MAX_QUERIES: usize = 8;
/// Labels of the second name, when the first has more. RFC 9989 §4.10
const JUMP: usize = 7;

/// What was found on the way up.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DmarcWalk {
    /// The domain in From.
    pub domain: Domain,
    /// Whether it exists at all: `np` is for domains that do not.
    pub exists: bool,
    /// Every name that was asked, from the domain up.
    pub steps: Vec<DmarcStep>,
    /// By the tree walk.
    pub walk: DmarcMethod,
    /// By the public-suffix list.
    pub suffix: DmarcMethod,
}

/// One name.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DmarcStep {
    /// The domain whose `_dmarc` was asked.
    pub domain: Domain,
    /// What it has there that begins like DMARC.
    pub records: Vec<String>,
    /// The record, when there is exactly one and it can be read.
    #[serde(skip)]
    pub record: Option<DmarcRecord>,
    /// Why what is there does not count.
    pub problem: Option<String>,
    /// Why it could not be asked; only of names above every domain that can be registered.
    pub unseen: Option<String>,
}

/// What one method comes to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DmarcMethod {
    /// The organisational domain: relaxed alignment means that two domains share it.
    pub organizational: Domain,
    /// Where the record that holds was found.
    pub found_at: Option<Domain>,
    /// What the record asks for, for this domain.
    pub policy: Option<Policy>,
}

impl DmarcWalk {
    /// The record that holds by the tree walk.
    pub fn record(&self) -> Option<&DmarcRecord> {
        self.record_at(self.walk.found_at.as_ref()?)
    }

    /// Whether the two methods come to different records, policies or organisations.
    pub fn differs(&self) -> bool {
        self.walk != self.suffix
    }

    fn record_at(&self, domain: &Domain) -> Option<&DmarcRecord> {
        self.steps.iter().find(|step| step.domain == *domain).and_then(|step| step.record.as_ref())
    }
}

/// Walks up from a domain. All names are asked at the same time.
///
/// # Errors
/// `dns.timeout`, `dns.servfail`: a walk with a hole in it decides nothing. A public suffix alone may be silent, since a name
/// server that is asked about its own zones alone knows nothing above them.
pub async fn walk_dmarc(resolver: &Resolver, domain: &Domain) -> Result<DmarcWalk, Fault> {
    let mut running = JoinSet::new();
    for (place, name) in names(domain).into_iter().enumerate() {
        let resolver = resolver.clone();
        running.spawn(async move { (place, look(&resolver, name).await) });
    }
    let exists = !matches!(resolver.txt(domain.as_str()).await?, Found::NoSuchName);
    let mut steps = Vec::new();
    while let Some(ended) = running.join_next().await {
        if let Ok((place, step)) = ended {
            steps.push((place, step?));
        }
    }
    steps.sort_by_key(|(place, _)| *place);
    Ok(decide(domain, exists, steps.into_iter().map(|(_, step)| step).collect()))
}

/// The organisational domain of a name, by the tree walk.
///
/// # Errors
/// As [`walk_dmarc`].
pub async fn organizational_domain(resolver: &Resolver, domain: &Domain) -> Result<Domain, Fault> {
    Ok(walk_dmarc(resolver, domain).await?.walk.organizational)
}

/// The names of a walk, from the domain up.
fn names(domain: &Domain) -> Vec<Domain> {
    let mut names = vec![domain.clone()];
    let mut at = domain.parent();
    while let Some(name) = at {
        let labels = name.as_str().split('.').count();
        at = name.parent();
        if labels <= JUMP {
            names.push(name);
        }
    }
    names.truncate(MAX_QUERIES);
    names
}

async fn look(resolver: &Resolver, domain: Domain) -> Result<DmarcStep, Fault> {
    let found = match resolver.txt(&format!("_dmarc.{domain}")).await {
        Ok(found) => found.records(),
        Err(fault) if domain.registrable().is_none() => {
            let unseen = Some(fault.to_string());
            return Ok(DmarcStep { domain, records: Vec::new(), record: None, problem: None, unseen });
        }
        Err(fault) => return Err(fault),
    };
    let records: Vec<String> = found.into_iter().filter(|text| is_dmarc(text)).collect();
    let (record, problem) = match records.as_slice() {
        [] => (None, None),
        [text] => match parse(text) {
            Ok(record) => (Some(record), None),
            Err(why) => (None, Some(why)),
        },
        // RFC 9989 §4.10: all are thrown away, and the walk goes on.
        several => (None, Some(format!("there are {} records, so none counts", several.len()))),
    };
    Ok(DmarcStep { domain, records, record, problem, unseen: None })
}

fn decide(domain: &Domain, exists: bool, steps: Vec<DmarcStep>) -> DmarcWalk {
    // The walk stops at the first record that says what its domain is.
    let end = steps.iter().position(|step| step.record.as_ref().is_some_and(|record| record.psd != Psd::Unsaid));
    let walked = steps.get(..end.map_or(steps.len(), |end| end + 1)).unwrap_or_default();
    let walk = {
        let organizational = by_walk(domain, walked);
        let suffix = walked.iter().find(|step| step.record.as_ref().is_some_and(|record| record.psd == Psd::Yes));
        let places = [Some(domain.clone()), Some(organizational.clone()), suffix.map(|step| step.domain.clone())];
        method(domain, exists, organizational, places.into_iter().flatten().collect(), &steps)
    };
    let suffix = {
        let organizational = domain.registrable().unwrap_or_else(|| domain.clone());
        method(domain, exists, organizational.clone(), vec![domain.clone(), organizational], &steps)
    };
    DmarcWalk { domain: domain.clone(), exists, steps, walk, suffix }
}

/// RFC 9989 §4.10.2
fn by_walk(domain: &Domain, walked: &[DmarcStep]) -> Domain {
    let with_record = || walked.iter().filter(|step| step.record.is_some());
    let says = |step: &&DmarcStep, psd: Psd| step.record.as_ref().is_some_and(|record| record.psd == psd);
    if let Some(step) = with_record().find(|step| says(step, Psd::No)) {
        return step.domain.clone();
    }
    if let Some(place) = walked.iter().position(|step| says(&step, Psd::Yes) && step.domain != *domain)
        && let Some(above) = walked.get(place)
    {
        return one_below(domain, &above.domain);
    }
    with_record().next_back().map_or_else(|| domain.clone(), |step| step.domain.clone())
}

/// The name on the way from `domain` up to `above` that is one label below it.
fn one_below(domain: &Domain, above: &Domain) -> Domain {
    let mut at = domain.clone();
    while let Some(parent) = at.parent() {
        if parent == *above {
            break;
        }
        at = parent;
    }
    at
}

fn method(
    domain: &Domain,
    exists: bool,
    organizational: Domain,
    places: Vec<Domain>,
    steps: &[DmarcStep],
) -> DmarcMethod {
    let record_at =
        |place: &Domain| steps.iter().find(|step| step.domain == *place).and_then(|step| step.record.as_ref());
    let found = places.into_iter().find_map(|place| record_at(&place).map(|record| (place, record)));
    let policy = found
        .as_ref()
        .map(|(place, record)| if place == domain { record.own_policy() } else { record.subdomain_policy(exists) });
    DmarcMethod { organizational, found_at: found.map(|(place, _)| place), policy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    /// Records as (domain, text), the walk's domain, and what each method should come to: organisation, place, policy.
    fn check(records: &[(&str, &str)], of: &str, walk: (&str, &str, Policy), suffix: (&str, &str, Policy)) {
        let of = domain(of);
        let steps = names(&of).into_iter().map(|name| {
            let text = records.iter().find(|(at, _)| *at == name.as_str()).map(|(_, text)| *text);
            let record = text.map(|text| parse(text).unwrap());
            DmarcStep {
                domain: name,
                records: text.map(str::to_owned).into_iter().collect(),
                record,
                problem: None,
                unseen: None,
            }
        });
        let found = decide(&of, true, steps.collect());
        let shown = |method: &DmarcMethod| {
            let place = method.found_at.as_ref().map(ToString::to_string).unwrap_or_default();
            (method.organizational.to_string(), place, method.policy.unwrap_or(Policy::None))
        };
        let owned =
            |(organization, place, policy): (&str, &str, Policy)| (organization.to_owned(), place.to_owned(), policy);
        assert_eq!(shown(&found.walk), owned(walk), "walk of {of}");
        assert_eq!(shown(&found.suffix), owned(suffix), "suffix of {of}");
    }

    #[test]
    fn the_walk_and_the_suffix_list_agree_where_the_organisation_has_a_record() {
        let same = ("example.com", "example.com", Policy::Reject);
        check(&[("example.com", "v=DMARC1; p=reject")], "example.com", same, same);
        check(&[("example.com", "v=DMARC1; p=reject")], "mail.example.com", same, same);
        let sub = ("example.com", "example.com", Policy::Quarantine);
        check(&[("example.com", "v=DMARC1; p=reject; sp=quarantine")], "a.b.example.com", sub, sub);
    }

    #[test]
    fn a_record_only_at_a_sub_domain_makes_it_an_organisation_of_its_own_by_the_walk_alone() {
        check(
            &[("mail.example.com", "v=DMARC1; p=reject")],
            "mail.example.com",
            ("mail.example.com", "mail.example.com", Policy::Reject),
            ("example.com", "mail.example.com", Policy::Reject),
        );
    }

    #[test]
    fn a_record_between_is_found_by_the_walk_alone_only_when_it_ends_there() {
        let records = [("b.example.com", "v=DMARC1; p=reject; psd=n"), ("example.com", "v=DMARC1; p=none")];
        check(
            &records,
            "a.b.example.com",
            ("b.example.com", "b.example.com", Policy::Reject),
            ("example.com", "example.com", Policy::None),
        );
    }

    #[test]
    fn a_public_suffix_with_a_record_has_its_organisations_one_below() {
        let records = [("com", "v=DMARC1; p=reject; np=reject; psd=y")];
        check(&records, "a.example.com", ("example.com", "com", Policy::Reject), ("example.com", "", Policy::None));
    }

    #[test]
    fn a_long_name_is_asked_at_itself_and_then_from_seven_labels_up() {
        let all: Vec<String> =
            names(&domain("a.b.c.d.e.f.g.h.i.j.example.com")).iter().map(ToString::to_string).collect();
        let up = ["f.g.h.i.j.example.com", "g.h.i.j.example.com", "h.i.j.example.com", "i.j.example.com"];
        assert_eq!(all[0], "a.b.c.d.e.f.g.h.i.j.example.com");
        assert_eq!(all[1..5], up);
        assert_eq!((all.len(), all.last().map(String::as_str)), (8, Some("com")));
    }
}
