//! The first screen: what needs attention, then how much there is.

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use ops::{Ops, Overview};
use store::DayTally;

use super::{
    Answer, Frame, Scope, Viewer,
    chart::{Bar, HEIGHT, WIDTH},
};
use crate::site::page as html;

#[derive(Template)]
#[template(path = "desk/overview.html")]
struct Page {
    frame: Frame,
    view: Overview,
    bars: Vec<Bar>,
    most: u64,
    bounced: u64,
}

impl Page {
    fn is_quiet(&self) -> bool {
        let view = &self.view;
        view.bounces.is_empty()
            && view.deferred.is_empty()
            && view.at_cap.is_empty()
            && view.listed.is_empty()
            && view.counts.suspended == 0
    }
}

/// `/`
pub(super) async fn page(State(ops): State<Ops>, viewer: Viewer) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let view = ops.desk_overview(viewer.workspace.as_ref()).await?;
    let most = view.days.iter().map(|day| day.accepted.max(day.delivered).max(day.bounced)).max().unwrap_or(0);
    let bars = bars(&view.days, most.max(1));
    let bounced = view.bounces.iter().map(|cause| cause.count).sum();
    Ok(html(&Page { frame: Frame::new("/", &viewer), view, bars, most, bounced }).into_response())
}

/// Three bars a day.
fn bars(days: &[DayTally], most: u64) -> Vec<Bar> {
    let step = WIDTH / u64::try_from(days.len()).unwrap_or(1).max(1);
    let width = step / 4;
    let of_day = |(number, tally): (u64, &DayTally)| {
        let parts = [("accepted", tally.accepted), ("delivered", tally.delivered), ("bounced", tally.bounced)];
        let day = tally.day;
        let bar = move |(place, (what, count)): (u64, (&'static str, u64))| {
            let height = count * HEIGHT / most;
            let text = format!("{}: {count} {what}", super::day(day));
            Bar { x: number * step + place * width, y: HEIGHT - height, width, height, what, text }
        };
        (0..).zip(parts).map(bar).collect::<Vec<_>>()
    };
    (0..).zip(days).flat_map(of_day).collect()
}
