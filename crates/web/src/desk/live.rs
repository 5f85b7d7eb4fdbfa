//! What is looked up on the spot: the deliverability test of a domain, the checks of a refusal, an IP.
//!
//! Each is a page that can be read alone; the script puts its part into the page that links to it.

use std::{net::IpAddr, time::Duration};

use askama::Template;
use axum::{
    extract::{Path, State},
    response::IntoResponse,
};
use check::{Checks, Facts, Finding, State as Found, worst};
use ops::Ops;
use rules::{
    access::Scope,
    id::{MessageId, RecipientId},
};

use super::{Answer, Desk, Frame, Refused, Viewer, ips::domain_of, named};
use crate::{
    public::{Block, Shown, conclusions},
    site::page,
};

/// Longest time for the look-ups of a page: an answer has ten seconds in all.
const LIMIT: Duration = Duration::from_secs(8);

#[derive(Template)]
#[template(path = "desk/live.html")]
struct Live {
    frame: Frame,
    title: String,
    back: String,
    parts: Vec<String>,
}

impl Live {
    fn new(frame: Frame, title: String, back: String, blocks: &[Block]) -> Self {
        let shown = (1..).zip(blocks).map(|(number, block)| Shown { block, number }.render().unwrap_or_default());
        Self { frame, title, back, parts: shown.collect() }
    }
}

/// `/domains/<name>/test`
pub(super) async fn domain(State(desk): State<Desk>, viewer: Viewer, Path(name): Path<String>) -> Answer {
    viewer.must(Scope::ChecksRun)?;
    let name = named(&name)?;
    let looked = desk.ops.desk_test(viewer.workspace.as_ref(), &name, &desk.checks);
    let blocks = match tokio::time::timeout(LIMIT, looked).await {
        Ok(report) => {
            let mut report = report?;
            let findings = std::mem::take(&mut report.findings);
            let mut blocks = conclusions(&report);
            blocks.push(Block::Heading(String::from("What was found")));
            blocks.push(Block::Findings(by_state(findings)));
            blocks
        }
        Err(_) => {
            let text = format!("Not everything answered in time: /tools/email-deliverability-test?domain={name}");
            vec![Block::Notice(Found::Unknown, text)]
        }
    };
    let back = format!("/domains/{name}");
    let frame = Frame::new("/domains", &viewer);
    Ok(page(&Live::new(frame, format!("The deliverability test of {name}"), back, &blocks)).into_response())
}

/// `/messages/<id>/checks/<recipient>`
pub(super) async fn refusal(
    State(desk): State<Desk>,
    viewer: Viewer,
    Path((id, recipient)): Path<(String, String)>,
) -> Answer {
    viewer.must(Scope::ChecksRun)?;
    let (message, recipient) = (MessageId(id), RecipientId(recipient));
    let looked = desk.ops.desk_verify(viewer.workspace.as_ref(), &message, &recipient, &desk.checks);
    let blocks = match tokio::time::timeout(LIMIT, looked).await {
        Ok(verified) => match verified? {
            Some(verified) => of_refusal(verified),
            None => vec![Block::Text(String::from("Nobody has refused it: there is no cause to look for."))],
        },
        Err(_) => vec![Block::Notice(Found::Unknown, String::from("Not everything answered in time: try again."))],
    };
    let back = format!("/messages/{message}");
    let frame = Frame::new("/messages", &viewer);
    Ok(page(&Live::new(frame, String::from("What the checks say"), back, &blocks)).into_response())
}

fn of_refusal(verified: ops::Verified) -> Vec<Block> {
    let proven = verified.findings.iter().any(|finding| finding.state == Found::Bad);
    let unsure = verified.findings.iter().all(|finding| finding.state == Found::Unknown);
    let first = verified.explanation.causes.first();
    let notice = match first {
        Some(cause) if proven => Block::Notice(Found::Bad, format!("Confirmed: {}", cause.why)),
        _ if verified.findings.is_empty() || unsure => {
            Block::Notice(Found::Unknown, String::from("No check could confirm or rule out a cause."))
        }
        _ => Block::Notice(Found::Ok, String::from("The causes that can be looked at do not hold now.")),
    };
    vec![notice, Block::Findings(by_state(verified.findings))]
}

/// `/ips/<ip>/checks`
pub(super) async fn ip(State(desk): State<Desk>, viewer: Viewer, Path(ip): Path<String>) -> Answer {
    viewer.must(Scope::ChecksRun)?;
    let ip: IpAddr = ip.parse().map_err(|_| Refused::Typed(format!("`{ip}` is no IP address")))?;
    let row = domain_of(&desk.ops, &viewer, ip).await?;
    let looked = looked_at(&desk.ops, &desk.checks, ip, &row.name);
    let blocks = match tokio::time::timeout(LIMIT, looked).await {
        Ok(findings) => vec![Block::Findings(by_state(findings?))],
        Err(_) => vec![Block::Notice(Found::Unknown, String::from("Not everything answered in time: try again."))],
    };
    let frame = Frame::new("/ips", &viewer);
    Ok(page(&Live::new(frame, format!("{ip} on the spot"), String::from("/ips"), &blocks)).into_response())
}

/// Reverse name, greeting and blocklists of an IP of ours.
async fn looked_at(
    ops: &Ops,
    checks: &Checks,
    ip: IpAddr,
    domain: &syntax::Domain,
) -> Result<Vec<Finding>, rules::Fault> {
    let known = ops.facts_of(domain).await?.unwrap_or_default();
    let facts = Facts { ip: Some(ip), domain: Some(domain.clone()), helo: known.helo, ..Facts::default() };
    let mut findings = Vec::new();
    for check in ["ptr", "helo", "ip-blocklists"] {
        findings.extend(checks.run(check, &facts).await);
    }
    ops::name_deeds(&mut findings, domain);
    Ok(findings)
}

/// The worst first.
fn by_state(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| std::cmp::Reverse(worst(std::slice::from_ref(finding))));
    findings
}
