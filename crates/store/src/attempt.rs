//! The rows of attempts.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use reference::Class;
use rules::{Fault, event::Event, id::AttemptId};
use syntax::{Address, Timestamp};

use crate::{
    BeginAttempt, Settled,
    committer::{Tx, in_few_sizes},
    fault::corrupt,
    proof::is_correspondent,
    row::{Query, Row, free_text, sql, sql_made, typed},
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

/// Begins attempts, each answered in order; `None`: it was begun elsewhere, settled or dropped meanwhile.
pub(crate) async fn begin_all(tx: &mut Tx, begins: &[BeginAttempt]) -> Result<Vec<Option<AttemptId>>, Fault> {
    let mut taken: HashMap<String, Row> = HashMap::new();
    for piece in in_few_sizes(begins) {
        // The number is the fence: of two that looked at the same row, the second finds it raised.
        let text = format!(
            "UPDATE recipient SET state = 'sending', attempts = v.column2, next_at = NULL FROM (VALUES {}) AS v \
             WHERE recipient.id = v.column1 AND recipient.attempts = v.column2 - 1 AND recipient.next_at IS NOT NULL \
             RETURNING id, address, domain",
            typed(1, piece.len(), &["TEXT", "BIGINT"])
        );
        let take = piece
            .iter()
            .fold(sql_made(text), |query, begin| query.bind(begin.recipient.0.clone()).bind(i64::from(begin.number)));
        for row in tx.rows(take).await? {
            taken.insert(row.text("id")?, row);
        }
    }
    // Of two requests for one attempt in the same group, the first has it.
    let mut begun = Vec::with_capacity(begins.len());
    let mut rows = Vec::with_capacity(taken.len());
    for begin in begins {
        let Some(row) = taken.remove(&begin.recipient.0) else {
            begun.push(None);
            continue;
        };
        let attempt = AttemptId(tx.id());
        if !is_correspondent(tx, &begin.recipient, &row.parsed("address")?).await? {
            let (recipient, number) = (begin.recipient.clone(), begin.number);
            tx.record(&[Event::AttemptBegun { recipient, attempt: attempt.clone(), number }]).await?;
        }
        rows.push((attempt.clone(), begin, row.text("domain")?));
        begun.push(Some(attempt));
    }
    let now = tx.now.micros();
    let into = "attempt (id, recipient, number, egress_ip, begun_at, next_at, transcript, domain)";
    tx.insert(into, 8, &rows, |query, (attempt, begin, domain)| {
        query
            .bind(attempt.0.clone())
            .bind(begin.recipient.0.clone())
            .bind(i64::from(begin.number))
            .bind(begin.egress_ip.to_string())
            .bind(now)
            .bind(begin.next_at.micros())
            .bind(String::new())
            .bind(domain.clone())
    })
    .await?;
    Ok(begun)
}

/// Writes how attempts ended that bring no notice.
pub(crate) async fn settle_all(tx: &mut Tx, settled: &[Settled]) -> Result<Vec<()>, Fault> {
    settled_now(tx, settled).await.map(|now| now.iter().map(|_| ()).collect())
}

/// Writes how attempts ended, with their events. Which of them ended now, and were of a recipient that was still being sent to:
/// those that were settled before are left alone, and of a recipient that bounced meanwhile only the attempt is written.
pub(crate) async fn settled_now(tx: &mut Tx, settled: &[Settled]) -> Result<Vec<bool>, Fault> {
    let mut ended = HashSet::new();
    for piece in in_few_sizes(settled) {
        let query = sql_made(format!("{SETTLE} (VALUES {}) AS v {SETTLED}", typed(2, piece.len(), &SETTLE_TYPES)));
        let mut query = query.bind(tx.now.micros());
        for one in piece {
            query = result(query, one)?.bind(one.attempt.0.clone()).bind(one.recipient.0.clone());
        }
        for row in tx.rows(query).await? {
            ended.insert(row.text("id")?);
        }
    }
    let is_over: Vec<bool> = settled.iter().map(|one| ended.remove(&one.attempt.0)).collect();
    let over: Vec<&Settled> =
        settled.iter().zip(&is_over).filter(|(_, is_over)| **is_over).map(|(one, _)| one).collect();
    let mut addresses: HashMap<String, Address> = HashMap::new();
    for piece in in_few_sizes(&over) {
        let text = format!(
            "UPDATE recipient SET state = v.column2, next_at = v.column3, \
             possible_duplicate = CASE WHEN v.column2 = 'in_doubt' THEN 1 ELSE possible_duplicate END \
             FROM (VALUES {}) AS v WHERE recipient.id = v.column1 AND recipient.state = 'sending' RETURNING id, address",
            typed(1, piece.len(), &["TEXT", "TEXT", "BIGINT"])
        );
        let query = piece.iter().fold(sql_made(text), |query, one| {
            let (state, next_at) = (one.verdict.as_str(), one.verdict.next_at().map(Timestamp::micros));
            query.bind(one.recipient.0.clone()).bind(state).bind(next_at)
        });
        for row in tx.rows(query).await? {
            addresses.insert(row.text("id")?, row.parsed("address")?);
        }
    }
    let mut now = Vec::with_capacity(settled.len());
    for (one, is_over) in settled.iter().zip(is_over) {
        let address = is_over.then(|| addresses.remove(&one.recipient.0)).flatten();
        if let Some(address) = &address
            && !is_correspondent(tx, &one.recipient, address).await?
        {
            tx.record(&one.events).await?;
        }
        now.push(address.is_some());
    }
    Ok(now)
}

const SETTLE: &str = "UPDATE attempt SET verdict = v.column1, mx_host = v.column2, peer = v.column3, tls = v.column4, \
                      stage = v.column5, reply = v.column6, enhanced = v.column7, entry = v.column8, class = v.column9, \
                      transcript = v.column10, ended_at = $1 FROM";
const SETTLED: &str =
    "WHERE attempt.id = v.column11 AND attempt.recipient = v.column12 AND attempt.verdict IS NULL RETURNING id";
const SETTLE_TYPES: [&str; 12] = ["TEXT"; 12];

/// A notification that came later, as one more attempt: what it says, from the IP of the attempt before.
pub(crate) async fn insert_notification(tx: &mut Tx, settled: &Settled) -> Result<(), Fault> {
    let insert = sql("INSERT INTO attempt (verdict, mx_host, peer, tls, stage, reply, enhanced, entry, class, \
                      transcript, begun_at, ended_at, id, recipient, domain, number, egress_ip) \
                      SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, r.id, r.domain, \
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

/// Binds ten values.
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
