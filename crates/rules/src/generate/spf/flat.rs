//! An SPF record without look-ups: networks instead of includes, over several records when they are many.

use syntax::Domain;

use super::{COMFORTABLE, End, Generated, MAX_LOOKUPS, Network, TxtRecord};
use crate::Fault;

/// A term that cannot be flattened and stays.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Kept {
    /// The term.
    pub term: String,
    /// Look-ups that it needs, with all that it leads to.
    pub lookups: u32,
    /// Why it stays.
    pub why: String,
}

/// A flat record and its price.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Flat {
    /// What to publish.
    #[serde(flatten)]
    pub made: Generated,
    /// Look-ups that it needs.
    pub lookups: u32,
    /// Networks in it.
    pub networks: usize,
    /// What stays as it was.
    pub kept: Vec<Kept>,
}

/// Packs the networks into the domain's record; when it grows too long, into `_spf1.<domain>` and further ones, each an include.
///
/// # Errors
/// `generate.spf-flat` when even so more than ten look-ups would be needed.
pub fn pack(domain: &Domain, networks: Vec<Network>, kept: Vec<Kept>, end: End) -> Result<Flat, Fault> {
    let networks = Network::fewest(networks);
    let terms: Vec<String> = networks.iter().map(Network::term).collect();
    let stays: Vec<String> = kept.iter().map(|one| one.term.clone()).collect();
    let whole = record(&[terms.clone(), stays.clone()].concat(), end);
    let (root, parts) = if whole.len() <= COMFORTABLE {
        (whole, Vec::new())
    } else {
        let parts = split(&terms);
        let includes = (1..=parts.len()).map(|number| format!("include:{}", part_name(domain, number)));
        (record(&includes.chain(stays).collect::<Vec<_>>(), end), parts)
    };
    let below = kept.iter().fold(0_u32, |sum, one| sum.saturating_add(one.lookups));
    let lookups = below.saturating_add(u32::try_from(parts.len()).unwrap_or(u32::MAX));
    if lookups > MAX_LOOKUPS {
        return Err(Fault::caller(
            "generate.spf-flat",
            format!(
                "even flat, {domain} needs {lookups} look-ups for {} networks, and receivers stop at {MAX_LOOKUPS}: leave out who no \
                 longer sends, or give a service a sub-domain of its own",
                networks.len()
            ),
        ));
    }
    let mut made = Generated::of(TxtRecord::new(domain.as_str(), root, "who may send for the domain, flat"));
    for (number, text) in (1..).zip(parts) {
        made.records.push(TxtRecord::new(part_name(domain, number), text, "a part of the flat record"));
    }
    tell(&mut made, &kept);
    Ok(Flat { made, lookups, networks: networks.len(), kept })
}

fn tell(made: &mut Generated, kept: &[Kept]) {
    made.warn(
        "a flat record goes stale: when a service changes its addresses, its mail fails until you make the record anew. Make it anew at \
         least once a day by a timer, or keep the includes",
    );
    if made.records.len() > 1 {
        made.note("publish the parts before the main record: an include of a name without a record is an error");
    }
    for one in kept {
        made.note(format!("`{}` stays: {}", one.term, one.why));
    }
    made.note(
        "everybody who may send by it is listed openly, and no longer leaves by himself when he leaves his service",
    );
}

fn part_name(domain: &Domain, number: usize) -> String {
    domain.child(&format!("_spf{number}")).to_string()
}

fn record(terms: &[String], end: End) -> String {
    let mut text = String::from("v=spf1");
    terms.iter().map(String::as_str).chain([end.as_str()]).for_each(|term| {
        text.push(' ');
        text.push_str(term);
    });
    text
}

/// Records of comfortable length; `-all` at the end of each only closes it, an include takes nothing but a pass from it.
fn split(terms: &[String]) -> Vec<String> {
    let mut parts: Vec<Vec<String>> = vec![Vec::new()];
    let mut length = record(&[], End::Fail).len();
    for term in terms {
        if length + 1 + term.len() > COMFORTABLE {
            parts.push(Vec::new());
            length = record(&[], End::Fail).len();
        }
        length += 1 + term.len();
        parts.last_mut().into_iter().for_each(|part| part.push(term.clone()));
    }
    parts.iter().map(|part| record(part, End::Fail)).collect()
}
