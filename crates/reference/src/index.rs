//! Which rules match an outcome, found in one pass over its text.
//!
//! All fragments of all rules stand in one automaton. A rule is looked at only when its rarest
//! condition (fault, fragment, enhanced code, reply code) was met, so the cost of a text hardly
//! grows with the number of rules.

use std::{cell::RefCell, collections::HashMap, sync::OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use smtp::{Enhanced, Stage};

use crate::{
    Entry, Pattern, Provider, Rule, all,
    plain::plain_into,
    provider::{Names, domains_of, hosts_of, numbered, providers},
};

/// An outcome as the rules look at it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// Where it happened; `None` when that is not known.
    pub stage: Option<Stage>,
    /// Reply code.
    pub code: Option<u16>,
    /// Enhanced status code.
    pub enhanced: Option<Enhanced>,
    /// The reply's text without codes, or any other words there are.
    pub text: &'a str,
    /// The host that said it: an MX host, `Remote-MTA`.
    pub host: Option<&'a str>,
    /// The recipient's domain; tells the provider where no host does.
    pub recipient_domain: Option<&'a str>,
    /// A fault code of ours.
    pub fault: Option<&'a str>,
    /// Whether the peer said anything.
    pub replied: bool,
}

/// A rule that matches.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'e> {
    /// Its entry.
    pub entry: &'e Entry,
    /// The rule.
    pub rule: &'e Rule,
    /// The conditions that held.
    pub grounds: Grounds<'e>,
}

/// The conditions of a rule that held.
#[derive(Debug, Clone, Copy, Default)]
pub struct Grounds<'e> {
    /// Our own fault code.
    pub fault: bool,
    /// The enhanced status code: `Some(true)` when the rule names this very code, `Some(false)` for
    /// a whole subject.
    pub enhanced: Option<bool>,
    /// The longest fragment that occurs.
    pub text: Option<&'e str>,
    /// How many more fragments had to occur.
    pub more: u8,
    /// The provider.
    pub provider: Option<&'e Provider>,
    /// The reply code.
    pub code: bool,
    /// The reply code's first digit.
    pub class: bool,
    /// The stage.
    pub stage: bool,
}

/// The rules of a set of entries, compiled.
pub struct Index<'e> {
    entries: &'e [Entry],
    providers: &'e [Provider],
    rules: Vec<Compiled<'e>>,
    fragments: Vec<Fragment<'e>>,
    automaton: Option<AhoCorasick>,
    by_fault: HashMap<&'e str, Vec<u32>>,
    by_enhanced: HashMap<(u16, u16), Vec<u32>>,
    by_range: Vec<(Pattern, u32)>,
    by_code: HashMap<u16, Vec<u32>>,
    others: Vec<u32>,
    hosts: Names<'e>,
    domains: Names<'e>,
}

/// A fragment, and what its occurrence calls for.
struct Fragment<'e> {
    text: &'e str,
    rules: Vec<u32>,
    provider: Option<u16>,
    /// It counts only as a word of its own: `ptr` is not in `scriptr`, `rbl` not in `marble`.
    word: bool,
}

/// Longest fragment that must be a word of its own, in octets.
const WORD: usize = 6;

/// A rule with its fragments as numbers.
struct Compiled<'e> {
    entry: usize,
    rule: &'e Rule,
    text: Vec<u32>,
    all: Vec<u32>,
    none: Vec<u32>,
    provider: Option<u16>,
}

/// What is used again from text to text.
#[derive(Default)]
struct Scratch {
    plain: String,
    host: String,
    /// The round in which a fragment was last seen, by number.
    seen_in: Vec<u32>,
    round: u32,
    found: Vec<u32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The index of the whole reference.
pub fn index() -> &'static Index<'static> {
    static INDEX: OnceLock<Index<'static>> = OnceLock::new();
    INDEX.get_or_init(|| Index::new(all(), providers()))
}

impl<'e> Index<'e> {
    /// Compiles the rules.
    pub fn new(entries: &'e [Entry], providers: &'e [Provider]) -> Self {
        let mut index = Self {
            entries,
            providers,
            rules: Vec::new(),
            fragments: Vec::new(),
            automaton: None,
            by_fault: HashMap::new(),
            by_enhanced: HashMap::new(),
            by_range: Vec::new(),
            by_code: HashMap::new(),
            others: Vec::new(),
            hosts: Names::new(hosts_of(providers)),
            domains: Names::new(domains_of(providers)),
        };
        let mut numbers = HashMap::new();
        for (number, provider) in numbered(providers) {
            for text in &provider.text {
                let fragment = index.fragment(text, &mut numbers);
                if let Some(fragment) = index.fragments.get_mut(fragment as usize) {
                    fragment.provider = Some(number);
                }
            }
        }
        for (position, entry) in entries.iter().enumerate() {
            for rule in &entry.rules {
                index.add(position, rule, &mut numbers);
            }
        }
        let texts = index.fragments.iter().map(|fragment| fragment.text);
        // Fragments are short and few states are ever visited: the table of the DFA is worth its size.
        index.automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(texts).ok();
        index
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Calls `each` for every rule that matches, in no order; a rule with several fragments in the
    /// text may be told more than once.
    pub fn hits(&self, seen: &Seen<'_>, mut each: impl FnMut(Hit<'e>)) {
        SCRATCH.with_borrow_mut(|scratch| {
            let by_words = self.read(seen.text, scratch);
            let provider = self.provider(seen, by_words, &mut scratch.host);
            let look = Look { index: self, seen, scratch, provider };
            let mut tell = |rule: &u32| look.hit(*rule).into_iter().for_each(&mut each);
            let fragments = scratch.found.iter().filter_map(|number| self.fragments.get(*number as usize));
            fragments.flat_map(|fragment| &fragment.rules).for_each(&mut tell);
            seen.fault.and_then(|fault| self.by_fault.get(fault)).into_iter().flatten().for_each(&mut tell);
            if let Some(code) = seen.enhanced {
                self.by_enhanced.get(&(code.subject, code.detail)).into_iter().flatten().for_each(&mut tell);
                self.by_range.iter().filter(|(range, _)| range.holds(code)).for_each(|(_, rule)| tell(rule));
            }
            seen.code.and_then(|code| self.by_code.get(&code)).into_iter().flatten().for_each(&mut tell);
            self.others.iter().for_each(&mut tell);
        });
    }

    /// The provider that an outcome comes from: by the host, by the words, by the recipient's domain.
    pub fn provider_of(&self, seen: &Seen<'_>) -> Option<&'e Provider> {
        SCRATCH.with_borrow_mut(|scratch| {
            let by_words = self.read(seen.text, scratch);
            self.provider(seen, by_words, &mut scratch.host)
        })
    }

    /// The number of a fragment, which is made when it is new.
    fn fragment(&mut self, text: &'e str, numbers: &mut HashMap<&'e str, u32>) -> u32 {
        *numbers.entry(text).or_insert_with(|| {
            let ends = [text.as_bytes().first(), text.as_bytes().last()];
            let word = text.len() <= WORD && ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric));
            self.fragments.push(Fragment { text, rules: Vec::new(), provider: None, word });
            u32::try_from(self.fragments.len() - 1).unwrap_or(u32::MAX)
        })
    }

    fn add(&mut self, entry: usize, rule: &'e Rule, numbers: &mut HashMap<&'e str, u32>) {
        let number = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
        let mut list =
            |texts: &'e [String]| -> Vec<u32> { texts.iter().map(|text| self.fragment(text, numbers)).collect() };
        let (text, all, none) = (list(&rule.text), list(&rule.text_all), list(&rule.text_none));
        let named = |id: &String| self.providers.iter().position(|one| one.id == *id);
        let provider =
            rule.provider.as_ref().map(|id| named(id).and_then(|at| u16::try_from(at).ok()).unwrap_or(u16::MAX));
        self.anchor(rule, number, &text, &all);
        self.rules.push(Compiled { entry, rule, text, all, none, provider });
    }

    /// Puts the rule where its rarest condition will find it.
    fn anchor(&mut self, rule: &'e Rule, number: u32, text: &[u32], all: &[u32]) {
        let longest =
            || all.iter().max_by_key(|one| self.fragments.get(**one as usize).map_or(0, |one| one.text.len()));
        if !rule.fault.is_empty() {
            rule.fault.iter().for_each(|fault| self.by_fault.entry(fault).or_default().push(number));
        } else if !text.is_empty() {
            text.iter().for_each(|one| self.call(*one, number));
        } else if let Some(longest) = longest().copied() {
            self.call(longest, number);
        } else if !rule.enhanced.is_empty() {
            for pattern in &rule.enhanced {
                match pattern.single() {
                    Some(key) => self.by_enhanced.entry(key).or_default().push(number),
                    None => self.by_range.push((*pattern, number)),
                }
            }
        } else if !rule.code.is_empty() {
            rule.code.iter().for_each(|code| self.by_code.entry(*code).or_default().push(number));
        } else {
            self.others.push(number);
        }
    }

    fn call(&mut self, fragment: u32, rule: u32) {
        if let Some(fragment) = self.fragments.get_mut(fragment as usize) {
            fragment.rules.push(rule);
        }
    }

    /// Finds all fragments of the text; gives the provider whose longest fragment is among them.
    fn read(&self, text: &str, scratch: &mut Scratch) -> Option<u16> {
        plain_into(text, &mut scratch.plain);
        scratch.found.clear();
        scratch.round = scratch.round.wrapping_add(1);
        if scratch.round == 0 || scratch.seen_in.len() < self.fragments.len() {
            scratch.seen_in.clear();
            scratch.seen_in.resize(self.fragments.len(), 0);
            scratch.round = 1;
        }
        let mut provider: Option<(usize, u16)> = None;
        let found = self.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(&scratch.plain));
        for found in found {
            let number = found.pattern().as_usize();
            let Some(mark) = scratch.seen_in.get_mut(number) else { continue };
            let Some(fragment) = self.fragments.get(number) else { continue };
            if *mark == scratch.round
                || (fragment.word && !is_word(scratch.plain.as_bytes(), found.start(), found.end()))
            {
                continue;
            }
            *mark = scratch.round;
            scratch.found.push(found.pattern().as_u32());
            if let Some(one) = fragment.provider
                && provider.is_none_or(|(length, _)| found.len() > length)
            {
                provider = Some((found.len(), one));
            }
        }
        provider.map(|(_, one)| one)
    }

    fn provider(&self, seen: &Seen<'_>, by_words: Option<u16>, lower: &mut String) -> Option<&'e Provider> {
        let mut named = |names: &Names<'e>, name: Option<&str>| {
            lower.clear();
            lower.push_str(name?.trim_end_matches('.'));
            lower.make_ascii_lowercase();
            names.of(lower)
        };
        let by_host = named(&self.hosts, seen.host);
        let number = by_host.or(by_words).or_else(|| named(&self.domains, seen.recipient_domain))?;
        self.providers.get(usize::from(number))
    }
}

/// Whether what stands there is no part of a longer word.
fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let part = |octet: Option<&u8>| octet.is_some_and(u8::is_ascii_alphanumeric);
    !part(start.checked_sub(1).and_then(|before| text.get(before))) && !part(text.get(end))
}

/// One outcome with what was found in its text.
struct Look<'l, 'e> {
    index: &'l Index<'e>,
    seen: &'l Seen<'l>,
    scratch: &'l Scratch,
    provider: Option<&'e Provider>,
}

impl<'e> Look<'_, 'e> {
    fn occurs(&self, fragment: u32) -> bool {
        self.scratch.seen_in.get(fragment as usize) == Some(&self.scratch.round)
    }

    /// The rule with the grounds on which it matches; `None` when one of its conditions does not hold.
    fn hit(&self, number: u32) -> Option<Hit<'e>> {
        let compiled = self.index.rules.get(number as usize)?;
        let (rule, seen) = (compiled.rule, self.seen);
        if rule.silent && seen.replied {
            return None;
        }
        let mut grounds = Grounds::default();
        if !rule.fault.is_empty() {
            grounds.fault = seen.fault.is_some_and(|fault| rule.fault.iter().any(|one| one == fault));
            grounds.fault.then_some(())?;
        }
        if !rule.enhanced.is_empty() {
            let code = seen.enhanced?;
            let pattern = rule.enhanced.iter().find(|pattern| pattern.holds(code))?;
            grounds.enhanced = Some(!pattern.is_whole_subject());
        }
        if !rule.code.is_empty() {
            grounds.code = rule.code.contains(&seen.code?);
            grounds.code.then_some(())?;
        }
        if let Some(class) = rule.class {
            let digit = seen.code.map(|code| code / 100).or(seen.enhanced.map(|code| code.class.into()))?;
            grounds.class = digit == u16::from(class);
            grounds.class.then_some(())?;
        }
        if !rule.stage.is_empty() {
            grounds.stage = rule.stage.contains(&seen.stage?);
            grounds.stage.then_some(())?;
        }
        if compiled.provider.is_some() {
            grounds.provider = Some(self.provider.filter(|one| Some(&one.id) == rule.provider.as_ref())?);
        }
        self.words(compiled, &mut grounds)?;
        Some(Hit { entry: self.index.entries.get(compiled.entry)?, rule, grounds })
    }

    fn words(&self, compiled: &Compiled<'e>, grounds: &mut Grounds<'e>) -> Option<()> {
        let text = |number: u32| self.index.fragments.get(number as usize).map(|fragment| fragment.text);
        if !compiled.text.is_empty() {
            let found = compiled.text.iter().filter(|number| self.occurs(**number)).filter_map(|number| text(*number));
            grounds.text = Some(found.max_by_key(|text| text.len())?);
        }
        for &number in &compiled.all {
            self.occurs(number).then_some(())?;
            grounds.more = grounds.more.saturating_add(1);
            if grounds.text.is_none_or(|longest| text(number).is_some_and(|one| one.len() > longest.len())) {
                grounds.text = text(number);
            }
        }
        (!compiled.none.iter().any(|number| self.occurs(*number))).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(seen: Seen<'_>) -> Vec<&'static str> {
        let mut ids = Vec::new();
        index().hits(&seen, |hit| ids.push(hit.entry.id.as_str()));
        ids
    }

    #[test]
    fn a_fault_is_matched_by_its_code_alone() {
        let seen = Seen { fault: Some("dns.null-mx"), stage: Some(Stage::Resolve), ..Seen::default() };
        assert!(ids(seen).contains(&"null-mx"));
    }

    #[test]
    fn a_stage_that_is_not_known_meets_no_condition_on_stages() {
        let reply = Seen { code: Some(554), replied: true, ..Seen::default() };
        let at_connect = |seen: Seen<'_>| ids(seen).contains(&"554-at-connect");
        assert!(at_connect(Seen { stage: Some(Stage::Greeting), ..reply }));
        assert!(!at_connect(Seen { stage: Some(Stage::Rcpt), ..reply }));
        assert!(!at_connect(Seen { stage: Some(Stage::Notification), ..reply }));
        assert!(!at_connect(reply));
    }

    #[test]
    fn a_provider_is_told_by_host_then_words_then_recipient() {
        let id = |seen: Seen<'_>| index().provider_of(&seen).map(|provider| provider.id.as_str());
        let words = Seen { text: "no such user a1b2 - gsmtp", ..Seen::default() };
        assert_eq!(id(words), Some("gmail"));
        assert_eq!(id(Seen { host: Some("mta5.am0.yahoodns.net."), ..words }), Some("yahoo"));
        assert_eq!(id(Seen { recipient_domain: Some("Hotmail.com"), ..Seen::default() }), Some("outlook"));
        assert_eq!(id(Seen { recipient_domain: Some("example.test"), ..Seen::default() }), None);
    }
}
