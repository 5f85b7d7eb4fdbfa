//! Records made from wishes, and what a plan comes to.

use axum::response::Response;
use rules::{
    access::Scope,
    cost::{Costing, compare},
    generate::{
        ReportUri,
        dmarc::{Dmarc, Policy},
        spf::{End, Source, Spf},
    },
    sizing::size,
};
use serde_json::json;
use syntax::Domain;

use super::{
    call::{Call, parsed, told},
    endpoint::{Endpoint, May, Verb},
    schema::{list, name, number, object, open, some, text_within, word},
};
use crate::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let made = open(&[]);
    let count = |what: &str| number(what, 0, 1_000_000_000);
    let domain = ("domain", name("The domain."));
    vec![
        Endpoint::new(
            Verb::Post,
            "/generate/spf",
            "generate_spf",
            "An SPF record from who sends, measured by look-ups",
            May::With(Scope::ChecksRun),
            spf,
        )
        .json(
            object(&[
                domain.clone(),
                ("senders", some("A service, a domain, an IP or network, `a`, `mx`.", name("A sender."), 50)),
                ("end?", word("Mail from elsewhere.", &["fail", "soft", "neutral"])),
            ]),
            json!({"domain": "example.com", "senders": ["192.0.2.1"]}),
        )
        .answers("The record and what it costs in look-ups.", made.clone(), json!({"lookups": 0})),
        Endpoint::new(Verb::Post, "/generate/dmarc", "generate_dmarc", "A DMARC record", May::AnyCaller, dmarc)
            .json(
                object(&[
                    domain,
                    ("policy", word("For the domain.", &["none", "quarantine", "reject"])),
                    ("subdomain_policy?", word("For what exists below it.", &["none", "quarantine", "reject"])),
                    ("reports?", list("Where aggregate reports go.", text_within("An address or URI.", 400), 10)),
                ]),
                json!({"domain": "example.com", "policy": "reject", "reports": ["reports@example.com"]}),
            )
            .answers("The record, part by part.", made.clone(), json!({"records": []})),
        Endpoint::new(
            Verb::Post,
            "/calculate/sizing",
            "calculate_sizing",
            "Mailboxes, domains and IPs that a number of mails needs",
            May::AnyCaller,
            sizing,
        )
        .json(
            object(&[
                ("mails_per_day", count("Mails on a working day.")),
                ("mails_per_mailbox?", count("Mails of one warm mailbox in a day.")),
                ("mailboxes_per_domain?", count("Mailboxes of one domain.")),
                ("domains_per_ip?", count("Domains that share an IP.")),
                ("ramp_weeks?", count("Weeks to the full number.")),
                ("first_week?", count("Mails of a new mailbox in a day of its first week.")),
                ("days_per_week?", count("Days on which mail is sent.")),
            ]),
            json!({"mails_per_day": 500}),
        )
        .answers(
            "The numbers, with how they came about.",
            made.clone(),
            json!({"mailboxes": 25, "domains": 5, "ips": 5}),
        ),
        Endpoint::new(
            Verb::Post,
            "/calculate/cost",
            "calculate_cost",
            "What a plan costs in each way of running it",
            May::AnyCaller,
            cost,
        )
        .json(
            object(&[("mailboxes", count("Mailboxes.")), ("domains", count("Domains.")), ("ips", count("IPs."))]),
            json!({"mailboxes": 25, "domains": 5, "ips": 5}),
        )
        .answers("Each way, item by item, in cents.", made, json!({"ways": []})),
    ]
}

/// The wish for an SPF record.
#[derive(serde::Deserialize)]
struct SpfWish {
    domain: String,
    senders: Vec<String>,
    end: Option<String>,
}

async fn spf(call: Call) -> Result<Response, Problem> {
    let wish: SpfWish = call.read()?;
    let domain = parsed("/domain", Domain::parse(&wish.domain))?;
    let senders = wish.senders.iter().enumerate();
    let sources = senders.map(|(place, text)| parsed(&format!("/senders/{place}"), Source::parse(text)));
    let sources = sources.collect::<Result<Vec<_>, _>>()?;
    let end = parsed("/end", End::parse(wish.end.as_deref().unwrap_or("fail")))?;
    told(call.site.checks.generate_spf(&Spf { domain, sources, end }).await)
}

/// The wish for a DMARC record.
#[derive(serde::Deserialize)]
struct DmarcWish {
    domain: String,
    policy: Policy,
    subdomain_policy: Option<Policy>,
    #[serde(default)]
    reports: Vec<String>,
}

async fn dmarc(call: Call) -> Result<Response, Problem> {
    let wish: DmarcWish = call.read()?;
    let domain = parsed("/domain", Domain::parse(&wish.domain))?;
    let reports = wish.reports.iter().enumerate();
    let rua = reports.map(|(place, text)| parsed(&format!("/reports/{place}"), ReportUri::parse(text)));
    let rua = rua.collect::<Result<Vec<_>, _>>()?;
    told(Ok(Dmarc { sp: wish.subdomain_policy, rua, ..Dmarc::new(domain, wish.policy) }.generate()))
}

async fn sizing(call: Call) -> Result<Response, Problem> {
    told(size(call.read()?))
}

/// A plan.
#[derive(serde::Deserialize)]
struct Plan {
    mailboxes: u64,
    domains: u64,
    ips: u64,
}

async fn cost(call: Call) -> Result<Response, Problem> {
    let plan: Plan = call.read()?;
    told(compare(&Costing::new(plan.mailboxes, plan.domains, plan.ips)))
}
