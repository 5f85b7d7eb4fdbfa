//! The live checks: of a domain, a message, an address, and of each thing alone.

use std::net::IpAddr;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use check::{Choice, DomainFacts, Facts, Finding, MessageFacts, Selector, Subject, worst};
use ops::MailboxCheck;
use rules::{access::Scope, reach::Reach};
use serde_json::{Value, json};
use syntax::{Domain, Message, inspect_address, inspect_from};

use super::{
    call::{Call, parsed, told},
    endpoint::{Endpoint, May, Verb},
    schema::{flag, list, name, named, object, open, text_within},
};
use crate::problem::Problem;

const LETTER: &str = "From: Ann <ann@example.com>\r\nTo: bob@example.net\r\nSubject: Friday\r\n\r\nSee you at ten.\r\n";

pub(super) fn endpoints() -> Vec<Endpoint> {
    [of_things(), of_texts()].concat()
}

/// What is asked about by name.
fn of_things() -> Vec<Endpoint> {
    let may = May::With(Scope::ChecksRun);
    let findings = json!({"about": "example.com", "state": "ok", "findings": []});
    let report = json!({"about": "example.com", "state": "ok", "grade": null, "predicted": [], "findings": []});
    let domain = ("domain", name("The domain."));
    let ip = ("ip", text_within("The IP that sends.", 45));
    let (ip_maybe, helo) = (("ip?", ip.1.clone()), ("helo", name("The name that the server greets with.")));
    let one = |path, id, summary, run: fn(Call) -> Pinned, shape: &[(&str, Value)], example: Value| {
        Endpoint::new(Verb::Post, path, id, summary, may, run).json(object(shape), example).answers(
            "What was found; what could not be looked at is `unknown`.",
            named("Findings"),
            findings.clone(),
        )
    };
    let of_domain = json!({"domain": "example.com"});
    let alone = std::slice::from_ref(&domain);
    let selector = ("selector", name("The selector."));
    vec![
        Endpoint::new(
            Verb::Post,
            "/checks/domain",
            "check_domain",
            "The deliverability test of a domain",
            may,
            of_domain_all,
        )
        .json(
            object(&[
                domain.clone(),
                (
                    "ips?",
                    list("IPs that it sends from; of a domain of yours they are known.", text_within("An IP.", 45), 16),
                ),
                ("helo?", name("The name that its servers greet with.")),
                ("selectors?", list("DKIM selectors.", name("A selector."), 16)),
                ("bulk?", flag("Whether the rules for bulk senders hold.")),
                ("dns_only?", flag("Whether no mail host and no policy is dialled.")),
                ("blocklists?", flag("Whether blocklists are asked.")),
            ]),
            of_domain.clone(),
        )
        .answers("Findings, grade, predicted replies.", named("Report"), report),
        one(
            "/checks/spf",
            "check_spf",
            "SPF of a domain, for an IP when given",
            |call| Box::pin(single(call, "spf")),
            &[domain.clone(), ip_maybe.clone()],
            json!({"domain": "example.com", "ip": "192.0.2.1"}),
        ),
        one(
            "/checks/dkim",
            "check_dkim",
            "The DKIM key of a selector",
            |call| Box::pin(single(call, "dkim")),
            &[domain.clone(), selector],
            json!({"domain": "example.com", "selector": "r20261124"}),
        ),
        one(
            "/checks/dmarc",
            "check_dmarc",
            "The DMARC record that holds for a domain",
            |call| Box::pin(single(call, "dmarc")),
            alone,
            of_domain.clone(),
        ),
        one(
            "/checks/ptr",
            "check_ptr",
            "Reverse DNS of an IP, both ways",
            |call| Box::pin(single(call, "ptr")),
            &[ip],
            json!({"ip": "192.0.2.1"}),
        ),
        one(
            "/checks/helo",
            "check_helo",
            "The name that a server greets with",
            |call| Box::pin(single(call, "helo")),
            &[helo, ip_maybe],
            json!({"helo": "box.example.com"}),
        ),
        one(
            "/checks/mx",
            "check_mx",
            "Where the mail of a domain goes",
            |call| Box::pin(single(call, "sender-mx")),
            alone,
            of_domain.clone(),
        ),
        one(
            "/checks/soa",
            "check_soa",
            "Whether a domain answers for a zone",
            |call| Box::pin(single(call, "soa")),
            alone,
            of_domain.clone(),
        ),
        one(
            "/checks/tls",
            "check_tls",
            "STARTTLS and certificates of a domain's mail hosts",
            |call| Box::pin(single(call, "tls")),
            alone,
            of_domain.clone(),
        ),
        one(
            "/checks/mta-sts",
            "check_mta_sts",
            "The MTA-STS policy of a domain",
            |call| Box::pin(single(call, "mta-sts")),
            alone,
            of_domain.clone(),
        ),
        one(
            "/checks/tls-rpt",
            "check_tls_rpt",
            "Where the TLS reports about a domain go",
            |call| Box::pin(single(call, "tls-rpt")),
            alone,
            of_domain.clone(),
        ),
        one(
            "/checks/dane",
            "check_dane",
            "The TLSA records of a domain's mail hosts",
            |call| Box::pin(single(call, "dane")),
            alone,
            of_domain.clone(),
        ),
        one(
            "/checks/dnssec",
            "check_dnssec",
            "Whether a domain is signed",
            |call| Box::pin(single(call, "dnssec")),
            alone,
            of_domain.clone(),
        ),
        one(
            "/checks/bimi",
            "check_bimi",
            "The BIMI record of a domain",
            |call| Box::pin(single(call, "bimi")),
            alone,
            of_domain.clone(),
        ),
        one(
            "/checks/account",
            "check_account",
            "What our own log says about a domain of yours: volume, growth, bounces, caps",
            |call| Box::pin(account(call)),
            alone,
            of_domain,
        )
        .problems(&[404]),
        Endpoint::new(
            Verb::Post,
            "/checks/blocklist",
            "check_blocklist",
            "Who lists an IP or a domain",
            may,
            blocklist,
        )
        .json(object(&[("about", name("An IP, a domain or an address."))]), json!({"about": "example.com"}))
        .answers("What each list says.", named("Findings"), findings.clone()),
        Endpoint::new(
            Verb::Post,
            "/checks/mailbox",
            "check_mailbox",
            "Whether a mailbox exists, as far as that can be known without asking its host",
            may,
            mailbox,
        )
        .json(object(&[("address", name("The address."))]), json!({"address": "ann@example.com"}))
        .answers(
            "A verdict and what it rests on.",
            open(&[
                ("input", text_within("What was asked about.", 4096)),
                ("findings", list("What was found.", named("Finding"), 1000)),
            ]),
            json!({"input": "ann@example.com", "findings": []}),
        ),
    ]
}

/// What is looked at as text.
fn of_texts() -> Vec<Endpoint> {
    let may = May::With(Scope::ChecksRun);
    let inspection = json!({"valid": true, "faults": []});
    let findings = json!({"about": "the message", "state": "ok", "findings": []});
    let report = json!({"about": "the message", "state": "ok", "grade": null, "predicted": [], "findings": []});
    vec![
        Endpoint::new(
            Verb::Post,
            "/checks/message",
            "check_message",
            "The test of a message as it was received",
            may,
            message,
        )
        .octets("message/rfc822", LETTER)
        .answers("Findings, grade, predicted replies.", named("Report"), report),
        Endpoint::new(
            Verb::Post,
            "/checks/opt-out",
            "check_opt_out",
            "What a message owes its recipient",
            may,
            opt_out,
        )
        .octets("message/rfc822", LETTER)
        .answers("What was found.", named("Findings"), findings),
        Endpoint::new(Verb::Post, "/checks/from", "check_from", "A whole From header, with every fault", may, from)
            .json(
                object(&[("header", text_within("The header, with or without `From:`.", 4096))]),
                json!({"header": "Ann <ann@example.com>"}),
            )
            .answers("Every fault, and the header that is right.", named("Inspection"), inspection.clone()),
        Endpoint::new(
            Verb::Post,
            "/checks/address",
            "check_address",
            "One bare address, judged as it is typed",
            may,
            address,
        )
        .json(object(&[("address", text_within("The address.", 4096))]), json!({"address": "ann@example.com"}))
        .answers("Every fault, and the address that is right.", named("Inspection"), inspection),
    ]
}

type Pinned = std::pin::Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

fn domain(call: &Call) -> Result<Option<Domain>, Problem> {
    call.json["domain"].as_str().map(|text| parsed("/domain", Domain::parse(text))).transpose()
}

fn answer(about: impl Into<Value>, findings: &[Finding]) -> Response {
    Json(json!({"about": about.into(), "state": worst(findings), "findings": findings})).into_response()
}

/// A check that looks at one thing.
async fn single(call: Call, check: &'static str) -> Result<Response, Problem> {
    let text = |field: &str| call.json[field].as_str().map(str::to_owned);
    let ip = text("ip").map(|text| parsed("/ip", text.parse::<IpAddr>())).transpose()?;
    let domain = domain(&call)?;
    let (helo, selector) = (text("helo"), text("selector"));
    let about = domain.as_ref().map(Domain::to_string).or(helo.clone()).or(ip.map(|ip| ip.to_string()));
    let facts = Facts { recipient_domain: domain.clone(), domain, ip, helo, selector, ..Facts::default() };
    let findings = call.site.checks.run(check, &facts).await;
    Ok(answer(about.unwrap_or_default(), &findings))
}

async fn account(call: Call) -> Result<Response, Problem> {
    let Some(name) = domain(&call)? else { return Err(Problem::invalid("There is no domain.")) };
    let name = call.site.ops.domain_within(call.workspace(), &name).await?.name;
    let record = call.site.ops.sending_record(&name).await?;
    let mut answer = json!({"about": name, "state": worst(&record.findings), "findings": record.findings});
    answer["days"] = serde_json::to_value(record.days).unwrap_or_default();
    Ok(Json(answer).into_response())
}

/// A whole test asked for.
#[derive(serde::Deserialize)]
struct Asked {
    #[serde(default)]
    ips: Vec<String>,
    helo: Option<String>,
    #[serde(default)]
    selectors: Vec<String>,
    #[serde(default)]
    bulk: bool,
    #[serde(default)]
    dns_only: bool,
    blocklists: Option<bool>,
}

async fn of_domain_all(call: Call) -> Result<Response, Problem> {
    let Some(name) = domain(&call)? else { return Err(Problem::invalid("There is no domain.")) };
    let asked: Asked = call.read()?;
    let own = call.site.ops.domain_within(call.workspace(), &name).await.is_ok();
    let known = if own { call.site.ops.facts_of(&name).await?.unwrap_or_default() } else { DomainFacts::default() };
    let ips =
        asked.ips.iter().enumerate().map(|(place, text)| parsed(&format!("/ips/{place}"), text.parse::<IpAddr>()));
    let ips = ips.collect::<Result<Vec<_>, _>>()?;
    let selectors: Vec<Selector> = asked.selectors.into_iter().map(|name| Selector { name, expected: None }).collect();
    let facts = DomainFacts {
        ips: if ips.is_empty() { known.ips } else { ips },
        helo: asked.helo.or(known.helo),
        selectors: if selectors.is_empty() { known.selectors } else { selectors },
        dial: !asked.dns_only,
        blocklists: asked.blocklists.unwrap_or(true),
        bulk: asked.bulk,
    };
    let mut report = call.site.checks.report(&name, &facts, |_| {}).await;
    if own {
        ops::name_deeds(&mut report.findings, &name);
    }
    Ok(Json(report).into_response())
}

async fn blocklist(call: Call) -> Result<Response, Problem> {
    let subject = parsed("/about", Subject::parse(call.json["about"].as_str().unwrap_or_default()))?;
    parsed("/about", subject.within(Reach::Public))?;
    told(call.site.checks.blocklist(&subject, &Choice::default()).await)
}

async fn mailbox(call: Call) -> Result<Response, Problem> {
    // What the store knows of strangers belongs to all tenants.
    let ops = call.workspace().is_none().then(|| call.site.ops.clone());
    let check = MailboxCheck { checks: call.site.checks.clone(), ops, callout: None };
    told(check.check(call.json["address"].as_str().unwrap_or_default()).await)
}

async fn message(call: Call) -> Result<Response, Problem> {
    told(call.site.checks.message(&call.octets, &MessageFacts { blocklists: true, ..MessageFacts::default() }).await)
}

async fn opt_out(call: Call) -> Result<Response, Problem> {
    let message = Message::parse(&call.octets).map_err(|why| Problem::invalid(format!("It is no message: {why}.")))?;
    if message.fields().is_empty() {
        return Err(Problem::invalid("It has no header: save the mail with its source (.eml)."));
    }
    Ok(answer("the message", &check::opt_out(&message, None)))
}

async fn from(call: Call) -> Result<Response, Problem> {
    Ok(Json(inspect_from(call.json["header"].as_str().unwrap_or_default().as_bytes())).into_response())
}

async fn address(call: Call) -> Result<Response, Problem> {
    Ok(Json(inspect_address(call.json["address"].as_str().unwrap_or_default().as_bytes())).into_response())
}
