//! Mailboxes: the list, one, new ones, many from a CSV.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    response::IntoResponse,
};
use ops::{
    BadRow, ExportRequest, Imported, MailboxRequest, MailboxView, NewCredentials, Ops, credentials_csv, export_format,
    export_media,
};
use rules::id::{DomainId, MailboxId};
use store::{MailboxFilter, MailboxOrder, MailboxRow, MailboxState, Pairing};
use syntax::{Address, Domain};

use super::{
    Answer, Frame, Refused, Scope, Viewer, audited, cut, download,
    fields::{Fields, encode},
    link, page_and_one,
    pairing::{self, Pairings},
    qr, see_other,
};
use crate::site::page;

/// The states that can be asked for.
const STATES: [(&str, MailboxState); 3] =
    [("active", MailboxState::Active), ("suspended", MailboxState::Suspended), ("at-cap", MailboxState::AtCap)];
/// The orders that can be asked for.
const ORDERS: [(&str, MailboxOrder); 4] = [
    ("address", MailboxOrder::Address),
    ("address-down", MailboxOrder::AddressDown),
    ("newest", MailboxOrder::Newest),
    ("oldest", MailboxOrder::Oldest),
];

#[derive(Template)]
#[template(path = "desk/mailboxes.html")]
struct List {
    frame: Frame,
    rows: Vec<MailboxRow>,
    pairings: Pairings,
    any: bool,
    search: String,
    domain: String,
    state: String,
    sort: String,
    next: Option<String>,
    formats: &'static [reference::Sequencer],
    /// This list, to come back to.
    here: String,
}

/// `/mailboxes`
pub(super) async fn list(State(ops): State<Ops>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::MailboxesRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let known = filter(&ops, &viewer, &asked).await?;
    let rows = match known {
        Some(filter) => ops.store.mailbox_rows(&filter).await?,
        None => Vec::new(),
    };
    let (rows, more) = cut(rows);
    let ids: Vec<MailboxId> = rows.iter().map(|row| row.id.clone()).collect();
    let pairings = Pairings::of(&ops, viewer.workspace.as_ref(), &ids).await?;
    let any = !rows.is_empty() || ops.has_mailboxes(viewer.workspace.as_ref()).await?;
    let [search, domain, state, sort] = ["q", "domain", "state", "sort"].map(|name| asked.get(name).to_owned());
    let base = [("q", search.as_str()), ("domain", &domain), ("state", &state), ("sort", &sort)];
    let next = rows
        .last()
        .filter(|_| more)
        .map(|last| link("/mailboxes", &[base.as_slice(), &[("after", last.id.as_str())]].concat()));
    let (formats, here) = (reference::sequencers(), link("/mailboxes", &base));
    let frame = Frame::new("/mailboxes", &viewer);
    Ok(page(&List { frame, rows, pairings, any, next, formats, here, search, domain, state, sort }).into_response())
}

/// The filter of a query; `None`: of a domain that is not there.
async fn filter(ops: &Ops, viewer: &Viewer, asked: &Fields) -> Result<Option<MailboxFilter>, Refused> {
    let mut domain = None;
    if let Some(name) = asked.some("domain") {
        let Ok(name) = Domain::parse(name) else { return Ok(None) };
        match ops.desk_domain(viewer.workspace.as_ref(), &name).await {
            Ok(found) => domain = Some(found.id),
            Err(fault) if fault.code == "domain.unknown" => return Ok(None),
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(Some(MailboxFilter {
        workspace: viewer.workspace.clone(),
        domain,
        state: STATES.iter().find(|(word, _)| *word == asked.get("state")).map(|(_, state)| *state),
        search: asked.some("q").map(str::to_owned),
        ids: Vec::new(),
        order: ORDERS.iter().find(|(word, _)| *word == asked.get("sort")).map(|(_, order)| *order).unwrap_or_default(),
        after: asked.some("after").map(|id| MailboxId(id.to_owned())),
        limit: page_and_one(),
    }))
}

/// What the list's form asks for the mailboxes that are ticked.
pub(super) async fn act(State(ops): State<Ops>, viewer: Viewer, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::MailboxesWrite, &form)?;
    if form.get("do") == "verify-all" {
        let count = pairing::request_all(&ops, viewer.workspace.as_ref()).await?;
        audited(&ops, &viewer, "mailbox.verify", &format!("all {count}")).await?;
        return Ok(see_other("/mailboxes"));
    }
    let ids: Vec<MailboxId> = form.all("id").map(|id| MailboxId(id.to_owned())).collect();
    if ids.is_empty() {
        return Err(Refused::Typed(String::from("No mailbox is ticked: tick those that are meant, then choose.")));
    }
    match form.get("do") {
        "suspend" => suspend(&ops, &viewer, &ids, true).await?,
        "resume" => suspend(&ops, &viewer, &ids, false).await?,
        "verify" => verify(&ops, &viewer, &ids).await?,
        "export" => {
            let of_workspace = MailboxFilter { workspace: viewer.workspace.clone(), ids, ..MailboxFilter::default() };
            return exported(&ops, &of_workspace, form.get("format"), false).await;
        }
        "export-rotate" => {
            let listed: Vec<&str> = ids.iter().map(MailboxId::as_str).collect();
            let about = format!("export for {}: {}", form.get("format"), listed.join(" "));
            let of_workspace = MailboxFilter { workspace: viewer.workspace.clone(), ids, ..MailboxFilter::default() };
            let file = exported(&ops, &of_workspace, form.get("format"), true).await?;
            audited(&ops, &viewer, "mailbox.password", &about).await?;
            return Ok(file);
        }
        other => return Err(Refused::Typed(format!("`{other}` is no deed of mailboxes"))),
    }
    Ok(see_other(back(form.get("back"))))
}

/// Suspends or resumes, and says so in the audit log.
async fn suspend(ops: &Ops, viewer: &Viewer, ids: &[MailboxId], suspended: bool) -> Result<(), Refused> {
    ops.desk_suspend(viewer.workspace.as_ref(), ids, suspended).await?;
    let what = if suspended { "mailbox.suspend" } else { "mailbox.resume" };
    let ids: Vec<&str> = ids.iter().map(MailboxId::as_str).collect();
    Ok(audited(ops, viewer, what, &ids.join(" ")).await?)
}

/// Asks for the pairing proofs.
async fn verify(ops: &Ops, viewer: &Viewer, ids: &[MailboxId]) -> Result<(), Refused> {
    ops.request_proofs(viewer.workspace.as_ref(), ids).await?;
    let ids: Vec<&str> = ids.iter().map(MailboxId::as_str).collect();
    Ok(audited(ops, viewer, "mailbox.verify", &ids.join(" ")).await?)
}

/// The addresses of mailboxes that were made, in the audit log.
async fn made(ops: &Ops, viewer: &Viewer, made: &[NewCredentials]) -> Result<(), Refused> {
    let addresses: Vec<String> = made.iter().map(|one| one.address.to_string()).collect();
    Ok(audited(ops, viewer, "mailbox.add", &addresses.join(" ")).await?)
}

/// Only back to the list.
fn back(path: &str) -> &str {
    if path == "/mailboxes" || path.starts_with("/mailboxes?") { path } else { "/mailboxes" }
}

/// What the filter shows, all pages of it, in the format chosen; without passwords.
pub(super) async fn export(State(ops): State<Ops>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::MailboxesRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let none = MailboxFilter { domain: Some(DomainId(String::new())), ..MailboxFilter::default() };
    let filter = filter(&ops, &viewer, &asked).await?.unwrap_or(none);
    exported(&ops, &MailboxFilter { after: None, ..filter }, asked.get("format"), false).await
}

/// A file to download.
async fn exported(ops: &Ops, filter: &MailboxFilter, format: &str, rotate_passwords: bool) -> Answer {
    let format = export_format(if format.is_empty() { "csv" } else { format });
    let format = format.map_err(|fault| Refused::Typed(fault.to_string()))?;
    let request = ExportRequest { format, fields: Vec::new(), rotate_passwords, split: None };
    let made = ops.export_mailboxes(filter, &request).await?;
    let (media, end) = export_media(format);
    let name = match format.id.as_str() {
        "csv" | "json" => format!("mailboxes.{end}"),
        id => format!("mailboxes-{id}.{end}"),
    };
    Ok(download(media, &name, made.texts.concat()))
}

#[derive(Template)]
#[template(path = "desk/mailbox-new.html")]
struct New {
    frame: Frame,
    address: String,
    display: String,
    cap: String,
    wrong: Option<String>,
}

/// The form of one mailbox.
pub(super) async fn new(viewer: Viewer) -> Answer {
    viewer.must(Scope::MailboxesWrite)?;
    let [address, display, cap] = [const { String::new() }; 3];
    Ok(page(&New { frame: Frame::new("/mailboxes", &viewer), address, display, cap, wrong: None }).into_response())
}

/// Makes one mailbox.
pub(super) async fn add(State(ops): State<Ops>, viewer: Viewer, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::MailboxesWrite, &form)?;
    let outcome = match request(&form) {
        Ok(request) => {
            ops.desk_add_mailbox(viewer.workspace.as_ref(), request).await.map_err(|fault| match fault.blame {
                rules::Blame::Caller => Ok(fault.to_string()),
                _ => Err(fault),
            })
        }
        Err(wrong) => Err(Ok(wrong)),
    };
    let frame = Frame::new("/mailboxes", &viewer);
    match outcome {
        Ok(new) => {
            made(&ops, &viewer, &new).await?;
            made_page(frame, new)
        }
        Err(Err(fault)) => Err(fault.into()),
        Err(Ok(wrong)) => {
            let [address, display, cap] = ["address", "display", "cap"].map(|name| form.get(name).to_owned());
            let again = New { frame, address, display, cap, wrong: Some(wrong) };
            Ok(crate::site::page_with(axum::http::StatusCode::UNPROCESSABLE_ENTITY, &again))
        }
    }
}

fn request(form: &Fields) -> Result<MailboxRequest, String> {
    let address = Address::parse(form.get("address")).map_err(|malformed| format!("The address: {malformed}"))?;
    let daily_cap = form.some("cap").map(str::parse).transpose();
    let daily_cap = daily_cap.map_err(|_| String::from("The daily cap is not a whole number"))?;
    Ok(MailboxRequest { address, display: form.some("display").map(str::to_owned), daily_cap })
}

#[derive(Template)]
#[template(path = "desk/mailboxes-made.html")]
struct Made {
    frame: Frame,
    made: Vec<NewCredentials>,
    csv: String,
    /// The CSV as the address of a download: it exists in this answer only.
    data: String,
}

/// Passwords are shown here and never again.
fn made_page(frame: Frame, made: Vec<NewCredentials>) -> Answer {
    let csv = credentials_csv(&made)?;
    let data = format!("data:text/csv;charset=utf-8,{}", encode(&csv));
    Ok(page(&Made { frame, made, csv, data }).into_response())
}

#[derive(Template)]
#[template(path = "desk/mailboxes-import.html")]
struct Import {
    frame: Frame,
    text: String,
    faults: Vec<BadRow>,
}

/// The form of many.
pub(super) async fn import_form(viewer: Viewer) -> Answer {
    viewer.must(Scope::MailboxesWrite)?;
    let frame = Frame::new("/mailboxes", &viewer);
    Ok(page(&Import { frame, text: String::new(), faults: Vec::new() }).into_response())
}

/// Makes all or none.
pub(super) async fn import(State(ops): State<Ops>, viewer: Viewer, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::MailboxesWrite, &form)?;
    let text = form.get("csv").to_owned();
    let frame = Frame::new("/mailboxes", &viewer);
    match ops.desk_import(viewer.workspace.as_ref(), &text).await? {
        Imported::Made(new) => {
            made(&ops, &viewer, &new).await?;
            made_page(frame, new)
        }
        Imported::Refused(faults) => {
            let again = Import { frame, text, faults };
            Ok(crate::site::page_with(axum::http::StatusCode::UNPROCESSABLE_ENTITY, &again))
        }
    }
}

#[derive(Template)]
#[template(path = "desk/mailbox.html")]
struct One {
    frame: Frame,
    view: MailboxView,
    pairing: Option<Pairing>,
    /// Where the Apple profile is, as a telephone reaches it.
    profile: String,
    /// The same as a QR code.
    code: String,
}

/// `/mailboxes/<id>`
pub(super) async fn one(State(ops): State<Ops>, viewer: Viewer, Path(id): Path<String>) -> Answer {
    viewer.must(Scope::MailboxesRead)?;
    let view = ops.desk_mailbox(viewer.workspace.as_ref(), &MailboxId(id)).await?;
    let pairings = Pairings::of(&ops, viewer.workspace.as_ref(), std::slice::from_ref(&view.row.id)).await?;
    let pairing = pairings.get(&view.row.id).cloned();
    let (host, address) = (&view.row.mail_host, &view.row.address);
    let profile = format!("https://{host}/mail/apple/{}.mobileconfig", encode(&address.to_string()));
    let code = qr::svg(&profile, &format!("QR code of {profile}"));
    let frame = Frame::new("/mailboxes", &viewer);
    Ok(page(&One { frame, view, pairing, profile, code }).into_response())
}

/// Suspends, resumes, proves, ends the ramp, or makes a new password.
pub(super) async fn act_on_one(State(ops): State<Ops>, viewer: Viewer, Path(id): Path<String>, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::MailboxesWrite, &form)?;
    let (workspace, id) = (viewer.workspace.as_ref(), MailboxId(id));
    match form.get("do") {
        "suspend" => suspend(&ops, &viewer, std::slice::from_ref(&id), true).await?,
        "resume" => suspend(&ops, &viewer, std::slice::from_ref(&id), false).await?,
        "verify" => verify(&ops, &viewer, std::slice::from_ref(&id)).await?,
        "end-ramp" => {
            let address = ops.desk_mailbox(workspace, &id).await?.row.address;
            ops.end_ramp(&address, &viewer.name).await?;
        }
        // The deed writes the audit log itself.
        "override" => ops.override_proof(workspace, &id, &viewer.name, form.get("reason")).await?,
        "password" => {
            let new = ops.desk_reset_password(workspace, &id).await?;
            audited(&ops, &viewer, "mailbox.password", id.as_str()).await?;
            return made_page(Frame::new("/mailboxes", &viewer), vec![new]);
        }
        other => return Err(Refused::Typed(format!("`{other}` is no deed of a mailbox"))),
    }
    Ok(see_other(&format!("/mailboxes/{}", encode(id.as_str()))))
}
