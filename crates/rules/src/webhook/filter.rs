//! Which events an endpoint wants.

use super::name::names;
use crate::Fault;

/// Patterns, at least one: `*`, `message.*` or `message.delivered`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Filter(Vec<String>);

impl Filter {
    /// Everything.
    pub fn all() -> Self {
        Self(vec![String::from("*")])
    }

    /// Reads patterns; none is everything. One that fits no name there is would wait for ever, so it is refused.
    ///
    /// # Errors
    /// `webhook.bad-event`
    pub fn parse<T: AsRef<str>>(patterns: &[T]) -> Result<Self, Fault> {
        let mut kept: Vec<String> = Vec::new();
        for pattern in patterns.iter().map(|pattern| pattern.as_ref().trim()) {
            if !names().iter().any(|one| fits(pattern, one.name)) {
                return Err(unknown(pattern));
            }
            if !kept.iter().any(|one| one == pattern) {
                kept.push(pattern.to_owned());
            }
        }
        Ok(if kept.is_empty() { Self::all() } else { Self(kept) })
    }

    /// Whether it wants events of that name.
    pub fn wants(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| fits(pattern, name))
    }

    /// As they were given.
    pub fn patterns(&self) -> &[String] {
        &self.0
    }
}

impl TryFrom<Vec<String>> for Filter {
    type Error = Fault;
    /// What was stored by a version that knew other names is kept.
    fn try_from(patterns: Vec<String>) -> Result<Self, Fault> {
        if patterns.is_empty() { Ok(Self::all()) } else { Ok(Self(patterns)) }
    }
}

impl From<Filter> for Vec<String> {
    fn from(filter: Filter) -> Self {
        filter.0
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(start) => start.ends_with('.') && name.starts_with(start),
        None => pattern == name,
    }
}

fn unknown(pattern: &str) -> Fault {
    let all: Vec<&str> = names().iter().map(|one| one.name).collect();
    let what = format!("`{pattern}` fits no event: use *, a group as in message.*, or one of {}", all.join(", "));
    Fault::caller("webhook.bad-event", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_all_a_group_or_one() {
        let check = |patterns: &[&str], name: &str, expect: bool| {
            assert_eq!(Filter::parse(patterns).unwrap().wants(name), expect, "{patterns:?} {name}");
        };
        check(&[], "message.delivered", true);
        check(&["*"], "reply.received", true);
        check(&["message.*"], "message.bounced", true);
        check(&["message.*"], "reply.received", false);
        check(&["message.bounced", "reply.received"], "reply.received", true);
        check(&["message.bounced", "reply.received"], "message.delivered", false);
    }

    #[test]
    fn a_pattern_that_fits_nothing_is_refused_with_what_there_is() {
        for pattern in ["", "message", "message*", "*.bounced", "message.lost", "Message.*", "webhook.test"] {
            let fault = Filter::parse(&[pattern]).unwrap_err();
            assert_eq!(fault.code, "webhook.bad-event", "{pattern}");
            assert!(fault.to_string().contains("message.delivered"), "{fault}");
        }
    }

    #[test]
    fn a_stored_filter_is_read_as_it_was_written() {
        let filter = Filter::parse(&["message.*", "message.*", "reply.received"]).unwrap();
        let text = serde_json::to_string(&filter).unwrap();
        assert_eq!(text, r#"["message.*","reply.received"]"#);
        assert_eq!(serde_json::from_str::<Filter>(&text).unwrap(), filter);
        assert!(serde_json::from_str::<Filter>(r#"["of.another.version"]"#).is_ok());
    }
}
