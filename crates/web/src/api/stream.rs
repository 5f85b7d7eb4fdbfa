//! Events as they happen: server-sent events from the store's log. WHATWG HTML §9.2.

use std::{convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event as Sent, KeepAlive, Sse},
};
use rules::id::WorkspaceId;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, sleep},
};
use tokio_stream::wrappers::ReceiverStream;

use super::call::Call;
use crate::problem::Problem;

/// Streams at the same time.
const MOST_STREAMS: usize = 64;
/// How often the log is looked at.
const PERIOD: Duration = Duration::from_millis(500);
/// A sign of life for whoever stands between. Proxies give up after 30 to 60 s of silence.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After which a stream ends; the client comes back with Last-Event-ID.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Events that wait for a slow client; the log is read no further while they do.
const WAITING: usize = 64;

static PLACES: Semaphore = Semaphore::const_new(MOST_STREAMS);

pub(super) async fn stream(call: Call) -> Result<Response, Problem> {
    let place = PLACES.try_acquire();
    let place = place.map_err(|_| Problem::too_many(30, format!("{MOST_STREAMS} streams are open already.")))?;
    let last_seen = call.headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let asked = last_seen.or(call.get("after")).and_then(|text| text.trim().parse::<i64>().ok());
    let after = match asked {
        Some(sequence) => sequence,
        None => call.site.ops.store.last_event().await?,
    };
    let (sender, receiver) = mpsc::channel(WAITING);
    let (ops, workspace) = (call.site.ops.clone(), call.workspace().cloned());
    tokio::spawn(async move {
        let _place = place;
        follow(&ops, workspace.as_ref(), after, &sender).await;
    });
    let alive = KeepAlive::new().interval(HEARTBEAT).text("alive");
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(alive).into_response())
}

type Sender = mpsc::Sender<Result<Sent, Infallible>>;

/// Until the client is gone, the store is closed, or the time is up.
async fn follow(ops: &ops::Ops, workspace: Option<&WorkspaceId>, mut after: i64, sender: &Sender) {
    let end = Instant::now() + LONGEST;
    while Instant::now() < end {
        let Ok((events, last)) = ops.events_within(workspace, after, 200).await else { return };
        for event in events {
            let data = serde_json::to_string(&event).unwrap_or_default();
            let sent = Sent::default().id(event.sequence.to_string()).event(event.event.kind()).data(data);
            if sender.send(Ok(sent)).await.is_err() {
                return;
            }
        }
        if last == after {
            tokio::select! {
                () = sleep(PERIOD) => {}
                () = sender.closed() => return,
            }
        }
        after = last;
    }
}
