//! The rows of attempts.

use std::net::IpAddr;

use reference::Class;
use rules::{Fault, id::AttemptId};
use syntax::Timestamp;

use crate::{
    BeginAttempt, Settled,
    committer::Tx,
    fault::corrupt,
    row::{Query, Row, free_text, sql},
};

/// An attempt's row.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Attempt {
    /// Id.
    pub id: AttemptId,
    /// Number, from 1.
    pub number: u32,
    /// Source IP.
    pub egress_ip: IpAddr,
    /// When begun.
    pub begun_at: Timestamp,
    /// When ended; `None` while under way or lost in a crash.
    pub ended_at: Option<Timestamp>,
    /// `delivered`, `deferred`, `in_doubt`, `bounced`; `None` while under way.
    pub verdict: Option<String>,
    /// MX host.
    pub mx_host: Option<String>,
    /// Peer.
    pub peer: Option<String>,
    /// TLS.
    pub tls: Option<String>,
    /// Stage.
    pub stage: Option<String>,
    /// Reply.
    pub reply: Option<String>,
    /// Enhanced code.
    pub enhanced: Option<String>,
    /// Entry id.
    pub entry: Option<String>,
    /// Class.
    pub class: Option<Class>,
    /// Transcript.
    pub transcript: String,
}

/// An attempt that begins now.
pub(crate) async fn insert_begun(tx: &mut Tx, id: &AttemptId, begin: &BeginAttempt) -> Result<(), Fault> {
    let insert = sql("INSERT INTO attempt (id, recipient, number, egress_ip, begun_at, next_at, transcript) \
                      VALUES ($1, $2, $3, $4, $5, $6, '')")
    .bind(id.0.clone())
    .bind(begin.recipient.0.clone())
    .bind(i64::from(begin.number))
    .bind(begin.egress_ip.to_string())
    .bind(tx.now.micros())
    .bind(begin.next_at.micros());
    tx.run(insert).await.map(drop)
}

/// Writes how an attempt ended; whether it was still open.
pub(crate) async fn settle_attempt(tx: &mut Tx, settled: &Settled) -> Result<bool, Fault> {
    let update = sql("UPDATE attempt SET verdict = $1, mx_host = $2, peer = $3, tls = $4, stage = $5, reply = $6, \
                      enhanced = $7, entry = $8, class = $9, transcript = $10, ended_at = $11 \
                      WHERE id = $12 AND recipient = $13 AND verdict IS NULL");
    let update = result(update, settled)?
        .bind(tx.now.micros())
        .bind(settled.attempt.0.clone())
        .bind(settled.recipient.0.clone());
    Ok(tx.run(update).await? > 0)
}

/// A notification that came later, as one more attempt: what it says, from the IP of the attempt before.
pub(crate) async fn insert_notification(tx: &mut Tx, settled: &Settled) -> Result<(), Fault> {
    let insert = sql("INSERT INTO attempt (verdict, mx_host, peer, tls, stage, reply, enhanced, entry, class, \
                      transcript, begun_at, ended_at, id, recipient, number, egress_ip) \
                      SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, r.id, \
                      (SELECT COALESCE(MAX(a.number), 0) + 1 FROM attempt a WHERE a.recipient = r.id), \
                      COALESCE((SELECT a.egress_ip FROM attempt a WHERE a.recipient = r.id \
                      ORDER BY a.number DESC LIMIT 1), d.egress_ip) \
                      FROM recipient r JOIN message m ON m.id = r.message JOIN domain d ON d.id = m.domain \
                      WHERE r.id = $14");
    let insert = result(insert, settled)?
        .bind(tx.now.micros())
        .bind(tx.now.micros())
        .bind(tx.id())
        .bind(settled.recipient.0.clone());
    tx.run(insert).await.map(drop)
}

/// Binds $1 to $10.
fn result(query: Query, settled: &Settled) -> Result<Query, Fault> {
    let text = |text: &Option<String>| text.as_deref().map(free_text);
    let class = settled.class.as_ref().map(serde_json::to_string).transpose();
    let class = class.map_err(|error| corrupt("write an attempt", error))?;
    Ok(query
        .bind(settled.verdict.as_str())
        .bind(text(&settled.mx_host))
        .bind(text(&settled.peer))
        .bind(text(&settled.tls))
        .bind(free_text(&settled.stage))
        .bind(text(&settled.reply))
        .bind(text(&settled.enhanced))
        .bind(text(&settled.entry))
        .bind(class)
        .bind(free_text(&settled.transcript)))
}

/// An attempt.
pub(crate) fn read(row: &Row) -> Result<Attempt, Fault> {
    Ok(Attempt {
        id: AttemptId(row.text("id")?),
        number: row.count("number")?,
        egress_ip: row.parsed("egress_ip")?,
        begun_at: row.moment("begun_at")?,
        ended_at: row.moment_or_none("ended_at")?,
        verdict: row.text_or_none("verdict")?,
        mx_host: row.text_or_none("mx_host")?,
        peer: row.text_or_none("peer")?,
        tls: row.text_or_none("tls")?,
        stage: row.text_or_none("stage")?,
        reply: row.text_or_none("reply")?,
        enhanced: row.text_or_none("enhanced")?,
        entry: row.text_or_none("entry")?,
        class: row.json_or_none("class")?,
        transcript: row.text("transcript")?,
    })
}
