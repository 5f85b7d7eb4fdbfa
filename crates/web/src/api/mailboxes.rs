//! Mailboxes: one, many, by CSV; suspend, resume, a new password.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use ops::{ExportRequest, MailboxRequest, ReadMailboxes, RowOutcome, export_format, export_media};
use reference::Kind;
use rules::access::Scope;
use serde_json::{Value, json};
use store::MailboxFilter;
use syntax::{Address, Domain};

use super::{
    call::{Call, parsed, told},
    endpoint::{Endpoint, May, Verb},
    page::{Asked, paged},
    schema::{flag, line, list, maybe, name, named, number, object, open, some, text_within, title, word},
};
use crate::problem::{Problem, Wrong};

const EXAMPLE: &str = "ann@example.com";
/// Rows of one request.
const MOST: usize = 200;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let (read, write) = (May::With(Scope::MailboxesRead), May::With(Scope::MailboxesWrite));
    let with_address = |endpoint: Endpoint| endpoint.path("address", name("The mailbox."), EXAMPLE);
    let results = || open(&[("items", list("One a row, in their order.", named("RowResult"), MOST))]);
    let made = json!({"address": EXAMPLE, "display": "Ann", "password": "…", "host": "box.example.com"});
    let rows = json!({"items": [{"address": EXAMPLE, "ok": true, "credentials": made}]});
    vec![
        paged(
            Endpoint::new(Verb::Get, "/mailboxes", "list_mailboxes", "Mailboxes by address", read, all)
                .query("domain", text_within("Only of that domain.", 254), "example.com")
                .problems(&[404]),
            named("Mailbox"),
            example(),
        ),
        Endpoint::new(Verb::Post, "/mailboxes", "add_mailbox", "Make a mailbox", write, add)
            .json(row(), json!({"address": EXAMPLE, "display": "Ann"}))
            .answers("Its credentials, shown once.", named("Credentials"), made.clone())
            .status(201)
            .problems(&[404, 409]),
        Endpoint::new(
            Verb::Post,
            "/mailboxes/bulk",
            "add_mailboxes",
            "Make many mailboxes; a row that fails leaves the others",
            write,
            bulk,
        )
        .json(object(&[("mailboxes", some("Rows.", row(), MOST))]), json!({"mailboxes": [{"address": EXAMPLE}]}))
        .answers("What became of each row.", results(), rows.clone()),
        Endpoint::new(
            Verb::Post,
            "/mailboxes/import",
            "import_mailboxes",
            "Make mailboxes from CSV of any format of the export; nothing is made while a row is wrong",
            write,
            import,
        )
        .octets("text/csv", "address,display,daily_cap\nann@example.com,Ann,50\n")
        .answers("What became of each row.", results(), rows),
        Endpoint::new(
            Verb::Get,
            "/mailboxes/export",
            "export_mailboxes",
            "Mailboxes as CSV for a sequencer, without passwords",
            read,
            export,
        )
        .query("domain", text_within("Only of that domain.", 254), "example.com")
        .query("format", word("Whose columns; `csv` when not said.", &formats(Some(Kind::Csv))), "instantly")
        .query(
            "fields",
            text_within("Columns by their names, in that order, with commas between; all when not said.", 1024),
            "",
        )
        .problems(&[404])
        .answers(
            "Cells that a spreadsheet would run have `'` before them.",
            json!({"type": "string"}),
            json!("address,display\r\n"),
        )
        .media("text/csv"),
        Endpoint::new(
            Verb::Post,
            "/mailboxes/export",
            "export_mailboxes_for",
            "Mailboxes for a sequencer, with new passwords when asked",
            write,
            export_for,
        )
        .json(asked_export(), json!({"format": "instantly", "domain": "example.com"}))
        .problems(&[404])
        .answers(
            "The file. With `rotate_passwords` the old passwords have ended, and the new ones stand here alone.",
            open(&[
                ("format", text_within("Whose columns.", 32)),
                ("media_type", text_within("Of the text.", 64)),
                ("rows", number("Mailboxes in it.", 0, 1_000_000)),
                ("passwords", word("What the password columns hold.", &["no_column", "empty", "rotated"])),
                ("text", json!({"type": "string", "description": "The file."})),
            ]),
            json!({"format": "instantly", "media_type": "text/csv; charset=utf-8", "rows": 1, "passwords": "empty",
                   "text": "Email,First Name\nann@example.com,Ann\n"}),
        ),
        with_address(Endpoint::new(Verb::Get, "/mailboxes/{address}", "get_mailbox", "One mailbox", read, one))
            .answers("The mailbox.", named("Mailbox"), example()),
        with_address(Endpoint::new(
            Verb::Post,
            "/mailboxes/{address}/suspend",
            "suspend_mailbox",
            "Take its rights, keep its mail",
            write,
            suspend,
        ))
        .answers("The mailbox.", named("Mailbox"), example()),
        with_address(Endpoint::new(
            Verb::Post,
            "/mailboxes/{address}/resume",
            "resume_mailbox",
            "Give its rights back",
            write,
            resume,
        ))
        .answers("The mailbox.", named("Mailbox"), example()),
        with_address(Endpoint::new(
            Verb::Post,
            "/mailboxes/{address}/end-ramp",
            "end_ramp",
            "Give it its whole daily cap at once",
            write,
            end_ramp,
        ))
        .answers("The mailbox.", named("Mailbox"), example()),
        with_address(Endpoint::new(
            Verb::Post,
            "/mailboxes/{address}/password",
            "rotate_password",
            "A new password; the old one ends now",
            write,
            password,
        ))
        .answers("Shown once.", named("Credentials"), made),
        with_address(Endpoint::new(
            Verb::Get,
            "/mailboxes/{address}/grants",
            "list_grants",
            "As whom a mailbox may send besides itself",
            read,
            grants,
        ))
        .answers("Addresses.", granted(), json!({"items": ["team@example.com"]})),
        with_address(Endpoint::new(
            Verb::Post,
            "/mailboxes/{address}/grants",
            "add_grant",
            "Let a mailbox send as another one of its workspace",
            write,
            grant,
        ))
        .json(object(&[("address", name("The other mailbox."))]), json!({"address": "team@example.com"}))
        .answers("As whom it may send now.", granted(), json!({"items": ["team@example.com"]})),
    ]
}

fn granted() -> Value {
    open(&[("items", list("Addresses.", text_within("An address.", 320), 100_000))])
}

fn example() -> Value {
    json!({
        "id": "0193a1b2-0000-7000-8000-000000000002", "domain": "0193a1b2-0000-7000-8000-000000000001",
        "workspace": "0193a1b2-0000-7000-8000-000000000003", "address": EXAMPLE, "display": "Ann", "daily_cap": 50,
        "created_at": "2026-11-24T09:00:00Z", "suspended_at": null,
        "ramp": {"day": 3, "allowance": 20, "since": "2026-11-26T09:00:00Z", "turn": "grew"},
    })
}

fn row() -> Value {
    object(&[
        ("address", name("Address; its domain must be yours.")),
        ("display?", maybe(line("Display name.", 200))),
        ("daily_cap?", maybe(number("Messages in 24 hours.", 1, 1_000_000))),
    ])
}

fn request(row: &Value, at: &str) -> Result<MailboxRequest, Problem> {
    let address = parsed(&format!("{at}/address"), Address::parse(row["address"].as_str().unwrap_or_default()))?;
    let daily_cap = row["daily_cap"].as_u64().and_then(|cap| u32::try_from(cap).ok());
    Ok(MailboxRequest { address, display: row["display"].as_str().map(String::from), daily_cap })
}

async fn all(call: Call) -> Result<Response, Problem> {
    let (asked, ops) = (Asked::of(&call), &call.site.ops);
    let domain = match call.domain_asked("domain")? {
        Some(name) => Some(ops.domain_within(call.workspace(), &name).await?.id),
        None => None,
    };
    let rows = ops.store.mailboxes_after(call.workspace(), domain.as_ref(), &asked.after, asked.reads()).await?;
    Ok(asked.page(rows, |mailbox| mailbox.address.key()))
}

async fn add(call: Call) -> Result<Response, Problem> {
    let request = request(&call.json, "")?;
    let mut made = call.site.ops.add_each_mailbox(call.workspace(), vec![request]).await;
    let Some(outcome) = made.pop() else { return Err(Problem::not_found()) };
    Ok((StatusCode::CREATED, Json(outcome.made?)).into_response())
}

async fn bulk(call: Call) -> Result<Response, Problem> {
    let rows = call.json["mailboxes"].as_array().into_iter().flatten().enumerate();
    let (mut items, mut requests, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for (place, row) in rows {
        match request(row, "") {
            Ok(request) => {
                requests.push(request);
                places.push(place);
            }
            Err(_) => items.push((place, json!({"address": row["address"], "ok": false, "code": "mailbox.address", "detail": "it is no address"}))),
        }
    }
    let made = call.site.ops.add_each_mailbox(call.workspace(), requests).await;
    items.extend(places.into_iter().zip(made.iter().map(result)));
    items.sort_by_key(|(place, _)| *place);
    let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
    Ok(Json(json!({"items": items})).into_response())
}

fn result(outcome: &RowOutcome) -> Value {
    match &outcome.made {
        Ok(credentials) => json!({"address": outcome.address, "ok": true, "credentials": credentials}),
        Err(fault) if fault.blame == rules::Blame::Caller => {
            json!({"address": outcome.address, "ok": false, "code": fault.code, "detail": fault.to_string()})
        }
        Err(fault) => {
            tracing::warn!(code = fault.code, %fault, "a mailbox could not be made");
            json!({"address": outcome.address, "ok": false, "code": fault.code, "detail": "not now; the log says why"})
        }
    }
}

async fn import(call: Call) -> Result<Response, Problem> {
    let text = std::str::from_utf8(&call.octets);
    let text = text.map_err(|_| Problem::invalid("The file is not UTF-8: save it as \"CSV UTF-8\"."))?;
    let ReadMailboxes { rows, bad, .. } = call.site.ops.read_mailboxes(call.workspace(), text).await?;
    if !bad.is_empty() {
        let wrong = bad.into_iter().take(1000).map(|row| Wrong::line(row.line, row.what)).collect();
        return Err(Problem::invalid("Nothing was imported: mend these lines and send the file again.").wrong(wrong));
    }
    if rows.len() > MOST {
        return Err(Problem::invalid(format!("At most {MOST} rows a file: split it.")));
    }
    let requests = rows.iter().map(|row| row.request.clone()).collect();
    let made = call.site.ops.add_each_mailbox(call.workspace(), requests).await;
    call.site.ops.suspend_as_read(&rows).await?;
    Ok(Json(json!({"items": made.iter().map(result).collect::<Vec<_>>()})).into_response())
}

async fn export(call: Call) -> Result<Response, Problem> {
    let ops = &call.site.ops;
    let domain = match call.domain_asked("domain")? {
        Some(name) => Some(ops.domain_within(call.workspace(), &name).await?.id),
        None => None,
    };
    let fields = call.get("fields").unwrap_or_default().split(',').filter(|name| !name.is_empty()).map(str::to_owned);
    let request = ExportRequest { fields: fields.collect(), ..ExportRequest::of(call.get("format").unwrap_or("csv"))? };
    let filter = MailboxFilter { workspace: call.workspace().cloned(), domain, ..MailboxFilter::default() };
    let text = ops.export_mailboxes(&filter, &request).await?.texts.concat();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"mailboxes.csv\""),
    ];
    Ok((headers, text).into_response())
}

/// The ids of formats, of one kind when said.
fn formats(kind: Option<Kind>) -> Vec<&'static str> {
    let fits = |one: &&reference::Sequencer| kind.is_none_or(|kind| one.kind == kind);
    reference::sequencers().iter().filter(fits).map(|one| one.id.as_str()).collect()
}

fn asked_export() -> Value {
    object(&[
        ("format", word("Whose columns.", &formats(None))),
        ("fields?", list("Columns by their names, in that order; all when not said.", title("A column.", 64), 32)),
        ("domain?", maybe(text_within("Only of that domain.", 254))),
        (
            "rotate_passwords?",
            flag("Gives each mailbox a new password, which is shown here once; the old one ends now."),
        ),
    ])
}

async fn export_for(call: Call) -> Result<Response, Problem> {
    let ops = &call.site.ops;
    let domain = match call.json["domain"].as_str() {
        Some(name) => {
            let name = parsed("/domain", Domain::parse(name))?;
            Some(ops.domain_within(call.workspace(), &name).await?.id)
        }
        None => None,
    };
    let format = export_format(call.json["format"].as_str().unwrap_or_default())?;
    let fields = call.json["fields"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let rotate_passwords = call.json["rotate_passwords"].as_bool().unwrap_or_default();
    let request = ExportRequest { format, fields: fields.map(str::to_owned).collect(), rotate_passwords, split: None };
    let filter = MailboxFilter { workspace: call.workspace().cloned(), domain, ..MailboxFilter::default() };
    let made = ops.export_mailboxes(&filter, &request).await?;
    if rotate_passwords {
        let about = format!("export for {}: {} mailboxes", format.id, made.rows);
        let (who, workspace) = (call.who().to_owned(), call.workspace().cloned());
        ops.store.audit(store::Deed { who, what: "mailbox.password", about, workspace }).await?;
    }
    let (media, _) = export_media(format);
    let answer = json!({"format": format.id, "media_type": media, "rows": made.rows, "passwords": made.passwords,
                        "text": made.texts.concat()});
    Ok(Json(answer).into_response())
}

async fn one(call: Call) -> Result<Response, Problem> {
    told(call.site.ops.mailbox_within(call.workspace(), &call.address()?).await)
}

async fn suspend(call: Call) -> Result<Response, Problem> {
    suspended(call, true).await
}

async fn resume(call: Call) -> Result<Response, Problem> {
    suspended(call, false).await
}

async fn suspended(call: Call, suspended: bool) -> Result<Response, Problem> {
    let address = call.address()?;
    call.site.ops.mailbox_within(call.workspace(), &address).await?;
    call.site.ops.suspend(&address, suspended).await?;
    told(call.site.ops.mailbox_within(call.workspace(), &address).await)
}

async fn end_ramp(call: Call) -> Result<Response, Problem> {
    let address = call.address()?;
    call.site.ops.mailbox_within(call.workspace(), &address).await?;
    told(call.site.ops.end_ramp(&address, call.who()).await)
}

async fn password(call: Call) -> Result<Response, Problem> {
    let address = call.address()?;
    call.site.ops.mailbox_within(call.workspace(), &address).await?;
    told(call.site.ops.reset_password(&address).await)
}

async fn grants(call: Call) -> Result<Response, Problem> {
    let mailbox = call.site.ops.mailbox_within(call.workspace(), &call.address()?).await?;
    let items = call.site.ops.store.grants(&mailbox.id).await?;
    Ok(Json(json!({"items": items})).into_response())
}

async fn grant(call: Call) -> Result<Response, Problem> {
    let (ops, address) = (&call.site.ops, call.address()?);
    let other = parsed("/address", Address::parse(call.json["address"].as_str().unwrap_or_default()))?;
    for mailbox in [&address, &other] {
        ops.mailbox_within(call.workspace(), mailbox).await?;
    }
    ops.grant(&address, &other).await?;
    grants(call).await
}
