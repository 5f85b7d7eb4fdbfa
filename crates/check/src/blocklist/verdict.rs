//! What an answer of a list says: a pure function of the zone's data, its answers and its test points. Each rule was
//! somebody's false alarm.

use std::net::Ipv4Addr;

use dns::Found;
use reference::{Blocklist, Means, Policy, Status, Weight};
use rules::{Fault, listing::Listing};

/// What the two test points of a zone say. RFC 5782 §5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SelfTest {
    /// What must be listed is, and what must not be is not.
    Passed,
    /// What must be listed is not: the zone is empty, or answers us nothing.
    Empty,
    /// What must never be listed is: it lists everything.
    Wildcard,
    /// The test point itself is answered with a refusal.
    Refused,
    /// The test points are answered with what no list says: the resolver rewrites answers, or the domain was sold.
    Rewritten,
    /// The test points were not answered.
    Unanswered,
    /// The zone is not known to have a test point that is listed; the other one holds.
    None,
}

impl SelfTest {
    /// Its name: `passed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Empty => "empty",
            Self::Wildcard => "wildcard",
            Self::Refused => "refused",
            Self::Rewritten => "rewritten",
            Self::Unanswered => "unanswered",
            Self::None => "none",
        }
    }
}

/// One code of an answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Told {
    /// The answer as it came: `127.0.0.2`.
    pub code: Ipv4Addr,
    /// What it means.
    pub meaning: String,
    /// Whether mail is refused for it.
    pub bad: bool,
    /// How much it matters.
    pub means: Means,
}

/// What came of asking one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) state: Listing,
    pub(super) codes: Vec<Told>,
    pub(super) why: Option<String>,
}

impl Verdict {
    pub(super) fn new(state: Listing, codes: Vec<Told>, why: impl Into<String>) -> Self {
        let why: String = why.into();
        Self { state, codes, why: Some(why).filter(|why| !why.is_empty()) }
    }
}

/// An answer about one name.
pub(super) type Answer = Result<Found<Ipv4Addr>, Fault>;

/// What one test point says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Point {
    Listed,
    Clear,
    Refused,
    Rewritten,
    Unanswered,
}

fn point(answer: &Answer) -> Point {
    match answer {
        Err(_) => Point::Unanswered,
        Ok(Found::Records(codes)) if codes.iter().any(|code| rewritten(*code)) => Point::Rewritten,
        Ok(Found::Records(codes)) if codes.iter().any(|code| refusal(*code).is_some()) => Point::Refused,
        Ok(Found::Records(_)) => Point::Listed,
        Ok(Found::NoData | Found::NoSuchName) => Point::Clear,
    }
}

/// What the test points say; `None` for one that the zone is not known to have.
pub(super) fn self_test(listed: Option<&Answer>, clear: Option<&Answer>) -> SelfTest {
    let (listed, clear) = (listed.map(point), clear.map(point));
    let either = |what: Point| listed == Some(what) || clear == Some(what);
    match listed {
        _ if clear == Some(Point::Listed) => SelfTest::Wildcard,
        _ if either(Point::Rewritten) => SelfTest::Rewritten,
        _ if either(Point::Refused) => SelfTest::Refused,
        _ if either(Point::Unanswered) => SelfTest::Unanswered,
        Some(Point::Clear) => SelfTest::Empty,
        Some(_) => SelfTest::Passed,
        None => SelfTest::None,
    }
}

/// What the list says of the subject: `answers` are those about each name that was asked for it.
pub(super) fn verdict(list: &Blocklist, answers: &[Answer], test: SelfTest) -> Verdict {
    let codes = codes(list, answers);
    if list.status == Status::Dead {
        return dead(list, codes, test);
    }
    if test == SelfTest::Wildcard {
        let why = "it lists even what RFC 5782 §5 says is never listed: a wildcard, so nothing that it says counts";
        return Verdict::new(Listing::Dead, codes, why);
    }
    if let Some(other) = codes.iter().find(|told| rewritten(told.code)) {
        let why = format!("{} is no answer of a list: {REWRITTEN}", other.code);
        return Verdict::new(Listing::Unknown, codes, why);
    }
    if let Some(refused) = codes.iter().find(|told| told.means == Means::Refused) {
        let why = refused.meaning.clone();
        return Verdict::new(Listing::Refused, codes, why);
    }
    if !codes.is_empty() {
        return Verdict::new(
            Listing::Listed,
            codes,
            if test == SelfTest::Empty { "its own test point is not listed" } else { "" },
        );
    }
    if let Some(fault) = answers.iter().find_map(|answer| answer.as_ref().err()) {
        return Verdict::new(Listing::Unknown, codes, fault.to_string());
    }
    match test {
        SelfTest::Passed | SelfTest::None | SelfTest::Wildcard => Verdict::new(Listing::Clear, codes, ""),
        SelfTest::Empty if list.public_resolvers == Policy::Registered => {
            Verdict::new(Listing::Unknown, codes, format!("{EMPTY}; it answers only resolvers that registered"))
        }
        SelfTest::Empty => Verdict::new(Listing::Unknown, codes, EMPTY),
        SelfTest::Refused => Verdict::new(Listing::Refused, codes, "it answers its own test point with a refusal"),
        SelfTest::Rewritten => {
            Verdict::new(Listing::Unknown, codes, format!("its test points are answered wrongly: {REWRITTEN}"))
        }
        SelfTest::Unanswered => Verdict::new(Listing::Unknown, codes, UNANSWERED),
    }
}

const REWRITTEN: &str =
    "the resolver rewrites answers, or the domain was sold; use a resolver of your own (`blocklist.servers`)";
const UNANSWERED: &str = "its test points were not answered, so that \"not listed\" proves nothing";

const EMPTY: &str = "it does not list its own test point: it is empty, or answers this resolver nothing";

/// A dead zone is never believed; that it answers as a live one is told.
fn dead(list: &Blocklist, codes: Vec<Told>, test: SelfTest) -> Verdict {
    let besides = match test {
        SelfTest::Passed => "; its test points answer as those of a live list",
        SelfTest::Wildcard => "; it lists everything",
        _ => "",
    };
    Verdict::new(Listing::Dead, codes, format!("dead since {} ({}){besides}", list.date, list.source))
}

/// Every answer with its meaning, each once.
fn codes(list: &Blocklist, answers: &[Answer]) -> Vec<Told> {
    let mut all: Vec<Told> = Vec::new();
    for code in answers.iter().flatten().flat_map(|found| found.clone().records()) {
        for told in meanings(list, code) {
            if !all.contains(&told) {
                all.push(told);
            }
        }
    }
    all.sort_by_key(|told| told.code);
    all
}

fn meanings(list: &Blocklist, code: Ipv4Addr) -> Vec<Told> {
    let told = |meaning: String, means: Means| Told { code, meaning, bad: means == Means::Bad, means };
    let known: Vec<Told> =
        list.meanings(code).into_iter().map(|one| told(one.meaning.clone(), one.means(list.weight))).collect();
    // Reality: Hostkarma says 127.0.0.1 to what is on its white list.
    let is_white = code == REFUSED_ONE && known.iter().all(|told| told.means == Means::Good) && !known.is_empty();
    if let Some(why) = refusal(code).filter(|_| !is_white) {
        return vec![told(why.to_owned(), Means::Refused)];
    }
    if rewritten(code) {
        return vec![told(String::from("outside 127.0.0.0/8"), Means::Refused)];
    }
    if known.is_empty() {
        // What nobody has said is told with less weight than what is known.
        let means = match list.weight {
            Weight::White => Means::Good,
            Weight::Major => Means::Minor,
            Weight::Minor | Weight::Info => Means::Info,
        };
        return vec![told(String::from("a code that the list does not document"), means)];
    }
    known
}

/// Refused, at URIBL, SURBL and others; also what DNS blockers say.
const REFUSED_ONE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Why an answer is no listing at any list.
fn refusal(code: Ipv4Addr) -> Option<&'static str> {
    Some(match code.octets() {
        [127, 0, 0, 1] => {
            "127.0.0.1 is no listing: the list refuses this resolver, or a DNS filter answers in its place"
        }
        [127, 0, 1, 255] => "an IP was asked at a list of domains",
        [127, 255, 255, 252] => "the zone's name is misspelt",
        [127, 255, 255, 254] => {
            "the list refuses resolvers that many share, or without reverse DNS of their own: use a resolver of your own \
             (`blocklist.servers`) or a key (`blocklist.keys`)"
        }
        [127, 255, 255, 255] => "too many queries, or no account: use a key (`blocklist.keys`) or ask less",
        [127, 255, 255, _] => "an error of the list",
        _ => return None,
    })
}

/// Whether no list gives such an answer. RFC 5782 §2.1.
fn rewritten(code: Ipv4Addr) -> bool {
    !code.is_loopback()
}

#[cfg(test)]
mod tests {
    use reference::blocklist;
    use rules::{Blame, Retry};

    use super::*;

    fn codes(text: &str) -> Answer {
        match text {
            "" => Ok(Found::NoSuchName),
            "?" => Err(Fault::new("dns.timeout", Blame::Peer, Retry::Later).context("no answer")),
            codes => Ok(Found::Records(codes.split(' ').map(|code| code.parse().unwrap()).collect())),
        }
    }

    /// What a zone says with that answer when its test points hold.
    fn check(zone: &str, answer: &str, expect: Listing, why: &str) -> Verdict {
        let found = verdict(blocklist(zone).unwrap(), &[codes(answer)], SelfTest::Passed);
        assert_eq!(found.state, expect, "{zone} {answer}: {found:?}");
        assert!(found.why.clone().unwrap_or_default().contains(why), "{zone} {answer}: {found:?}");
        found
    }

    #[test]
    fn every_code_of_an_answer_is_told_with_its_meaning() {
        let found = check("zen.spamhaus.org", "127.0.0.2 127.0.0.10", Listing::Listed, "");
        let shown: Vec<(&str, bool)> =
            found.codes.iter().map(|told| (told.meaning.split(':').next().unwrap(), told.bad)).collect();
        assert_eq!(shown, [("SBL", true), ("PBL, by the provider", false)]);
        let bits = check("multi.surbl.org", "127.0.0.72", Listing::Listed, "");
        assert_eq!(bits.codes.len(), 2, "PH and ABUSE");
    }

    #[test]
    fn refusals_are_never_listings() {
        for answer in ["127.255.255.252", "127.255.255.254", "127.255.255.255", "127.0.0.1", "127.0.1.255"] {
            for zone in ["zen.spamhaus.org", "dbl.spamhaus.org", "multi.uribl.com", "bl.spamcop.net"] {
                check(zone, answer, Listing::Refused, "");
            }
        }
        check("zen.spamhaus.org", "127.0.0.2 127.255.255.254", Listing::Refused, "blocklist.servers");
        check("list.dnswl.org", "127.0.10.3", Listing::Refused, "limited");
        check("dbl.spamhaus.org", "127.0.1.255", Listing::Refused, "an IP was asked");
    }

    #[test]
    fn an_answer_outside_127_is_a_resolver_that_rewrites() {
        check("zen.spamhaus.org", "146.112.61.108", Listing::Unknown, "rewrites");
        check("zen.spamhaus.org", "127.0.0.2 192.0.2.1", Listing::Unknown, "rewrites");
    }

    #[test]
    fn a_zone_that_lists_what_is_never_listed_is_dead_and_one_that_lists_nothing_unknown() {
        let list = blocklist("bl.spamcop.net").unwrap();
        let (listed, clear) = (codes("127.0.0.2"), codes(""));
        assert_eq!(self_test(Some(&listed), Some(&clear)), SelfTest::Passed);
        assert_eq!(self_test(Some(&listed), Some(&listed)), SelfTest::Wildcard);
        assert_eq!(self_test(Some(&clear), Some(&clear)), SelfTest::Empty);
        assert_eq!(self_test(None, Some(&clear)), SelfTest::None);
        assert_eq!(self_test(None, Some(&listed)), SelfTest::Wildcard);
        assert_eq!(self_test(Some(&codes("?")), Some(&clear)), SelfTest::Unanswered);
        assert_eq!(self_test(Some(&codes("127.255.255.254")), Some(&clear)), SelfTest::Refused);
        assert_eq!(self_test(Some(&codes("192.0.2.1")), Some(&codes("192.0.2.1"))), SelfTest::Rewritten);
        assert_eq!(verdict(list, &[codes("127.0.0.2")], SelfTest::Wildcard).state, Listing::Dead);
        assert_eq!(verdict(list, &[codes("")], SelfTest::Wildcard).state, Listing::Dead);
        assert_eq!(verdict(list, &[codes("")], SelfTest::Empty).state, Listing::Unknown);
        assert_eq!(verdict(list, &[codes("")], SelfTest::Unanswered).state, Listing::Unknown);
        assert_eq!(verdict(list, &[codes("")], SelfTest::Refused).state, Listing::Refused);
        assert_eq!(verdict(list, &[codes("")], SelfTest::Passed).state, Listing::Clear);
        assert_eq!(verdict(list, &[codes("?")], SelfTest::Passed).state, Listing::Unknown);
    }

    #[test]
    fn a_dead_list_is_never_believed() {
        let list = blocklist("dnsbl.sorbs.net").unwrap();
        let found = verdict(list, &[codes("127.0.0.2")], SelfTest::Passed);
        assert_eq!(found.state, Listing::Dead);
        assert!(found.why.unwrap().contains("2024-06-05"));
    }

    #[test]
    fn good_news_yellow_and_unknown_codes_frighten_nobody() {
        let means = |zone: &str, answer: &str| check(zone, answer, Listing::Listed, "").codes[0].means;
        assert_eq!(means("list.dnswl.org", "127.0.14.2"), Means::Good);
        assert_eq!(means("hostkarma.junkemailfilter.com", "127.0.0.1"), Means::Good);
        assert_eq!(means("hostkarma.junkemailfilter.com", "127.0.0.3"), Means::Info);
        assert_eq!(means("hostkarma.junkemailfilter.com", "127.0.0.5"), Means::Info);
        assert_eq!(means("rep.mailspike.net", "127.0.0.20"), Means::Good);
        assert_eq!(means("dnsbl-3.uceprotect.net", "127.0.0.2"), Means::Info);
        assert_eq!(means("psbl.surriel.com", "127.0.0.99"), Means::Info);
        assert_eq!(means("bl.spamcop.net", "127.0.0.99"), Means::Minor, "less than what is known");
    }

    #[test]
    fn one_name_that_fails_hides_no_listing_of_another_and_no_clear() {
        let list = blocklist("multi.surbl.org").unwrap();
        let found = verdict(list, &[codes("?"), codes("127.0.0.8")], SelfTest::Passed);
        assert_eq!(found.state, Listing::Listed);
        assert_eq!(verdict(list, &[codes(""), codes("?")], SelfTest::Passed).state, Listing::Unknown);
    }
}
