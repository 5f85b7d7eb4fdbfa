//! Address lists, as tolerant as the mail that there is. RFC 5322 §3.4, §4.4.

use super::EnvelopeAddress;

/// What was read of one address so far.
#[derive(Default)]
struct Draft {
    /// Words and quoted strings, quotes undone: a name, or the name of a group.
    phrase: String,
    /// The same with quotes: an address without angle brackets.
    raw: String,
    /// Between angle brackets.
    angle: Option<String>,
    /// The last comment: `ann@example.com (Ann)`.
    comment: String,
}

/// The addresses of an unfolded value, at most `most`.
pub(super) fn read(value: &str, most: usize) -> Vec<EnvelopeAddress> {
    let mut found = Vec::new();
    if most < 2 {
        return found;
    }
    let mut draft = Draft::default();
    let mut in_group = false;
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted(&mut letters, &mut draft),
            '(' => draft.comment = comment(&mut letters),
            '<' => draft.angle = Some(angle(&mut letters)),
            ',' => found.extend(std::mem::take(&mut draft).finish()),
            ';' => {
                found.extend(std::mem::take(&mut draft).finish());
                found.extend(std::mem::take(&mut in_group).then(EnvelopeAddress::default));
            }
            ':' if !in_group && draft.angle.is_none() && !draft.raw.contains('@') => {
                let name = Some(std::mem::take(&mut draft).phrase.trim().to_owned());
                found.push(EnvelopeAddress { local: name, ..EnvelopeAddress::default() });
                in_group = true;
            }
            letter => {
                draft.phrase.push(letter);
                draft.raw.push(letter);
            }
        }
        // A group that is open needs room for its end.
        if found.len() + 2 > most {
            break;
        }
    }
    if found.len() < most {
        found.extend(draft.finish());
    }
    found.extend(in_group.then(EnvelopeAddress::default));
    found
}

impl Draft {
    fn finish(self) -> Option<EnvelopeAddress> {
        let phrase = self.phrase.split_whitespace().collect::<Vec<_>>().join(" ");
        let named = |name: String| Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        let (name, address) = match self.angle {
            Some(angle) => (named(phrase).or_else(|| named(self.comment)), angle),
            None => (named(self.comment), self.raw.trim().to_owned()),
        };
        if address.is_empty() && name.is_none() {
            return None;
        }
        let (local, domain) = split(&address);
        Some(EnvelopeAddress { name, local: Some(local), domain: Some(domain) })
    }
}

/// Local part, unquoted, and domain. Without `@` the domain is empty: absent would mean a group (RFC 9051 §7.5.2).
fn split(address: &str) -> (String, String) {
    // RFC 5322 §4.4: a route before the address is of no use any more.
    let address = match address.split_once(':') {
        Some((route, rest)) if route.trim_start().starts_with('@') => rest,
        _ => address,
    };
    let (local, domain) = match address.rfind('@').filter(|at| !is_inside_quotes(address, *at)) {
        Some(at) => (address.get(..at).unwrap_or_default(), address.get(at + 1..).unwrap_or_default()),
        None => (address, ""),
    };
    (unquoted(local.trim()), domain.trim().to_owned())
}

fn is_inside_quotes(address: &str, at: usize) -> bool {
    address.get(at..).is_some_and(|rest| rest.contains('"')) && address.starts_with('"')
}

fn unquoted(local: &str) -> String {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return local.to_owned() };
    let mut letters = inner.chars();
    let mut out = String::with_capacity(inner.len());
    while let Some(letter) = letters.next() {
        out.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    out
}

fn quoted(letters: &mut std::str::Chars<'_>, draft: &mut Draft) {
    draft.raw.push('"');
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => {
                let escaped = letters.next().unwrap_or('\\');
                draft.phrase.push(escaped);
                draft.raw.extend(['\\', escaped]);
            }
            letter => {
                draft.phrase.push(letter);
                draft.raw.push(letter);
            }
        }
    }
    draft.raw.push('"');
}

fn comment(letters: &mut std::str::Chars<'_>) -> String {
    let (mut text, mut depth) = (String::new(), 1);
    while let Some(letter) = letters.next() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        text.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    text
}

fn angle(letters: &mut std::str::Chars<'_>) -> String {
    let (mut text, mut quoted) = (String::new(), false);
    while let Some(letter) = letters.next() {
        match letter {
            '>' if !quoted => break,
            '"' => quoted = !quoted,
            _ => {}
        }
        text.push(letter);
        if letter == '\\' && quoted {
            text.extend(letters.next());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name|local|domain` each; `-` for NIL.
    fn check(value: &str, expect: &[&str]) {
        let found = read(value, 100);
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let found: Vec<String> =
            found.iter().map(|address| [&address.name, &address.local, &address.domain].map(shown).join("|")).collect();
        assert_eq!(found, expect, "{value:?}");
    }

    #[test]
    fn addresses_are_read() {
        check("ann@example.com", &["-|ann|example.com"]);
        check("Ann Doe <ann@example.com>, <bob@example.net>", &["Ann Doe|ann|example.com", "-|bob|example.net"]);
        check("\"Doe, Ann\" <ann@example.com>", &["Doe, Ann|ann|example.com"]);
        check("ann@example.com (Ann (the) \\) Doe)", &["Ann (the) ) Doe|ann|example.com"]);
        check("=?utf-8?q?J=C3=B6rg?= <j@example.com>", &["=?utf-8?q?J=C3=B6rg?=|j|example.com"]);
        check("\"ann doe\"@example.com", &["-|ann doe|example.com"]);
        check("<\"a>\\\"b\"@example.com>", &["-|a>\"b|example.com"]);
        check("<@a.test,@b.test:ann@example.com>", &["-|ann|example.com"]);
        check("Giant; \"Big\" <a@b>", &["-|Giant|", "Big|a|b"]);
    }

    #[test]
    fn groups_begin_and_end() {
        // RFC 5322 appendix A.1.3.
        check(
            "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
            &["-|A Group|-", "Ed Jones|c|a.test", "-|joe|where.test", "John|jdoe|one.test", "-|-|-"],
        );
        check("Undisclosed recipients:;", &["-|Undisclosed recipients|-", "-|-|-"]);
        check("open: a@b", &["-|open|-", "-|a|b", "-|-|-"]);
    }

    #[test]
    fn what_is_broken_is_told_all_the_same() {
        check("", &[]);
        check(",,;", &[]);
        check("no address", &["-|no address|"]);
        check("Ann <ann@example.com", &["Ann|ann|example.com"]);
        check("\"unclosed <a@b>", &["-|unclosed <a@b>|"]);
        check("Ann <>", &["Ann||"]);
        check("a@b@c", &["-|a@b|c"]);
        check("(only a comment)", &["only a comment||"]);
    }

    #[test]
    fn lists_are_bounded() {
        assert_eq!(read(&"a@b,".repeat(500), 20).len(), 20 - 1);
        assert!(read(&"g:a@b;".repeat(500), 20).len() <= 20);
    }

    proptest::proptest! {
        #[test]
        fn groups_are_always_closed(value in "[a@b<>\"(),:;\\\\ ]{0,40}", most in 0_usize..10) {
            let found = read(&value, most);
            proptest::prop_assert!(found.len() <= most + 1);
            let starts = found.iter().filter(|one| one.domain.is_none() && one.local.is_some()).count();
            let ends = found.iter().filter(|one| one.local.is_none()).count();
            proptest::prop_assert_eq!(starts, ends);
        }
    }
}
