//! What leads from an outcome to an entry.

use serde::{Deserialize, Deserializer};
use smtp::Stage;

use crate::{Identity, Pattern};

/// One way into an entry. Every condition that is stated must hold; a list holds when one of its
/// items does (`text_all`: all of them). In the content files a list of one may be written bare.
#[derive(Debug, Clone, Default, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Codes of our own faults: `dns.null-mx`.
    #[serde(deserialize_with = "one_or_many")]
    pub fault: Vec<String>,
    /// Reply codes.
    #[serde(deserialize_with = "one_or_many")]
    pub code: Vec<u16>,
    /// Enhanced status codes.
    #[serde(deserialize_with = "one_or_many")]
    pub enhanced: Vec<Pattern>,
    /// 4 or 5: the reply code's first digit.
    pub class: Option<u8>,
    /// Stages. One that is not known (a pasted reply, a later notification) meets none.
    #[serde(deserialize_with = "one_or_many")]
    pub stage: Vec<Stage>,
    /// Fragments of the reply's text, as [`plain`](crate::plain()) writes it; one must occur.
    #[serde(deserialize_with = "one_or_many")]
    pub text: Vec<String>,
    /// Fragments that must all occur.
    #[serde(deserialize_with = "one_or_many")]
    pub text_all: Vec<String>,
    /// Fragments of which none may occur.
    #[serde(deserialize_with = "one_or_many")]
    pub text_none: Vec<String>,
    /// Id of the provider that said it (`catalogue/providers.toml`), known by MX host, by its text or
    /// by the recipient's domain.
    pub provider: Option<String>,
    /// The rule is for outcomes in which the peer said nothing.
    pub silent: bool,
    /// Added to (or taken from) what its specificity scores; 0 in most rules.
    pub weight: i32,
    /// The identity at fault, where these words name another than the entry does.
    pub identity: Option<Identity>,
}

/// Reads `a` as `[a]`.
pub(crate) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(list) => list,
        OneOrMany::One(item) => vec![item],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_one_may_be_written_bare() {
        let rule: Rule = toml::from_str("code = 550\nenhanced = 'x.7.26'\nstage = ['mail', 'rcpt']").unwrap();
        assert_eq!(rule.code, [550]);
        assert_eq!(rule.enhanced, [Pattern::parse("x.7.26").unwrap()]);
        assert_eq!(rule.stage, [Stage::Mail, Stage::Rcpt]);
    }

    #[test]
    fn a_misspelt_condition_is_refused() {
        assert!(toml::from_str::<Rule>("cod = 550").is_err());
        assert!(toml::from_str::<Rule>("enhanced = '5.7'").is_err());
    }
}
