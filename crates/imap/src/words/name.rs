//! Mailbox names: UTF-8 inside, modified UTF-7 or UTF-8 on the wire. RFC 9051 §5.1, RFC 3501 §5.1.3.

mod utf7;

pub use utf7::{decode_utf7, encode_utf7};

/// What stands between the levels of a name.
pub const DELIMITER: char = '/';
/// Longest name, in octets of UTF-8: our own bound.
pub const MAX_NAME: usize = 1000;

/// A mailbox name in UTF-8. `INBOX` and what lies below it is spelled in capitals, whatever was sent; no control
/// characters, no empty level, not longer than [`MAX_NAME`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailboxName(String);

impl MailboxName {
    /// From UTF-8. A [`DELIMITER`] at the end is read over: it says that children will follow (RFC 9051 §6.3.4).
    /// `None` when this is no name.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.strip_suffix(DELIMITER).unwrap_or(text);
        let is_whole = text.split(DELIMITER).all(|level| !level.is_empty());
        if !is_whole || text.len() > MAX_NAME || text.chars().any(is_forbidden) {
            return None;
        }
        let first = text.split(DELIMITER).next().unwrap_or_default();
        let rest = text.get(first.len()..).unwrap_or_default();
        let first = if first.eq_ignore_ascii_case("INBOX") { "INBOX" } else { first };
        Some(Self(format!("{first}{rest}")))
    }

    /// `INBOX`
    pub fn inbox() -> Self {
        Self("INBOX".to_owned())
    }

    /// Whether it is `INBOX` itself.
    pub fn is_inbox(&self) -> bool {
        self.0 == "INBOX"
    }

    /// The name in UTF-8.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name one level up.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once(DELIMITER).map(|(parent, _)| Self(parent.to_owned()))
    }

    /// Whether it lies below `other`, at any depth.
    pub fn is_below(&self, other: &Self) -> bool {
        self.0.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with(DELIMITER))
    }

    /// The name that it has after `from` was renamed to `to`; `None` when it is neither `from` nor below it.
    pub fn renamed(&self, from: &Self, to: &Self) -> Option<Self> {
        if self == from {
            return Some(to.clone());
        }
        let rest = self.is_below(from).then(|| self.0.get(from.0.len()..)).flatten()?;
        Self::new(&format!("{}{rest}", to.0))
    }
}

impl std::fmt::Display for MailboxName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a LIST pattern takes this name: `*` is anything, `%` anything within a level. RFC 9051 §6.3.9.
pub fn matches(pattern: &str, name: &MailboxName) -> bool {
    let pattern: Vec<char> = canonical(pattern).chars().collect();
    let name: Vec<char> = name.as_str().chars().collect();
    // One row of the table "so much of the pattern takes so much of the name"; never exponential.
    let mut row = vec![false; name.len() + 1];
    row.first_mut().into_iter().for_each(|first| *first = true);
    for wild in pattern {
        let mut next = vec![false; name.len() + 1];
        for (index, cell) in next.iter_mut().enumerate() {
            *cell = row.get(index).copied().unwrap_or(false) && matches!(wild, '*' | '%');
        }
        for (index, letter) in name.iter().enumerate() {
            let before = row.get(index).copied().unwrap_or(false);
            let grown = next.get(index).copied().unwrap_or(false);
            let takes = match wild {
                '*' => grown,
                '%' => grown && *letter != DELIMITER,
                wild => before && wild == *letter,
            };
            if let Some(cell) = next.get_mut(index + 1) {
                *cell |= takes;
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or(false)
}

/// The pattern of LIST with its reference put before it. A pattern that begins with the delimiter stands alone.
pub fn full_pattern(reference: &str, pattern: &str) -> String {
    match pattern.strip_prefix(DELIMITER) {
        Some(rooted) => rooted.to_owned(),
        None => format!("{reference}{pattern}"),
    }
}

/// `inbox` at the start of a pattern means INBOX.
fn canonical(pattern: &str) -> String {
    match pattern.split_at_checked(5) {
        Some((first, rest))
            if first.eq_ignore_ascii_case("INBOX") && (rest.is_empty() || rest.starts_with(['/', '*', '%'])) =>
        {
            format!("INBOX{rest}")
        }
        _ => pattern.to_owned(),
    }
}

/// RFC 9051 §5.1 with RFC 5198 §2: no control characters, no line or paragraph separators. `*` and `%` would be
/// taken for patterns.
fn is_forbidden(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '*' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inbox_is_known_whatever_its_case() {
        assert_eq!(MailboxName::new("inBox"), Some(MailboxName::inbox()));
        assert_eq!(MailboxName::new("inbox/Old").unwrap().as_str(), "INBOX/Old");
        assert_eq!(MailboxName::new("Inboxes").unwrap().as_str(), "Inboxes");
        assert_eq!(MailboxName::new("a/inbox").unwrap().as_str(), "a/inbox");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "/", "/a", "a//b", "a\r\nb", "a\0", "a*", "%", "a\u{2028}b"] {
            assert_eq!(MailboxName::new(text), None, "{text:?}");
        }
        assert_eq!(MailboxName::new(&"a".repeat(MAX_NAME + 1)), None);
        assert_eq!(MailboxName::new("a/").unwrap().as_str(), "a");
    }

    #[test]
    fn a_tree_is_renamed_with_its_root() {
        let name = |text| MailboxName::new(text).unwrap();
        assert_eq!(name("a/b/c").renamed(&name("a/b"), &name("x")), Some(name("x/c")));
        assert_eq!(name("a/bc").renamed(&name("a/b"), &name("x")), None);
        assert_eq!(name("a/b").parent(), Some(name("a")));
        assert!(name("a/b/c").is_below(&name("a")) && !name("a").is_below(&name("a")));
    }

    #[test]
    fn patterns_take_names_within_and_across_levels() {
        let check = |pattern: &str, name: &str, expect: bool| {
            assert_eq!(matches(pattern, &MailboxName::new(name).unwrap()), expect, "{pattern} {name}");
        };
        check("*", "a/b/c", true);
        check("%", "a", true);
        check("%", "a/b", false);
        check("%/%", "a/b", true);
        check("a/*", "a", false);
        check("a*", "a", true);
        check("*b", "a/b", true);
        check("a%c", "abc", true);
        check("inbox", "INBOX", true);
        check("inbox/%", "INBOX/x", true);
        check("", "a", false);
        check("Ä*", "Äpfel", true);
        check("*a*a*a*a*a*a*a*a*a*b", &"a".repeat(200), false);
    }

    proptest::proptest! {
        #[test]
        fn names_stay_as_they_are(text in "[a-zA-Z/üß日]{0,20}") {
            if let Some(name) = MailboxName::new(&text) {
                proptest::prop_assert_eq!(MailboxName::new(name.as_str()), Some(name.clone()));
                proptest::prop_assert!(matches(name.as_str(), &name));
            }
        }
    }
}
