//! Webhooks: endpoints that events are posted to, what was posted, and posting it again.

use std::time::Duration;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use notify::Posting;
use ops::{WebhookRequest, WebhookUpdate};
use rules::{
    access::Scope,
    id::{DeliveryId, WebhookId},
};
use serde_json::{Value, json};
use store::{DeliveryFilter, DeliveryState};
use syntax::Timestamp;

use super::{
    call::{Call, parsed, told},
    endpoint::{Endpoint, May, Verb},
    keys::workspace,
    page::{Asked, paged},
    schema::{flag, line, list, maybe, moment, name, named, number, object, open, text, title, word},
};
use crate::problem::Problem;

const ID: &str = "0193a1b2-0000-7000-8000-000000000008";
/// Longest wait for an endpoint while somebody waits for the answer about it.
const TEST_LIMIT: Duration = Duration::from_secs(6);

pub(super) fn endpoints() -> Vec<Endpoint> {
    [of_endpoints(), of_deliveries()].concat()
}

fn of_endpoints() -> Vec<Endpoint> {
    let (read, write) = (May::With(Scope::EventsRead), May::With(Scope::WebhooksWrite));
    let of_id = |endpoint: Endpoint| endpoint.path("id", name("The id of the webhook."), ID);
    let mut secret = example();
    secret["secret"] = json!("whsec_…");
    let with_secret = || open(&[("id", text("Id.")), ("secret", text("Shown this once: what signs the posts."))]);
    vec![
        paged(
            Endpoint::new(Verb::Get, "/webhooks", "list_webhooks", "Webhooks, the oldest first", read, all),
            named("Webhook"),
            example(),
        ),
        Endpoint::new(
            Verb::Post,
            "/webhooks",
            "add_webhook",
            "Make a webhook; its secret is shown this once",
            write,
            add,
        )
        .json(
            object(&[
                ("url", name("Where events are posted.")),
                ("description?", line("What it is for.", 500)),
                ("events?", events()),
                ("workspace?", maybe(title("Only events of this workspace; of a bound key, its own.", 100))),
            ]),
            json!({"url": "https://example.com/hook", "events": ["message.*"]}),
        )
        .answers("The webhook; it is told what happens from now on.", with_secret(), secret.clone())
        .status(201)
        .problems(&[404, 502]),
        of_id(Endpoint::new(Verb::Get, "/webhooks/{id}", "get_webhook", "One webhook", read, one)).answers(
            "The webhook.",
            named("Webhook"),
            example(),
        ),
        of_id(Endpoint::new(
            Verb::Post,
            "/webhooks/{id}",
            "update_webhook",
            "Change a webhook, turn it on or off",
            write,
            update,
        ))
        .json(
            object(&[
                ("url?", name("Where events are posted.")),
                ("description?", line("What it is for.", 500)),
                ("events?", events()),
                ("enabled?", flag("Whether it is on; turned on, it is told what happens from then on.")),
            ]),
            json!({"events": ["message.bounced"]}),
        )
        .answers("The webhook.", named("Webhook"), example())
        .problems(&[502]),
        of_id(Endpoint::new(
            Verb::Post,
            "/webhooks/{id}/rotate",
            "rotate_webhook",
            "A new secret; the old one signs beside it for 24 hours",
            write,
            rotate,
        ))
        .answers("The webhook with its new secret.", with_secret(), secret),
        of_id(Endpoint::new(
            Verb::Delete,
            "/webhooks/{id}",
            "remove_webhook",
            "Remove a webhook with its deliveries",
            write,
            remove,
        ))
        .status(204),
    ]
}

fn of_deliveries() -> Vec<Endpoint> {
    let (read, write) = (May::With(Scope::EventsRead), May::With(Scope::WebhooksWrite));
    let of_id = |endpoint: Endpoint| endpoint.path("id", name("The id of the webhook."), ID);
    let delivery = json!({
        "id": ID, "webhook": ID, "sequence": 7, "name": "message.delivered", "body": "{}", "state": "delivered",
        "attempts": 1, "next_at": null, "log": [], "created_at": "2026-11-24T09:00:00Z",
        "ended_at": "2026-11-24T09:00:01Z",
    });
    let replayed = || open(&[("deliveries", number("How many are posted again.", 0, u32::MAX.into()))]);
    vec![
        of_id(Endpoint::new(Verb::Post, "/webhooks/{id}/test", "test_webhook", "Post a webhook.test now", write, test))
            .answers(
                "How it went; an endpoint that does not take it is an answer too.",
                open(&[
                    ("delivery", text("It stands among the deliveries.")),
                    ("taken", flag("Whether the endpoint took it.")),
                    ("took_ms", number("Milliseconds.", 0, u32::MAX.into())),
                ]),
                json!({"delivery": ID, "taken": true, "status": 200, "took_ms": 12, "answer": "", "error": null}),
            ),
        of_id(paged(
            Endpoint::new(
                Verb::Get,
                "/webhooks/{id}/deliveries",
                "list_deliveries",
                "What was posted to a webhook, the newest first",
                read,
                deliveries,
            )
            .query("state", word("Only those.", &["waiting", "delivered", "failed"]), "failed"),
            named("Delivery"),
            delivery,
        )),
        of_id(Endpoint::new(
            Verb::Post,
            "/webhooks/{id}/deliveries/{delivery}/replay",
            "replay_delivery",
            "Post one delivery again",
            write,
            replay_one,
        ))
        .path("delivery", name("The id of the delivery."), ID)
        .answers("One.", replayed(), json!({"deliveries": 1})),
        of_id(Endpoint::new(
            Verb::Post,
            "/webhooks/{id}/replay",
            "replay_failed",
            "Post everything again that failed since a time",
            write,
            replay_failed,
        ))
        .json(
            object(&[("since", moment("Those that were queued then or later."))]),
            json!({"since": "2026-11-23T12:00:00Z"}),
        )
        .answers("How many.", replayed(), json!({"deliveries": 3})),
    ]
}

fn events() -> Value {
    list("Patterns: `*`, `message.*`, `message.delivered`; none is everything.", name("A pattern."), 100)
}

fn example() -> Value {
    json!({
        "id": ID, "workspace": null, "url": "https://example.com/hook", "description": "", "events": ["message.*"],
        "disabled_at": null, "disabled_why": null, "failing_since": null, "created_at": "2026-11-24T09:00:00Z",
    })
}

fn id(call: &Call) -> WebhookId {
    WebhookId(call.part("id").to_owned())
}

fn patterns(call: &Call) -> Option<Vec<String>> {
    let texts = call.json.get("events")?.as_array()?.iter();
    Some(texts.filter_map(Value::as_str).map(str::to_owned).collect())
}

async fn all(call: Call) -> Result<Response, Problem> {
    let asked = Asked::of(&call);
    let rows = call.site.ops.webhooks(call.workspace()).await?.into_iter().filter(|row| row.id.0 > asked.after);
    let rows = rows.take(usize::try_from(asked.reads()).unwrap_or(usize::MAX));
    Ok(asked.page(rows.collect(), |row| row.id.0.clone()))
}

async fn add(call: Call) -> Result<Response, Problem> {
    let field = |name: &str| call.json[name].as_str().unwrap_or_default().to_owned();
    let request = WebhookRequest {
        workspace: workspace(&call).await?,
        url: field("url"),
        description: field("description"),
        events: patterns(&call).unwrap_or_default(),
    };
    let made = call.site.ops.add_webhook(&call.site.posting, request).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn one(call: Call) -> Result<Response, Problem> {
    told(call.site.ops.webhook(call.workspace(), &id(&call)).await)
}

async fn update(call: Call) -> Result<Response, Problem> {
    let field = |name: &str| call.json[name].as_str().map(str::to_owned);
    let update = WebhookUpdate {
        url: field("url"),
        description: field("description"),
        events: patterns(&call),
        enabled: call.json["enabled"].as_bool(),
    };
    told(call.site.ops.update_webhook(&call.site.posting, call.workspace(), &id(&call), update).await)
}

async fn rotate(call: Call) -> Result<Response, Problem> {
    told(call.site.ops.rotate_webhook(call.workspace(), &id(&call)).await)
}

async fn remove(call: Call) -> Result<Response, Problem> {
    call.site.ops.remove_webhook(call.workspace(), &id(&call)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn test(call: Call) -> Result<Response, Problem> {
    let usual = &call.site.posting;
    let posting = Posting { limit: usual.limit.min(TEST_LIMIT), ..usual.clone() };
    told(call.site.ops.test_webhook(&posting, call.workspace(), &id(&call)).await)
}

async fn deliveries(call: Call) -> Result<Response, Problem> {
    let asked = Asked::of(&call);
    let filter = DeliveryFilter {
        state: call.get("state").and_then(DeliveryState::parse),
        after: call.get("after").map(|after| DeliveryId(after.to_owned())),
        limit: asked.limit,
    };
    let page = call.site.ops.webhook_deliveries(call.workspace(), &id(&call), &filter).await?;
    Ok(Json(json!({"items": page.deliveries, "next": page.next})).into_response())
}

async fn replay_one(call: Call) -> Result<Response, Problem> {
    let delivery = DeliveryId(call.part("delivery").to_owned());
    call.site.ops.replay_delivery(call.workspace(), &id(&call), &delivery).await?;
    Ok(Json(json!({"deliveries": 1})).into_response())
}

async fn replay_failed(call: Call) -> Result<Response, Problem> {
    let since = parsed("/since", Timestamp::parse(call.json["since"].as_str().unwrap_or_default()))?;
    let deliveries = call.site.ops.replay_failed(call.workspace(), &id(&call), since).await?;
    Ok(Json(json!({"deliveries": deliveries})).into_response())
}
