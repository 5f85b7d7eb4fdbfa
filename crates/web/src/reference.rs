//! The reference as a web site that needs no server: an index grouped by class, a page an entry, a
//! page a provider, search in the browser, a sitemap, structured data for the questions.
//!
//! Every page can be read without a script.

pub(crate) mod page;
pub(crate) mod row;

use std::collections::BTreeMap;

use askama::Template;
use reference::{Category, Entry, all, providers};

use self::{
    page::EntryPage,
    row::{Row, rows},
};

/// One file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name; the site is one folder.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// The index page.
#[derive(Template)]
#[template(path = "reference/index.html")]
struct Index<'a> {
    base: &'a str,
    count: usize,
    groups: Vec<Group>,
    providers: Vec<ProviderRow>,
}

/// The page of a provider.
#[derive(Template)]
#[template(path = "reference/provider.html")]
struct ProviderPage<'a> {
    base: &'a str,
    id: &'a str,
    name: &'a str,
    rows: Vec<Row>,
}

pub(crate) struct Group {
    pub slug: &'static str,
    pub title: &'static str,
    pub text: &'static str,
    pub rows: Vec<Row>,
}

pub(crate) struct ProviderRow {
    pub id: &'static str,
    pub name: &'static str,
    pub count: usize,
}

/// An entry as the search in the browser sees it.
#[derive(serde::Serialize)]
struct Searched {
    /// Its id.
    i: &'static str,
    /// Its codes, as they are shown.
    k: String,
    /// Its title.
    t: &'static str,
    /// Its codes, id and provider, lower-case.
    c: String,
    /// Its title, lower-case.
    h: String,
    /// Its texts, lower-case.
    b: String,
}

/// All files of the site. `base` is the address under which it will be published, without a slash
/// at the end; the links between pages are relative.
///
/// # Errors
/// A template or a value that cannot be written.
pub fn site(base: &str) -> Result<Vec<File>, Box<dyn std::error::Error + Send + Sync>> {
    let mut files = vec![file("index.html", index(base).render()?)];
    for entry in all() {
        files.push(file(format!("{}.html", entry.id), EntryPage::new(base, entry).render()?));
    }
    for provider in with_variants() {
        let variants = all().iter().filter(|entry| entry.provider.as_deref() == Some(provider.id));
        let page = ProviderPage { base, id: provider.id, name: provider.name, rows: rows(variants) };
        files.push(file(format!("at-{}.html", provider.id), page.render()?));
    }
    let searched: Vec<Searched> = all().iter().map(searched).collect();
    // `<` never stands raw in a script.
    let searched = serde_json::to_string(&searched)?.replace('<', "\\u003c");
    files.push(file("entries.js", format!("window.ENTRIES={searched};\n")));
    files.push(file("entries.json", serde_json::to_string(all())?));
    files.push(file("search.js", include_str!("../assets/reference/search.js").to_owned()));
    files.push(file("style.css", include_str!("../assets/reference/style.css").to_owned()));
    files.push(file("sitemap.xml", sitemap(base)));
    files.push(file("robots.txt", format!("User-agent: *\nAllow: /\nSitemap: {base}/sitemap.xml\n")));
    Ok(files)
}

fn file(name: impl Into<String>, text: String) -> File {
    File { name: name.into(), text }
}

fn index(base: &str) -> Index<'_> {
    Index { base, count: all().len(), groups: groups(), providers: with_variants() }
}

/// All entries by what they answer.
pub(crate) fn groups() -> Vec<Group> {
    let in_group = |wanted: fn(&Entry) -> bool| rows(all().iter().filter(move |entry| wanted(entry)));
    vec![
        Group {
            slug: "permanent",
            title: "5xx, refused for good",
            text: "Do not send the same again without a change. Only a refusal of the address itself says anything about the recipient.",
            rows: in_group(|entry| starts_with(entry, 5)),
        },
        Group {
            slug: "temporary",
            title: "4xx, refused for now",
            text: "The message is tried again. A delay is no bounce.",
            rows: in_group(|entry| starts_with(entry, 4)),
        },
        Group {
            slug: "no-reply",
            title: "No reply at all",
            text: "DNS, connections and TLS that failed, time that ran out, and messages about messages.",
            rows: in_group(|entry| entry.reply.is_empty() && entry.class.who != reference::Who::Us),
        },
        Group {
            slug: "own",
            title: "Our own findings",
            text: "What ColdRelay itself says at submission, and what it finds in the records of a domain.",
            rows: in_group(|entry| entry.reply.is_empty() && entry.class.who == reference::Who::Us),
        },
        Group {
            slug: "positive",
            title: "2xx and 3xx, no refusal",
            text: "Replies that are no errors.",
            rows: in_group(|entry| entry.category == Category::Ok && (starts_with(entry, 2) || starts_with(entry, 3))),
        },
    ]
}

fn starts_with(entry: &Entry, digit: u16) -> bool {
    entry.reply.first().is_some_and(|code| code / 100 == digit)
}

/// The providers that have entries of their own, those with the most first.
pub(crate) fn with_variants() -> Vec<ProviderRow> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for id in all().iter().filter_map(|entry| entry.provider.as_deref()) {
        *counts.entry(id).or_default() += 1;
    }
    let row = |provider: &'static reference::Provider| {
        let count = *counts.get(provider.id.as_str())?;
        Some(ProviderRow { id: &provider.id, name: &provider.name, count })
    };
    let mut rows: Vec<ProviderRow> = providers().iter().filter_map(row).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.count), row.name));
    rows
}

fn searched(entry: &'static Entry) -> Searched {
    let causes: Vec<&str> = entry.causes.iter().map(|cause| cause.why.as_str()).collect();
    let lines: Vec<&str> = entry.fixtures.iter().map(|fixture| fixture.line.as_str()).collect();
    let provider = entry.provider.as_deref().and_then(reference::provider).map(|provider| provider.name.as_str());
    let codes = entry.codes();
    let enhanced: Vec<String> = entry.enhanced.iter().map(ToString::to_string).collect();
    let replies: Vec<String> = entry.reply.iter().map(ToString::to_string).collect();
    let either = format!("{} {}", enhanced.join(" ").replace('X', "5"), enhanced.join(" ").replace('X', "4"));
    Searched {
        i: &entry.id,
        t: &entry.title,
        c: format!("{} {} {either} {}", entry.id, replies.join(" "), provider.unwrap_or_default()).to_lowercase(),
        h: entry.title.to_lowercase(),
        b: reference::plain(&format!("{} {} {}", entry.summary, causes.join(" "), lines.join(" "))),
        k: codes,
    }
}

fn sitemap(base: &str) -> String {
    let mut lines = vec![
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"),
        String::from("<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">"),
        format!("<url><loc>{base}/</loc></url>"),
    ];
    for entry in all() {
        lines.push(format!("<url><loc>{base}/{}.html</loc><lastmod>{}</lastmod></url>", entry.id, entry.verified));
    }
    lines.extend(with_variants().iter().map(|row| format!("<url><loc>{base}/at-{}.html</loc></url>", row.id)));
    lines.push(String::from("</urlset>\n"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        site("https://example.test/smtp-errors").unwrap().into_iter().find(|file| file.name == name).unwrap().text
    }

    #[test]
    fn every_link_leads_to_a_page() {
        let files = site("https://example.test/smtp-errors").unwrap();
        let names: std::collections::HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        for file in files.iter().filter(|file| file.name.ends_with(".html")) {
            for link in file.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let local = !link.starts_with("http") && !link.starts_with('#');
                assert!(!local || names.contains(link), "{} links to {link}", file.name);
            }
        }
    }

    #[test]
    fn every_entry_stands_in_the_index_and_in_the_sitemap() {
        let (index, sitemap) = (text("index.html"), text("sitemap.xml"));
        for entry in all() {
            assert!(index.contains(&format!("href=\"{}.html\"", entry.id)), "{}", entry.id);
            assert!(sitemap.contains(&format!("/{}.html<", entry.id)), "{}", entry.id);
        }
    }

    #[test]
    fn a_page_is_small_and_escapes_what_it_shows() {
        for file in site("https://example.test").unwrap() {
            let limit = if file.name.starts_with("entries.") { 1024 * 1024 } else { 100 * 1024 };
            assert!(file.text.len() < limit, "{}: {} octets", file.name, file.text.len());
        }
        let page = text("550-5-1-8.html");
        assert!(page.contains("&#60;ann@") && !page.contains("<ann@"));
    }

    #[test]
    fn questions_are_told_to_search_engines() {
        let page = text("553.html");
        assert!(page.contains("\"@type\":\"FAQPage\""), "no structured data");
    }
}
