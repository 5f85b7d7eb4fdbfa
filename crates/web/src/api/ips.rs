//! The IPs that we send from: one a domain. Reverse DNS as it is now, and what blocklists say and said.

use std::net::IpAddr;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use check::{Facts, worst};
use rules::access::Scope;
use serde_json::{Value, json};
use store::{DomainFilter, DomainRow, ListingPeriod};

use super::{
    call::Call,
    endpoint::{Endpoint, May, Verb},
    page::{Asked, paged},
    schema::{flag, list, name, named, open},
};
use crate::problem::Problem;

/// Most periods of one IP.
const HISTORY: u32 = 500;
const EXAMPLE: &str = "192.0.2.1";

pub(super) fn endpoints() -> Vec<Endpoint> {
    let read = May::With(Scope::DomainsRead);
    let row = json!({"ip": EXAMPLE, "domain": "example.com", "mailboxes": 5, "listings": []});
    let one = json!({"ip": EXAMPLE, "domain": "example.com", "mailboxes": 5, "listings": [], "ptr": {"state": "ok", "findings": []}});
    vec![
        paged(
            Endpoint::new(Verb::Get, "/ips", "list_ips", "IPs that we send from, by their domain", read, all),
            named("Ip"),
            row,
        ),
        Endpoint::new(
            Verb::Get,
            "/ips/{ip}",
            "get_ip",
            "One IP: reverse DNS as it is now, and blocklists",
            read,
            one_ip,
        )
        .path("ip", name("The IP."), EXAMPLE)
        .answers("The IP; `listings` with what has ended.", named("IpReport"), one),
        Endpoint::new(
            Verb::Get,
            "/listings",
            "list_listings",
            "What blocklists say of our IPs and domains, the latest first",
            read,
            listings,
        )
        .query("standing", flag("Only what stands now."), true)
        .query("limit", super::schema::number("At most so many.", 1, super::page::MOST.into()), 50)
        .answers(
            "Listings.",
            open(&[("items", list("Listings.", named("Listing"), 500))]),
            json!({"items": [{
                "subject": EXAMPLE, "zone": "zen.example", "state": "listed", "codes": ["127.0.0.2"], "reason": null,
                "why": null, "since": "2026-11-24T09:00:00Z", "seen_at": "2026-11-24T09:00:00Z",
                "asked_at": "2026-11-24T09:00:00Z", "ended_at": null,
            }]}),
        ),
    ]
}

fn row(domain: &DomainRow, listings: &[ListingPeriod]) -> Value {
    json!({
        "ip": domain.egress_ip, "domain": domain.name, "mailboxes": domain.mailboxes, "listings": listings,
    })
}

async fn all(call: Call) -> Result<Response, Problem> {
    let (asked, store) = (Asked::of(&call), &call.site.ops.store);
    let filter = DomainFilter {
        workspace: call.workspace().cloned(),
        after: Some(asked.after.clone()),
        limit: asked.reads(),
        ..DomainFilter::default()
    };
    let mut rows = Vec::new();
    for domain in store.domain_rows(&filter).await? {
        rows.push(row(&domain, &store.listings(Some(&domain.egress_ip)).await?));
    }
    Ok(asked.page(rows, |row| row["domain"].as_str().unwrap_or_default().to_owned()))
}

async fn one_ip(call: Call) -> Result<Response, Problem> {
    let ip: IpAddr = call.part("ip").parse().map_err(|_| Problem::not_found())?;
    let store = &call.site.ops.store;
    let domain = store.domain_row_of_ip(call.workspace(), ip).await?.ok_or_else(Problem::not_found)?;
    let facts = Facts { domain: Some(domain.name.clone()), ip: Some(ip), ..Facts::default() };
    let findings = call.site.checks.run("ptr", &facts).await;
    let mut report = row(&domain, &store.listing_history(&ip.to_string(), HISTORY).await?);
    report["ptr"] = json!({"state": worst(&findings), "findings": findings});
    Ok(Json(report).into_response())
}

async fn listings(call: Call) -> Result<Response, Problem> {
    let limit = call.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(50);
    let standing = (call.get("standing") == Some("true")).then_some(true);
    let rows = call.site.ops.store.listing_rows(call.workspace(), standing, limit).await?;
    Ok(Json(json!({"items": rows})).into_response())
}
