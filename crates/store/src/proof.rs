//! Pairing proofs: asked for, taken up, ended; and where each mailbox stands by them.
//!
//! Reading order: [`Proof`], the life of one here, then `letter` (the mails of a proof) and `read` (what pages show).

mod letter;
mod read;

use std::time::Duration;

use rules::{
    Fault,
    event::Event,
    id::{MailboxId, MessageId, ProofId, RecipientId},
    proof::{CORRESPONDENT, Outcome, Seen, Standing, Step, culprit},
};
use syntax::{Address, Timestamp};

use crate::{
    Store,
    access::Deed,
    committer::Tx,
    fault::corrupt,
    row::{Row, free_text, sql},
};

pub use letter::Letter;
pub use read::Pairing;

/// Why a proof is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofReason {
    /// Somebody asked for it.
    Demand,
    /// The mailbox is new, or the last proof is old.
    Schedule,
}

impl ProofReason {
    /// As it is stored and written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Demand => "demand",
            Self::Schedule => "schedule",
        }
    }
    fn parse(text: &str) -> Option<Self> {
        [Self::Demand, Self::Schedule].into_iter().find(|reason| reason.as_str() == text)
    }
}

/// A proof.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Proof {
    /// Id.
    pub id: ProofId,
    /// Of which mailbox.
    pub mailbox: MailboxId,
    /// Its address.
    pub address: Address,
    /// Why.
    pub reason: ProofReason,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it was taken up.
    pub begun_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it came to.
    pub outcome: Option<Outcome>,
    /// The step that it failed for.
    pub finding: Option<Step>,
    /// Whom it wrote to.
    pub correspondent: Option<Address>,
    /// What was looked at, in order.
    pub steps: Vec<Seen>,
}

/// How a proof ended.
#[derive(Debug, Clone)]
pub struct ProofEnd {
    /// Which.
    pub proof: ProofId,
    /// What it came to.
    pub outcome: Outcome,
    /// What was looked at.
    pub steps: Vec<Seen>,
    /// When the next is due.
    pub due_at: Timestamp,
}

/// An operator's word that a mailbox may send although its proof failed.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ProofOverride {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// Longest reason of an override, in characters.
const MAX_REASON: usize = 500;
/// Ended proofs that are kept for each mailbox.
const KEPT: i64 = 14;
const SELECT: &str = "SELECT p.*, b.address AS address FROM proof p JOIN mailbox b ON b.id = p.mailbox";

impl Store {
    /// Asks for proofs: the ids in the same order. A mailbox with one under way gets that one.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn request_proofs(&self, mailboxes: &[MailboxId]) -> Result<Vec<ProofId>, Fault> {
        let mailboxes = mailboxes.to_vec();
        self.write("ask for proofs", move |tx| {
            Box::pin(async move {
                let mut proofs = Vec::with_capacity(mailboxes.len());
                for mailbox in mailboxes {
                    proofs.push(open(tx, &mailbox, ProofReason::Demand, None).await?);
                }
                Ok(proofs)
            })
        })
        .await
    }

    /// Takes up to `limit` proofs in hand: first those that were asked for, then, when `scheduled`, those that are due.
    ///
    /// # Errors
    /// `store.*`
    pub async fn take_proofs(&self, limit: u32, scheduled: bool) -> Result<Vec<Proof>, Fault> {
        self.write("take up proofs", move |tx| {
            Box::pin(async move {
                let mut ids = take_asked(tx, limit).await?;
                let room = i64::from(limit) - i64::try_from(ids.len()).unwrap_or(i64::MAX);
                if scheduled && room > 0 {
                    ids.extend(take_due(tx, room).await?);
                }
                let mut taken = Vec::with_capacity(ids.len());
                for id in ids {
                    let of_id = crate::row::sql_made(format!("{SELECT} WHERE p.id = $1")).bind(id);
                    taken.extend(tx.row(of_id).await?.as_ref().map(read).transpose()?);
                }
                Ok(taken)
            })
        })
        .await
    }

    /// Whether there is one to be taken up.
    ///
    /// # Errors
    /// `store.*`
    pub async fn has_proofs_to_make(&self, scheduled: bool) -> Result<bool, Fault> {
        let asked = sql("SELECT id FROM proof WHERE ended_at IS NULL AND begun_at IS NULL LIMIT 1");
        if self.row("look for proofs", asked).await?.is_some() {
            return Ok(true);
        }
        let due =
            sql("SELECT mailbox FROM proof_standing WHERE due_at <= $1 LIMIT 1").bind(self.clock().now().micros());
        Ok(scheduled && self.row("look for proofs", due).await?.is_some())
    }

    /// After a start: proofs that were under way when the program ended are taken up again.
    ///
    /// # Errors
    /// `store.*`
    pub async fn recover_proofs(&self) -> Result<u64, Fault> {
        let update = sql("UPDATE proof SET begun_at = NULL WHERE ended_at IS NULL AND begun_at IS NOT NULL");
        self.write("take up proofs again", |tx| Box::pin(async move { tx.run(update).await })).await
    }

    /// Writes how a proof ended: its steps, where the mailbox stands now, an event when that is news. Its mails are gone after
    /// it. A proof that could not be made changes nothing but when the next is due.
    ///
    /// # Errors
    /// `store.*`
    pub async fn end_proof(&self, end: ProofEnd) -> Result<(), Fault> {
        self.write("end a proof", move |tx| Box::pin(async move { finish(tx, end).await })).await
    }

    /// Lets a mailbox send although its proof failed (or it has none), until a proof passes. Written into the audit log.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn override_proof(&self, mailbox: &MailboxId, who: &str, reason: &str) -> Result<(), Fault> {
        let (mailbox, who) = (mailbox.clone(), who.to_owned());
        let reason: String = free_text(reason).chars().take(MAX_REASON).collect();
        self.write("override a proof", move |tx| {
            Box::pin(async move {
                let of_id = sql("SELECT b.address, d.workspace FROM mailbox b JOIN domain d ON d.id = b.domain \
                                 WHERE b.id = $1")
                .bind(mailbox.0.clone());
                let Some(row) = tx.row(of_id).await? else { return Err(unknown(&mailbox)) };
                let (address, workspace) = (row.text("address")?, row.text("workspace")?);
                let update =
                    sql("UPDATE proof_standing SET overridden_at = $1, overridden_by = $2, override_reason = $3 \
                                  WHERE mailbox = $4")
                    .bind(tx.now.micros())
                    .bind(free_text(&who))
                    .bind(reason.clone())
                    .bind(mailbox.0);
                tx.run(update).await?;
                let about = format!("{address}: {reason}");
                let workspace = Some(rules::id::WorkspaceId(workspace));
                tx.audit(Deed { who, what: "mailbox.override-proof", about, workspace }).await
            })
        })
        .await
    }

    /// Where a mailbox stands.
    ///
    /// # Errors
    /// `store.*`
    pub async fn proof_standing(&self, mailbox: &MailboxId) -> Result<Standing, Fault> {
        let of_mailbox = sql("SELECT * FROM proof_standing WHERE mailbox = $1").bind(mailbox.0.clone());
        let row = self.row("read where a mailbox stands", of_mailbox).await?;
        row.as_ref().map_or_else(|| Ok(Standing::default()), standing)
    }
}

/// How long after it was made a mailbox is proved first: the records of a domain that was made with it are served by then.
const FIRST: Duration = Duration::from_secs(5);

/// A new mailbox is due in a moment.
pub(crate) async fn stand(tx: &mut Tx, mailbox: &MailboxId) -> Result<(), Fault> {
    let insert = sql("INSERT INTO proof_standing (mailbox, due_at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(mailbox.0.clone())
        .bind((tx.now + FIRST).micros());
    tx.run(insert).await.map(drop)
}

/// The open proof of a mailbox; made when there is none.
async fn open(
    tx: &mut Tx,
    mailbox: &MailboxId,
    reason: ProofReason,
    begun_at: Option<Timestamp>,
) -> Result<ProofId, Fault> {
    let of_mailbox = sql("SELECT id FROM proof WHERE mailbox = $1 AND ended_at IS NULL").bind(mailbox.0.clone());
    if let Some(row) = tx.row(of_mailbox).await? {
        return row.text("id").map(ProofId);
    }
    if tx.row(sql("SELECT id FROM mailbox WHERE id = $1").bind(mailbox.0.clone())).await?.is_none() {
        return Err(unknown(mailbox));
    }
    let id = tx.id();
    let insert =
        sql("INSERT INTO proof (id, mailbox, reason, asked_at, begun_at, steps) VALUES ($1, $2, $3, $4, $5, '[]')")
            .bind(id.clone())
            .bind(mailbox.0.clone())
            .bind(reason.as_str())
            .bind(tx.now.micros())
            .bind(begun_at.map(Timestamp::micros));
    tx.run(insert).await?;
    Ok(ProofId(id))
}

async fn take_asked(tx: &mut Tx, limit: u32) -> Result<Vec<String>, Fault> {
    let update = sql("UPDATE proof SET begun_at = $1 WHERE begun_at IS NULL AND id IN \
                      (SELECT id FROM proof WHERE ended_at IS NULL AND begun_at IS NULL ORDER BY id LIMIT $2) RETURNING id")
    .bind(tx.now.micros())
    .bind(i64::from(limit));
    tx.rows(update).await?.iter().map(|row| row.text("id")).collect()
}

async fn take_due(tx: &mut Tx, limit: i64) -> Result<Vec<String>, Fault> {
    let due = sql("SELECT s.mailbox FROM proof_standing s JOIN mailbox b ON b.id = s.mailbox WHERE s.due_at <= $1 \
                   AND b.suspended_at IS NULL \
                   AND NOT EXISTS (SELECT 1 FROM proof p WHERE p.mailbox = s.mailbox AND p.ended_at IS NULL) \
                   ORDER BY s.due_at, s.mailbox LIMIT $2")
    .bind(tx.now.micros())
    .bind(limit);
    let mut ids = Vec::new();
    for row in tx.rows(due).await? {
        let (mailbox, now) = (MailboxId(row.text("mailbox")?), tx.now);
        ids.push(open(tx, &mailbox, ProofReason::Schedule, Some(now)).await?.0);
    }
    Ok(ids)
}

async fn finish(tx: &mut Tx, end: ProofEnd) -> Result<(), Fault> {
    let of_id =
        crate::row::sql_made(format!("{SELECT} WHERE p.id = $1 AND p.ended_at IS NULL")).bind(end.proof.0.clone());
    let Some(row) = tx.row(of_id).await? else { return Ok(()) };
    let proof = read(&row)?;
    let message = row.text_or_none("message")?.map(MessageId);
    let failed_for = culprit(&end.steps).cloned();
    let finding = failed_for.as_ref().map(|seen| seen.step.finding());
    let steps = serde_json::to_string(&end.steps).map_err(|error| corrupt("end a proof", error))?;
    let update =
        sql("UPDATE proof SET ended_at = $1, outcome = $2, finding = $3, steps = $4, correspondent_key = NULL \
                      WHERE id = $5")
        .bind(tx.now.micros())
        .bind(end.outcome.as_str())
        .bind(finding)
        .bind(free_text(&steps))
        .bind(end.proof.0.clone());
    tx.run(update).await?;
    letter::clear(tx, &end.proof, message.as_ref()).await?;
    tx.run(
        sql("UPDATE proof_standing SET due_at = $1 WHERE mailbox = $2")
            .bind(end.due_at.micros())
            .bind(proof.mailbox.0.clone()),
    )
    .await?;
    forget_old(tx, &proof.mailbox).await?;
    match (end.outcome, failed_for) {
        (Outcome::Passed, _) => decide(tx, &proof, None).await,
        (Outcome::Failed, Some(seen)) => decide(tx, &proof, Some(&seen)).await,
        _ => Ok(()),
    }
}

/// Where the mailbox stands now. An event when it stood elsewhere before.
async fn decide(tx: &mut Tx, proof: &Proof, failed_for: Option<&Seen>) -> Result<(), Fault> {
    let before = sql("SELECT * FROM proof_standing WHERE mailbox = $1").bind(proof.mailbox.0.clone());
    let before = tx.row(before).await?.as_ref().map(standing).transpose()?.unwrap_or_default();
    let finding = failed_for.map(|seen| seen.step);
    let update = match failed_for {
        // A pass ends what an operator had overridden.
        None => sql("UPDATE proof_standing SET passed = $1, finding = $2, decided_at = $3, overridden_at = NULL, \
                     overridden_by = NULL, override_reason = NULL WHERE mailbox = $4"),
        Some(_) => sql("UPDATE proof_standing SET passed = $1, finding = $2, decided_at = $3 WHERE mailbox = $4"),
    };
    let update = update
        .bind(i64::from(failed_for.is_none()))
        .bind(finding.map(Step::finding))
        .bind(tx.now.micros())
        .bind(proof.mailbox.0.clone());
    tx.run(update).await?;
    if before.passed == Some(failed_for.is_none()) && before.finding == finding {
        return Ok(());
    }
    let (mailbox, address) = (proof.mailbox.clone(), proof.address.clone());
    let event = match failed_for {
        None => Event::MailboxProofPassed { mailbox, address },
        Some(seen) => Event::MailboxProofFailed {
            mailbox,
            address,
            finding: seen.step,
            entry: seen.step.entry().to_owned(),
            evidence: seen.evidence.clone(),
        },
    };
    tx.record(&[event]).await
}

async fn forget_old(tx: &mut Tx, mailbox: &MailboxId) -> Result<(), Fault> {
    let delete =
        sql("DELETE FROM proof WHERE mailbox = $1 AND ended_at IS NOT NULL AND message IS NULL AND id NOT IN \
                      (SELECT id FROM proof WHERE mailbox = $1 ORDER BY id DESC LIMIT $2)")
        .bind(mailbox.0.clone())
        .bind(KEPT);
    tx.run(delete).await.map(drop)
}

/// Whether this is the recipient of a proof's message: what becomes of it is no news. Most addresses tell by themselves that they
/// are none.
pub(crate) async fn is_correspondent(tx: &mut Tx, recipient: &RecipientId, address: &Address) -> Result<bool, Fault> {
    if !address.local().starts_with(CORRESPONDENT) {
        return Ok(false);
    }
    let of_id = sql("SELECT p.id FROM recipient r JOIN proof p ON p.message = r.message WHERE r.id = $1")
        .bind(recipient.0.clone());
    Ok(tx.row(of_id).await?.is_some())
}

fn unknown(mailbox: &MailboxId) -> Fault {
    Fault::caller("mailbox.unknown", format!("there is no mailbox with the id {mailbox}"))
}

pub(crate) fn standing(row: &Row) -> Result<Standing, Fault> {
    Ok(Standing {
        passed: row.flag_or_none("passed")?,
        finding: row.text_or_none("finding")?.as_deref().and_then(Step::parse),
        overridden: row.moment_or_none("overridden_at")?.is_some(),
    })
}

fn read(row: &Row) -> Result<Proof, Fault> {
    Ok(Proof {
        id: ProofId(row.text("id")?),
        mailbox: MailboxId(row.text("mailbox")?),
        address: row.parsed("address")?,
        reason: row.named("reason", ProofReason::parse)?,
        asked_at: row.moment("asked_at")?,
        begun_at: row.moment_or_none("begun_at")?,
        ended_at: row.moment_or_none("ended_at")?,
        outcome: row.text_or_none("outcome")?.as_deref().and_then(Outcome::parse),
        finding: row.text_or_none("finding")?.as_deref().and_then(Step::parse),
        correspondent: row.parsed_or_none("correspondent")?,
        steps: row.json_or_none("steps")?.unwrap_or_default(),
    })
}
