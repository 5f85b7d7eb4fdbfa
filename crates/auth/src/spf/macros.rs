//! Macros of SPF: read and expanded. Pure. RFC 7208 §7.

/// A macro string whose syntax is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroString {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Macro(Macro),
}

/// `%{letter digits r delimiters}`
#[derive(Debug, Clone, PartialEq, Eq)]
struct Macro {
    letter: char,
    /// Upper case: the result is URL-escaped.
    escapes: bool,
    /// Labels kept, from the right.
    keeps: Option<usize>,
    reverses: bool,
    delimiters: String,
}

/// What the letters stand for.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// `s`
    pub sender: String,
    /// `l`
    pub local: String,
    /// `o`
    pub sender_domain: String,
    /// `d`
    pub domain: String,
    /// `i`
    pub ip: String,
    /// `p`
    pub validated: String,
    /// `v`
    pub family: &'static str,
    /// `h`
    pub helo: String,
    /// `c`
    pub readable_ip: String,
    /// `r`
    pub receiver: String,
    /// `t`
    pub time: u64,
}

/// Longest name after expansion, in octets. RFC 7208 §7.3.
const MAX_NAME: usize = 253;

impl MacroString {
    /// Reads a macro string; `c`, `r` and `t` only where an explanation is read.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str, explains: bool) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            literal.push_str(before);
            let mut letters = after.chars();
            match letters.next() {
                Some('%') => literal.push('%'),
                Some('_') => literal.push(' '),
                Some('-') => literal.push_str("%20"),
                Some('{') => {
                    let (inner, _) = letters.as_str().split_once('}').ok_or("a macro is not closed")?;
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Macro(Macro::parse(inner, explains)?));
                    letters = letters.as_str().get(inner.len() + 1..).unwrap_or_default().chars();
                }
                _ => return Err(String::from("a `%` begins no macro: write `%%`")),
            }
            rest = letters.as_str();
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    /// Reads a domain-spec: it ends with a top-level label or a macro. RFC 7208 §7.1.
    ///
    /// # Errors
    /// What is wrong.
    pub fn domain_spec(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err(String::from("there is no domain"));
        }
        let spec = Self::parse(text, false)?;
        let ends_well = match spec.pieces.last() {
            Some(Piece::Macro(_)) => true,
            Some(Piece::Literal(end)) => ends_with_top_label(end),
            None => false,
        };
        if ends_well { Ok(spec) } else { Err(format!("`{text}` does not end with a top-level domain")) }
    }

    /// Whether it holds no macro: its value is the same for every client.
    pub fn fixed(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it holds `%{p}`, which costs look-ups.
    pub fn needs_validated_name(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Macro(one) if one.letter == 'p'))
    }

    /// The text with every macro replaced.
    pub fn expand(&self, values: &Values) -> String {
        let expand = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Macro(one) => one.expand(values),
        };
        self.pieces.iter().map(expand).collect()
    }

    /// The name with every macro replaced: labels are dropped from the left until it is short enough for the DNS.
    pub fn expand_name(&self, values: &Values) -> String {
        let expanded = self.expand(values);
        let mut name = expanded.strip_suffix('.').unwrap_or(&expanded);
        while name.len() > MAX_NAME {
            let Some((_, shorter)) = name.split_once('.') else { break };
            name = shorter;
        }
        name.to_owned()
    }
}

/// `…"." toplabel ["."]`: letters, digits and inner hyphens, and not digits alone.
fn ends_with_top_label(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let Some((_, label)) = text.rsplit_once('.') else { return false };
    let ok = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    let rims = !label.starts_with('-') && !label.ends_with('-');
    !label.is_empty() && rims && label.bytes().all(ok) && !label.bytes().all(|octet| octet.is_ascii_digit())
}

impl Macro {
    fn parse(text: &str, explains: bool) -> Result<Self, String> {
        let wrong = || format!("`%{{{text}}}` is no macro");
        let mut letters = text.chars();
        let first = letters.next().ok_or_else(wrong)?;
        let letter = first.to_ascii_lowercase();
        if !("slodiphv".contains(letter) || (explains && "crt".contains(letter))) {
            return Err(wrong());
        }
        let rest = letters.as_str();
        let digits = rest.len() - rest.trim_start_matches(|one: char| one.is_ascii_digit()).len();
        let (number, rest) = rest.split_at(digits);
        let keeps = match number {
            "" => None,
            // A number beyond any name keeps everything.
            number => Some(number.parse::<usize>().unwrap_or(usize::MAX))
                .filter(|keeps| *keeps > 0)
                .ok_or_else(wrong)
                .map(Some)?,
        };
        let (reverses, delimiters) = match rest.strip_prefix(['r', 'R']) {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        if !delimiters.chars().all(|one| ".-+,/_=".contains(one)) {
            return Err(wrong());
        }
        let delimiters = if delimiters.is_empty() { "." } else { delimiters };
        Ok(Self { letter, escapes: first.is_ascii_uppercase(), keeps, reverses, delimiters: delimiters.to_owned() })
    }

    fn expand(&self, values: &Values) -> String {
        let time = values.time.to_string();
        let value = match self.letter {
            's' => &values.sender,
            'l' => &values.local,
            'o' => &values.sender_domain,
            'd' => &values.domain,
            'i' => &values.ip,
            'p' => &values.validated,
            'v' => values.family,
            'h' => &values.helo,
            'c' => &values.readable_ip,
            'r' => &values.receiver,
            _ => time.as_str(),
        };
        let mut parts: Vec<&str> = value.split(|one| self.delimiters.contains(one)).collect();
        if self.reverses {
            parts.reverse();
        }
        let dropped = parts.len().saturating_sub(self.keeps.unwrap_or(usize::MAX));
        let joined = parts.get(dropped..).unwrap_or_default().join(".");
        if self.escapes { escape(&joined) } else { joined }
    }
}

/// RFC 3986 §2.3: everything but unreserved characters.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values {
            sender: "strong-bad@email.example.com".into(),
            local: "strong-bad".into(),
            sender_domain: "email.example.com".into(),
            domain: "email.example.com".into(),
            ip: "192.0.2.3".into(),
            validated: "mx.example.org".into(),
            family: "in-addr",
            helo: "mx.example.org".into(),
            readable_ip: "192.0.2.3".into(),
            receiver: "unknown".into(),
            time: 1,
        }
    }

    /// The examples of RFC 7208 §7.4.
    #[test]
    fn the_examples_of_the_standard_expand_as_it_says() {
        for (text, expect) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l}", "strong-bad"),
            ("%{l-}", "strong.bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            ("%{S}%%%_%-", "strong-bad%40email.example.com% %20"),
        ] {
            assert_eq!(MacroString::parse(text, false).unwrap().expand(&values()), expect, "{text}");
        }
    }

    #[test]
    fn what_is_no_macro_is_refused() {
        for text in ["%", "%a", "%{", "%{}", "%{x}", "%{d0}", "%{d!}", "%{c}", "%{dr2}"] {
            assert!(MacroString::parse(text, false).is_err(), "{text}");
        }
        assert!(MacroString::parse("%{c} %{r} %{t}", true).is_ok());
    }

    #[test]
    fn a_long_name_loses_labels_on_the_left() {
        let long = Values { local: "x.".repeat(200), ..values() };
        let name = MacroString::domain_spec("%{l}.example.com").unwrap().expand_name(&long);
        assert!(name.len() <= MAX_NAME && name.ends_with("example.com"), "{name}");
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(text in ".*") {
            let _ = MacroString::parse(&text, true).map(|spec| spec.expand_name(&values()));
        }
    }
}
