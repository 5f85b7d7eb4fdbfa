//! The fields of a query or a form, in order; a name may stand there several times.

/// Fields. WHATWG URL, 2026, §5.1.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `a=1&b=two+words`.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decode(k), decode(v))).collect(),
        )
    }
    /// The first of that name, without spaces around; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }
    /// The first of that name when it says something.
    pub(crate) fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }
    /// All of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn decode(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => break,
            [b'+', tail @ ..] => {
                octets.push(b' ');
                tail
            }
            [b'%', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                octets.push(digit(*high) * 16 + digit(*low));
                tail
            }
            [octet, tail @ ..] => {
                octets.push(*octet);
                tail
            }
        };
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn digit(octet: u8) -> u8 {
    match octet {
        b'0'..=b'9' => octet - b'0',
        b'a'..=b'f' => octet - b'a' + 10,
        _ => octet.saturating_sub(b'A') + 10,
    }
}

/// A value as it may stand in a query or a path.
pub(crate) fn encode(value: &str) -> String {
    let one = |octet: &u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(*octet).to_string(),
        other => format!("%{other:02X}"),
    };
    value.as_bytes().iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_again() {
        for value in ["ann@example.com", "a b&c=d", "100 %", "ü<>\"'", "+"] {
            assert_eq!(Fields::parse(&format!("x=1&v={}&v=2", encode(value))).get("v"), value);
        }
        let many = Fields::parse("id=a&id=b&note=two+words&broken=%zz%f");
        assert_eq!(many.all("id").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((many.get("note"), many.get("broken"), many.some("none")), ("two words", "%zz%f", None));
    }
}
