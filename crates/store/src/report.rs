//! What receivers reported of mail in our name: kept here, read in `read`.

mod read;

use report::Kind;
use rules::{
    Fault,
    event::Event,
    id::{RecipientId, ReportId},
};
use syntax::{Domain, Timestamp};

use crate::{
    committer::Tx,
    row::{free_text, sql},
};

pub use read::{ReportFilter, ReportsOf, SourceDay, TlsDay};

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportState {
    /// It counts.
    Counted,
    /// The same came before.
    Duplicate,
    /// It is not about a domain of ours.
    Refused,
    /// It cannot be read.
    Unreadable,
    /// A complaint that nothing shows to be about a message of ours.
    Unproven,
}

impl ReportState {
    /// As it is stored and written: `counted`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Duplicate => "duplicate",
            Self::Refused => "refused",
            Self::Unreadable => "unreadable",
            Self::Unproven => "unproven",
        }
    }
    /// Reads what [`ReportState::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Counted, Self::Duplicate, Self::Refused, Self::Unreadable, Self::Unproven];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// A report to be stored.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// What it is about.
    pub kind: Kind,
    /// What becomes of it; `Counted` becomes `Duplicate` when the same came before.
    pub state: ReportState,
    /// Why it does not count, or what it proves.
    pub reason: Option<String>,
    /// What makes two reports the same, besides kind and sender.
    pub key: String,
    /// The domain that it is about, as it says; may be empty.
    pub domain: String,
    /// Who reports, as it says.
    pub organization: String,
    /// Its id, as it says.
    pub report_id: String,
    /// From domain of the mail that brought it.
    pub sender: Option<Domain>,
    /// That mail passed DMARC, or SPF or DKIM of its From domain.
    pub verified: bool,
    /// Begin of its period.
    pub begins_at: Timestamp,
    /// End of its period.
    pub ends_at: Timestamp,
    /// Messages or sessions.
    pub messages: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// The recipient row that a complaint is about.
    pub recipient: Option<RecipientId>,
    /// Everything that was read, as JSON.
    pub detail: String,
    /// Who sent, of a DMARC aggregate report.
    pub sources: Vec<ReportedSource>,
    /// Sessions, of a TLS report.
    pub tls: Vec<ReportedTls>,
}

/// Messages from one source with one outcome.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReportedSource {
    /// The IP, or what stands for one.
    pub source_ip: String,
    /// From domain.
    pub header_from: String,
    /// The domain whose DKIM or else SPF passed; empty when none did.
    pub authenticated_as: String,
    /// What the receiver did: `none`, `quarantine`, `reject`…
    pub disposition: String,
    /// DKIM passed and was aligned.
    pub dkim_aligned: bool,
    /// SPF passed and was aligned.
    pub spf_aligned: bool,
    /// Messages.
    pub messages: u64,
}

/// Sessions with one outcome.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReportedTls {
    /// `sts`, `tlsa`, `no-policy-found`.
    pub policy: String,
    /// `success`, or a result type of RFC 8460 §4.3.
    pub result: String,
    /// The MX host; empty when it is not said.
    pub mx_host: String,
    /// Sessions.
    pub sessions: u64,
}

/// A report's row.
#[derive(Debug, Clone, serde::Serialize)]
#[expect(missing_docs, reason = "fields are those of NewReport")]
pub struct StoredReport {
    pub id: ReportId,
    pub kind: Kind,
    pub state: ReportState,
    pub reason: Option<String>,
    pub domain: String,
    pub organization: String,
    pub report_id: String,
    pub sender: Option<String>,
    pub verified: bool,
    pub begins_at: Timestamp,
    pub ends_at: Timestamp,
    pub messages: u64,
    pub failures: u64,
    pub recipient: Option<RecipientId>,
    pub received_at: Timestamp,
}

/// Stores a report within a transaction, and writes ReportReceived. Gives its id and what became of it.
pub(crate) async fn put_report(tx: &mut Tx, new: NewReport) -> Result<(ReportId, ReportState), Fault> {
    let id = ReportId(tx.id());
    // Of a report that nobody vouches for, nobody's real one can be the duplicate.
    let vouched = if new.verified { "verified" } else { "unverified" };
    let sender = new.sender.as_ref().map_or("", Domain::as_str);
    let key = free_text(&format!("{}\n{vouched}\n{sender}\n{}", new.kind.as_str(), new.key));
    let (state, reason, key) = match new.state {
        ReportState::Counted => match first_of(tx, &key).await? {
            Some(first) => (ReportState::Duplicate, Some(format!("the same as report {first}")), None),
            None => (ReportState::Counted, new.reason.clone(), Some(key)),
        },
        other => (other, new.reason.clone(), None),
    };
    insert(tx, &id, state, reason, key, &new).await?;
    if state == ReportState::Counted {
        insert_sources(tx, &id, &new).await?;
        insert_tls(tx, &id, &new).await?;
    }
    let received = Event::ReportReceived {
        report: id.clone(),
        report_kind: new.kind.as_str().to_owned(),
        state: state.as_str().to_owned(),
        domain: new.domain,
        organization: new.organization,
    };
    tx.record(&[received]).await?;
    Ok((id, state))
}

async fn first_of(tx: &mut Tx, key: &str) -> Result<Option<String>, Fault> {
    let first = sql("SELECT id FROM report WHERE report_key = $1").bind(key.to_owned());
    tx.row(first).await?.map(|row| row.text("id")).transpose()
}

async fn insert(
    tx: &mut Tx,
    id: &ReportId,
    state: ReportState,
    reason: Option<String>,
    key: Option<String>,
    new: &NewReport,
) -> Result<(), Fault> {
    let insert =
        sql("INSERT INTO report (id, kind, state, reason, report_key, domain, organization, report_id, sender, \
                      verified, begins_at, ends_at, messages, failures, recipient, detail, received_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)")
        .bind(id.0.clone())
        .bind(new.kind.as_str())
        .bind(state.as_str())
        .bind(reason.as_deref().map(free_text))
        .bind(key)
        .bind(free_text(&new.domain))
        .bind(free_text(&new.organization))
        .bind(free_text(&new.report_id))
        .bind(new.sender.as_ref().map(Domain::to_string))
        .bind(i64::from(new.verified))
        .bind(new.begins_at.micros())
        .bind(new.ends_at.micros())
        .bind(number(new.messages))
        .bind(number(new.failures))
        .bind(new.recipient.as_ref().map(|recipient| recipient.0.clone()))
        .bind(free_text(&new.detail))
        .bind(tx.now.micros());
    tx.run(insert).await.map(drop)
}

async fn insert_sources(tx: &mut Tx, id: &ReportId, new: &NewReport) -> Result<(), Fault> {
    let (domain, day) = (free_text(&new.domain), new.begins_at.day());
    let into = "report_source (report, domain, day, source_ip, header_from, authenticated_as, disposition, \
                dkim_aligned, spf_aligned, messages)";
    tx.insert(into, 10, &new.sources, |query, source| {
        query
            .bind(id.0.clone())
            .bind(domain.clone())
            .bind(day.clone())
            .bind(free_text(&source.source_ip))
            .bind(free_text(&source.header_from))
            .bind(free_text(&source.authenticated_as))
            .bind(free_text(&source.disposition))
            .bind(i64::from(source.dkim_aligned))
            .bind(i64::from(source.spf_aligned))
            .bind(number(source.messages))
    })
    .await
}

async fn insert_tls(tx: &mut Tx, id: &ReportId, new: &NewReport) -> Result<(), Fault> {
    let (domain, day) = (free_text(&new.domain), new.begins_at.day());
    tx.insert("report_tls (report, domain, day, policy, result, mx_host, sessions)", 7, &new.tls, |query, tls| {
        query
            .bind(id.0.clone())
            .bind(domain.clone())
            .bind(day.clone())
            .bind(free_text(&tls.policy))
            .bind(free_text(&tls.result))
            .bind(free_text(&tls.mx_host))
            .bind(number(tls.sessions))
    })
    .await
}

/// A count of somebody else's, bounded so that sums stay within a BIGINT.
fn number(count: u64) -> i64 {
    const MOST: i64 = 1_000_000_000_000;
    i64::try_from(count).unwrap_or(MOST).min(MOST)
}
