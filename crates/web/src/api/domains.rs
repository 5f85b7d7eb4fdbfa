//! Domains: plan, apply, records, proof.

use std::net::IpAddr;

use axum::{
    Json,
    http::header,
    response::{IntoResponse, Response},
};
use ops::DomainRequest;
use rules::access::Scope;
use serde_json::{Value, json};
use syntax::{Address, Domain};

use super::{
    call::{Call, parsed, told},
    endpoint::{Endpoint, May, Verb},
    etag::{must_match, tagged},
    page::{Asked, paged},
    schema::{list, maybe, name, named, object, open, text_within, word},
};
use crate::problem::Problem;

const EXAMPLE: &str = "example.com";

pub(super) fn endpoints() -> Vec<Endpoint> {
    let (read, write) = (May::With(Scope::DomainsRead), May::With(Scope::DomainsWrite));
    let with_name = |endpoint: Endpoint| endpoint.path("name", name("The domain."), EXAMPLE);
    let report = json!({"domain": example(), "planned": [], "changes": [], "zone_text": "", "notes": []});
    vec![
        paged(
            Endpoint::new(Verb::Get, "/domains", "list_domains", "Domains by name", read, all),
            named("Domain"),
            example(),
        ),
        Endpoint::new(
            Verb::Post,
            "/domains",
            "apply_domain",
            "Make a domain, or change it, and publish its records",
            write,
            apply,
        )
        .json(request(), json!({"name": EXAMPLE, "egress_ip": "192.0.2.1"}))
        .answers(
            "The plan, and what was changed. A second time changes nothing.",
            named("DomainReport"),
            report.clone(),
        )
        .header(
            "If-Match",
            text_within("The ETag of `get_domain`: 412 when it has changed since.", 200),
            "\"0193a1b2\"",
        )
        .problems(&[404, 409, 412, 502]),
        Endpoint::new(
            Verb::Post,
            "/domains/plan",
            "plan_domain",
            "What apply would do; nothing is written",
            read,
            plan,
        )
        .json(request(), json!({"name": EXAMPLE, "egress_ip": "192.0.2.1"}))
        .answers("The plan, and what differs from the DNS.", named("DomainReport"), report.clone())
        .problems(&[404, 502]),
        with_name(Endpoint::new(Verb::Get, "/domains/{name}", "get_domain", "One domain with its plan", read, one))
            .header(
                "If-None-Match",
                text_within("The ETag of an earlier answer: 304 when it is the same.", 200),
                "\"0193a1b2\"",
            )
            .answers("The domain.", named("DomainReport"), report.clone()),
        with_name(Endpoint::new(
            Verb::Get,
            "/domains/{name}/state",
            "get_domain_state",
            "How far a domain is, step by step, by real queries",
            read,
            state,
        ))
        .answers(
            "The last step that is done, and every step.",
            named("DomainState"),
            json!({"name": EXAMPLE, "state": "keys", "steps": [
                {"step": "created", "done": true, "what": "sends from 192.0.2.1 as box.example.com", "next": null},
            ]}),
        ),
        with_name(Endpoint::new(
            Verb::Get,
            "/domains/{name}/diff",
            "diff_domain",
            "What the DNS says otherwise than planned",
            read,
            drift,
        ))
        .answers("What differs now.", named("DomainReport"), report)
        .problems(&[502]),
        with_name(Endpoint::new(
            Verb::Get,
            "/domains/{name}/records",
            "list_records",
            "Planned records",
            read,
            records,
        ))
        .answers(
            "In the order of the plan.",
            open(&[("items", list("Records.", json!({"type": "object"}), 1000))]),
            json!({"items": [{"owner": EXAMPLE, "ttl": 300, "kind": "TXT", "value": "\"v=spf1 ip4:192.0.2.1 -all\""}]}),
        ),
        with_name(Endpoint::new(
            Verb::Get,
            "/domains/{name}/zone",
            "get_zone",
            "Planned records as zone files",
            read,
            zone,
        ))
        .answers("As BIND reads it.", json!({"type": "string"}), json!("$ORIGIN example.com.\n"))
        .media("text/dns"),
        with_name(Endpoint::new(
            Verb::Get,
            "/domains/{name}/proof",
            "prove_domain",
            "Each planned record asked for by a real query",
            read,
            proof,
        ))
        .answers(
            "One a record set.",
            open(&[("items", list("Proofs.", named("Proof"), 1000))]),
            json!({"items": []}),
        ),
    ]
}

fn example() -> Value {
    json!({
        "name": EXAMPLE, "egress_ip": "192.0.2.1", "mail_host": "box.example.com", "catch_all": null,
        "dmarc_policy": "reject", "publisher": "embedded", "selectors": ["r20261124"],
        "created_at": "2026-11-24T09:00:00Z",
    })
}

fn request() -> Value {
    object(&[
        ("name", name("The domain.")),
        ("workspace?", text_within("Its workspace; that of the key, else `default`.", 100)),
        ("egress_ip?", text_within("The IP that it sends from; needed the first time.", 45)),
        ("dmarc_policy?", word("What is asked of receivers.", &["none", "quarantine", "reject"])),
        ("catch_all?", maybe(text_within("Where mail for unknown names goes; null turns it off.", 320))),
    ])
}

/// What was asked for, held against what the caller may touch.
async fn asked(call: &Call) -> Result<DomainRequest, Problem> {
    let field = |name: &str| call.json[name].as_str();
    let name = parsed("/name", Domain::parse(field("name").unwrap_or_default()))?;
    let ip = field("egress_ip").map(|text| parsed("/egress_ip", text.parse::<IpAddr>())).transpose()?;
    let catch_all = match call.json.get("catch_all") {
        None => None,
        Some(Value::String(text)) => Some(Some(parsed("/catch_all", Address::parse(text))?)),
        Some(_) => Some(None),
    };
    let ops = &call.site.ops;
    let workspace = match call.workspace() {
        None => field("workspace").unwrap_or("default").to_owned(),
        Some(id) => {
            let own = ops.workspace_name(id).await?;
            if field("workspace").is_some_and(|asked| asked != own) {
                return Err(Problem::forbidden("The key is of another workspace."));
            }
            own
        }
    };
    // A domain of another tenant is not there.
    if ops.store.domain(&name).await?.is_some() {
        ops.domain_within(call.workspace(), &name).await?;
    }
    Ok(DomainRequest {
        name,
        workspace,
        egress_ip: ip,
        dmarc_policy: field("dmarc_policy").map(String::from),
        catch_all,
    })
}

async fn all(call: Call) -> Result<Response, Problem> {
    let asked = Asked::of(&call);
    let rows = call.site.ops.domains_after(call.workspace(), &asked.after, asked.reads()).await?;
    Ok(asked.page(rows, |domain| domain.name.to_string()))
}

async fn apply(call: Call) -> Result<Response, Problem> {
    let request = asked(&call).await?;
    if call.headers.contains_key(header::IF_MATCH) {
        let there = call.site.ops.store.domain(&request.name).await?.is_some();
        let current = if there { Some(shown(&call, &request.name).await?) } else { None };
        must_match(&call, current.as_ref())?;
    }
    told(call.site.ops.apply_domain(&request).await)
}

async fn plan(call: Call) -> Result<Response, Problem> {
    let request = asked(&call).await?;
    told(call.site.ops.plan_domain(&request).await)
}

async fn own(call: &Call) -> Result<Domain, Problem> {
    Ok(call.site.ops.domain_within(call.workspace(), &call.domain()?).await?.name)
}

async fn one(call: Call) -> Result<Response, Problem> {
    let answer = shown(&call, &own(&call).await?).await?;
    Ok(tagged(&call, &answer))
}

async fn shown(call: &Call, name: &Domain) -> Result<Value, Problem> {
    Ok(serde_json::to_value(call.site.ops.show_domain(name).await?).unwrap_or_default())
}

async fn state(call: Call) -> Result<Response, Problem> {
    told(call.site.ops.domain_state(&own(&call).await?).await)
}

async fn drift(call: Call) -> Result<Response, Problem> {
    told(call.site.ops.diff_domain(&own(&call).await?).await)
}

async fn records(call: Call) -> Result<Response, Problem> {
    let report = call.site.ops.show_domain(&own(&call).await?).await?;
    let record = |record: &dns::Record| json!({"owner": record.owner, "ttl": record.ttl, "kind": record.data.kind(), "value": record.data.rdata()});
    let items: Vec<Value> = report.planned.iter().map(record).collect();
    Ok(Json(json!({"items": items})).into_response())
}

async fn zone(call: Call) -> Result<Response, Problem> {
    let report = call.site.ops.show_domain(&own(&call).await?).await?;
    Ok(([(header::CONTENT_TYPE, "text/dns")], report.zone_text).into_response())
}

async fn proof(call: Call) -> Result<Response, Problem> {
    let checks = call.site.ops.check_domain(&own(&call).await?).await?;
    Ok(Json(json!({"items": checks})).into_response())
}
