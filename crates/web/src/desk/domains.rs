//! Domains: the list, one with the proof of its records, a new one.

use std::{net::IpAddr, time::Duration};

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    response::IntoResponse,
};
use ops::{DomainReport, DomainRequest, DomainView, Ops, RotationStep};
use rules::rotation::Stage;
use store::{DomainFilter, DomainRow};

use super::{
    Answer, Frame, Refused, Scope, Viewer, audited, cut, download,
    fields::{Fields, encode},
    link, named, page_and_one, see_other,
};
use crate::site::page;

/// Domains that are proven for the overview at one time.
const PROVEN: u32 = 25;
/// So long after it was made the page of a domain looks again by itself until all is green.
const WATCHED: Duration = Duration::from_secs(15 * 60);
/// Longest time for all of their look-ups.
const PROOF_LIMIT: Duration = Duration::from_secs(6);

#[derive(Template)]
#[template(path = "desk/domains.html")]
struct List {
    frame: Frame,
    rows: Vec<DomainRow>,
    search: String,
    next: Option<String>,
}

/// `/domains`
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
    let next = last.map(|last| link("/domains", &[("q", &search), ("after", &last)]));
    Ok(page(&List { frame: Frame::new("/domains", &viewer), rows, search, next }).into_response())
}

#[derive(Template)]
#[template(path = "desk/domain-states.html")]
struct States {
    frame: Frame,
    rows: Vec<StateRow>,
    next: Option<String>,
}

struct StateRow {
    name: String,
    state: &'static str,
    word: &'static str,
    text: String,
}

/// `/overview/domains`: the proof of a page of domains, those that are not green first.
pub(super) async fn states(State(ops): State<Ops>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::DomainsRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let workspace = viewer.workspace.clone();
    let filter = DomainFilter { workspace, search: None, after: asked.some("after").map(str::to_owned), limit: PROVEN };
    let domains = ops.store.domain_rows(&filter).await?;
    let last = domains.last().filter(|_| domains.len() >= usize::try_from(PROVEN).unwrap_or(usize::MAX));
    let next = last.map(|row| link("/overview/domains", &[("after", &row.name.to_string())]));
    let mut tasks = tokio::task::JoinSet::new();
    for (place, row) in domains.into_iter().enumerate() {
        let ops = ops.clone();
        tasks.spawn(async move {
            let told = tokio::time::timeout(PROOF_LIMIT, ops.check_domain(&row.name)).await;
            (place, state_of(row.name.to_string(), told.ok().and_then(Result::ok)))
        });
    }
    let mut rows = Vec::new();
    while let Some(done) = tasks.join_next().await {
        rows.extend(done.ok());
    }
    rows.sort_by_key(|(place, row)| (rank(row.state), *place));
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    Ok(page(&States { frame: Frame::new("/", &viewer), rows, next }).into_response())
}

fn rank(state: &str) -> u8 {
    match state {
        "bad" => 0,
        "warn" => 1,
        "unknown" => 2,
        _ => 3,
    }
}

fn state_of(name: String, checks: Option<Vec<ops::Check>>) -> StateRow {
    let Some(checks) = checks else {
        let text = String::from("its records could not be looked up in time");
        return StateRow { name, state: "unknown", word: "unknown", text };
    };
    let all = checks.len();
    let wrong: Vec<&ops::Check> = checks.iter().filter(|check| check.status != "ok").collect();
    let names = wrong.iter().take(3).map(|check| check.name.as_str()).collect::<Vec<_>>().join(", ");
    match wrong.as_slice() {
        [] => StateRow { name, state: "ok", word: "green", text: format!("all {all} record sets are as planned") },
        wrong if wrong.iter().all(|check| check.status == "unknown") => {
            StateRow { name, state: "unknown", word: "unknown", text: format!("could not look: {names}") }
        }
        wrong => {
            let text = format!("{} of {all} record sets are not as planned: {names}", wrong.len());
            StateRow { name, state: "bad", word: "not green", text }
        }
    }
}

#[derive(Template)]
#[template(path = "desk/domain.html")]
struct One {
    frame: Frame,
    view: DomainView,
    now: String,
    /// It was made a moment ago and is not green: the page looks again by itself.
    watched: bool,
}

impl One {
    /// Whether the next step takes records away.
    fn removes(&self) -> bool {
        self.view.rotation.keys.iter().all(|one| !matches!(one.key.stage, Stage::Retired(_)))
    }
}

/// The class of the pill of a key's stage.
pub(crate) fn stage_tone(stage: &Stage) -> &'static str {
    match stage {
        Stage::Signs => "ok",
        Stage::Waiting => "warn",
        Stage::Retired(_) | Stage::Revoked(_) => "unknown",
    }
}

/// `/domains/<name>`
pub(super) async fn one(State(ops): State<Ops>, viewer: Viewer, Path(name): Path<String>) -> Answer {
    viewer.must(Scope::DomainsRead)?;
    let view = ops.desk_domain_view(viewer.workspace.as_ref(), &named(&name)?).await?;
    let now = ops.store.clock().now();
    let watched = !view.is_green() && now.since(view.domain.created_at) < WATCHED;
    let now = now.to_string();
    Ok(page(&One { frame: Frame::new("/domains", &viewer), view, now, watched }).into_response())
}

/// The zone as a file.
pub(super) async fn zone(State(ops): State<Ops>, viewer: Viewer, Path(name): Path<String>) -> Answer {
    viewer.must(Scope::DomainsRead)?;
    let name = named(&name)?;
    ops.desk_domain(viewer.workspace.as_ref(), &name).await?;
    let report = ops.show_domain(&name).await?;
    Ok(download("text/plain; charset=utf-8", &format!("{name}.zone.txt"), report.zone_text))
}

#[derive(Template)]
#[template(path = "desk/domain-new.html")]
struct New {
    frame: Frame,
    name: String,
    ip: String,
    wrong: Option<String>,
}

/// The form of a new domain.
pub(super) async fn new(viewer: Viewer) -> Answer {
    viewer.must(Scope::DomainsWrite)?;
    let frame = Frame::new("/domains", &viewer);
    Ok(page(&New { frame, name: String::new(), ip: String::new(), wrong: None }).into_response())
}

#[derive(Template)]
#[template(path = "desk/domain-plan.html")]
struct Planned {
    frame: Frame,
    report: DomainReport,
    changes: Vec<(&'static str, String, String, String)>,
    is_new: bool,
}

/// What would be made and published: nothing is written yet.
pub(super) async fn plan(State(ops): State<Ops>, viewer: Viewer, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::DomainsWrite, &form)?;
    let frame = Frame::new("/domains", &viewer);
    let planned = match request(form.get("name"), form.get("ip")) {
        Ok(request) => ops.desk_plan(viewer.workspace.as_ref(), request).await.map_err(Refused::from),
        Err(refused) => Err(refused),
    };
    let wrong = match planned {
        Ok(report) => return Ok(page(&of_plan(frame, report)).into_response()),
        Err(Refused::Typed(wrong)) => wrong,
        Err(Refused::Fault(fault)) if fault.blame == rules::Blame::Caller => fault.to_string(),
        Err(other) => return Err(other),
    };
    let again = New { frame, name: form.get("name").to_owned(), ip: form.get("ip").to_owned(), wrong: Some(wrong) };
    Ok(crate::site::page_with(axum::http::StatusCode::UNPROCESSABLE_ENTITY, &again))
}

/// What publishing a domain of ours again would change.
pub(super) async fn plan_again(State(ops): State<Ops>, viewer: Viewer, Path(name): Path<String>) -> Answer {
    viewer.must(Scope::DomainsWrite)?;
    let name = named(&name)?;
    let domain = ops.desk_domain(viewer.workspace.as_ref(), &name).await?;
    let request = request(&name.to_string(), &domain.egress_ip.to_string())?;
    let report = ops.desk_plan(viewer.workspace.as_ref(), request).await?;
    Ok(page(&of_plan(Frame::new("/domains", &viewer), report)).into_response())
}

fn of_plan(frame: Frame, report: DomainReport) -> Planned {
    let change = |change: &dns::Change| match change {
        dns::Change::Add { record } => {
            ("add", record.owner.clone(), record.data.kind().to_owned(), record.data.rdata())
        }
        dns::Change::Replace { record, .. } => {
            ("replace", record.owner.clone(), record.data.kind().to_owned(), record.data.rdata())
        }
        dns::Change::Remove { record } => {
            ("remove", record.owner.clone(), record.data.kind().to_owned(), record.data.rdata())
        }
    };
    let changes = report.changes.iter().map(change).collect();
    Planned { frame, changes, is_new: report.domain.created_at.is_none(), report }
}

/// Makes and publishes, then shows the domain.
pub(super) async fn apply(State(ops): State<Ops>, viewer: Viewer, Path(name): Path<String>, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::DomainsWrite, &form)?;
    let name = named(&name)?;
    ops.desk_apply(viewer.workspace.as_ref(), request(&name.to_string(), form.get("ip"))?).await?;
    audited(&ops, &viewer, "domain.apply", &format!("{name} from {}", form.get("ip"))).await?;
    Ok(see_other(&format!("/domains/{}", encode(&name.to_string()))))
}

/// One step of changing the DKIM keys.
pub(super) async fn rotate(State(ops): State<Ops>, viewer: Viewer, Path(name): Path<String>, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::DomainsWrite, &form)?;
    let name = named(&name)?;
    let wanted = form.get("do");
    let step = match wanted {
        "retire-at-once" => Some(RotationStep::Retire { at_once: true }),
        word => RotationStep::parse(word, false),
    };
    let step = step.ok_or_else(|| Refused::Typed(format!("`{wanted}` is no step of changing keys")))?;
    ops.rotate_dkim(viewer.workspace.as_ref(), &name, step, &viewer.name).await?;
    Ok(see_other(&format!("/domains/{}#dkim", encode(&name.to_string()))))
}

fn request(name: &str, ip: &str) -> Result<DomainRequest, Refused> {
    let egress_ip: IpAddr = ip
        .parse()
        .map_err(|_| Refused::Typed(format!("`{ip}` is no IP address: write it as 192.0.2.5 or 2001:db8::5")))?;
    Ok(DomainRequest {
        name: named(name)?,
        workspace: String::from("default"),
        egress_ip: Some(egress_ip),
        dmarc_policy: None,
        catch_all: None,
    })
}
