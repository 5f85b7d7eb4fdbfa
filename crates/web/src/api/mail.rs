//! Mail that was received: replies, bounces, and one-time addresses for a test.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use check::MessageReport;
use rules::{
    Fault,
    access::Scope,
    id::{MailId, MailTestId},
};
use serde_json::{Value, json};
use syntax::{Address, Domain};

use super::{
    call::{Call, parsed},
    endpoint::{Endpoint, May, Verb},
    page::{Asked, paged},
    schema::{maybe, name, named, object, open, text_within},
};
use crate::problem::{Problem, Wrong};

const MAIL_ID: &str = "0193a1b2-0000-7000-8000-000000000007";

pub(super) fn endpoints() -> Vec<Endpoint> {
    let read = May::With(Scope::MessagesRead);
    let checks = May::With(Scope::ChecksRun);
    let test = json!({
        "id": MAIL_ID, "address": "test-0123456789abcdef@example.com", "created_at": "2026-11-24T09:00:00Z",
        "expires_at": "2026-11-24T10:00:00Z", "arrived": null,
    });
    vec![
        paged(
            Endpoint::new(Verb::Get, "/mail", "list_mail", "Received mail, the newest first", read, all)
                .query("mailbox", text_within("Only of that mailbox.", 320), "ann@example.com")
                .problems(&[404]),
            named("Mail"),
            example(),
        ),
        Endpoint::new(Verb::Get, "/mail/{id}", "get_mail", "One mail as it came, with its trace", read, one)
            .path("id", name("Its id."), MAIL_ID)
            .answers("The mail.", json!({"type": "string"}), json!("Return-Path: <bob@example.net>\r\n…"))
            .media("message/rfc822"),
        Endpoint::new(
            Verb::Post,
            "/mail-tests",
            "make_mail_test",
            "A one-time address: mail a message to it, then ask what receivers would say",
            checks,
            make_test,
        )
        .json(
            object(&[("domain?", maybe(name("At which domain of yours; the first one when not said.")))]),
            json!({"domain": "example.com"}),
        )
        .answers("The address; it takes one message within the hour.", named("MailTest"), test.clone())
        .status(201)
        .problems(&[404]),
        Endpoint::new(
            Verb::Get,
            "/mail-tests/{id}",
            "get_mail_test",
            "What came to a one-time address",
            checks,
            test_one,
        )
        .path("id", name("The id of the test."), MAIL_ID)
        .answers(
            "The test; `report` is null until the message is there.",
            open(&[
                ("test", named("MailTest")),
                ("report", maybe(json!({"type": "object", "description": "As that of `check_message`."}))),
            ]),
            json!({"test": test, "report": null}),
        ),
    ]
}

fn example() -> Value {
    json!({
        "id": MAIL_ID, "mailbox": "0193a1b2-0000-7000-8000-000000000002", "kind": "reply",
        "reverse_path": "bob@example.net", "forward_path": "ann@example.com", "from": "bob@example.net",
        "subject": "Re: Friday", "about": null, "verdicts": null, "octets": 512, "received_at": "2026-11-24T09:00:00Z",
    })
}

async fn all(call: Call) -> Result<Response, Problem> {
    let (asked, ops) = (Asked::of(&call), &call.site.ops);
    let mailbox = match call.get("mailbox") {
        None => None,
        Some(text) => {
            let address = Address::parse(text).map_err(|why| {
                Problem::invalid("Look at the parameters of the query.")
                    .wrong(vec![Wrong::parameter("mailbox", format!("it is no address: {why}"))])
            })?;
            Some(ops.mailbox_within(call.workspace(), &address).await?.id)
        }
    };
    let before = Some(asked.after.as_str()).filter(|after| !after.is_empty());
    let rows = ops.store.mails_before(call.workspace(), mailbox.as_ref(), before, asked.reads()).await?;
    Ok(asked.page(rows, |mail| mail.id.to_string()))
}

async fn one(call: Call) -> Result<Response, Problem> {
    let (id, store) = (MailId(call.part("id").to_owned()), &call.site.ops.store);
    let unknown = || Fault::caller("mail.unknown", format!("there is no mail {id}"));
    let owner = store.mail_workspace(&id).await?.ok_or_else(unknown)?;
    if call.workspace().is_some_and(|own| *own != owner) {
        return Err(unknown().into());
    }
    let content = store.mail_content(&id).await?.ok_or_else(unknown)?;
    Ok(([(header::CONTENT_TYPE, "message/rfc822")], content).into_response())
}

async fn make_test(call: Call) -> Result<Response, Problem> {
    let ops = &call.site.ops;
    let asked = call.json["domain"].as_str().map(|text| parsed("/domain", Domain::parse(text))).transpose()?;
    let at = match asked {
        Some(name) => Some(ops.domain_within(call.workspace(), &name).await?.name),
        None => ops.store.domains_after(call.workspace(), "", 1).await?.into_iter().next().map(|domain| domain.name),
    };
    if at.is_none() && call.workspace().is_some() {
        return Err(Fault::caller("domain.unknown", "there is no domain here that could take the message").into());
    }
    let test = ops.new_mail_test(at.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(test)).into_response())
}

async fn test_one(call: Call) -> Result<Response, Problem> {
    let (id, ops) = (MailTestId(call.part("id").to_owned()), &call.site.ops);
    let (test, content) = ops.mail_test(&id).await?;
    let unknown = || Fault::caller("mail-test.unknown", format!("there is no mail test {id}"));
    ops.domain_within(call.workspace(), test.address.domain()).await.map_err(|_| unknown())?;
    let report: Option<MessageReport> = match content {
        Some(content) => Some(call.site.checks.message(&content, &ops::facts_of_test(&test, false)).await?),
        None => None,
    };
    Ok(Json(json!({"test": test, "report": report})).into_response())
}
