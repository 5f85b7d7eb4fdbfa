//! From what a person types to entries: ids, codes, providers, words.

use smtp::Enhanced;

use crate::{Entry, all, entry, finding, plain, providers};

/// The entries that a few words name, the best first: an id (`553`, `550-5-7-26-at-gmail`), an id of a
/// finding (`spf.too-many-lookups`), codes (`5.7.26`, `550 5.1.1`), a provider with a code
/// (`gmail 4.7.28`). Empty when they name none or hold any other word; [`search`] looks into the texts.
pub fn find(words: &str) -> Vec<&'static Entry> {
    let asked = Asked::read(words);
    if let Some(entry) = entry(&asked.slug).or_else(|| finding(&words.trim().to_ascii_lowercase())) {
        return vec![entry];
    }
    if !asked.understood || (asked.reply.is_none() && asked.enhanced.is_none()) {
        return Vec::new();
    }
    let mut found: Vec<(u32, &Entry)> = all().iter().filter_map(|entry| Some((asked.rank(entry)?, entry))).collect();
    found.sort_by_key(|(rank, entry)| (*rank, entry.id.as_str()));
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// The entries whose texts hold all these words, the best first. What [`find`] finds comes before.
pub fn search(words: &str) -> Vec<&'static Entry> {
    let mut found = find(words);
    let wanted = plain(words);
    let wanted: Vec<&str> = wanted.split(' ').filter(|word| !word.is_empty()).collect();
    if wanted.is_empty() {
        return found;
    }
    let mut ranked: Vec<(usize, &Entry)> =
        all().iter().filter_map(|entry| Some((weight(entry, &wanted)?, entry))).collect();
    ranked.sort_by_key(|(weight, entry)| (std::cmp::Reverse(*weight), entry.id.as_str()));
    for (_, entry) in ranked {
        if !found.iter().any(|one| one.id == entry.id) {
            found.push(entry);
        }
    }
    found
}

/// How much the words weigh in the entry; `None` when one of them does not occur.
fn weight(entry: &Entry, wanted: &[&str]) -> Option<usize> {
    let head = plain(&format!("{} {} {}", entry.id.replace('-', " "), entry.title, entry.codes()));
    let causes = entry.causes.iter().map(|cause| cause.why.as_str());
    let steps = entry.steps.iter().flat_map(|step| [step.title.as_str(), step.text.as_str()]);
    let lines = entry.fixtures.iter().map(|fixture| fixture.line.as_str());
    let provider = entry.provider.as_deref().unwrap_or_default();
    let body: Vec<&str> =
        [entry.summary.as_str(), provider].into_iter().chain(causes).chain(steps).chain(lines).collect();
    let body = plain(&body.join(" "));
    let each = wanted.iter().map(|word| match (head.contains(word), body.contains(word)) {
        (true, _) => Some(3),
        (false, true) => Some(1),
        (false, false) => None,
    });
    each.sum()
}

/// What was asked for.
struct Asked {
    slug: String,
    reply: Option<u16>,
    enhanced: Option<Enhanced>,
    provider: Option<&'static str>,
    /// Every word was a code or a provider: it is no reply that somebody pasted.
    understood: bool,
}

impl Asked {
    fn read(words: &str) -> Self {
        let words = words.trim().to_ascii_lowercase();
        let list: Vec<&str> = words.split_whitespace().collect();
        let named = |word: &str| providers().iter().find(|one| one.id == word || one.name.eq_ignore_ascii_case(word));
        let code = |word: &str| word.parse().ok().filter(|code| (200..600).contains(code));
        let known = |word: &&str| code(word).is_some() || Enhanced::parse(word).is_some() || named(word).is_some();
        Self {
            understood: list.iter().all(known),
            slug: words.replace([' ', '.'], "-"),
            reply: list.iter().find_map(|word| code(word)),
            enhanced: list.iter().find_map(|word| Enhanced::parse(word)),
            provider: list.iter().find_map(|word| named(word)).map(|one| one.id.as_str()),
        }
    }

    /// Lower is better.
    fn rank(&self, entry: &Entry) -> Option<u32> {
        let mut rank = 0;
        if let Some(code) = self.enhanced {
            let place = entry.enhanced.iter().position(|pattern| pattern.holds(code))?;
            rank += 10 * u32::try_from(place).unwrap_or(9);
        } else if !entry.enhanced.is_empty() {
            rank += 20;
        }
        if let Some(code) = self.reply {
            let place = entry.reply.iter().position(|one| *one == code)?;
            rank += 5 * u32::try_from(place).unwrap_or(9);
        }
        match (self.provider, &entry.provider) {
            (Some(wanted), Some(provider)) if wanted == provider => {}
            (Some(_), Some(_)) => return None,
            (Some(_), None) | (None, Some(_)) => rank += 100,
            (None, None) => {}
        }
        // Of two that say the same, the plainer id is the more general one.
        Some(rank * 100 + u32::try_from(entry.id.len()).unwrap_or(99).min(99))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(words: &str) -> Option<&'static str> {
        find(words).first().map(|entry| entry.id.as_str())
    }

    #[test]
    fn codes_lead_to_their_entries() {
        assert_eq!(first("553"), Some("553"));
        assert_eq!(first("5.7.26"), Some("550-5-7-26"));
        assert_eq!(first("550 5.1.1"), Some("550-5-1-1"));
        assert_eq!(first("Gmail 4.7.28"), Some("421-4-7-28-at-gmail"));
        assert_eq!(first("550-5-7-26-at-gmail"), Some("550-5-7-26-at-gmail"));
        assert_eq!(first("spf.too-many-lookups"), Some("spf-too-many-lookups"));
        assert_eq!(first("no such thing"), None);
    }

    #[test]
    fn words_are_searched_in_the_texts() {
        let found = search("mailbox full");
        assert!(found.iter().any(|entry| entry.id == "552-5-2-2-mailbox-full"), "{}", found.len());
        assert!(search("zebra crossing").is_empty());
    }
}
