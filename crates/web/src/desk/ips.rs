//! The IPs that mail is sent from: whose, their names, what the blocklists say, how much goes out by them.

use std::{collections::BTreeMap, net::IpAddr};

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::IntoResponse,
};
use ops::Ops;
use rules::{Fault, access::Scope, id::DomainId, listing::Listing};
use store::{Allowances, DomainFilter, DomainRow};

use super::{Answer, Frame, Refused, Viewer, cut, fields::Fields, link, page_and_one};
use crate::site::page;

/// Listings that stand which are read for the page.
const LISTINGS: u32 = 10_000;

#[derive(Template)]
#[template(path = "desk/ips.html")]
struct List {
    frame: Frame,
    rows: Vec<IpRow>,
    search: String,
    next: Option<String>,
    checks: bool,
}

struct IpRow {
    row: DomainRow,
    /// Lists that have it, and lists that were asked.
    listed: Vec<String>,
    asked: usize,
    ramp: Allowances,
}

impl IpRow {
    /// The word about blocklists.
    fn word(&self) -> &'static str {
        match self {
            row if !row.listed.is_empty() => "listed",
            row if row.asked == 0 => "not looked",
            _ => "clear",
        }
    }
}

/// `/ips`
pub(super) async fn list(State(ops): State<Ops>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::DomainsRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let filter = DomainFilter {
        workspace: viewer.workspace.clone(),
        search: asked.some("q").map(str::to_owned),
        after: asked.some("after").map(str::to_owned),
        limit: page_and_one(),
    };
    let (rows, more) = cut(ops.store.domain_rows(&filter).await?);
    let search = asked.get("q").to_owned();
    let last = rows.last().filter(|_| more).map(|row| row.name.to_string());
    let next = last.map(|last| link("/ips", &[("q", &search), ("after", &last)]));
    let rows = with_listings(&ops, &viewer, rows).await?;
    let checks = viewer.scopes.has(Scope::ChecksRun);
    Ok(page(&List { frame: Frame::new("/ips", &viewer), rows, search, next, checks }).into_response())
}

async fn with_listings(ops: &Ops, viewer: &Viewer, rows: Vec<DomainRow>) -> Result<Vec<IpRow>, Fault> {
    let mut said: BTreeMap<String, (Vec<String>, usize)> = BTreeMap::new();
    for period in ops.store.listing_rows(viewer.workspace.as_ref(), Some(true), LISTINGS).await? {
        let of_subject = said.entry(period.subject).or_default();
        of_subject.1 += 1;
        if period.state == Listing::Listed {
            of_subject.0.push(period.zone);
        }
    }
    let ids: Vec<DomainId> = rows.iter().map(|row| row.id.clone()).collect();
    let allowances = ops.store.domain_allowances(&ids).await?;
    let with = |row: DomainRow| {
        let (listed, asked) = said.remove(&row.egress_ip).unwrap_or_default();
        let ramp = allowances.get(&row.id).copied().unwrap_or_default();
        IpRow { row, listed, asked, ramp }
    };
    Ok(rows.into_iter().map(with).collect())
}

/// The domain that sends from it, when it is the viewer's.
pub(super) async fn domain_of(ops: &Ops, viewer: &Viewer, ip: IpAddr) -> Result<DomainRow, Refused> {
    let filter = DomainFilter {
        workspace: viewer.workspace.clone(),
        search: Some(ip.to_string()),
        limit: page_and_one(),
        ..DomainFilter::default()
    };
    let rows = ops.store.domain_rows(&filter).await?;
    let found = rows.into_iter().find(|row| row.egress_ip == ip.to_string());
    found.ok_or_else(|| Refused::Fault(Fault::caller("ip.unknown", format!("no domain sends from {ip}"))))
}
