//! New mailboxes come to their daily caps, day by day, on what receivers answered.

use std::time::Duration;

use net::Stop;
use rules::{Fault, ramp};
use store::Mailbox;
use syntax::Address;

use crate::Ops;

#[cfg(test)]
mod tests;

/// Mailboxes that are looked at in one go.
const AT_ONCE: u32 = 200;
/// Longest time between two looks at what is due.
const TICK: Duration = Duration::from_secs(60);

impl Ops {
    /// Begins the next day of every mailbox's ramp whose day is over. Returns how many.
    ///
    /// # Errors
    /// `store.*`
    pub async fn step_ramps(&self) -> Result<usize, Fault> {
        let mut stepped = 0;
        loop {
            let due = self.store.ramps_due(self.store.clock().now() - ramp::DAY, AT_ONCE).await?;
            for mailbox in &due {
                let Some(day) = mailbox.ramp else { continue };
                let feedback = self.store.ramp_feedback(&mailbox.id, day.since).await?;
                let (allowance, turn) = ramp::next(self.ramp, day.allowance, feedback);
                if self.store.step_ramp(mailbox, allowance, turn).await? {
                    tracing::info!(mailbox = %mailbox.address, allowance, turn = turn.as_str(), "a day of the ramp");
                    stepped += 1;
                }
            }
            if due.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) {
                return Ok(stepped);
            }
        }
    }

    /// Gives a mailbox its whole cap at once, for one that has sent before; it goes into the audit log.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn end_ramp(&self, address: &Address, who: &str) -> Result<Mailbox, Fault> {
        let mailbox = self.mailbox(address).await?;
        if self.store.end_ramp(&mailbox).await? {
            let workspace = Some(mailbox.workspace.clone());
            let (who, about) = (who.to_owned(), address.to_string());
            self.store.audit(store::Deed { who, what: "mailbox.ramp", about, workspace }).await?;
        }
        self.mailbox(address).await
    }
}

/// Looks after ramps until it is told to stop.
pub(crate) async fn watch(ops: Ops, poll: Duration, mut stop: Stop) {
    loop {
        if let Err(fault) = ops.step_ramps().await {
            tracing::error!(%fault, "ramps could not go on");
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(TICK.max(poll)) => {}
        }
    }
}
