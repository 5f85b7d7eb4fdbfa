//! Refusals explained: a reply, a log line, a whole bounce; one or many.

use std::net::IpAddr;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use bounce::{Recognised, explain_message, explain_text};
use check::Facts;
use rules::access::Scope;
use serde_json::json;
use syntax::{Address, Domain};

use super::{
    call::{Call, parsed},
    endpoint::{Endpoint, May, Verb},
    schema::{list, maybe, name, named, object, open, some, text_within},
};
use crate::problem::Problem;

/// Texts of one batch.
const MOST: usize = 500;
/// Recipients of one bounce whose causes are looked at.
const MOST_VERIFIED: usize = 5;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let line = "550 5.1.1 <ann@example.com>: user unknown";
    let example = json!({"source": "reply", "format": "reply", "recipients": []});
    let one = text_within("A reply, a log line, or a bounce.", 60_000);
    vec![
        Endpoint::new(
            Verb::Post,
            "/explain",
            "explain",
            "What a reply, a log line or a bounce means",
            May::AnyCaller,
            explain,
        )
        .json(object(&[("text", one.clone())]), json!({"text": line}))
        .answers(
            "What it was taken for, and what became of each recipient.",
            named("Recognised"),
            example.clone(),
        ),
        Endpoint::new(
            Verb::Post,
            "/explain/verify",
            "explain_verified",
            "What a reply means, its causes put into order by live checks",
            May::With(Scope::ChecksRun),
            verified,
        )
        .json(
            object(&[
                ("text", one.clone()),
                ("domain?", name("The domain that sent; of one of yours the rest is known.")),
                ("ip?", text_within("The IP that sent.", 45)),
                ("selector?", name("The DKIM selector.")),
                ("helo?", name("The name that the server greeted with.")),
            ]),
            json!({"text": "550 5.7.26 unauthenticated", "domain": "example.com"}),
        )
        .answers(
            "As `explain`; the causes that are confirmed come first, those that are ruled out last.",
            open(&[("explained", named("Recognised")), ("findings", list("What was found.", named("Finding"), 1000))]),
            json!({"explained": example, "findings": []}),
        ),
        Endpoint::new(
            Verb::Post,
            "/explain/batch",
            "explain_many",
            "What many lines mean, one answer a line",
            May::AnyCaller,
            batch,
        )
        .json(object(&[("texts", some("One each.", one, MOST))]), json!({"texts": [line]}))
        .answers(
            "In the order of the texts; null where no reply was found.",
            open(&[("items", list("One a text.", maybe(named("Recognised")), MOST))]),
            json!({"items": [example]}),
        ),
        Endpoint::new(
            Verb::Post,
            "/explain/message",
            "explain_message",
            "What a bounce message means",
            May::AnyCaller,
            message,
        )
        .octets(
            "message/rfc822",
            "From: MAILER-DAEMON@example.com\r\nSubject: failure\r\n\r\n550 5.1.1 user unknown\r\n",
        )
        .answers(
            "What it was taken for, and what became of each recipient.",
            named("Recognised"),
            json!({"source": "bounce", "format": "rfc3464", "recipients": []}),
        ),
    ]
}

async fn explain(call: Call) -> Result<Response, Problem> {
    Ok(Json(explained(&call)?).into_response())
}

async fn verified(call: Call) -> Result<Response, Problem> {
    let field = |name: &str| call.json[name].as_str().map(str::to_owned);
    let mut found = explained(&call)?;
    let domain = field("domain").map(|text| parsed("/domain", Domain::parse(&text))).transpose()?;
    let ip = field("ip").map(|text| parsed("/ip", text.parse::<IpAddr>())).transpose()?;
    let ops = &call.site.ops;
    let known = match &domain {
        Some(name) if ops.domain_within(call.workspace(), name).await.is_ok() => ops.facts_of(name).await?,
        _ => None,
    };
    let known = known.unwrap_or_default();
    let sender = Facts {
        domain,
        ip: ip.or_else(|| known.ips.first().copied()),
        selector: field("selector").or_else(|| known.selectors.first().map(|selector| selector.name.clone())),
        helo: field("helo").or(known.helo),
        ..Facts::default()
    };
    let mut findings = Vec::new();
    for outcome in found.recipients.iter_mut().take(MOST_VERIFIED) {
        let recipient = outcome.recipient.as_deref().and_then(|text| Address::parse(text).ok());
        let facts = Facts {
            recipient_domain: recipient.as_ref().map(|address| address.domain().clone()),
            recipient,
            ..sender.clone()
        };
        findings.extend(ops::verify(&call.site.checks, &mut outcome.explanation, &facts).await);
    }
    Ok(Json(json!({"explained": found, "findings": findings})).into_response())
}

/// What the field `text` holds.
fn explained(call: &Call) -> Result<Recognised, Problem> {
    let found = explain_text(call.json["text"].as_str().unwrap_or_default());
    let found = found.ok_or("no SMTP reply was found in it: give the whole line with its code, as `550 5.7.1 …`");
    parsed("/text", found)
}

async fn batch(call: Call) -> Result<Response, Problem> {
    let texts = call.json["texts"].as_array().into_iter().flatten();
    let found: Vec<Option<Recognised>> = texts.map(|text| text.as_str().and_then(explain_text)).collect();
    Ok(Json(json!({"items": found})).into_response())
}

async fn message(call: Call) -> Result<Response, Problem> {
    Ok(Json(explain_message(&call.octets)).into_response())
}
