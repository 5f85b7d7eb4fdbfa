//! Webhooks: the endpoints that are told, what was posted to one, and its test.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::IntoResponse,
};
use ops::{WebhookRequest, WebhookTest, WebhookUpdate};
use rules::{
    Blame,
    access::Scope,
    id::{DeliveryId, WebhookId},
    webhook,
};
use store::{Delivery, DeliveryFilter, DeliveryState, Webhook};

use super::{Answer, Desk, Frame, Refused, Viewer, audited, fields::Fields, link, page_and_one, see_other};
use crate::site::{page, page_with};

#[derive(Template)]
#[template(path = "desk/webhooks.html")]
struct List {
    frame: Frame,
    rows: Vec<Webhook>,
    names: Vec<&'static str>,
    url: String,
    events: String,
    description: String,
    /// The secret of an endpoint that was made or given a new one, shown once.
    secret: Option<(String, String)>,
    wrong: Option<String>,
}

/// How it stands with an endpoint, in one word.
pub(crate) fn state(webhook: &Webhook) -> &'static str {
    match webhook {
        one if !one.is_enabled() => "off",
        one if one.failing_since.is_some() => "failing",
        _ => "active",
    }
}

/// `/webhooks`
pub(super) async fn list(State(desk): State<Desk>, viewer: Viewer) -> Answer {
    viewer.must(Scope::EventsRead)?;
    shown(&desk, &viewer, &Fields::default(), Ok(None)).await
}

async fn shown(desk: &Desk, viewer: &Viewer, form: &Fields, done: Result<Option<(String, String)>, String>) -> Answer {
    let status = if done.is_ok() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    // What was typed stands in the form again when it was wrong.
    let [url, events, description] = ["url", "events", "description"].map(|name| match done {
        Ok(_) => String::new(),
        Err(_) => form.get(name).to_owned(),
    });
    let (secret, wrong) = match done {
        Ok(secret) => (secret, None),
        Err(wrong) => (None, Some(wrong)),
    };
    let rows = desk.ops.webhooks(viewer.workspace.as_ref()).await?;
    let names = webhook::names().iter().map(|name| name.name).collect();
    let frame = Frame::new("/webhooks", viewer);
    Ok(page_with(status, &List { frame, rows, names, url, events, description, secret, wrong }))
}

/// Makes an endpoint.
pub(super) async fn add(State(desk): State<Desk>, viewer: Viewer, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::WebhooksWrite, &form)?;
    let request = WebhookRequest {
        workspace: viewer.workspace.clone(),
        url: form.get("url").to_owned(),
        description: form.get("description").to_owned(),
        events: words(form.get("events")),
    };
    match desk.ops.add_webhook(&desk.posting, request).await {
        Ok(made) => {
            audited(&desk.ops, &viewer, "webhook.add", &made.webhook.url).await?;
            shown(&desk, &viewer, &form, Ok(Some((made.webhook.url, made.secret)))).await
        }
        Err(fault) if fault.blame == Blame::Caller => shown(&desk, &viewer, &form, Err(fault.to_string())).await,
        Err(fault) => Err(fault.into()),
    }
}

/// Patterns between commas or spaces.
fn words(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n', '\r']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[derive(Template)]
#[template(path = "desk/webhook.html")]
struct One {
    frame: Frame,
    webhook: Webhook,
    deliveries: Vec<Delivery>,
    state: String,
    next: Option<String>,
    secret: Option<String>,
    test: Option<WebhookTest>,
}

/// `/webhooks/<id>`
pub(super) async fn one(
    State(desk): State<Desk>,
    viewer: Viewer,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    viewer.must(Scope::EventsRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    of_one(&desk, &viewer, &WebhookId(id), &asked, None, None).await
}

async fn of_one(
    desk: &Desk,
    viewer: &Viewer,
    id: &WebhookId,
    asked: &Fields,
    secret: Option<String>,
    test: Option<WebhookTest>,
) -> Answer {
    let scope = viewer.workspace.as_ref();
    let filter = DeliveryFilter {
        state: DeliveryState::parse(asked.get("state")),
        after: asked.some("after").map(|id| DeliveryId(id.to_owned())),
        limit: page_and_one() - 1,
    };
    let webhook = desk.ops.webhook(scope, id).await?;
    let found = desk.ops.webhook_deliveries(scope, id, &filter).await?;
    let state = asked.get("state").to_owned();
    let path = format!("/webhooks/{id}");
    let next = found.next.map(|next| link(&path, &[("state", &state), ("after", next.as_str())]));
    let frame = Frame::new("/webhooks", viewer);
    let deliveries = found.deliveries;
    Ok(page(&One { frame, webhook, deliveries, state, next, secret, test }).into_response())
}

/// Tests, turns on and off, gives a new secret, replays, removes.
pub(super) async fn act(State(desk): State<Desk>, viewer: Viewer, Path(id): Path<String>, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::WebhooksWrite, &form)?;
    let (scope, id, none) = (viewer.workspace.as_ref(), WebhookId(id), Fields::default());
    match form.get("do") {
        "test" => {
            let test = desk.ops.test_webhook(&desk.posting, scope, &id).await?;
            return of_one(&desk, &viewer, &id, &none, None, Some(test)).await;
        }
        "rotate" => {
            let made = desk.ops.rotate_webhook(scope, &id).await?;
            audited(&desk.ops, &viewer, "webhook.rotate", id.as_str()).await?;
            return of_one(&desk, &viewer, &id, &none, Some(made.secret), None).await;
        }
        "on" => turn(&desk, &viewer, &id, true).await?,
        "off" => turn(&desk, &viewer, &id, false).await?,
        "replay" => {
            desk.ops.replay_delivery(scope, &id, &DeliveryId(form.get("delivery").to_owned())).await?;
        }
        "remove" => {
            desk.ops.remove_webhook(scope, &id).await?;
            audited(&desk.ops, &viewer, "webhook.remove", id.as_str()).await?;
            return Ok(see_other("/webhooks"));
        }
        other => return Err(Refused::Typed(format!("`{other}` is no deed of a webhook"))),
    }
    Ok(see_other(&format!("/webhooks/{id}")))
}

async fn turn(desk: &Desk, viewer: &Viewer, id: &WebhookId, on: bool) -> Result<(), Refused> {
    let update = WebhookUpdate { enabled: Some(on), ..WebhookUpdate::default() };
    desk.ops.update_webhook(&desk.posting, viewer.workspace.as_ref(), id, update).await?;
    let what = if on { "webhook.on" } else { "webhook.off" };
    Ok(audited(&desk.ops, viewer, what, id.as_str()).await?)
}
