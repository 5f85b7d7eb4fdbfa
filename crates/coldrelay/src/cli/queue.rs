//! `coldrelay queue`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use ops::{Ops, Why, WhyRecipient};
use rules::{Fault, id::MessageId};
use store::{QueueFilter, QueuedMessage, State};
use syntax::Domain;

use crate::out::{Out, table};

#[derive(Subcommand)]
pub enum Queue {
    /// List messages, newest first
    List(List),
    /// Show a message and its recipients
    Show(Id),
    /// Show every attempt, its transcript, and the explanation of the last refusal
    Why(Id),
    /// Try its waiting recipients again now
    Retry(Id),
    /// Drop its waiting recipients
    Drop(Id),
}

#[derive(Args)]
pub struct List {
    /// Only these: queued, deferred, sending, in_doubt, delivered, bounced, dropped
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<String>,
    /// Only to this domain
    #[arg(long, value_name = "DOMAIN")]
    to: Option<Domain>,
    /// At most so many messages
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    limit: u32,
}

#[derive(Args)]
pub struct Id {
    /// Id of a message, or its beginning or end
    id: String,
}

#[derive(serde::Serialize)]
struct Count {
    message: MessageId,
    recipients: u32,
}

impl Queue {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::List(list) => {
                let messages = ops.store.queue(&list.filter()?).await?;
                out.answer(&messages, |messages| listed(messages));
            }
            Self::Show(Id { id }) => {
                let why = ops.why(&id).await?;
                out.answer(&why.message, shown);
            }
            Self::Why(Id { id }) => out.answer(&ops.why(&id).await?, explained),
            Self::Retry(Id { id }) => {
                let message = ops.why(&id).await?.message.id;
                let recipients = ops.retry(&message).await?;
                out.answer(&Count { message, recipients }, |count| {
                    format!("{} recipients are due now", count.recipients)
                });
            }
            Self::Drop(Id { id }) => {
                let message = ops.why(&id).await?.message.id;
                let recipients = ops.drop_message(&message).await?;
                out.answer(&Count { message, recipients }, |count| {
                    format!("{} recipients were dropped", count.recipients)
                });
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    fn filter(self) -> Result<QueueFilter, Fault> {
        let state = |text: &String| {
            State::parse(text).ok_or_else(|| {
                let what =
                    format!("--state {text}: use queued, deferred, sending, in_doubt, delivered, bounced or dropped");
                Fault::caller("queue.state", what)
            })
        };
        Ok(QueueFilter {
            states: self.state.iter().map(state).collect::<Result<_, _>>()?,
            to_domain: self.to.map(|domain| domain.to_string()),
            limit: self.limit,
            ..QueueFilter::default()
        })
    }
}

fn listed(messages: &[QueuedMessage]) -> String {
    let mut rows = Vec::new();
    for message in messages {
        for recipient in &message.recipients {
            rows.push(vec![
                message.id.to_string(),
                message.from.to_string(),
                recipient.address.to_string(),
                recipient.state.as_str().into(),
                recipient.attempts.to_string(),
                recipient.next_at.map(|at| at.to_string()).unwrap_or_default(),
                message.subject.clone(),
            ]);
        }
    }
    table(&["message", "from", "to", "state", "attempts", "next", "subject"], rows)
}

fn shown(message: &QueuedMessage) -> String {
    let mut lines = vec![
        format!("message     {}", message.id),
        format!("from        {}", message.from),
        format!("subject     {}", message.subject),
        format!("Message-ID  {}", message.message_id),
        format!("size        {} octets", message.octets),
        format!("accepted    {}", message.accepted_at),
        format!("expires     {}", message.expires_at),
    ];
    for recipient in &message.recipients {
        let twice = if recipient.possible_duplicate { ", a second copy is possible" } else { "" };
        lines.push(format!(
            "to          {}: {} after {} attempts{twice}",
            recipient.address,
            recipient.state.as_str(),
            recipient.attempts
        ));
    }
    lines.join("\n")
}

fn explained(why: &Why) -> String {
    let mut parts = vec![shown(&why.message)];
    parts.extend(why.recipients.iter().map(attempts));
    parts.join("\n\n")
}

fn attempts(why: &WhyRecipient) -> String {
    let mut lines = Vec::new();
    for attempt in &why.attempts {
        let verdict = attempt.verdict.as_deref().unwrap_or("under way");
        let host = attempt.mx_host.as_deref().unwrap_or("no host");
        lines.push(format!(
            "attempt {} at {} from {} to {host}: {verdict}",
            attempt.number, attempt.begun_at, attempt.egress_ip
        ));
        lines.extend(attempt.transcript.lines().map(|line| format!("    {line}")));
    }
    if let Some(explanation) = &why.explanation {
        let class = explanation.class;
        lines.push(format!("\nwhy         {} [{}]", explanation.title, explanation.entry));
        lines.push(format!(
            "who         {}, how long: {}, what to do: {} ({})",
            class.who, class.how_long, class.action, class.scope
        ));
        lines.push(format!("evidence    {} ({} %)", explanation.evidence.join(", "), explanation.confidence));
        lines.push(format!("fix         {}", explanation.fix));
    }
    lines.join("\n")
}
