//! How much a mailbox may hold, and holds.

use rules::{Blame, Fault, Retry, id::MailboxId};

use crate::{
    Store,
    committer::Tx,
    row::{Row, sql},
};

/// Limits and use of a mailbox. A mail that lies in several folders counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Quota {
    /// Octets it may hold.
    pub octets: u64,
    /// Mails it may hold.
    pub mails: u64,
    /// Octets it holds.
    pub used_octets: u64,
    /// Mails it holds.
    pub used_mails: u64,
}

/// Whether a mail fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fits {
    /// It does.
    Yes,
    /// Not now: something has to go first (452).
    NotNow,
    /// It is larger than all that the mailbox may hold (552).
    Never,
}

impl Quota {
    /// Whether a mail of that size fits.
    pub fn fits(&self, octets: u64) -> Fits {
        if octets > self.octets || self.mails == 0 {
            return Fits::Never;
        }
        let fits = self.used_octets.saturating_add(octets) <= self.octets && self.used_mails < self.mails;
        if fits { Fits::Yes } else { Fits::NotNow }
    }
}

impl Store {
    /// What a mailbox may hold and holds; `None` when there is no such mailbox.
    ///
    /// # Errors
    /// `store.*`
    pub async fn quota(&self, mailbox: &MailboxId) -> Result<Option<Quota>, Fault> {
        self.row("read a quota", of_mailbox(mailbox)).await?.as_ref().map(read).transpose()
    }
    /// Sets what it may hold.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn set_quota(&self, mailbox: &MailboxId, octets: u64, mails: u64) -> Result<(), Fault> {
        let unknown = Fault::caller("mailbox.unknown", format!("there is no mailbox with the id {mailbox}"));
        let update = sql("UPDATE mailbox SET quota_octets = $1, quota_mails = $2 WHERE id = $3")
            .bind(i64::try_from(octets).unwrap_or(i64::MAX))
            .bind(i64::try_from(mails).unwrap_or(i64::MAX))
            .bind(mailbox.0.clone());
        self.write("set a quota", |tx| {
            Box::pin(async move { if tx.run(update).await? == 0 { Err(unknown) } else { Ok(()) } })
        })
        .await
    }
}

/// Takes room for a mail, which must fit unless it is `ours` (a notice that must not be lost).
///
/// # Errors
/// `mailbox.full` (not now), `mailbox.too-small` (never).
pub(crate) async fn take(tx: &mut Tx, mailbox: &MailboxId, octets: usize, ours: bool) -> Result<(), Fault> {
    if !ours && let Some(row) = tx.row(of_mailbox(mailbox)).await? {
        let full = |code, what: &str| {
            let what = format!("the mailbox {mailbox} {what}");
            Fault::new(code, Blame::Caller, Retry::Later).context(what)
        };
        match read(&row)?.fits(octets as u64) {
            Fits::Yes => {}
            Fits::NotNow => return Err(full("mailbox.full", "is full")),
            Fits::Never => return Err(full("mailbox.too-small", "is smaller than the message")),
        }
    }
    change(tx, mailbox, i64::try_from(octets).unwrap_or(i64::MAX), 1).await
}

/// Counts octets and mails more (or fewer).
pub(crate) async fn change(tx: &mut Tx, mailbox: &MailboxId, octets: i64, mails: i64) -> Result<(), Fault> {
    let update = sql("UPDATE mailbox SET used_octets = used_octets + $1, used_mails = used_mails + $2 WHERE id = $3");
    tx.run(update.bind(octets).bind(mails).bind(mailbox.0.clone())).await.map(drop)
}

fn of_mailbox(mailbox: &MailboxId) -> crate::row::Query {
    sql("SELECT quota_octets, quota_mails, used_octets, used_mails FROM mailbox WHERE id = $1").bind(mailbox.0.clone())
}

fn read(row: &Row) -> Result<Quota, Fault> {
    Ok(Quota {
        octets: row.count("quota_octets")?,
        mails: row.count("quota_mails")?,
        used_octets: row.count("used_octets")?,
        used_mails: row.count("used_mails")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_fits_now_later_or_never() {
        let quota = Quota { octets: 100, mails: 2, used_octets: 60, used_mails: 1 };
        assert_eq!(
            [40, 41, 100, 101].map(|octets| quota.fits(octets)),
            [Fits::Yes, Fits::NotNow, Fits::NotNow, Fits::Never]
        );
        assert_eq!(Quota { used_mails: 2, ..quota }.fits(1), Fits::NotNow);
    }
}
