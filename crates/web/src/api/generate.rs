//! Records for the DNS, made from wishes.

use auth::Algorithm;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use dns::Found;
use rules::{
    Fault,
    access::Scope,
    generate::{
        ReportUri,
        bimi::Bimi,
        dmarc::{Dmarc, Policy},
        mta_sts::{self, Mode, MtaSts, mx_pattern},
        spf::{End, Source, Spf},
        tls_rpt,
    },
};
use serde_json::{Value, json};
use syntax::Domain;

use super::{
    call::{Call, parsed, told},
    endpoint::{Endpoint, May, Verb},
    schema::{list, name, number, object, open, some, text_within, word},
};
use crate::problem::Problem;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Seconds for which senders keep an MTA-STS policy. RFC 8461 §3.2: weeks.
const WEEK: u64 = 604_800;
const EXAMPLE: &str = "example.com";

pub(super) fn endpoints() -> Vec<Endpoint> {
    [mail_senders(), mail_hosts()].concat()
}

fn made() -> Value {
    open(&[
        ("records", list("Records, the main one first.", json!({"type": "object"}), 100)),
        ("files", list("Files to serve besides.", json!({"type": "object"}), 100)),
        ("parts", list("The main record, part by part.", json!({"type": "object"}), 1000)),
        ("warnings", list("What can go wrong with it.", text_within("A warning.", 4096), 100)),
        ("notes", list("What else must be there.", text_within("A note.", 4096), 100)),
    ])
}

fn example() -> Value {
    json!({"records": [], "files": [], "parts": [], "warnings": [], "notes": []})
}

fn one(path: &'static str, id: &'static str, summary: &'static str, may: May, run: fn(Call) -> Pinned) -> Endpoint {
    Endpoint::new(Verb::Post, path, id, summary, may, run).answers("The record, part by part.", made(), example())
}

type Pinned = std::pin::Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// What whoever sends publishes.
fn mail_senders() -> Vec<Endpoint> {
    let domain = ("domain", name("The domain."));
    let policy = |what: &str| word(what, &["none", "quarantine", "reject"]);
    let uris = |what: &str| list(what, text_within("An address or URI.", 400), 10);
    vec![
        one(
            "/generate/spf",
            "generate_spf",
            "An SPF record from who sends, measured by look-ups",
            May::With(Scope::ChecksRun),
            |call| Box::pin(spf(call)),
        )
        .json(
            object(&[
                domain.clone(),
                ("senders", some("A service, a domain, an IP or network, `a`, `mx`.", name("A sender."), 50)),
                ("end?", word("Mail from elsewhere.", &["fail", "soft", "neutral"])),
            ]),
            json!({"domain": EXAMPLE, "senders": ["192.0.2.1"]}),
        )
        .answers(
            "The record and what it costs in look-ups.",
            open(&[]),
            json!({"lookups": 0}),
        ),
        one("/generate/dkim", "generate_dkim", "A new DKIM key and its record", May::AnyCaller, |call| {
            Box::pin(dkim(call))
        })
        .json(
            object(&[
                domain.clone(),
                ("selector?", name("The selector; dated when not said: r20261124.")),
                ("algorithm?", word("Of the new key; few receivers verify the second.", &["rsa", "ed25519"])),
            ]),
            json!({"domain": EXAMPLE, "algorithm": "rsa"}),
        )
        .answers(
            "The record, and the private key, which is shown this once and kept nowhere.",
            with(made(), &[("private_key", text_within("PEM.", 4096))]),
            json!({"records": [], "files": [], "parts": [], "warnings": [], "notes": [], "private_key": "-----BEGIN PRIVATE KEY-----…"}),
        ),
        one("/generate/dmarc", "generate_dmarc", "A DMARC record", May::AnyCaller, |call| Box::pin(dmarc(call))).json(
            object(&[
                domain.clone(),
                ("policy", policy("For the domain.")),
                ("subdomain_policy?", policy("For what exists below it.")),
                ("reports?", uris("Where aggregate reports go.")),
            ]),
            json!({"domain": EXAMPLE, "policy": "reject", "reports": ["reports@example.com"]}),
        ),
        one("/generate/bimi", "generate_bimi", "A BIMI record", May::AnyCaller, |call| Box::pin(bimi(call))).json(
            object(&[
                domain,
                ("selector?", name("The selector; `default` when not said.")),
                ("logo?", text_within("https: to an SVG; without one the record says that no logo is wanted.", 400)),
                ("evidence?", text_within("https: to the certificate (VMC or CMC).", 400)),
            ]),
            json!({"domain": EXAMPLE, "logo": "https://example.com/logo.svg"}),
        ),
    ]
}

/// What whoever receives publishes.
fn mail_hosts() -> Vec<Endpoint> {
    let domain = ("domain", name("The domain."));
    vec![
        one(
            "/generate/mta-sts",
            "generate_mta_sts",
            "The MTA-STS record and policy; without hosts the DNS is asked for the MX",
            May::With(Scope::ChecksRun),
            |call| Box::pin(mta_sts(call)),
        )
        .json(
            object(&[
                domain.clone(),
                ("mode?", word("What senders do; `testing` when not said.", &["testing", "enforce", "none"])),
                ("mx?", list("Hosts that may take the mail.", name("A host; `*.` for its first label."), 50)),
                ("max_age?", number("Seconds for which senders keep the policy.", 1, 31_557_600)),
            ]),
            json!({"domain": EXAMPLE, "mode": "testing", "mx": ["box.example.com"]}),
        )
        .problems(&[502]),
        one("/generate/tls-rpt", "generate_tls_rpt", "The record that asks for TLS reports", May::AnyCaller, |call| {
            Box::pin(tls_reports(call))
        })
        .json(
            object(&[
                domain,
                ("reports", some("Where reports go.", text_within("An address or an https: URL.", 400), 10)),
            ]),
            json!({"domain": EXAMPLE, "reports": ["tls@example.com"]}),
        ),
    ]
}

/// The shape with more fields.
fn with(mut shape: Value, more: &[(&str, Value)]) -> Value {
    for (field, value) in more {
        shape["properties"][*field] = value.clone();
        if let Some(required) = shape["required"].as_array_mut() {
            required.push(json!(field));
        }
    }
    shape
}

fn domain(call: &Call) -> Result<Domain, Problem> {
    parsed("/domain", Domain::parse(call.json["domain"].as_str().unwrap_or_default()))
}

/// Each text of a list as its type.
fn each<T>(call: &Call, field: &str, read: fn(&str) -> Result<T, Fault>) -> Result<Vec<T>, Problem> {
    let texts = call.json[field].as_array().into_iter().flatten().filter_map(Value::as_str).enumerate();
    texts.map(|(place, text)| parsed(&format!("/{field}/{place}"), read(text))).collect()
}

async fn spf(call: Call) -> Result<Response, Problem> {
    let sources = each(&call, "senders", Source::parse)?;
    let end = parsed("/end", End::parse(call.json["end"].as_str().unwrap_or("fail")))?;
    told(call.site.checks.generate_spf(&Spf { domain: domain(&call)?, sources, end }).await)
}

async fn dkim(call: Call) -> Result<Response, Problem> {
    let (letter, algorithm) = match call.json["algorithm"].as_str() {
        Some("ed25519") => ('e', Algorithm::Ed25519),
        _ => ('r', Algorithm::Rsa),
    };
    let dated = || format!("{letter}{}", call.site.ops.store.clock().now().day());
    let selector = call.json["selector"].as_str().map_or_else(dated, str::to_owned);
    let key = ops::new_dkim_key(&domain(&call)?, &selector, algorithm)?;
    let mut answer = serde_json::to_value(&key.made).unwrap_or_default();
    answer["private_key"] = json!(key.private_pem());
    Ok(Json(answer).into_response())
}

async fn dmarc(call: Call) -> Result<Response, Problem> {
    let policy = |field: &str| call.json[field].as_str().map(|text| parsed(&format!("/{field}"), Policy::parse(text)));
    let p = policy("policy").transpose()?.unwrap_or(Policy::Reject);
    let (sp, rua) = (policy("subdomain_policy").transpose()?, each(&call, "reports", ReportUri::parse)?);
    told(Ok(Dmarc { sp, rua, ..Dmarc::new(domain(&call)?, p) }.generate()))
}

async fn bimi(call: Call) -> Result<Response, Problem> {
    let field = |name: &str| call.json[name].as_str().map(str::to_owned);
    let selector = field("selector").unwrap_or_else(|| String::from("default"));
    told(Bimi { domain: domain(&call)?, selector, logo: field("logo"), evidence: field("evidence") }.generate())
}

async fn mta_sts(call: Call) -> Result<Response, Problem> {
    let domain = domain(&call)?;
    let mode = parsed("/mode", mta_sts::mode(call.json["mode"].as_str().unwrap_or("testing")))?;
    let mx = match each(&call, "mx", mx_pattern)? {
        none if none.is_empty() && mode != Mode::None => hosts(&call, &domain).await?,
        named => named,
    };
    let now = call.site.ops.store.clock().now();
    // Rises with every call that is a second later.
    let id = format!("{}{:05}", now.day(), now.micros().rem_euclid(DAY) / 1_000_000);
    let max_age = call.json["max_age"].as_u64().unwrap_or(WEEK);
    told(MtaSts { domain, mode, mx, max_age, id }.generate())
}

/// The mail hosts of a domain, as the DNS has them.
async fn hosts(call: &Call, domain: &Domain) -> Result<Vec<String>, Problem> {
    let hosts = match call.site.ops.resolver.mx(domain.as_str()).await? {
        Found::Records(hosts) => hosts.into_iter().map(|(_, host)| host).filter(|host| host != ".").collect(),
        Found::NoData | Found::NoSuchName => Vec::new(),
    };
    if hosts.is_empty() {
        return parsed("/mx", Err(format!("{domain} has no MX in the DNS: name the hosts that take its mail")));
    }
    Ok(hosts.iter().map(|host: &String| mx_pattern(host)).collect::<Result<_, _>>()?)
}

async fn tls_reports(call: Call) -> Result<Response, Problem> {
    told(tls_rpt::generate(&domain(&call)?, &each(&call, "reports", ReportUri::parse)?))
}
