//! What a message owes its recipient: who wrote, where they are, how to be left alone. CAN-SPAM (15 U.S.C. §7704), RFC 2369,
//! RFC 8058. Pure; it reads a message and asks nobody.
//!
//! What it says about law is information, not legal advice. What it cannot tell from the words it calls unknown.

mod postal;
mod read;
mod words;

use syntax::{Message, parse_from};

use crate::{Finding, Kind, State};

use postal::Postal;
use read::Readable;

const NATURE: Kind = Kind::outbound("opt-out.nature", "opt-out", "16 CFR §316.3");
const POSTAL: Kind = Kind::outbound("opt-out.postal-address", "opt-out", "15 U.S.C. §7704(a)(5)(A)(iii)");
const VISIBLE: Kind = Kind::outbound("opt-out.visible", "opt-out", "15 U.S.C. §7704(a)(3)");
const LIST: Kind = Kind::outbound("opt-out.list-unsubscribe", "opt-out", "RFC 2369 §3.2");
const ONE_CLICK: Kind = Kind::outbound("opt-out.one-click", "opt-out", "RFC 8058 §3");
const FROM: Kind = Kind::outbound("opt-out.sender", "opt-out", "15 U.S.C. §7704(a)(1)");
const SUBJECT: Kind = Kind::outbound("opt-out.subject", "opt-out", "15 U.S.C. §7704(a)(2)");
const LAW: Kind = Kind::outbound("opt-out.law", "opt-out", "of the recipient's country");

pub(crate) const KINDS: &[&Kind] = &[&NATURE, &POSTAL, &VISIBLE, &LIST, &ONE_CLICK, &FROM, &SUBJECT, &LAW];

/// What kind of message it is: more is owed by the one than by the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nature {
    /// Sent to many.
    Bulk,
    /// Written to one, to sell something.
    Commercial,
    /// Part of a conversation, or about something agreed.
    Conversation,
    /// The words do not tell.
    Unclear,
}

impl Nature {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bulk => "mail to many",
            Self::Commercial => "one-to-one mail that sells",
            Self::Conversation => "part of a conversation",
            Self::Unclear => "of a kind that the words do not tell",
        }
    }

    /// The state of something missing that the law asks of whoever sells.
    fn missing(self) -> State {
        match self {
            Self::Bulk | Self::Commercial => State::Bad,
            Self::Conversation => State::Ok,
            Self::Unclear => State::Warn,
        }
    }
}

/// Everything that can be told of the message; `given`: what kind it is, when the sender says so himself.
pub fn opt_out(message: &Message<'_>, given: Option<Nature>) -> Vec<Finding> {
    let text = read::readable(message);
    let (nature, reasons) = nature(message, &text, given);
    let told = NATURE.ok(format!("the message is {}", nature.words()));
    vec![
        reasons.into_iter().fold(told, |finding, reason| finding.with("because of", reason)),
        postal_address(&text, nature),
        visible(&text, nature),
        list_unsubscribe(message, nature),
        one_click(message, nature),
        sender(message),
        subject(message),
        law(nature),
    ]
}

/// What kind of message it is, and why.
fn nature(message: &Message<'_>, text: &Readable, given: Option<Nature>) -> (Nature, Vec<String>) {
    if let Some(nature) = given {
        return (nature, vec![String::from("it was said so")]);
    }
    let bulk: Vec<String> =
        ["List-Id", "List-Unsubscribe-Post", "Feedback-ID", "X-Campaign", "X-CampaignID", "X-Mailer-RecptId"]
            .into_iter()
            .filter(|name| message.all(name).next().is_some())
            .map(|name| format!("the field {name}"))
            .chain(
                message
                    .value("Precedence")
                    .filter(|value| value.eq_ignore_ascii_case("bulk"))
                    .map(|_| "Precedence: bulk".into()),
            )
            .collect();
    if !bulk.is_empty() {
        return (Nature::Bulk, bulk);
    }
    if message.all("In-Reply-To").next().is_some() {
        return (Nature::Conversation, vec![String::from("the field In-Reply-To")]);
    }
    let selling = words::found(&text.lower, words::SELLING);
    match selling.is_empty() {
        true => (Nature::Unclear, Vec::new()),
        false => {
            (Nature::Commercial, selling.into_iter().take(3).map(|word| format!("the words \"{word}\"")).collect())
        }
    }
}

fn postal_address(text: &Readable, nature: Nature) -> Finding {
    if text.is_empty() {
        return POSTAL.found(
            State::Unknown,
            "could not look: the message has no text, and an address in a picture is read by no program",
        );
    }
    match postal::find(&text.text) {
        Postal::Found(what) => POSTAL.ok("the body holds a postal address").with("address", what),
        Postal::Perhaps(what) => POSTAL
            .found(State::Unknown, "could not tell whether the body holds a whole postal address: street or box, code and place are wanted")
            .with("perhaps", what),
        Postal::None => POSTAL
            .found(nature.missing(), format!("the body holds no postal address of the sender: it is {}", nature.words()))
            .with("looked for", "street or box with postal code, as written in North America, Europe, Australia, India, Japan, Brazil"),
    }
}

fn visible(text: &Readable, nature: Nature) -> Finding {
    if text.is_empty() {
        return VISIBLE.found(State::Unknown, "could not look: the message has no text");
    }
    let links = text.links.iter().find(|link| words::is_opt_out_link(&link.href, &link.text));
    if let Some(link) = links {
        return VISIBLE.ok("the body holds a link to opt out").with("link", &link.href);
    }
    let reply = words::found(&text.lower, words::REPLY_TO_STOP).first().copied();
    if let Some(words) = reply.or_else(|| words::stopping_sentence(&text.lower)) {
        return VISIBLE.ok("the body says how to be left alone by a reply").with("words", words);
    }
    if let Some(words) = words::found(&text.lower, words::OPT_OUT).first() {
        let bare = VISIBLE.warn("the body speaks of opting out, without a link or a word that a reply does it");
        return bare.with("words", words).fix("Say what to do: a link, or \"reply with stop\".");
    }
    let hidden = words::found(&text.hidden, words::OPT_OUT);
    let found = VISIBLE.found(
        if hidden.is_empty() { nature.missing() } else { State::Bad },
        if hidden.is_empty() {
            "the body says nowhere how to be left alone"
        } else {
            "the way to opt out is hidden from the eye"
        },
    );
    let found = hidden.first().into_iter().fold(found, |finding, words| finding.with("hidden words", words));
    mended(found, "Say in plain sight how to be left alone: a link, or that a short reply is enough.")
}

/// The URIs of List-Unsubscribe. RFC 2369 §2.
fn uris(message: &Message<'_>) -> Vec<String> {
    let values: Vec<String> = message.all("List-Unsubscribe").map(syntax::Field::value).collect();
    let pieces = values.iter().flat_map(|value| value.split('<').skip(1));
    let inner = pieces.filter_map(|piece| piece.split_once('>').map(|(uri, _)| uri));
    inner.map(|uri| uri.split_whitespace().collect()).collect()
}

fn has_scheme(uri: &str, scheme: &str) -> bool {
    uri.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

fn list_unsubscribe(message: &Message<'_>, nature: Nature) -> Finding {
    let count = message.all("List-Unsubscribe").count();
    let uris = uris(message);
    let of = |scheme: &str| uris.iter().any(|uri| has_scheme(uri, scheme) && uri.len() > scheme.len());
    let found = match (count, of("https:"), of("mailto:"), of("http:")) {
        (0, ..) => {
            let state = match nature {
                Nature::Bulk => State::Bad,
                Nature::Commercial => State::Warn,
                Nature::Conversation | Nature::Unclear => State::Ok,
            };
            let seen = match nature {
                Nature::Bulk => "there is no List-Unsubscribe: Gmail, Yahoo and Apple ask for it in mail to many",
                Nature::Commercial => {
                    "there is no List-Unsubscribe: mail programs show no button, and the spam button is the only one left"
                }
                Nature::Conversation | Nature::Unclear => "there is no List-Unsubscribe; a conversation needs none",
            };
            LIST.found(state, seen)
        }
        (2.., ..) => LIST.bad("List-Unsubscribe stands there twice: receivers read one of them or none"),
        (_, true, true, _) => LIST.ok("List-Unsubscribe offers https and mailto"),
        (_, true, false, _) => LIST.ok("List-Unsubscribe offers https"),
        (_, false, true, false) => LIST.ok("List-Unsubscribe offers mailto; one click needs https besides"),
        (_, false, _, true) => LIST.warn("List-Unsubscribe offers http: without TLS receivers do not use it"),
        (_, false, false, false) => {
            LIST.bad("List-Unsubscribe holds neither an https: nor a mailto: URI in angle brackets: nobody can use it")
        }
    };
    let found =
        message.all("List-Unsubscribe").fold(found, |finding, field| finding.with("List-Unsubscribe", field.value()));
    mended(
        found,
        "Write one field: `List-Unsubscribe: <https://…>, <mailto:…>`, with an address that tells the recipient apart.",
    )
}

/// What to do, where something is to be done.
fn mended(finding: Finding, fix: &str) -> Finding {
    if matches!(finding.state, State::Warn | State::Bad) { finding.fix(fix) } else { finding }
}

fn one_click(message: &Message<'_>, nature: Nature) -> Finding {
    let fix =
        "Add `List-Unsubscribe-Post: List-Unsubscribe=One-Click` beside an https URI, and sign both fields with DKIM.";
    mended(one_click_as_it_is(message, nature), fix)
}

fn one_click_as_it_is(message: &Message<'_>, nature: Nature) -> Finding {
    let https = uris(message).iter().any(|uri| has_scheme(uri, "https:"));
    let Some(post) = message.value("List-Unsubscribe-Post") else {
        let seen = "there is no List-Unsubscribe-Post: nobody can opt out with one click in the mail program";
        let state = if nature == Nature::Bulk { State::Warn } else { State::Ok };
        return ONE_CLICK.found(state, seen);
    };
    let told = |finding: Finding| finding.with("List-Unsubscribe-Post", &post);
    if post != "List-Unsubscribe=One-Click" {
        return told(ONE_CLICK.bad("List-Unsubscribe-Post must be exactly `List-Unsubscribe=One-Click`"));
    }
    if !https {
        return told(ONE_CLICK.bad("List-Unsubscribe-Post without an https: URI in List-Unsubscribe does nothing"));
    }
    let signatures: Vec<String> = message.all("DKIM-Signature").map(syntax::Field::value).collect();
    if signatures.is_empty() {
        let seen =
            "one click is offered; the message is not signed yet: both fields must be in h= of its DKIM signature";
        return told(ONE_CLICK.ok(seen));
    }
    match signatures.iter().any(|signature| covers_both(signature)) {
        true => told(ONE_CLICK.ok("one click is offered, and a DKIM signature covers both fields")),
        false => told(ONE_CLICK.bad(
            "no DKIM signature covers List-Unsubscribe and List-Unsubscribe-Post: receivers ignore them (RFC 8058 §4)",
        )),
    }
}

/// Whether `h=` names both fields.
fn covers_both(signature: &str) -> bool {
    let h = signature.split(';').find_map(|tag| tag.trim().strip_prefix("h").map(str::trim_start)?.strip_prefix('='));
    let names: Vec<String> = h.unwrap_or_default().split(':').map(|name| name.trim().to_ascii_lowercase()).collect();
    ["list-unsubscribe", "list-unsubscribe-post"].iter().all(|wanted| names.iter().any(|name| name == wanted))
}

/// Whether From and Reply-To are honest.
fn sender(message: &Message<'_>) -> Finding {
    let mut fields = message.all("From");
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return FROM.bad("the message has not exactly one From field: nobody can tell who wrote");
    };
    let value = field.value();
    let from = match parse_from(&value) {
        Ok(from) => from,
        Err(malformed) => return FROM.bad(format!("From names no single mailbox: {malformed}")).with("From", value),
    };
    let domain = from.address.domain();
    let display = from.display.clone().unwrap_or_default();
    let shown = |finding: Finding| finding.with("From", &value);
    let feigned = display.split_whitespace().map(|word| word.trim_matches(['<', '>', '(', ')', '"', '\'', ',']));
    let feigned = feigned.filter_map(|word| syntax::Address::parse(word).ok()).find(|other| *other != from.address);
    if let Some(other) = feigned {
        return shown(FROM.bad(format!("the display name shows {other}, and the mail is from {}", from.address)));
    }
    if let Some(reply) = message.value("Reply-To").and_then(|value| parse_from(&value).ok()) {
        let other = reply.address.domain();
        if !other.is_within(domain) && !domain.is_within(other) {
            let seen = format!(
                "answers go to {other}, and the mail is from {domain}: the recipient does not see whom he answers"
            );
            return shown(FROM.warn(seen)).with("Reply-To", reply.address);
        }
    }
    let local: String = from.address.local().chars().filter(char::is_ascii_alphanumeric).collect();
    if local.to_ascii_lowercase().starts_with("noreply") || local.to_ascii_lowercase().starts_with("donotreply") {
        return shown(FROM.warn(format!("{} takes no answers: nobody can opt out by a reply", from.address)));
    }
    if display.is_empty() {
        return shown(FROM.warn("From has no display name: the recipient sees an address and no person"));
    }
    shown(FROM.ok(format!("From names one mailbox, {display} at {domain}")))
}

/// A subject that feigns a conversation, or says nothing.
fn subject(message: &Message<'_>) -> Finding {
    let Some(field) = message.all("Subject").next() else {
        return SUBJECT.warn("the message has no Subject: it tells nobody what it is about");
    };
    let value = field.decoded();
    let lower = value.to_lowercase();
    let known = message.all("In-Reply-To").chain(message.all("References")).any(|field| field.value().contains('<'));
    let prefix = words::REPLY_PREFIX.iter().find(|prefix| lower.starts_with(**prefix));
    let finding = match prefix {
        Some(prefix) if !known => SUBJECT.bad(format!(
            "the subject begins with `{prefix}` as if there had been a conversation, and neither In-Reply-To nor References says so"
        )),
        _ if value.trim().is_empty() => SUBJECT.warn("the Subject is empty: it tells nobody what the message is about"),
        _ => SUBJECT.ok("the subject feigns no conversation; whether it says what the message is about, only people can tell"),
    };
    finding.with("Subject", value)
}

/// What the law asks, by where the recipient is.
fn law(nature: Nature) -> Finding {
    let seen = match nature {
        Nature::Conversation => "the rules for advertising hardly touch a conversation; information, not legal advice",
        _ => "what is allowed depends on where the recipient is; information, not legal advice",
    };
    words::LAW.iter().fold(LAW.ok(seen), |finding, (place, rule)| finding.with(*place, rule))
}

#[cfg(test)]
mod tests;
