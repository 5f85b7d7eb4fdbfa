//! The page of one entry.

use askama::Template;
use reference::{Action, Citation, Entry, HowLong, Retry, Scope, Who, checks, citation};

use super::row::Row;

/// Most sample lines on a page.
const MAX_LINES: usize = 6;

/// The page in the exported site.
#[derive(Template)]
#[template(path = "reference/entry.html")]
pub struct EntryPage<'a> {
    base: &'a str,
    page: Article,
}

impl<'a> EntryPage<'a> {
    pub fn new(base: &'a str, entry: &'static Entry) -> Self {
        Self { base, page: Article::new(entry, EXPORTED) }
    }
}

/// How pages lead to one another.
#[derive(Clone, Copy)]
pub struct Links {
    pub home: &'static str,
    pub prefix: &'static str,
    pub suffix: &'static str,
}

/// All in one folder.
const EXPORTED: Links = Links { home: "index.html", prefix: "", suffix: ".html" };
/// Below `/smtp-errors`.
pub const LIVE: Links = Links { home: "/smtp-errors", prefix: "/smtp-errors/", suffix: "" };

/// What stands on the page of an entry, wherever it is shown.
pub struct Article {
    pub entry: &'static Entry,
    pub codes: String,
    pub provider: &'static str,
    pub provider_id: &'static str,
    pub facts: Vec<Fact>,
    pub headings: (&'static str, &'static str, &'static str),
    pub causes: Vec<CauseRow>,
    pub steps: Vec<StepRow>,
    pub lines: Vec<Line>,
    pub related: Vec<Row>,
    pub sources: Vec<Citation>,
    pub json_ld: String,
    pub links: Links,
}

pub struct Fact {
    pub name: &'static str,
    pub value: String,
}

pub struct CauseRow {
    pub why: &'static str,
    pub check: String,
}

pub struct StepRow {
    pub title: &'static str,
    pub text: &'static str,
    pub commands: Vec<String>,
}

pub struct Line {
    pub text: &'static str,
    pub source: &'static str,
}

impl Article {
    pub fn new(entry: &'static Entry, links: Links) -> Self {
        let provider = entry.provider.as_deref().and_then(reference::provider);
        let headings = match provider {
            Some(_) => ("How it appears", "Where you see it", "Why it is sent"),
            None => ("What it means", "Who sends it", "Why it happens"),
        };
        Self {
            links,
            entry,
            codes: entry.codes(),
            provider: provider.map_or("the provider", |provider| provider.name.as_str()),
            provider_id: entry.provider.as_deref().unwrap_or_default(),
            facts: facts(entry),
            headings,
            causes: entry.causes.iter().map(|cause| CauseRow { why: &cause.why, check: check(&cause.check) }).collect(),
            steps: entry.steps.iter().map(step).collect(),
            lines: entry
                .fixtures
                .iter()
                .filter(|fixture| !fixture.line.is_empty())
                .take(MAX_LINES)
                .map(|fixture| Line { text: &fixture.line, source: &fixture.source })
                .collect(),
            related: entry.related.iter().filter_map(|id| reference::entry(id)).map(Row::new).collect(),
            sources: entry.sources.iter().filter_map(|text| citation(text)).collect(),
            json_ld: json_ld(entry),
        }
    }
}

/// The class in words.
fn facts(entry: &Entry) -> Vec<Fact> {
    let class = entry.class;
    let who = match class.who {
        Who::Recipient => "The recipient's side",
        Who::SenderReputation => "The sender's reputation",
        Who::Content => "What the message holds",
        Who::Policy => "A rule of the receiver",
        Who::Us => "Our own set-up",
        Who::Network => "The network between",
    };
    let how_long = match class.how_long {
        HowLong::Now => "This moment only",
        HowLong::Later => "Until time passes or something is changed",
        HowLong::ForGood => "For good, unless something is changed",
    };
    let action = match class.action {
        Action::Retry => "Try again later",
        Action::SlowDown => "Try again, and send less",
        Action::Suppress => "Never write to this address again",
        Action::Fix => "Repair something, then send again",
        Action::Stop => "Stop until a person has looked",
    };
    let scope = match class.scope {
        Scope::Recipient => "this recipient",
        Scope::Message => "this message",
        Scope::Mailbox => "the sending mailbox",
        Scope::Domain => "the sending domain",
        Scope::EgressIp => "the sending IP",
        Scope::Site => "this destination",
    };
    let retry = match entry.retry {
        Retry::Never => "Not at all",
        Retry::AfterFix => "After the repair",
        Retry::Reconnect => "At once, on a new connection",
        Retry::Minutes => "After minutes",
        Retry::Hours => "After hours",
        Retry::Days => "After days",
    };
    let identity = entry.identity.as_str().replace('_', " ");
    let stages: Vec<&str> = entry.stage.iter().map(|stage| stage.as_str()).collect();
    let mut facts = vec![
        Fact { name: "Whose matter", value: who.to_owned() },
        Fact { name: "For how long", value: how_long.to_owned() },
        Fact { name: "What to do", value: format!("{action} ({scope})") },
        Fact { name: "Retry", value: retry.to_owned() },
        Fact {
            name: "At fault",
            value: identity
                .replace("ip", "IP")
                .replace("recIPient", "recipient")
                .replace("dkim", "DKIM")
                .replace("url", "URL")
                .replace("helo", "EHLO name"),
        },
        Fact { name: "Suppress the recipient", value: if entry.suppress { "Yes" } else { "No" }.to_owned() },
    ];
    if !stages.is_empty() {
        facts.push(Fact { name: "Met at", value: stages.join(", ").replace('_', " ") });
    }
    facts.push(Fact { name: "Category", value: entry.category.as_str().replace('_', " ") });
    facts
}

fn check(id: &str) -> String {
    checks()
        .get(id)
        .map(|check| format!("To confirm it or rule it out: {}. {}", lower(&check.title), check.looks))
        .unwrap_or_default()
}

/// With a small first letter, unless the word is a name.
fn lower(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn step(step: &'static reference::Step) -> StepRow {
    let of_check =
        step.check.as_ref().and_then(|id| checks().get(id)).map(|check| check.command.clone()).unwrap_or_default();
    let of_check = of_check.into_iter().map(|command| command.replace('{', "<").replace('}', ">"));
    let commands = step.deed.iter().cloned().chain(of_check.take(1)).take(1).collect();
    StepRow { title: &step.title, text: &step.text, commands }
}

/// The questions as structured data. <https://schema.org/FAQPage>
fn json_ld(entry: &Entry) -> String {
    if entry.faq.is_empty() {
        return String::new();
    }
    let questions: Vec<serde_json::Value> = entry
        .faq
        .iter()
        .map(|faq| serde_json::json!({"@type": "Question", "name": faq.q, "acceptedAnswer": {"@type": "Answer", "text": faq.a}}))
        .collect();
    let page = serde_json::json!({"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": questions});
    // `</script>` in an answer must not end the element.
    page.to_string().replace('<', "\\u003c")
}
