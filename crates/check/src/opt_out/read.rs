//! What a recipient sees of a message: the text, its links, and what is hidden from the eye.

use syntax::Message;

/// Most characters that are looked at.
const MOST: usize = 256 * 1024;
/// Most links that are kept.
const MOST_LINKS: usize = 500;
/// Elements that end nothing.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];
/// Elements that begin on a line of their own.
const BLOCK: &[&str] =
    &["br", "p", "div", "tr", "td", "table", "li", "ul", "ol", "h1", "h2", "h3", "h4", "hr", "blockquote", "address"];
/// Elements whose content nobody sees.
const UNSEEN: &[&str] = &["style", "script", "head", "title", "template", "noscript"];

/// A link.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Where it leads.
    pub href: String,
    /// What is clicked on.
    pub text: String,
}

/// The message for the eye.
#[derive(Debug, Default)]
pub(super) struct Readable {
    /// What is seen, line by line.
    pub text: String,
    /// The same in lower case, white space as single blanks.
    pub lower: String,
    /// Text that is there and not seen, likewise.
    pub hidden: String,
    /// Links.
    pub links: Vec<Link>,
}

impl Readable {
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Every text part together.
pub(super) fn readable(message: &Message<'_>) -> Readable {
    let mut out = Readable::default();
    for part in message.parts() {
        // What is attached is no part of the letter.
        let attached =
            part.value("Content-Disposition").is_some_and(|value| value.to_ascii_lowercase().starts_with("attachment"));
        let text = match part.content_type.as_str() {
            _ if attached => continue,
            "text/plain" | "text/html" => part.text(),
            _ => continue,
        };
        let text: String = text.chars().take(MOST).collect();
        if part.content_type == "text/html" {
            Html::read(&text, &mut out)
        } else {
            plain(&text, &mut out)
        }
        out.text.push('\n');
    }
    out.lower = squeezed(&out.text);
    out.hidden = squeezed(&out.hidden);
    out
}

fn squeezed(text: &str) -> String {
    // A typographic apostrophe means the same.
    text.to_lowercase().replace('’', "'").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(text: &str, out: &mut Readable) {
    for line in text.lines() {
        for start in line.match_indices("http").map(|(at, _)| at) {
            let href =
                line.get(start..).unwrap_or_default().split([' ', '>', '<', '"', ')', '\t']).next().unwrap_or_default();
            if href.contains("://") && out.links.len() < MOST_LINKS {
                out.links.push(Link { href: href.to_owned(), text: line.to_owned() });
            }
        }
        out.text.push_str(line);
        out.text.push('\n');
    }
}

/// Walks HTML as mail has it: whatever is wrong with it, something is read.
struct Html<'o> {
    out: &'o mut Readable,
    /// Open elements: name, and whether the eye sees what is in them.
    open: Vec<(String, bool)>,
    link: Option<Link>,
}

impl<'o> Html<'o> {
    fn read(html: &str, out: &'o mut Readable) {
        let mut walk = Self { out, open: Vec::new(), link: None };
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            let (text, tail) = rest.split_at(at);
            walk.text(text);
            rest = if let Some(comment) = tail.strip_prefix("<!--") {
                comment.split_once("-->").map_or("", |(_, after)| after)
            } else {
                let (tag, after) = tail.split_once('>').unwrap_or((tail, ""));
                walk.tag(tag.trim_start_matches('<'));
                after
            };
        }
        walk.text(rest);
        walk.close_link();
    }

    fn seen(&self) -> bool {
        self.open.iter().all(|(_, seen)| *seen)
    }

    fn text(&mut self, text: &str) {
        let text = entities(text);
        if !self.seen() {
            if !self.open.iter().any(|(name, _)| UNSEEN.contains(&name.as_str())) {
                self.out.hidden.push_str(&text);
                self.out.hidden.push(' ');
            }
            return;
        }
        if let Some(link) = &mut self.link {
            link.text.push_str(&text);
        }
        self.out.text.push_str(&text.replace(['\r', '\n'], " "));
    }

    fn tag(&mut self, tag: &str) {
        let is_end = tag.starts_with('/');
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric())
            .collect::<String>()
            .to_ascii_lowercase();
        if BLOCK.contains(&name.as_str()) {
            self.out.text.push('\n');
        }
        if is_end {
            if name == "a" {
                self.close_link();
            }
            // Elements that were never closed end with the one around them.
            if let Some(at) = self.open.iter().rposition(|(open, _)| *open == name) {
                self.open.truncate(at);
            }
            return;
        }
        if name == "a" {
            self.close_link();
            let href = attribute(tag, "href").map(|href| entities(&href)).unwrap_or_default();
            self.link = self.seen().then(|| Link { href, text: String::new() });
        }
        if !VOID.contains(&name.as_str()) && !tag.ends_with('/') && !name.is_empty() && self.open.len() < MOST_LINKS {
            let seen = !UNSEEN.contains(&name.as_str()) && !is_hidden(tag);
            self.open.push((name, seen));
        }
    }

    fn close_link(&mut self) {
        if let Some(link) = self.link.take().filter(|link| !link.href.is_empty() && self.out.links.len() < MOST_LINKS) {
            self.out.links.push(link);
        }
    }
}

/// Whether the element's own attributes hide it.
fn is_hidden(tag: &str) -> bool {
    let style: String = attribute(tag, "style").unwrap_or_default().to_ascii_lowercase().split_whitespace().collect();
    let hides = [
        "display:none",
        "visibility:hidden",
        "font-size:0",
        "font-size:1px",
        "max-height:0",
        "opacity:0;",
        "mso-hide:all",
    ];
    // `opacity:0.9` and `font-size:0.9em` are seen.
    let fraction = style.contains("font-size:0.") && !style.contains("font-size:0.0");
    let by_style = hides.iter().any(|hide| style.contains(hide) && !(fraction && *hide == "font-size:0"))
        || style.ends_with("opacity:0");
    by_style || tag.split_whitespace().skip(1).any(|word| word.eq_ignore_ascii_case("hidden"))
}

/// The value of an attribute.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let at = lower.match_indices(name).map(|(at, _)| at).find(|at| {
        let before = lower.get(..*at).and_then(|before| before.chars().last());
        let after = lower.get(at + name.len()..).map(str::trim_start);
        before.is_some_and(char::is_whitespace) && after.is_some_and(|after| after.starts_with('='))
    })?;
    let value = tag.get(at + name.len()..)?.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|letter| matches!(letter, '"' | '\''));
    Some(match quote {
        Some(quote) => value.get(1..)?.split(quote).next().unwrap_or_default().to_owned(),
        None => value.split(char::is_whitespace).next().unwrap_or_default().to_owned(),
    })
}

/// The entities that stand in letters; others stay.
fn entities(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let found = after
            .split_once(';')
            .filter(|(name, _)| name.len() <= 8)
            .and_then(|(name, tail)| Some((entity(name)?, tail)));
        match found {
            Some((letter, tail)) => {
                out.push(letter);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    });
    match name {
        "nbsp" => Some(' '),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" | "rsquo" | "lsquo" => Some('\''),
        "middot" | "bull" => Some('·'),
        _ if number.is_none() => accented(name),
        _ => number.and_then(char::from_u32).map(|letter| if letter == '\u{a0}' { ' ' } else { letter }),
    }
}

/// Letters of Western Europe by their names, in the order of ISO 8859-1 from À. HTML 4.01 §24.2.1.
const LATIN: &str = "Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde \
                     Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc \
                     atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute \
                     ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

fn accented(name: &str) -> Option<char> {
    let at = LATIN.split_whitespace().position(|one| one == name)?;
    char::from_u32(0xc0 + u32::try_from(at).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> Readable {
        let octets = format!("Content-Type: text/html; charset=utf-8\r\n\r\n{text}");
        readable(&Message::parse(octets.as_bytes()).unwrap())
    }

    #[test]
    fn the_eye_sees_text_and_links() {
        let found = html(
            "<head><title>no</title><style>p{}</style></head><p>Gr&uuml;&szlig;e&nbsp;&amp; <b>&Eacute;ve</b><br>\
             <a href='https://a.test/?x=1&amp;y'>Opt <i>out</i></a><!-- no -->",
        );
        assert_eq!(found.lower, "grüße & éve opt out");
        assert_eq!(found.links, [Link { href: "https://a.test/?x=1&y".into(), text: "Opt out".into() }]);
        assert_eq!(found.hidden, "");
    }

    #[test]
    fn what_is_hidden_is_kept_apart() {
        for style in ["style=\"display: none\"", "style='font-size:0'", "style=\"color:#fff; opacity:0\"", "hidden"] {
            let found = html(&format!("seen <div {style}><p>secret <b>word</b></div> again"));
            assert_eq!((found.lower.as_str(), found.hidden.as_str()), ("seen again", "secret word"), "{style}");
        }
        for style in ["style=\"opacity:0.9;\"", "style=\"font-size:0.9em\"", "class=\"hidden-x\""] {
            assert_eq!(html(&format!("<p {style}>plain</p>")).lower, "plain", "{style}");
        }
    }

    #[test]
    fn broken_html_is_read_as_far_as_it_goes() {
        assert_eq!(html("a <b").lower, "a");
        assert_eq!(html("a & b &#x41; &#99999999; </p></div> c").lower, "a & b a &#99999999; c");
        assert_eq!(
            html("<a href=https://x.test/y>z").links,
            [Link { href: "https://x.test/y".into(), text: "z".into() }]
        );
        assert_eq!(html("<!-- open").lower, "");
    }
}
