//! Asking: every zone at the same time, with its reason and its test points; what the test points said is kept an hour.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use dns::{Asker, Found};
use reference::{Blocklist, Status};
use rules::listing::Listing;
use tokio::{
    sync::{OnceCell, Semaphore},
    task::JoinSet,
    time::Instant,
};

use super::{
    SelfTest, Subject, ZoneReport,
    verdict::{Answer, Verdict, self_test, verdict},
};

/// Questions under way at the same time, over all zones and subjects: all zones about one subject, with their test points.
/// More would be dropped: a resolver's socket on Linux holds about as many small datagrams (net.core.rmem_default).
const IN_FLIGHT: usize = 320;
/// How long what the test points said is believed. They change once in years; a refusal comes and goes within hours.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// Longest reason that is kept, in characters.
const REASON: usize = 500;

/// The keys of lists that need one, by the list's `key`. Never shown.
#[derive(Clone, Default)]
pub struct Keys(pub BTreeMap<String, String>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hidden = self.0.keys().map(|name| (name, "…"));
        f.debug_map().entries(hidden).finish()
    }
}

/// How blocklists are asked. Cheap to clone; clones share what the test points said.
#[derive(Debug, Clone)]
pub struct Blocklists {
    asker: Asker,
    keys: Keys,
    only: Vec<String>,
    skip: Vec<String>,
    places: Arc<Semaphore>,
    tests: Arc<Mutex<HashMap<&'static str, Kept>>>,
}

/// What the test points of a zone said, or are about to.
#[derive(Debug, Clone)]
struct Kept {
    asked: Instant,
    said: Arc<OnceCell<SelfTest>>,
}

impl Blocklists {
    /// Asks through that.
    pub fn new(asker: Asker) -> Self {
        let places = Arc::new(Semaphore::new(IN_FLIGHT));
        Self { asker, keys: Keys::default(), only: Vec::new(), skip: Vec::new(), places, tests: Arc::default() }
    }

    /// With these keys.
    #[must_use]
    pub fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// Only these zones (none: all), and never those.
    #[must_use]
    pub fn zones(mut self, only: Vec<String>, skip: Vec<String>) -> Self {
        (self.only, self.skip) = (only, skip);
        self
    }

    /// Whether the key that the zone needs is there.
    pub fn has_key(&self, list: &Blocklist) -> bool {
        self.key(list).is_some()
    }

    fn key(&self, list: &Blocklist) -> Option<&str> {
        let key = self.keys.0.get(list.key.as_deref()?)?;
        Some(key.as_str()).filter(|key| !key.is_empty())
    }

    /// Whether the settings leave any zone to ask.
    pub fn has_zones(&self) -> bool {
        reference::blocklists().iter().any(|list| list.status != Status::Dead && self.wants(list.zone()))
    }

    /// The servers that are asked.
    pub fn servers(&self) -> &[std::net::SocketAddr] {
        self.asker.servers()
    }

    /// Whether the settings want the zone.
    pub fn wants(&self, zone: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name.trim_end_matches('.').eq_ignore_ascii_case(zone));
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }

    /// Asks these zones about it, all at the same time; in their order.
    pub(super) async fn ask(&self, subject: &Subject, lists: &[&'static Blocklist]) -> Vec<ZoneReport> {
        let mut running = JoinSet::new();
        for (place, list) in lists.iter().copied().enumerate() {
            let (this, subject) = (self.clone(), subject.clone());
            running.spawn(async move { (place, this.ask_one(&subject, list).await) });
        }
        let mut done = Vec::new();
        while let Some(ended) = running.join_next().await {
            done.extend(ended.ok());
        }
        done.sort_by_key(|(place, _)| *place);
        done.into_iter().map(|(_, report)| report).collect()
    }

    async fn ask_one(&self, subject: &Subject, list: &'static Blocklist) -> ZoneReport {
        let begun = Instant::now();
        if !list.takes(subject.listed()) {
            let why = format!("it does not take {}: nothing was asked", what(subject));
            return report(list, Verdict::new(Listing::Unknown, Vec::new(), why));
        }
        let Some(zone) = list.asked(self.key(list)) else {
            let key = list.key.as_deref().unwrap_or_default();
            let verdict = match list.status {
                Status::Dead => verdict(list, &[], SelfTest::None),
                _ => Verdict::new(Listing::Unknown, Vec::new(), format!("it needs a key: set `blocklist.keys.{key}`")),
            };
            return report(list, verdict);
        };
        let labels = subject.labels(list);
        let names: Vec<String> = labels.iter().map(|label| format!("{label}.{zone}")).collect();
        let (answers, test) = tokio::join!(self.answers(&names), self.tested(list, &zone));
        let (answers, reason) = answers;
        let verdict = hide(verdict(list, &answers, test), &zone, list);
        ZoneReport {
            reason: reason.filter(|_| matches!(verdict.state, Listing::Listed | Listing::Refused)),
            self_test: Some(test),
            asked: labels.iter().map(|label| format!("{label}.{}", list.zone())).collect(),
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..report(list, verdict)
        }
    }

    /// The answers about each name, and the reason that goes with the first that has one. A and TXT are asked together; the
    /// reason is waited for only where there is a listing.
    async fn answers(&self, names: &[String]) -> (Vec<Answer>, Option<String>) {
        let mut running: Vec<_> = Vec::new();
        for name in names {
            let (this, name) = (self.clone(), name.clone());
            running.push(tokio::spawn(async move { this.answer(&name).await }));
        }
        let (mut answers, mut reason) = (Vec::new(), None);
        for one in running {
            if let Ok((answer, text)) = one.await {
                answers.push(answer);
                reason = reason.or(text);
            }
        }
        (answers, reason)
    }

    async fn answer(&self, name: &str) -> (Answer, Option<String>) {
        let reason = async {
            let _place = self.places.acquire().await;
            self.asker.txt(name).await
        };
        tokio::pin!(reason);
        let answer = self.a(name);
        tokio::pin!(answer);
        let mut told = None;
        let answer = loop {
            tokio::select! {
                answer = &mut answer => break answer,
                text = &mut reason, if told.is_none() => told = Some(text),
            }
        };
        if !matches!(answer, Ok(Found::Records(_))) {
            return (answer, None);
        }
        let told = match told {
            Some(told) => told,
            None => reason.await,
        };
        let texts = told.map(Found::records).unwrap_or_default();
        let text = texts.join("; ").chars().filter(|letter| !letter.is_control()).take(REASON).collect::<String>();
        (answer, Some(text).filter(|text| !text.trim().is_empty()))
    }

    async fn a(&self, name: &str) -> Answer {
        // The semaphore is never closed.
        let _place = self.places.acquire().await;
        self.asker.a(name).await
    }

    /// What the test points of the zone say, asked at most once an hour, and by one asker at a time.
    async fn tested(&self, list: &'static Blocklist, zone: &str) -> SelfTest {
        let kept = self.kept(list.zone());
        *kept.said.get_or_init(|| self.test(list, zone)).await
    }

    fn kept(&self, zone: &'static str) -> Kept {
        let now = Instant::now();
        // A lock that a panic poisoned still holds a map.
        let mut tests = self.tests.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let fresh = |kept: &&Kept| {
            let lasting = !matches!(kept.said.get(), Some(SelfTest::Unanswered | SelfTest::Rewritten));
            lasting && now.duration_since(kept.asked) < KEPT
        };
        if let Some(kept) = tests.get(zone).filter(fresh) {
            return kept.clone();
        }
        let kept = Kept { asked: now, said: Arc::default() };
        tests.insert(zone, kept.clone());
        kept
    }

    async fn test(&self, list: &Blocklist, zone: &str) -> SelfTest {
        let (listed, clear) = list.test_points();
        let point = async |label: Option<&str>| match label {
            Some(label) => Some(self.a(&format!("{label}.{zone}")).await),
            None => None,
        };
        let (listed, clear) = tokio::join!(point(listed), point(clear));
        self_test(listed.as_ref(), clear.as_ref())
    }
}

/// What is said of a zone before its answers.
fn report(list: &'static Blocklist, verdict: Verdict) -> ZoneReport {
    ZoneReport {
        zone: list.zone(),
        name: &list.name,
        state: verdict.state,
        codes: verdict.codes,
        reason: None,
        weight: list.weight,
        delist: list.delist.as_deref(),
        self_test: None,
        why: verdict.why,
        asked: Vec::new(),
        counted_as: None,
        took_ms: 0,
    }
}

fn what(subject: &Subject) -> &'static str {
    match subject {
        Subject::Ip(ip) if ip.is_ipv6() => "IPv6 addresses",
        Subject::Ip(_) => "IPv4 addresses",
        Subject::Domain(_) | Subject::Address(_) => "domains",
    }
}

/// A fault names what was asked; the key in it is nobody's business.
fn hide(mut verdict: Verdict, asked: &str, list: &Blocklist) -> Verdict {
    if asked != list.zone() {
        verdict.why = verdict.why.map(|why| why.replace(asked, list.zone()));
    }
    verdict
}
