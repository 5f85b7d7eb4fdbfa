//! What receivers reported of mail in our name.

use report::Kind;
use rules::{
    Fault,
    event::Event,
    id::{RecipientId, ReportId},
};
use syntax::{Domain, Timestamp};

use crate::{
    Store,
    committer::Tx,
    row::{Query, Row, free_text, sql, sql_made},
};

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

/// Which reports to list.
#[derive(Debug, Clone, Default)]
pub struct ReportFilter {
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only about this domain.
    pub domain: Option<Domain>,
    /// At most so many (0: 100), newest first.
    pub limit: u32,
}

/// Messages from one source on one day, over all reports that count.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SourceDay {
    /// The domain.
    pub domain: String,
    /// The day, `20261123`.
    pub day: String,
    /// What was seen.
    #[serde(flatten)]
    pub seen: ReportedSource,
}

/// Sessions with one outcome on one day, over all reports that count.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TlsDay {
    /// The domain.
    pub domain: String,
    /// The day, `20261123`.
    pub day: String,
    /// What was seen.
    #[serde(flatten)]
    pub seen: ReportedTls,
}

/// Most rows of a summary that are read.
const MAX_ROWS: i64 = 100_000;

impl Store {
    /// Reports, newest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn reports(&self, filter: &ReportFilter) -> Result<Vec<StoredReport>, Fault> {
        let limit = i64::from(if filter.limit == 0 { 100 } else { filter.limit });
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        if let Some(kind) = filter.kind {
            values.push(kind.as_str().to_owned());
            conditions.push(format!("kind = ${}", values.len()));
        }
        if let Some(domain) = &filter.domain {
            values.push(domain.to_string());
            conditions.push(format!("domain = ${}", values.len()));
        }
        let condition =
            if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        let text = format!("SELECT * FROM report {condition} ORDER BY id DESC LIMIT ${}", values.len() + 1);
        let query = values.into_iter().fold(sql_made(text), Query::bind).bind(limit);
        self.rows("list reports", query).await?.iter().map(read).collect()
    }

    /// One report and everything that was read of it, as JSON.
    ///
    /// # Errors
    /// `store.*`
    pub async fn report(&self, id: &ReportId) -> Result<Option<(StoredReport, String)>, Fault> {
        let of_id = sql("SELECT * FROM report WHERE id = $1").bind(id.0.clone());
        let row = self.row("read a report", of_id).await?;
        row.map(|row| Ok((read(&row)?, row.text("detail")?))).transpose()
    }

    /// Who sent in the name of our domains (of one when given) since that moment, by domain, day and outcome.
    ///
    /// # Errors
    /// `store.*`
    pub async fn report_sources(&self, domain: Option<&Domain>, since: Timestamp) -> Result<Vec<SourceDay>, Fault> {
        let query = of_domain(
            "SELECT domain, day, source_ip, header_from, authenticated_as, disposition, dkim_aligned, spf_aligned, \
             CAST(SUM(messages) AS BIGINT) AS messages FROM report_source",
            "GROUP BY domain, day, source_ip, header_from, authenticated_as, disposition, dkim_aligned, spf_aligned \
             ORDER BY domain, day, source_ip",
            domain,
            since,
        );
        let read = |row: &Row| {
            let seen = ReportedSource {
                source_ip: row.text("source_ip")?,
                header_from: row.text("header_from")?,
                authenticated_as: row.text("authenticated_as")?,
                disposition: row.text("disposition")?,
                dkim_aligned: row.flag("dkim_aligned")?,
                spf_aligned: row.flag("spf_aligned")?,
                messages: row.count("messages")?,
            };
            Ok(SourceDay { domain: row.text("domain")?, day: row.text("day")?, seen })
        };
        self.rows("sum up DMARC reports", query).await?.iter().map(read).collect()
    }

    /// How others got on with our TLS since that moment, by domain, day and outcome.
    ///
    /// # Errors
    /// `store.*`
    pub async fn report_tls(&self, domain: Option<&Domain>, since: Timestamp) -> Result<Vec<TlsDay>, Fault> {
        let query = of_domain(
            "SELECT domain, day, policy, result, mx_host, CAST(SUM(sessions) AS BIGINT) AS sessions FROM report_tls",
            "GROUP BY domain, day, policy, result, mx_host ORDER BY domain, day, result, mx_host",
            domain,
            since,
        );
        let read = |row: &Row| {
            let seen = ReportedTls {
                policy: row.text("policy")?,
                result: row.text("result")?,
                mx_host: row.text("mx_host")?,
                sessions: row.count("sessions")?,
            };
            Ok(TlsDay { domain: row.text("domain")?, day: row.text("day")?, seen })
        };
        self.rows("sum up TLS reports", query).await?.iter().map(read).collect()
    }

    /// Reports whose period begins since that moment, of any kind and state, newest first; of one domain when given.
    ///
    /// # Errors
    /// `store.*`
    pub async fn reports_since(&self, domain: Option<&Domain>, since: Timestamp) -> Result<Vec<StoredReport>, Fault> {
        let query = match domain {
            Some(domain) => sql("SELECT * FROM report WHERE begins_at >= $1 AND domain = $2 ORDER BY id DESC LIMIT $3")
                .bind(since.micros())
                .bind(domain.to_string()),
            None => sql("SELECT * FROM report WHERE begins_at >= $1 ORDER BY id DESC LIMIT $2").bind(since.micros()),
        };
        self.rows("list reports", query.bind(MAX_ROWS)).await?.iter().map(read).collect()
    }
}

fn of_domain(select: &str, rest: &str, domain: Option<&Domain>, since: Timestamp) -> Query {
    let query = match domain {
        Some(_) => sql_made(format!("{select} WHERE day >= $1 AND domain = $2 {rest} LIMIT $3")),
        None => sql_made(format!("{select} WHERE day >= $1 {rest} LIMIT $2")),
    };
    let query = query.bind(since.day());
    domain.into_iter().fold(query, |query, domain| query.bind(domain.to_string())).bind(MAX_ROWS)
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

fn read(row: &Row) -> Result<StoredReport, Fault> {
    Ok(StoredReport {
        id: ReportId(row.text("id")?),
        kind: row.named("kind", Kind::parse)?,
        state: row.named("state", ReportState::parse)?,
        reason: row.text_or_none("reason")?,
        domain: row.text("domain")?,
        organization: row.text("organization")?,
        report_id: row.text("report_id")?,
        sender: row.text_or_none("sender")?,
        verified: row.flag("verified")?,
        begins_at: row.moment("begins_at")?,
        ends_at: row.moment("ends_at")?,
        messages: row.count("messages")?,
        failures: row.count("failures")?,
        recipient: row.text_or_none("recipient")?.map(RecipientId),
        received_at: row.moment("received_at")?,
    })
}
