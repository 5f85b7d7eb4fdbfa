//! Letters that deceive: invisible ones, ones that turn the direction, ones of several scripts, lookalikes. UTS #39, UTS #46.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark, is_nfc};
use unicode_script::{Script, ScriptExtension, UnicodeScript as _};
use unicode_security::skeleton;

/// What is suspicious in a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    /// Takes no room: zero-width space, joiner, soft hyphen.
    Invisible,
    /// Turns the direction of what follows.
    Bidi,
    /// A blank that is not the ASCII blank.
    Blank,
    /// Private use, or no character at all.
    Private,
}

impl Odd {
    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Invisible => "an invisible letter",
            Self::Bidi => "a letter that turns the direction of text",
            Self::Blank => "a blank that is no ASCII blank",
            Self::Private => "a letter that has no agreed meaning",
        }
    }
}

/// Each suspicious letter with its offset. Joiners between letters of scripts that need them are not.
pub(super) fn odd_letters(text: &str) -> impl Iterator<Item = (usize, char, Odd)> + '_ {
    let mut previous = 'a';
    text.char_indices().filter_map(move |(offset, letter)| {
        let joins = matches!(letter, '\u{200C}' | '\u{200D}') && needs_joiners(previous);
        previous = letter;
        odd(letter).filter(|_| !joins).map(|odd| (offset, letter, odd))
    })
}

fn odd(letter: char) -> Option<Odd> {
    Some(match letter {
        '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' => Odd::Invisible,
        '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' => Odd::Invisible,
        '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}' => Odd::Invisible,
        '\u{200E}' | '\u{200F}' | '\u{61C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => Odd::Bidi,
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{2028}' | '\u{2029}' | '\u{202F}' => Odd::Blank,
        '\u{205F}' | '\u{3000}' => Odd::Blank,
        '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FFFD}'..='\u{FFFF}' => {
            Odd::Private
        }
        _ => return None,
    })
}

/// Whether a joiner behind that letter has a meaning: Arabic and Indic scripts, emoji.
fn needs_joiners(letter: char) -> bool {
    !matches!(letter.script(), Script::Latin | Script::Greek | Script::Cyrillic | Script::Han) && !letter.is_ascii()
}

/// Whether the text begins with a mark that belongs on a letter before it.
pub(super) fn begins_with_mark(text: &str) -> bool {
    text.chars().next().is_some_and(is_combining_mark)
}

/// Two scripts that stand in one word and seldom do so honestly. Latin with the scripts of Japanese, Chinese or Korean is
/// usual (UTS #39 §5.2, highly restrictive).
pub(super) fn mixed(word: &str) -> Option<(&'static str, &'static str)> {
    let mut shared: Option<ScriptExtension> = None;
    let mut scripts: Vec<Script> = Vec::new();
    for letter in word.chars() {
        let script = letter.script();
        if matches!(script, Script::Common | Script::Inherited | Script::Unknown) {
            continue;
        }
        let extension = letter.script_extension();
        shared = Some(shared.map_or(extension, |shared| shared.intersection(extension)));
        if !scripts.contains(&script) {
            scripts.push(script);
        }
    }
    if shared.is_none_or(|shared| !shared.is_empty()) || are_usual(&scripts) {
        return None;
    }
    match scripts.as_slice() {
        [first, second, ..] => Some((first.full_name(), second.full_name())),
        _ => None,
    }
}

fn are_usual(scripts: &[Script]) -> bool {
    const SETS: [&[Script]; 3] = [
        &[Script::Latin, Script::Han, Script::Hiragana, Script::Katakana],
        &[Script::Latin, Script::Han, Script::Bopomofo],
        &[Script::Latin, Script::Han, Script::Hangul],
    ];
    SETS.iter().any(|set| scripts.iter().all(|script| set.contains(script)))
}

/// The ASCII text that a label of other letters looks like (UTS #39 §4).
pub(super) fn lookalike(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let seen: String = skeleton(text).collect();
    let is_plain = seen.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    (is_plain && seen.chars().any(|letter| letter.is_ascii_alphabetic())).then_some(seen)
}

/// Whether letters with marks are written as one letter each, as RFC 6532 §3.1 wants.
pub(super) fn is_composed(text: &str) -> bool {
    is_nfc(text)
}

/// Letters and marks composed.
pub(super) fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// Full-width forms of ASCII as the ASCII that they stand for.
pub(super) fn narrow(letter: char) -> Option<char> {
    match letter {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0),
        '\u{3002}' | '\u{FF61}' => Some('.'),
        '\u{FE6B}' => Some('@'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_mixed_only_where_they_deceive() {
        assert_eq!(mixed("pаypal"), Some(("Latin", "Cyrillic")));
        for honest in ["paypal", "Jürgen", "東京タワーabc", "ひらがな漢字", "ㄅㄆ漢字", "한국韓國", "пример", "ann-2"]
        {
            assert_eq!(mixed(honest), None, "{honest}");
        }
    }

    #[test]
    fn a_joiner_is_odd_only_where_it_joins_nothing() {
        assert_eq!(odd_letters("a\u{200D}b").count(), 1);
        assert_eq!(odd_letters("क\u{200D}ष").count(), 0);
        assert_eq!(odd_letters("👩\u{200D}💻").count(), 0);
    }

    #[test]
    fn lookalikes_are_told_by_what_they_look_like() {
        assert_eq!(lookalike("аррӏе").as_deref(), Some("apple"));
        assert_eq!(lookalike("bücher"), None);
        assert_eq!(lookalike("example"), None);
    }
}
