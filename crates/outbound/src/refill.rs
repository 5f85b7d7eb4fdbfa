//! What is taken up from the store: domain by domain, each its share of the memory, and of a backlog its oldest and its
//! latest, so that fresh mail does not wait behind it.

use std::{collections::HashMap, time::Duration};

use rules::{
    Fault,
    id::{DomainId, RecipientId},
};
use store::{Due, Turn};
use syntax::Timestamp;
use tokio::time::Instant;

use crate::{board::Board, scheduler::Shared};

/// Recipients read from the store for one domain at once.
const PAGE: usize = 500;
/// Pages read for one domain at once.
const PAGES: usize = 20;
/// A domain that has less room than this is left alone while it holds more than that.
const LEAST: usize = 64;
/// How long the place in a domain's backlog is kept; then it is read from its beginning, for what became due behind it.
const PLACE_KEPT: Duration = Duration::from_secs(1);

/// What was taken up.
pub(crate) struct Taken {
    /// In hand from now on.
    pub due: Vec<Due>,
    /// When the next thing that waits is due.
    pub next_due: Option<Timestamp>,
    /// There is more that is due, for which there was no room.
    pub is_more: bool,
}

/// Where the reading of each domain's backlog has come to.
#[derive(Default)]
pub(crate) struct Refill {
    places: HashMap<DomainId, Place>,
    /// Which domain is the first, so that each is when the room ends before the domains do.
    first: usize,
}

struct Place {
    after: (Timestamp, RecipientId),
    since: Instant,
}

impl Refill {
    /// Takes up what there is room for.
    pub async fn take(&mut self, shared: &Shared, board: &mut Board, now: Timestamp) -> Result<Taken, Fault> {
        let turns = shared.store.turns().await?;
        let next_due = turns.iter().map(|turn| turn.due_at).filter(|at| *at > now).min();
        let mut taken = Taken { due: Vec::new(), next_due, is_more: false };
        let mut due: Vec<&Turn> = turns.iter().filter(|turn| turn.due_at <= now).collect();
        self.places.retain(|domain, place| {
            place.since.elapsed() < PLACE_KEPT && due.iter().any(|turn| turn.domain == *domain)
        });
        let share = shared.settings.max_in_hand / due.len().max(1);
        let turn_round = self.first % due.len().max(1);
        due.rotate_left(turn_round);
        self.first = self.first.wrapping_add(1);
        for turn in due {
            let (held, room) = (board.held(&turn.domain), shared.settings.max_in_hand.saturating_sub(board.in_hand()));
            let wanted = share.max(1).saturating_sub(held).min(room).min(PAGE);
            if wanted == 0 || (wanted < LEAST && held > LEAST) {
                taken.is_more = true;
                continue;
            }
            self.take_of(shared, board, &turn.domain, (now, wanted), &mut taken).await?;
        }
        Ok(taken)
    }

    async fn take_of(
        &mut self,
        shared: &Shared,
        board: &mut Board,
        domain: &DomainId,
        (now, wanted): (Timestamp, usize),
        taken: &mut Taken,
    ) -> Result<(), Fault> {
        let limit = u32::try_from(wanted.max(LEAST)).unwrap_or(u32::MAX);
        let is_behind = |rows: &[Due]| rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let mut left = wanted;
        let mut keep = |board: &mut Board, rows: Vec<Due>, most: usize, left: &mut usize| {
            let mut kept = 0;
            for due in rows {
                if kept < most && *left > 0 && board.take_in_hand(&due) {
                    kept += 1;
                    *left -= 1;
                    taken.due.push(due);
                }
            }
        };
        for page in 0..PAGES {
            let after = self.places.get(domain).map(|place| place.after.clone());
            let rows = shared.store.due(domain, now, after, limit).await?;
            let is_full = is_behind(&rows);
            let Some(last) = rows.last().map(|due| (due.due_at, due.recipient.clone())).filter(|_| is_full) else {
                self.places.remove(domain);
                keep(board, rows, usize::MAX, &mut left);
                return Ok(());
            };
            if page == 0 {
                // There is a backlog: half of the room is for what came last.
                let latest = shared.store.due_last(domain, now, limit).await?;
                keep(board, latest, wanted.div_ceil(2), &mut left);
            }
            let before = left;
            keep(board, rows, usize::MAX, &mut left);
            if left == 0 {
                // Perhaps not all of the page was kept: it is read again.
                break;
            }
            let since = self.places.get(domain).map_or_else(Instant::now, |place| place.since);
            self.places.insert(domain.clone(), Place { after: last, since });
            if before > left && left < wanted / 2 {
                break;
            }
        }
        taken.is_more = true;
        Ok(())
    }
}
