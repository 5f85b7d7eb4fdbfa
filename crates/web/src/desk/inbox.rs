//! The inbox of all mailboxes, or of one: reading and answering.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderValue, header},
    response::IntoResponse,
};
use ops::{Opened, Ops};
use rules::id::{MailId, MailboxId};
use store::{InboxFilter, InboxRow, MailKind};
use syntax::Address;

use super::{Answer, Frame, Refused, Scope, Viewer, audited, cut, fields::Fields, link, page_and_one, see_other};
use crate::site::page;

/// What somebody else wrote: it has no origin, runs nothing, loads nothing, and sends no form.
const STRANGERS_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
     base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "desk/inbox.html")]
struct List {
    frame: Frame,
    rows: Vec<InboxRow>,
    kinds: [MailKind; 4],
    kind: String,
    mailbox: String,
    next: Option<String>,
}

/// `/inbox`
pub(super) async fn list(State(ops): State<Ops>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let (mailbox, kind) = (asked.get("mailbox").to_owned(), asked.get("kind").to_owned());
    let rows = match of_mailbox(&ops, &mailbox).await? {
        Some(of) => {
            let filter = InboxFilter {
                workspace: viewer.workspace.clone(),
                mailbox: of,
                kind: MailKind::parse(&kind),
                id: None,
                before: asked.some("before").map(|id| MailId(id.to_owned())),
                limit: page_and_one(),
            };
            ops.store.inbox_rows(&filter).await?
        }
        None => Vec::new(),
    };
    let (rows, more) = cut(rows);
    let base = [("mailbox", mailbox.as_str()), ("kind", &kind)];
    let next = rows
        .last()
        .filter(|_| more)
        .map(|last| link("/inbox", &[base.as_slice(), &[("before", last.id.as_str())]].concat()));
    let kinds = [MailKind::Reply, MailKind::Message, MailKind::Auto, MailKind::Bounce];
    Ok(page(&List { frame: Frame::new("/inbox", &viewer), rows, kinds, kind, mailbox, next }).into_response())
}

/// The mailbox that is asked for by its address (`Some(None)`: none is), or nothing when it is not there.
async fn of_mailbox(ops: &Ops, address: &str) -> Result<Option<Option<MailboxId>>, Refused> {
    if address.is_empty() {
        return Ok(Some(None));
    }
    let Ok(address) = Address::parse(address) else { return Ok(None) };
    Ok(ops.store.mailbox(&address).await?.map(|mailbox| Some(mailbox.id)))
}

#[derive(Template)]
#[template(path = "desk/mail.html")]
struct One {
    frame: Frame,
    mail: Opened,
    may_answer: bool,
    quoted: String,
}

/// `/inbox/<id>`
pub(super) async fn one(State(ops): State<Ops>, viewer: Viewer, Path(id): Path<String>) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let mail = ops.desk_mail(viewer.workspace.as_ref(), &MailId(id)).await?;
    let may_answer = viewer.must(Scope::MessagesSend).is_ok() && mail.answer_to.is_some();
    if may_answer {
        // Who only looks leaves no trace in somebody's mailbox.
        ops.desk_mark_read(&mail.row).await?;
    }
    let quoted = if may_answer { mail.quoted() } else { String::new() };
    Ok(page(&One { frame: Frame::new("/inbox", &viewer), mail, may_answer, quoted }).into_response())
}

/// `/inbox/<id>/html`
pub(super) async fn html(State(ops): State<Ops>, viewer: Viewer, Path(id): Path<String>) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let html = ops.desk_mail_html(viewer.workspace.as_ref(), &MailId(id)).await?;
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(STRANGERS_POLICY));
    Ok(response)
}

/// Answers it from the mailbox that it came to.
pub(super) async fn answer(State(ops): State<Ops>, viewer: Viewer, Path(id): Path<String>, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::MessagesSend, &form)?;
    let sent = ops.desk_answer(viewer.workspace.as_ref(), &MailId(id), form.get("text").to_owned()).await?;
    audited(&ops, &viewer, "mail.answer", sent.as_str()).await?;
    Ok(see_other(&format!("/messages/{sent}")))
}
