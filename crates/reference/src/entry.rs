//! One entry, and what stands in it.

use serde::{Deserialize, Deserializer};
use smtp::Stage;

use crate::{Class, Identity, Pattern, Retry, Rule, Step, axes::Category, rule::one_or_many};

/// One page of the reference.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Stable slug: `550-5-1-1`, `550-5-7-26-at-gmail`, `connection-lost`, `from-not-owned`.
    pub id: String,
    /// One line.
    pub title: String,
    /// The coarse category.
    pub category: Category,
    /// Reply codes that the entry is about, the usual one first; empty for our own findings.
    #[serde(default)]
    pub reply: Vec<u16>,
    /// Enhanced status codes that the entry is about.
    #[serde(default)]
    pub enhanced: Vec<Pattern>,
    /// The provider whose variant this is (`catalogue/providers.toml`).
    #[serde(default)]
    pub provider: Option<String>,
    /// Where in a conversation it is met.
    #[serde(default)]
    pub stage: Vec<Stage>,
    /// Whose or what's fault it is.
    pub identity: Identity,
    /// When to try again.
    pub retry: Retry,
    /// Whether the recipient goes onto the suppression list. Only for a refusal of the address
    /// itself: a refusal of the sender says nothing about the recipient.
    pub suppress: bool,
    /// Day on which the facts were last verified, `2026-11-23`.
    pub verified: String,
    /// What it is, one paragraph.
    #[serde(deserialize_with = "folded")]
    pub summary: String,
    /// What the registry says, where this provider means something else by the code.
    #[serde(default, deserialize_with = "folded_maybe")]
    pub registry: Option<String>,
    /// What it means for one-to-one business mail.
    #[serde(deserialize_with = "folded")]
    pub cold_mail: String,
    /// Ids of our own findings that the entry explains: `spf.too-many-lookups`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// Ids of neighbouring entries.
    #[serde(default)]
    pub related: Vec<String>,
    /// Citations: `rfc5321 §4.2.3`. The first word is a key of `catalogue/sources.toml`.
    pub sources: Vec<String>,
    /// The class on three axes.
    pub class: Class,
    /// The long part of a page written in full depth.
    #[serde(default)]
    pub page: Option<Page>,
    /// Why it happens, the likeliest cause first.
    #[serde(rename = "cause")]
    pub causes: Vec<Cause>,
    /// What to do, in order; at least one step.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
    /// Questions that people ask.
    #[serde(default)]
    pub faq: Vec<Faq>,
    /// What leads to this entry. Empty when only our own code names it.
    #[serde(default, rename = "match")]
    pub rules: Vec<Rule>,
    /// Real lines that must lead here.
    #[serde(default, rename = "fixture")]
    pub fixtures: Vec<Fixture>,
}

/// The sections of a page in full depth; each one paragraph.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// What it means; for a provider's variant, how it appears.
    #[serde(deserialize_with = "folded")]
    pub means: String,
    /// Who sends it, and where one sees it.
    #[serde(deserialize_with = "folded")]
    pub who: String,
    /// Why it happens; for a provider's variant, why this provider sends it.
    #[serde(deserialize_with = "folded")]
    pub why: String,
}

/// One cause.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// Stable slug, unique within the entry.
    pub id: String,
    /// One sentence.
    #[serde(deserialize_with = "folded")]
    pub why: String,
    /// The check that confirms it or rules it out (`catalogue/checks.toml`).
    pub check: String,
    /// Fragments of the reply that speak for this cause, written as in a match rule.
    #[serde(default, deserialize_with = "one_or_many")]
    pub when: Vec<String>,
}

/// One question with its answer.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faq {
    /// The question.
    pub q: String,
    /// The answer, one paragraph.
    #[serde(deserialize_with = "folded")]
    pub a: String,
}

/// A line as a receiver writes it, with what was known beside it.
#[derive(Debug, Clone, Default, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fixture {
    /// The reply; lines end in `\r\n` or `\n`. Empty when only a fault was seen.
    pub line: String,
    /// A fault code of ours.
    pub fault: Option<String>,
    /// The stage, when known.
    pub stage: Option<Stage>,
    /// The host that said it, when known.
    pub host: Option<String>,
    /// Where the wording is from.
    pub source: String,
}

impl Entry {
    /// The first thing to do.
    pub fn first_step(&self) -> &str {
        self.steps.first().map_or("", |step| step.title.as_str())
    }
    /// Whether the page is written in full depth.
    pub fn is_deep(&self) -> bool {
        self.page.is_some()
    }
    /// `550 5.7.26`, `550`, or nothing for our own findings.
    pub fn codes(&self) -> String {
        let enhanced = self.enhanced.first().map(|pattern| pattern.to_string());
        let reply = self.reply.first().map(u16::to_string);
        reply.into_iter().chain(enhanced).collect::<Vec<_>>().join(" ")
    }
}

/// One paragraph, however its lines were wrapped.
pub(crate) fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn folded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|text| fold(&text))
}

fn folded_maybe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    folded(deserializer).map(Some)
}
