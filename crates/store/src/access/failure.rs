//! Sign-ins that failed, counted before they are looked at: many at the same time gain nothing.

use std::time::Duration;

use rules::{
    Fault,
    access::{FORGOTTEN_AFTER, Subject, wait_after},
};
use syntax::Timestamp;

use crate::{
    Store,
    committer::Tx,
    row::{Row, sql},
};

impl Store {
    /// Counts a try as failed until [`Store::sign_in_succeeded`] says otherwise; or says how long to wait, and then it
    /// counts nothing. The subjects are keyed hashes.
    ///
    /// # Errors
    /// `store.*`
    pub async fn begin_sign_in(&self, subjects: Vec<(Subject, String)>) -> Result<Option<Duration>, Fault> {
        self.write("begin a sign-in", move |tx| {
            Box::pin(async move {
                let forget = (tx.now - FORGOTTEN_AFTER).micros();
                tx.run(sql("DELETE FROM sign_in_failure WHERE last_at < $1").bind(forget)).await?;
                let mut longest = Duration::ZERO;
                for (kind, subject) in &subjects {
                    longest = longest.max(left_to_wait(tx, *kind, subject).await?);
                }
                if !longest.is_zero() {
                    return Ok(Some(longest));
                }
                for (_, subject) in subjects {
                    let count = sql("INSERT INTO sign_in_failure (subject, failures, last_at) VALUES ($1, 1, $2) \
                                     ON CONFLICT (subject) DO UPDATE SET failures = sign_in_failure.failures + 1, \
                                     last_at = excluded.last_at");
                    tx.run(count.bind(subject).bind(tx.now.micros())).await?;
                }
                Ok(None)
            })
        })
        .await
    }

    /// Forgets the failures of a login, and takes back the one that was counted for the IP.
    ///
    /// # Errors
    /// `store.*`
    pub async fn sign_in_succeeded(&self, subjects: Vec<(Subject, String)>) -> Result<(), Fault> {
        self.write("end a sign-in", move |tx| {
            Box::pin(async move {
                for (kind, subject) in subjects {
                    let forget = match kind {
                        Subject::Login => sql("DELETE FROM sign_in_failure WHERE subject = $1"),
                        Subject::Ip => sql("UPDATE sign_in_failure SET failures = failures - 1 WHERE subject = $1"),
                    };
                    tx.run(forget.bind(subject)).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

async fn left_to_wait(tx: &mut Tx, kind: Subject, subject: &str) -> Result<Duration, Fault> {
    let of_subject = sql("SELECT failures, last_at FROM sign_in_failure WHERE subject = $1");
    let Some(row) = tx.row(of_subject.bind(subject.to_owned())).await? else { return Ok(Duration::ZERO) };
    let until = end_of_wait(&row, kind)?;
    Ok(if until > tx.now { until.since(tx.now) } else { Duration::ZERO })
}

fn end_of_wait(row: &Row, kind: Subject) -> Result<Timestamp, Fault> {
    Ok(row.moment("last_at")? + wait_after(kind, row.count("failures")?))
}
