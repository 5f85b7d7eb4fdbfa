//! A set of enhanced status codes, as written in a match rule.

use smtp::Enhanced;

/// `5.7.26`; `x.7.26` for class 4 and 5; `5.7.606-649` for a range; `x.1.x` for a whole subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    class: Option<u8>,
    subject: u16,
    first: u16,
    last: u16,
}

/// The text is not a [`Pattern`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAPattern(String);

impl Pattern {
    /// Whether the code is one of the set.
    pub fn holds(self, code: Enhanced) -> bool {
        self.class.map_or(code.class != 2, |class| class == code.class)
            && self.subject == code.subject
            && (self.first..=self.last).contains(&code.detail)
    }
    /// Whether it takes every detail of its subject.
    pub fn is_whole_subject(self) -> bool {
        self.last == u16::MAX
    }
    /// Subject and detail, when the set is one code (of one class or of both).
    pub(crate) fn single(self) -> Option<(u16, u16)> {
        (self.first == self.last).then_some((self.subject, self.first))
    }
    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let class = match class {
            "x" | "X" => None,
            "4" | "5" => class.parse().ok(),
            _ => return None,
        };
        let (first, last) = match detail.split_once('-') {
            Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
            None if detail.eq_ignore_ascii_case("x") => (0, u16::MAX),
            None => {
                let detail = detail.parse().ok()?;
                (detail, detail)
            }
        };
        Some(Self { class, subject: subject.parse().ok()?, first, last })
    }
}

impl TryFrom<String> for Pattern {
    type Error = NotAPattern;
    fn try_from(text: String) -> Result<Self, NotAPattern> {
        Self::parse(&text).ok_or(NotAPattern(text))
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let class = self.class.map_or_else(|| "X".to_owned(), |class| class.to_string());
        let detail = match (self.first, self.last) {
            (_, u16::MAX) => "X".to_owned(),
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        };
        write!(f, "{class}.{}.{detail}", self.subject)
    }
}

impl std::fmt::Display for NotAPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is no enhanced code such as 5.7.26, x.7.26, 5.7.606-649 or x.1.x", self.0)
    }
}

impl std::error::Error for NotAPattern {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, code: (u8, u16, u16), expect: bool) {
        let parsed = Pattern::parse(pattern).unwrap();
        assert_eq!(parsed.holds(Enhanced::new(code.0, code.1, code.2)), expect, "{pattern} {code:?}");
        assert_eq!(parsed.to_string(), pattern.to_ascii_uppercase());
    }

    #[test]
    fn a_pattern_holds_what_it_says() {
        check("5.7.26", (5, 7, 26), true);
        check("5.7.26", (4, 7, 26), false);
        check("x.7.26", (4, 7, 26), true);
        check("5.7.606-649", (5, 7, 649), true);
        check("5.7.606-649", (5, 7, 650), false);
        check("x.1.x", (5, 1, 351), true);
        check("x.1.x", (5, 2, 0), false);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["", "5", "5.7", "5.7.1.1", "2.1.5", "a.b.c", "5.7.1-"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}
