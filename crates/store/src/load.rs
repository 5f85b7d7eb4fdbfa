//! The load: what the database says of its commits, and whether new mail is put off because something is short.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rules::{
    Blame, Fault, Retry,
    event::Event,
    load::{Load, Marks, Pressure, Reading},
};
use tokio::time::Instant;

use crate::Store;

/// How long commits take.
#[derive(Default)]
pub(crate) struct Pulse(Mutex<Beats>);

#[derive(Default)]
struct Beats {
    begun: Option<Instant>,
    all: Duration,
    count: u32,
}

impl Pulse {
    /// A group is about to be written.
    pub(crate) fn begin(&self, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).begun = Some(now);
    }
    /// It was, or could not be.
    pub(crate) fn end(&self, now: Instant) {
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(begun) = beats.begun.take() {
            beats.all += now.saturating_duration_since(begun);
            beats.count += 1;
        }
    }
    /// The average since the last call; the time of the one under way when it is longer.
    fn take(&self, now: Instant) -> Duration {
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let average = beats.all.checked_div(beats.count).unwrap_or_default();
        let under_way = beats.begun.map(|begun| now.saturating_duration_since(begun)).unwrap_or_default();
        (beats.all, beats.count) = (Duration::ZERO, 0);
        average.max(under_way)
    }
}

/// What is short.
#[derive(Default)]
pub(crate) struct Shedding(Mutex<Load>);

impl Store {
    /// The time of a commit, on average since the last call; that of one under way when it is longer.
    pub fn commit_time(&self) -> Duration {
        self.pulse().take(Instant::now())
    }

    /// Takes a reading. What changes is told in the log and by an event, once; the event is only tried: what is short may be why it
    /// cannot be written.
    pub async fn take_reading(&self, marks: &Marks, reading: &Reading) {
        let changes = self.load().0.lock().unwrap_or_else(PoisonError::into_inner).read(marks, reading);
        for change in changes {
            let (pressure, seen, mark) = (change.pressure.as_str(), change.seen, change.mark);
            if change.begins {
                tracing::warn!(pressure, seen, mark, "new mail is put off: something is short; delivery goes on");
            } else {
                tracing::info!(pressure, seen, mark, "new mail is taken again");
            }
            let event = Event::LoadChanged { pressure: change.pressure, shedding: change.begins, seen, mark };
            if let Err(fault) = self.record(vec![event]).await {
                tracing::warn!(code = fault.code, %fault, "the event of that could not be written");
            }
        }
    }

    /// Why new mail is put off; `None` while nothing is short. Delivery goes on.
    pub fn shedding(&self) -> Option<Fault> {
        let load = self.load().0.lock().unwrap_or_else(PoisonError::into_inner);
        let (pressure, seen, mark) = load.short()?;
        let what = match pressure {
            Pressure::Memory => {
                format!("this process uses {seen} of memory, and {mark} is its mark (`load.memory_mib`)")
            }
            Pressure::Disk => {
                format!("the disk of the data folder has {seen} left, and {mark} is its mark (`load.disk_free_mib`)")
            }
            Pressure::Commit => format!("a commit takes {seen}, and {mark} is its mark (`load.commit_ms`)"),
        };
        Some(Fault::new(pressure.code(), Blame::Operator, Retry::Later).context(what).context("new mail is put off"))
    }

    /// Whether that is short.
    pub fn is_short(&self, pressure: Pressure) -> bool {
        self.load().0.lock().unwrap_or_else(PoisonError::into_inner).is_short(pressure)
    }

    /// Why no new mail is taken on: nothing can be written, or something is short.
    pub fn refuses(&self) -> Option<Fault> {
        self.latched().or_else(|| self.shedding())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_does_not_end_counts_as_long_as_it_takes() {
        let (pulse, begun) = (Pulse::default(), Instant::now());
        let at = |ms: u64| begun + Duration::from_millis(ms);
        for number in 0..4 {
            pulse.begin(at(number * 100));
            pulse.end(at(number * 100 + 10 * (number + 1)));
        }
        assert_eq!(pulse.take(at(400)), Duration::from_millis(25), "the average of 10, 20, 30 and 40");
        assert_eq!(pulse.take(at(500)), Duration::ZERO, "nothing was written since");
        pulse.begin(at(600));
        assert_eq!(pulse.take(at(2600)), Duration::from_secs(2));
        assert_eq!(pulse.take(at(3600)), Duration::from_secs(3));
        pulse.end(at(3700));
        assert_eq!(pulse.take(at(3800)), Duration::from_millis(3100));
    }
}
