//! One thing to do.

use serde::Deserialize;

use crate::entry::folded;

/// One step of the way out.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What to do, beginning with its verb.
    #[serde(deserialize_with = "folded")]
    pub title: String,
    /// How, one paragraph; empty when the title says it all.
    #[serde(default, deserialize_with = "folded", skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The check that does it or shows that it is done (`catalogue/checks.toml`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// The command that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deed: Option<String>,
}
