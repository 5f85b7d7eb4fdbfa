//! The database: there, of this program's version, sound at a glance, and its queue moving.

use std::time::Duration;

use rules::Clock;
use store::{SCHEMA_VERSION, SendingDomain, Store, glance};
use syntax::Timestamp;

use super::{Diagnosis, Doctor, of_fault};

/// What was due so long ago and did not go out is stuck.
const LATE: Duration = Duration::from_secs(30 * 60);
/// The clock may differ so much from what was written last.
const DRIFT: Duration = Duration::from_secs(5 * 60);
/// Domains that are looked at one by one.
const MOST_DOMAINS: usize = 50;

/// What was found, and the domains that it holds.
pub(super) struct Database {
    pub found: Vec<Diagnosis>,
    pub domains: Vec<SendingDomain>,
}

#[derive(Debug)]
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

pub(super) async fn look(doctor: &Doctor, now: Timestamp) -> Database {
    let url = &doctor.installation.database_url;
    let alone = |one| Database { found: vec![one], domains: Vec::new() };
    let seen = match glance(url, now).await {
        Ok(seen) => seen,
        Err(fault) if fault.code == "store.absent" => {
            let fix = "the first command makes one; if there should be one, look at `data_dir` and `database.url`";
            return alone(Diagnosis::warn("database.reach", "there is no database yet", fix));
        }
        Err(fault) if fault.code == "store.migrate" => {
            return alone(of_fault(
                "database.schema",
                &fault,
                "install the coldrelay that wrote it, or restore a backup",
            ));
        }
        Err(fault) => {
            return alone(of_fault("database.reach", &fault, "look at `database.url`, the server, and the disk"));
        }
    };
    let mut found = vec![Diagnosis::ok("database.reach", format!("the {} database answers", seen.backend))];
    found.push(match seen.schema {
        SCHEMA_VERSION => Diagnosis::ok("database.schema", format!("its schema is this program's, {SCHEMA_VERSION}")),
        older => Diagnosis::warn(
            "database.schema",
            format!("its schema is {older}, and this program's is {SCHEMA_VERSION}"),
            "the next start brings it up to date, and older programs cannot open it then: take a backup first",
        ),
    });
    found.push(match seen.damage.first() {
        None => Diagnosis::ok("database.sound", "a quick check finds nothing damaged"),
        Some(first) => Diagnosis::bad(
            "database.sound",
            format!("the file is damaged: {first}"),
            "stop `serve`, keep a copy, `coldrelay verify`, and restore the last sound backup",
        ),
    });
    found.push(clock(seen.last_event, now));
    found.push(queue(seen.waiting, seen.due_since, now));
    let mut domains = Vec::new();
    if seen.schema == SCHEMA_VERSION
        && let Ok(store) = Store::open(url, std::sync::Arc::new(Still(now))).await
    {
        domains = store.domains(None).await.unwrap_or_default();
        store.close().await;
    }
    if domains.len() > MOST_DOMAINS {
        let seen = format!("of {} domains the first {MOST_DOMAINS} are looked at", domains.len());
        found.push(Diagnosis::warn("domains.many", seen, "`coldrelay check domain NAME` looks at any other"));
        domains.truncate(MOST_DOMAINS);
    }
    Database { found, domains }
}

fn clock(last_event: Option<Timestamp>, now: Timestamp) -> Diagnosis {
    match last_event {
        Some(last) if last > now + DRIFT => Diagnosis::bad(
            "clock.order",
            format!("the clock says {now}, and the last event was written at {last}"),
            "the clock went back: set it right before `serve` runs, or mail waits until it has caught up",
        ),
        _ => Diagnosis::ok("clock.order", format!("the clock says {now}, later than everything that was written")),
    }
}

fn queue(waiting: u64, due_since: Option<Timestamp>, now: Timestamp) -> Diagnosis {
    let seen = format!("{waiting} recipients wait");
    match due_since {
        Some(since) if since + LATE < now => Diagnosis::warn(
            "queue.age",
            format!("{seen}, and the first should have gone out at {since}"),
            "is `serve` running? `coldrelay queue list` shows what waits, `coldrelay queue why ID` why",
        ),
        _ => Diagnosis::ok("queue.age", seen),
    }
}

#[cfg(test)]
mod tests {
    use check::State;

    use super::*;

    #[test]
    fn a_queue_that_stands_still_and_a_clock_that_went_back_are_found() {
        let now = Timestamp::from_micros(1_795_435_200_000_000);
        let ago = |seconds: u64| Timestamp::from_micros(now.micros() - i64::try_from(seconds).unwrap() * 1_000_000);
        assert_eq!(queue(7, Some(ago(60)), now).state, State::Ok);
        assert_eq!(queue(7, Some(ago(3600)), now).state, State::Warn);
        assert_eq!(clock(Some(ago(60)), now).state, State::Ok);
        assert_eq!(clock(Some(now + DRIFT * 2), now).state, State::Bad);
        assert_eq!(clock(None, now).state, State::Ok);
    }
}
