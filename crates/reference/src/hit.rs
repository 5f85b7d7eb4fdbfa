//! Which rules match an outcome, and on what grounds.

use std::{collections::HashSet, sync::OnceLock};

use aho_corasick::AhoCorasick;
use smtp::{Enhanced, Stage};

use crate::{
    Entry, Provider, Rule, all,
    provider::{host_ends_with, provider, providers},
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
    /// The peer's MX host.
    pub mx_host: Option<&'a str>,
    /// A fault code of ours.
    pub fault: Option<&'a str>,
    /// Whether the peer said anything.
    pub replied: bool,
}

/// A rule that matches.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Its entry.
    pub entry: &'static Entry,
    /// The rule.
    pub rule: &'static Rule,
    /// The conditions that held, in the order of weight.
    pub grounds: Vec<Ground>,
}

/// One condition that held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// Our own fault code.
    Fault(String),
    /// The enhanced status code; `exact` when the rule names this very code.
    Enhanced {
        /// The code seen.
        code: Enhanced,
        /// Not by a rule for a whole subject.
        exact: bool,
    },
    /// A fragment of the text.
    Text(&'static str),
    /// The provider, known by its MX host or by its words.
    Provider(&'static str),
    /// The reply code.
    Code(u16),
    /// The reply code's first digit.
    Class(u8),
    /// The stage.
    Stage(Stage),
}

/// Every rule that matches, in the order of the entries' ids.
pub fn hits(seen: &Seen<'_>) -> Vec<Hit> {
    let look = Look { seen, fragments: fragments(seen.text), provider: None };
    let look = Look { provider: look.find_provider(), ..look };
    let rules = all().iter().flat_map(|entry| entry.rules.iter().map(move |rule| (entry, rule)));
    rules.filter_map(|(entry, rule)| Some(Hit { entry, rule, grounds: look.grounds(rule)? })).collect()
}

/// An outcome with what was found in its text.
struct Look<'a> {
    seen: &'a Seen<'a>,
    fragments: HashSet<&'static str>,
    provider: Option<&'static Provider>,
}

impl Look<'_> {
    /// The MX host tells best; the words tell where no host is known.
    fn find_provider(&self) -> Option<&'static Provider> {
        let by_words = || providers().iter().find(|provider| self.first(&provider.text).is_some());
        self.seen.mx_host.and_then(provider).or_else(by_words)
    }

    /// The longest of these fragments that occurs.
    fn first(&self, wanted: &'static [String]) -> Option<&'static str> {
        let found = wanted.iter().map(String::as_str).filter(|fragment| self.fragments.contains(fragment));
        found.max_by_key(|fragment| fragment.len())
    }

    /// The grounds on which the rule matches; `None` when one of its conditions does not hold.
    fn grounds(&self, rule: &'static Rule) -> Option<Vec<Ground>> {
        if rule.silent == self.seen.replied && (rule.silent || rule.fault.is_empty()) {
            return None;
        }
        let mut grounds = Vec::new();
        if !rule.fault.is_empty() {
            let fault = self.seen.fault.filter(|fault| rule.fault.iter().any(|one| one == fault))?;
            grounds.push(Ground::Fault(fault.to_owned()));
        }
        if !rule.enhanced.is_empty() {
            let code = self.seen.enhanced?;
            let pattern = rule.enhanced.iter().find(|pattern| pattern.holds(code))?;
            grounds.push(Ground::Enhanced { code, exact: !pattern.is_whole_subject() });
        }
        self.words(rule, &mut grounds)?;
        self.peer(rule, &mut grounds)?;
        self.digits(rule, &mut grounds)?;
        Some(grounds)
    }

    fn words(&self, rule: &'static Rule, grounds: &mut Vec<Ground>) -> Option<()> {
        if !rule.text.is_empty() {
            grounds.push(Ground::Text(self.first(&rule.text)?));
        }
        for fragment in &rule.text_all {
            grounds.push(Ground::Text(self.fragments.get(fragment.as_str())?));
        }
        Some(())
    }

    fn peer(&self, rule: &'static Rule, grounds: &mut Vec<Ground>) -> Option<()> {
        if let Some(id) = &rule.provider {
            let provider = self.provider.filter(|provider| provider.id == *id)?;
            grounds.push(Ground::Provider(&provider.name));
        }
        if !rule.mx_host.is_empty() {
            let host = self.seen.mx_host?;
            let end = rule.mx_host.iter().find(|end| host_ends_with(host, end))?;
            grounds.push(Ground::Provider(end));
        }
        Some(())
    }

    fn digits(&self, rule: &'static Rule, grounds: &mut Vec<Ground>) -> Option<()> {
        if !rule.code.is_empty() {
            let code = self.seen.code.filter(|code| rule.code.contains(code))?;
            grounds.push(Ground::Code(code));
        }
        if let Some(class) = rule.class {
            let digit = self.seen.code.map(|code| code / 100).or(self.seen.enhanced.map(|code| code.class.into()));
            digit.filter(|digit| *digit == u16::from(class))?;
            grounds.push(Ground::Class(class));
        }
        if !rule.stage.is_empty() {
            let stage = self.seen.stage.filter(|stage| rule.stage.contains(stage))?;
            grounds.push(Ground::Stage(stage));
        }
        Some(())
    }
}

/// The fragments of all rules and providers that occur in the text, whatever its case and blanks.
fn fragments(text: &str) -> HashSet<&'static str> {
    let Some(words) = words() else { return HashSet::new() };
    let plain = plain(text);
    let found = words.automaton.find_overlapping_iter(&plain);
    found.filter_map(|found| words.fragments.get(found.pattern().as_usize()).copied()).collect()
}

/// Lower-case, blanks single, and without mail addresses: the recipient `spam@blocked.example`
/// must not be taken for a reason.
fn plain(text: &str) -> String {
    let words = text.split_whitespace().map(|word| if word.contains('@') { "@" } else { word });
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

/// All fragments compiled into one automaton.
struct Words {
    fragments: Vec<&'static str>,
    automaton: AhoCorasick,
}

fn words() -> Option<&'static Words> {
    static WORDS: OnceLock<Option<Words>> = OnceLock::new();
    WORDS
        .get_or_init(|| {
            let rules = all().iter().flat_map(|entry| &entry.rules);
            let of_rules = rules.flat_map(|rule| rule.text.iter().chain(&rule.text_all));
            let of_providers = providers().iter().flat_map(|provider| &provider.text);
            let unique: HashSet<&'static str> = of_rules.chain(of_providers).map(String::as_str).collect();
            let fragments: Vec<_> = unique.into_iter().collect();
            let automaton = AhoCorasick::new(&fragments).ok()?;
            Some(Words { fragments, automaton })
        })
        .as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_the_text_is_no_reason() {
        assert_eq!(plain("550  <Spam@x.test>: User\tUnknown in table"), "550 @ user unknown in table");
    }

    #[test]
    fn a_fault_is_matched_by_its_code_alone() {
        let seen = Seen { fault: Some("dns.null-mx"), stage: Some(Stage::Resolve), ..Seen::default() };
        let found = hits(&seen);
        assert!(
            found
                .iter()
                .any(|hit| hit.entry.id == "null-mx" && hit.grounds.contains(&Ground::Fault("dns.null-mx".to_owned())))
        );
    }

    #[test]
    fn a_stage_that_is_not_known_meets_no_condition_on_stages() {
        let reply = Seen { code: Some(554), replied: true, ..Seen::default() };
        let at_connect = |seen: Seen<'_>| hits(&seen).iter().any(|hit| hit.entry.id == "554-at-connect");
        assert!(at_connect(Seen { stage: Some(Stage::Greeting), ..reply }));
        assert!(!at_connect(Seen { stage: Some(Stage::Rcpt), ..reply }));
        assert!(!at_connect(Seen { stage: Some(Stage::Notification), ..reply }));
        assert!(!at_connect(reply));
    }
}
