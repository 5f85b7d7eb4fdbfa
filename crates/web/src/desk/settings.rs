//! Settings, for owners of the whole installation: people, workspaces, what is set in the file; and the audit log.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use ops::{AccountRequest, Ops};
use rules::{
    access::{Role, Scope},
    id::WorkspaceId,
};
use store::{Account, Audit, Workspace};

use super::{Answer, Desk, Frame, Refused, Viewer, cut, fields::Fields, link, page_and_one};
use crate::site::page_with;

#[derive(Template)]
#[template(path = "desk/settings.html")]
struct Settings {
    frame: Frame,
    accounts: Vec<Account>,
    workspaces: Vec<Workspace>,
    pairs: Vec<(&'static str, String)>,
    /// A one-time link that was made: the login and the path.
    made: Option<(String, String)>,
    wrong: Option<String>,
    mine: String,
}

impl Settings {
    /// The name of an account's workspace.
    fn workspace(&self, account: &Account) -> String {
        let of = |id: &WorkspaceId| self.workspaces.iter().find(|one| one.id == *id).map(|one| one.name.clone());
        account.workspace.as_ref().map_or_else(|| String::from("all"), |id| of(id).unwrap_or_default())
    }
}

/// Who sees and changes them: what is set here is everybody's.
fn owner(viewer: &Viewer) -> Result<(), Refused> {
    viewer.must(Scope::Admin)?;
    if viewer.workspace.is_none() { Ok(()) } else { Err(Refused::Forbidden) }
}

/// `/settings`
pub(super) async fn settings(State(desk): State<Desk>, viewer: Viewer) -> Answer {
    owner(&viewer)?;
    shown(&desk.ops, &viewer, Ok(None)).await
}

async fn shown(ops: &Ops, viewer: &Viewer, done: Result<Option<(String, String)>, String>) -> Answer {
    let status = if done.is_ok() { axum::http::StatusCode::OK } else { axum::http::StatusCode::UNPROCESSABLE_ENTITY };
    let (made, wrong) = match done {
        Ok(made) => (made, None),
        Err(wrong) => (None, Some(wrong)),
    };
    let minutes = ops.expiry.as_secs() / 60;
    let expiry =
        if minutes.is_multiple_of(60) { format!("{} hours", minutes / 60) } else { format!("{minutes} minutes") };
    let pairs = vec![
        ("Database", ops.store.health().await?.backend),
        ("DNS is published by", ops.publishing.name().to_owned()),
        ("Messages a mailbox may send a day, unless it says otherwise", ops.daily_cap.to_string()),
        ("A message is given up after", expiry),
    ];
    let settings = Settings {
        frame: Frame::new("/settings", viewer),
        accounts: ops.store.accounts().await?,
        workspaces: ops.store.workspaces().await?,
        pairs,
        made,
        wrong,
        mine: viewer.name.clone(),
    };
    Ok(page_with(status, &settings))
}

/// Lets somebody in, makes a link, shuts somebody out, makes a workspace.
pub(super) async fn act(State(desk): State<Desk>, viewer: Viewer, body: String) -> Answer {
    let form = Fields::parse(&body);
    owner(&viewer)?;
    viewer.takes(Scope::Admin, &form)?;
    match done(&desk.ops, &viewer, &form).await {
        Ok(made) => shown(&desk.ops, &viewer, Ok(made)).await,
        Err(Refused::Typed(wrong)) => shown(&desk.ops, &viewer, Err(wrong)).await,
        Err(Refused::Fault(fault)) if fault.blame == rules::Blame::Caller => {
            shown(&desk.ops, &viewer, Err(fault.to_string())).await
        }
        Err(other) => Err(other),
    }
}

async fn done(ops: &Ops, viewer: &Viewer, form: &Fields) -> Result<Option<(String, String)>, Refused> {
    let (who, login) = (viewer.name.as_str(), form.get("login"));
    match form.get("do") {
        "add" => {
            ops.add_account(request(ops, form).await?, None, who).await?;
            Ok(Some(link_for(ops, login, who).await?))
        }
        "link" => Ok(Some(link_for(ops, login, who).await?)),
        "disable" if login == who => {
            Err(Refused::Typed(String::from("You would shut yourself out: let another owner do it.")))
        }
        "disable" => ops.disable_account(login, true, who).await.map(|()| None).map_err(Refused::from),
        "enable" => ops.disable_account(login, false, who).await.map(|()| None).map_err(Refused::from),
        "workspace" => {
            let name = form.some("name").ok_or_else(|| Refused::Typed(String::from("A workspace needs a name.")))?;
            ops.store.ensure_workspace(name).await?;
            super::audited(ops, viewer, "workspace.add", name).await?;
            Ok(None)
        }
        other => Err(Refused::Typed(format!("`{other}` is no deed of the settings"))),
    }
}

async fn link_for(ops: &Ops, login: &str, who: &str) -> Result<(String, String), Refused> {
    let token = ops.sign_in_link(login, who).await?;
    Ok((login.to_owned(), format!("/sign-in/link/{token}")))
}

async fn request(ops: &Ops, form: &Fields) -> Result<AccountRequest, Refused> {
    let login = form.get("login").to_owned();
    let role = Role::parse(form.get("role"))
        .ok_or_else(|| Refused::Typed(String::from("A role is viewer, operator or owner.")))?;
    let workspace = match form.some("workspace") {
        None => None,
        Some(name) => {
            let found = ops.store.workspaces().await?.into_iter().find(|one| one.name == name);
            Some(found.ok_or_else(|| Refused::Typed(format!("There is no workspace `{name}`.")))?.id)
        }
    };
    Ok(AccountRequest { name: form.some("name").unwrap_or(&login).to_owned(), login, role, workspace })
}

#[derive(Template)]
#[template(path = "desk/audit.html")]
struct Log {
    frame: Frame,
    rows: Vec<Audit>,
    next: Option<String>,
}

/// `/audit`: who did what; of one workspace for those who see only that.
pub(super) async fn audit(State(desk): State<Desk>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::Admin)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let rows = desk.ops.store.audits(viewer.workspace.as_ref(), asked.some("before"), page_and_one()).await?;
    let (rows, more) = cut(rows);
    let next = rows.last().filter(|_| more).map(|last| link("/audit", &[("before", &last.id)]));
    let answer: Response =
        page_with(axum::http::StatusCode::OK, &Log { frame: Frame::new("/audit", &viewer), rows, next });
    Ok(answer.into_response())
}
