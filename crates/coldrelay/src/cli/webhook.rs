//! `coldrelay webhook`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use notify::Posting;
use ops::{DeliveryPage, Ops, WebhookRequest, WebhookTest, WebhookUpdate, WebhookWithSecret};
use rules::{
    Fault,
    id::{DeliveryId, WebhookId, WorkspaceId},
};
use store::{Delivery, DeliveryFilter, DeliveryState, Webhook};
use syntax::Timestamp;

use super::yes;
use crate::out::{Out, table};

#[derive(Subcommand)]
pub enum WebhookCommand {
    /// Make an endpoint; its secret is shown once
    Add(Add),
    /// List endpoints
    List {
        /// Only of this workspace
        #[arg(long, value_name = "NAME")]
        workspace: Option<String>,
    },
    /// Show an endpoint
    Show(Id),
    /// Change an endpoint, turn it on or off
    Update(Update),
    /// Post a webhook.test event now; exit code 1 when the endpoint does not take it
    Test(Id),
    /// Make a new secret; the old one signs beside it for 24 hours
    Rotate(Id),
    /// Remove an endpoint with its deliveries
    Remove(Id),
    /// List deliveries to an endpoint, newest first
    Deliveries(Deliveries),
    /// Post again: one delivery, or all that failed since a time
    Replay(Replay),
}

#[derive(Args)]
pub struct Id {
    /// Id of the endpoint
    id: String,
}

#[derive(Args)]
pub struct Add {
    /// Where events are posted, as in `https://example.com/hook`
    url: String,
    /// Only events of this workspace [default: of the whole installation]
    #[arg(long, value_name = "NAME")]
    workspace: Option<String>,
    /// Only these events, as in message.* or reply.received [default: all]
    #[arg(long = "event", value_name = "PATTERN", value_delimiter = ',')]
    events: Vec<String>,
    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    description: String,
}

#[derive(Args)]
pub struct Update {
    /// Id of the endpoint
    id: String,
    /// Where events are posted
    #[arg(long)]
    url: Option<String>,
    /// Only these events; `*` is all
    #[arg(long = "event", value_name = "PATTERN", value_delimiter = ',')]
    events: Option<Vec<String>>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Turn it on: it is told what happens from now on
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Turn it off: what waits for it fails, and can be replayed
    #[arg(long)]
    disable: bool,
}

#[derive(Args)]
pub struct Deliveries {
    /// Id of the endpoint
    id: String,
    /// Only these: waiting, delivered or failed
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only older ones than this delivery: the next page
    #[arg(long, value_name = "DELIVERY")]
    after: Option<String>,
    /// At most so many, up to 500
    #[arg(long, default_value_t = 50, value_name = "NUMBER")]
    limit: u32,
}

#[derive(Args)]
pub struct Replay {
    /// Id of the endpoint
    id: String,
    /// Id of a delivery
    #[arg(required_unless_present = "since", conflicts_with = "since")]
    delivery: Option<String>,
    /// All that failed and were queued since then, as in 2026-11-23T12:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

#[derive(serde::Serialize)]
struct Replayed {
    deliveries: u64,
}

impl WebhookCommand {
    pub async fn run(self, ops: &Ops, posting: &Posting, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::Add(add) => shown_once(out, &add.run(ops, posting).await?),
            Self::List { workspace } => {
                let workspace = of_name(ops, workspace).await?;
                out.answer(&ops.webhooks(workspace.as_ref()).await?, |webhooks| listed(webhooks));
            }
            Self::Show(Id { id }) => out.answer(&ops.webhook(None, &WebhookId(id)).await?, shown),
            Self::Update(update) => out.answer(&update.run(ops, posting).await?, shown),
            Self::Test(Id { id }) => {
                let test = ops.test_webhook(posting, None, &WebhookId(id)).await?;
                out.answer(&test, tested);
                return Ok(yes(test.taken));
            }
            Self::Rotate(Id { id }) => shown_once(out, &ops.rotate_webhook(None, &WebhookId(id)).await?),
            Self::Remove(Id { id }) => {
                ops.remove_webhook(None, &WebhookId(id.clone())).await?;
                out.talk(&format!("webhook {id} is removed"));
            }
            Self::Deliveries(deliveries) => out.answer(&deliveries.run(ops).await?, delivered),
            Self::Replay(replay) => out.answer(&replay.run(ops).await?, |replayed| {
                format!("{} deliveries are posted again", replayed.deliveries)
            }),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    async fn run(self, ops: &Ops, posting: &Posting) -> Result<WebhookWithSecret, Fault> {
        let Self { url, workspace, events, description } = self;
        let workspace = of_name(ops, workspace).await?;
        ops.add_webhook(posting, WebhookRequest { workspace, url, description, events }).await
    }
}

impl Update {
    async fn run(self, ops: &Ops, posting: &Posting) -> Result<Webhook, Fault> {
        let Self { id, url, events, description, enable, disable } = self;
        let enabled = (enable || disable).then_some(enable);
        let update = WebhookUpdate { url, description, events, enabled };
        ops.update_webhook(posting, None, &WebhookId(id), update).await
    }
}

impl Deliveries {
    async fn run(self, ops: &Ops) -> Result<DeliveryPage, Fault> {
        let state = |text: String| {
            DeliveryState::parse(&text).ok_or_else(|| {
                Fault::caller("delivery.state", format!("--state {text}: use waiting, delivered or failed"))
            })
        };
        let state = self.state.map(state).transpose()?;
        let filter = DeliveryFilter { state, after: self.after.map(DeliveryId), limit: self.limit };
        ops.webhook_deliveries(None, &WebhookId(self.id), &filter).await
    }
}

impl Replay {
    async fn run(self, ops: &Ops) -> Result<Replayed, Fault> {
        let id = WebhookId(self.id);
        match (self.delivery, self.since) {
            (_, Some(since)) => {
                let since = Timestamp::parse(&since).map_err(|_| {
                    Fault::caller(
                        "webhook.bad-time",
                        format!("--since {since}: write a time as in 2026-11-23T12:00:00Z"),
                    )
                })?;
                Ok(Replayed { deliveries: ops.replay_failed(None, &id, since).await? })
            }
            (delivery, None) => {
                ops.replay_delivery(None, &id, &DeliveryId(delivery.unwrap_or_default())).await?;
                Ok(Replayed { deliveries: 1 })
            }
        }
    }
}

async fn of_name(ops: &Ops, name: Option<String>) -> Result<Option<WorkspaceId>, Fault> {
    let Some(name) = name else { return Ok(None) };
    let found = ops.store.workspaces().await?.into_iter().find(|workspace| workspace.name == name);
    let unknown = || Fault::caller("workspace.unknown", format!("there is no workspace {name}"));
    found.map(|workspace| Some(workspace.id)).ok_or_else(unknown)
}

fn shown_once(out: Out, made: &WebhookWithSecret) {
    out.answer(made, |made| format!("{}\nsecret       {}", shown(&made.webhook), made.secret));
    out.talk("The secret is shown this once: keep it where the endpoint checks signatures.");
}

fn state(webhook: &Webhook) -> String {
    match (&webhook.disabled_at, &webhook.disabled_why, &webhook.failing_since) {
        (Some(at), why, _) => format!("off since {at} ({})", why.as_deref().unwrap_or("unknown")),
        (None, _, Some(since)) => format!("failing since {since}"),
        (None, _, None) => String::from("on"),
    }
}

fn listed(webhooks: &[Webhook]) -> String {
    let row = |webhook: &Webhook| {
        vec![
            webhook.id.to_string(),
            webhook.url.clone(),
            webhook.events.patterns().join(", "),
            webhook.workspace.as_ref().map_or_else(|| String::from("all"), ToString::to_string),
            state(webhook),
            webhook.description.clone(),
        ]
    };
    table(&["webhook", "url", "events", "workspace", "state", "description"], webhooks.iter().map(row).collect())
}

fn shown(webhook: &Webhook) -> String {
    [
        format!("webhook      {}", webhook.id),
        format!("url          {}", webhook.url),
        format!("events       {}", webhook.events.patterns().join(", ")),
        format!("workspace    {}", webhook.workspace.as_ref().map_or("all", WorkspaceId::as_str)),
        format!("state        {}", state(webhook)),
        format!("made         {}", webhook.created_at),
        format!("description  {}", webhook.description),
    ]
    .join("\n")
}

fn tested(test: &WebhookTest) -> String {
    let status = test.status.map_or_else(|| String::from("none"), |status| status.to_string());
    let mut lines = vec![
        format!("taken        {}", if test.taken { "yes" } else { "no" }),
        format!("status       {status}"),
        format!("took         {} ms", test.took_ms),
    ];
    lines.extend(test.error.iter().map(|error| format!("error        {error}")));
    // What a stranger's server said must not move the cursor of a terminal.
    let answer: String = test.answer.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    lines.push(format!("answer       {answer}"));
    lines.join("\n")
}

fn delivered(page: &DeliveryPage) -> String {
    let row = |one: &Delivery| {
        let last = one.log.last();
        let said = last.and_then(|note| note.status.map(|status| status.to_string()).or_else(|| note.error.clone()));
        vec![
            one.id.to_string(),
            one.name.clone(),
            one.state.as_str().to_owned(),
            one.attempts.to_string(),
            said.unwrap_or_default(),
            one.next_at.map(|at| at.to_string()).unwrap_or_default(),
            one.created_at.to_string(),
        ]
    };
    let headers = ["delivery", "event", "state", "attempts", "last answer", "next", "queued"];
    let shown = table(&headers, page.deliveries.iter().map(row).collect());
    match &page.next {
        Some(next) => format!("{shown}\nmore: --after {next}"),
        None => shown,
    }
}
