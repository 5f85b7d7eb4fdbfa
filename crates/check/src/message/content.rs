//! What filters count against the content. Nothing is fetched: a link in somebody's mail is not ours to follow.

use std::net::IpAddr;

use syntax::{Domain, Message};

use crate::{Finding, Kind};

const LINK: Kind =
    Kind::outbound("content.link", "content", "Gmail, 2026-03: links are visible and lead where they say");
const TEXT: Kind =
    Kind::outbound("content.link-text", "content", "Gmail, 2026-03: links are visible and lead where they say");
const HTML: Kind = Kind::outbound("content.html-only", "content", "RFC 2046 §5.1.4");
const ATTACHMENT: Kind = Kind::outbound("content.attachment", "content", "Gmail, blocked file types");
const IMAGE: Kind = Kind::outbound("content.image", "content", "ColdRelay: one-to-one mail does not spy on its reader");

pub(crate) const KINDS: &[&Kind] = &[&LINK, &TEXT, &HTML, &ATTACHMENT, &IMAGE];

/// Most links that are looked at.
const MAX_LINKS: usize = 500;
/// Most octets of one part that are read for links.
const MAX_TEXT: usize = 2_000_000;
/// Public shorteners: the reader cannot see where they lead, and spam uses them.
const SHORTENERS: &[&str] = &[
    "bit.ly",
    "tinyurl.com",
    "t.co",
    "goo.gl",
    "ow.ly",
    "is.gd",
    "buff.ly",
    "rebrand.ly",
    "cutt.ly",
    "shorturl.at",
    "t.ly",
    "tiny.cc",
    "rb.gy",
    "lnkd.in",
];
/// Kinds of files that receivers refuse. Gmail, 2026-02
const REFUSED: &[&str] = &[
    "ade", "adp", "apk", "appx", "bat", "cab", "chm", "cmd", "com", "cpl", "dll", "dmg", "exe", "hta", "ins", "iso",
    "isp", "jar", "js", "jse", "lib", "lnk", "mde", "msc", "msi", "msp", "mst", "nsh", "pif", "ps1", "scr", "sct",
    "shb", "sys", "vb", "vbe", "vbs", "vxd", "wsc", "wsf", "wsh", "xll", "img", "vhd",
];

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub target: String,
    /// What the reader sees, when it is not the target.
    pub text: Option<String>,
}

/// The links of every text part.
pub(crate) fn links(message: &Message<'_>) -> Vec<Link> {
    let mut links = Vec::new();
    for part in message.parts() {
        let is_html = part.content_type == "text/html";
        if (is_html || part.content_type == "text/plain") && part.raw.len() <= MAX_TEXT {
            let text = part.text();
            links.extend(if is_html { html_links(&text) } else { plain_links(&text) });
        }
        if links.len() >= MAX_LINKS {
            break;
        }
    }
    links.truncate(MAX_LINKS);
    links
}

/// The domains of the links, each once.
pub(crate) fn domains(links: &[Link]) -> Vec<Domain> {
    let mut domains: Vec<Domain> = links.iter().filter_map(|link| Domain::parse(host(&link.target)?).ok()).collect();
    domains.retain(|domain| domain.as_str().parse::<IpAddr>().is_err());
    domains.sort();
    domains.dedup();
    domains
}

pub(crate) fn findings(message: &Message<'_>, links: &[Link]) -> Vec<Finding> {
    let mut findings = vec![of_targets(links)];
    findings.extend(of_texts(links));
    let parts = message.parts();
    let has = |kind: &str| parts.iter().any(|part| part.content_type == kind);
    if has("text/html") && !has("text/plain") {
        findings.push(HTML.warn("the message has an HTML part and no text part"));
    }
    let names = parts.iter().filter_map(|part| {
        let disposition =
            part.value("Content-Disposition").map(|value| syntax::content_type(&value).1).unwrap_or_default();
        let name = |parameters: &[(String, String)]| {
            parameters.iter().find(|(name, _)| name == "filename" || name == "name").map(|(_, value)| value.clone())
        };
        name(&disposition).or_else(|| name(&part.parameters))
    });
    let refused: Vec<String> = names.filter(|name| is_refused(name)).collect();
    if !refused.is_empty() {
        findings.push(ATTACHMENT.bad(format!("receivers refuse files of this kind: {}", refused.join(", "))));
    }
    let html: Vec<String> =
        parts.iter().filter(|part| part.content_type == "text/html").map(syntax::Part::text).collect();
    if html.iter().any(|text| text.len() <= MAX_TEXT && has_pixel(text)) {
        findings
            .push(IMAGE.warn("the HTML holds an image of one pixel, which only reports that the message was opened"));
    }
    findings
}

fn is_refused(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.trim().to_ascii_lowercase());
    ending.is_some_and(|ending| REFUSED.contains(&ending.as_str()))
}

fn of_targets(links: &[Link]) -> Finding {
    let hosts: Vec<&str> = links.iter().filter_map(|link| host(&link.target)).collect();
    let is_short = |host: &&&str| SHORTENERS.iter().any(|one| host.eq_ignore_ascii_case(one));
    if let Some(short) = hosts.iter().find(is_short) {
        return LINK.warn(format!("a link goes through the shortener {short}: the reader cannot see where it leads"));
    }
    if let Some(ip) = hosts.iter().find(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()) {
        return LINK.bad(format!("a link leads to the bare address {ip}"));
    }
    LINK.ok(format!("{} links, to {} hosts", links.len(), domains(links).len()))
}

fn of_texts(links: &[Link]) -> Option<Finding> {
    let lies = |link: &&Link| {
        let shown = link.text.as_deref().and_then(shown_host)?;
        let (shown, real) = (Domain::parse(&shown).ok()?, Domain::parse(host(&link.target)?).ok()?);
        (shown.registrable() != real.registrable()).then_some((shown, real))
    };
    let (shown, real) = links.iter().find_map(|link| lies(&link))?;
    Some(TEXT.bad(format!("a link shows {shown} and leads to {real}: filters and readers take that for phishing")))
}

/// The host that a link's text pretends to lead to, when it looks like an address at all.
fn shown_host(text: &str) -> Option<String> {
    let text = text.trim();
    let is_address = text.starts_with("http://") || text.starts_with("https://") || text.starts_with("www.");
    let text = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).unwrap_or(text);
    is_address.then(|| text.split(['/', '?', '#', ' ']).next().unwrap_or_default().to_ascii_lowercase())
}

/// The host of a web address.
pub(crate) fn host(target: &str) -> Option<&str> {
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    let rest = if lower.starts_with("https://") {
        target.get(8..)
    } else if lower.starts_with("http://") {
        target.get(7..)
    } else {
        None
    }?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    (!host.is_empty()).then_some(host)
}

fn plain_links(text: &str) -> Vec<Link> {
    let words = text.split(|letter: char| letter.is_whitespace() || "<>\"()".contains(letter));
    let targets = words.filter(|word| host(word).is_some());
    targets
        .map(|target| Link { target: target.trim_end_matches(['.', ',', ';', '!']).to_owned(), text: None })
        .take(MAX_LINKS)
        .collect()
}

/// Anchors with their text. A reader of tags, not of HTML: enough to see where a link leads.
fn html_links(html: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut rest = html;
    while let Some(start) = find_ignoring_case(rest, "<a") {
        let Some(after) = rest.get(start + 2..) else { break };
        let Some((tag, following)) = after.split_once('>') else { break };
        rest = following;
        let end = find_ignoring_case(following, "</a").unwrap_or(0);
        let text = following.get(..end).map(plain).filter(|text| !text.is_empty());
        if let Some(target) = attribute(tag, "href").filter(|target| host(target).is_some()) {
            links.push(Link { target, text });
        }
        if links.len() >= MAX_LINKS {
            break;
        }
    }
    links
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = find_ignoring_case(tag, name)?;
    let rest = tag.get(at + name.len()..)?.trim_start().strip_prefix('=')?.trim_start();
    let value = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest.get(1..)?.split(quote).next()?,
        _ => rest.split(|letter: char| letter.is_whitespace() || letter == '>').next()?,
    };
    Some(value.replace("&amp;", "&"))
}

/// The text between tags.
fn plain(html: &str) -> String {
    let (mut out, mut inside) = (String::new(), false);
    for letter in html.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            letter if !inside => out.push(letter),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn has_pixel(html: &str) -> bool {
    let mut rest = html;
    while let Some(start) = find_ignoring_case(rest, "<img") {
        let Some((tag, following)) = rest.get(start..).and_then(|tag| tag.split_once('>')) else { return false };
        let is_one =
            |name: &str| attribute(tag, name).is_some_and(|value| matches!(value.trim_end_matches("px"), "0" | "1"));
        if is_one("width") && is_one("height") {
            return true;
        }
        rest = following;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expect: &[&str]) {
        let message = format!("Content-Type: text/html\r\n\r\n{body}");
        let message = Message::parse(message.as_bytes()).unwrap();
        let found = findings(&message, &links(&message));
        let ids: Vec<&str> =
            found.iter().filter(|one| one.state != crate::State::Ok && one.id != HTML.id).map(|one| one.id).collect();
        assert_eq!(ids, expect, "{body}");
    }

    #[test]
    fn links_that_hide_where_they_lead_are_told() {
        check("<a href=\"https://a.test/x\">our page</a>", &[]);
        check("<a href=\"https://www.a.test/x\">https://a.test</a>", &[]);
        check("<A HREF='https://evil.test/x'>https://bank.test/login</A>", &["content.link-text"]);
        check("<a href=https://bit.ly/x>x</a>", &["content.link"]);
        check("<a href=\"http://192.0.2.1/\">x</a>", &["content.link"]);
        check("<img src=x width=1 height=\"1\">", &["content.image"]);
        check("<a href", &[]);
    }

    #[test]
    fn hosts_are_taken_from_addresses_as_browsers_do() {
        assert_eq!(host("https://user@a.test:8080/x"), Some("a.test"));
        assert_eq!(host("HTTP://A.test?x"), Some("A.test"));
        assert_eq!(host("mailto:a@b.test"), None);
        assert_eq!(host("https://"), None);
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(html in ".*") {
            let _ = (html_links(&html), plain_links(&html), has_pixel(&html));
        }
    }
}
