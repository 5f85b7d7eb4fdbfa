//! Certificates that a CA gives: wanted, due, ordered, given; and what answers the challenges of an order under way.

use rules::{
    Fault,
    certificate::{BREATH, IN_HAND},
    event::Event,
};
use syntax::Timestamp;

use crate::{
    Store,
    committer::Tx,
    row::{Query, Row, free_text, sql},
};

/// A certificate that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedCertificate {
    /// The first of its names.
    pub name: String,
    /// All of its names, the first among them.
    pub names: Vec<String>,
}

/// A certificate and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Certificate {
    /// The first of its names.
    pub name: String,
    /// All of its names.
    pub names: Vec<String>,
    /// Begin of the life of the one that is there.
    pub not_before: Option<Timestamp>,
    /// End of the life of the one that is there.
    pub not_after: Option<Timestamp>,
    /// When it is ordered next.
    pub due_at: Timestamp,
    /// When somebody asked for an order that was not made yet.
    pub asked_at: Option<Timestamp>,
    /// When the last order was begun.
    pub tried_at: Option<Timestamp>,
    /// Orders that failed since the last that did not.
    pub failures: u32,
    /// Code of the last failure.
    pub problem_code: Option<String>,
    /// Its words.
    pub problem: Option<String>,
}

/// A certificate with its private key.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    /// All of its names.
    pub names: Vec<String>,
    /// PEM.
    pub chain: String,
    /// PEM.
    pub private_key: String,
    /// Rises with every certificate given.
    pub revision: i64,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").field("names", &self.names).field("revision", &self.revision).finish_non_exhaustive()
    }
}

/// How an order ended.
pub enum CertificateEnd {
    /// It was given.
    Given {
        /// PEM.
        chain: String,
        /// PEM.
        private_key: String,
        /// Begin of its life.
        not_before: Timestamp,
        /// End of its life.
        not_after: Timestamp,
    },
    /// It failed.
    Failed {
        /// Code of the fault.
        code: String,
        /// Its words.
        problem: String,
    },
}

/// What is kept of a CA.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Ca {
    /// Our account there: JSON with a private key.
    pub credentials: Option<String>,
    /// Until when it is asked nothing.
    pub paused_until: Option<Timestamp>,
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ca").field("paused_until", &self.paused_until).finish_non_exhaustive()
    }
}

/// What answers one challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeProof {
    /// The name that is to be shown to be ours.
    pub name: String,
    /// Token: the last part of the path.
    pub token: String,
    /// Body of the file.
    pub answer: String,
    /// Text of the record.
    pub record: String,
}

impl Store {
    /// Makes the list of certificates what is wanted: new ones and those with other names are due now, others are forgotten.
    ///
    /// # Errors
    /// `store.*`
    pub async fn want_certificates(&self, wanted: Vec<WantedCertificate>) -> Result<(), Fault> {
        let there = self.certificates().await?;
        let is_there = |one: &WantedCertificate| there.iter().any(|row| row.name == one.name && row.names == one.names);
        if there.len() == wanted.len() && wanted.iter().all(is_there) {
            return Ok(());
        }
        self.write("write down which certificates are wanted", |tx| Box::pin(async move { want(tx, wanted).await }))
            .await
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// `store.*`
    pub async fn certificates(&self) -> Result<Vec<Certificate>, Fault> {
        let query = sql(
            "SELECT name, names, due_at, asked_at, tried_at, failures, problem_code, problem, not_before, not_after \
                         FROM certificate ORDER BY name",
        );
        self.rows("read certificates", query).await?.iter().map(read).collect()
    }

    /// Those that were given after that revision, with their keys, in the order in which they were.
    ///
    /// # Errors
    /// `store.*`
    pub async fn certificates_given_after(&self, revision: i64) -> Result<Vec<Given>, Fault> {
        let query =
            sql("SELECT names, chain, private_key, revision FROM certificate WHERE revision > $1 ORDER BY revision")
                .bind(revision);
        self.rows("read certificates", query).await?.iter().map(read_given).collect()
    }

    /// Asks for an order of each of these now, or as soon as the last one is a minute ago. How many there are.
    ///
    /// # Errors
    /// `store.*`
    pub async fn ask_for_certificates(&self, names: Vec<String>) -> Result<u64, Fault> {
        self.write("ask for certificates", |tx| {
            Box::pin(async move {
                let mut asked = 0;
                for name in names {
                    asked += tx.run(ask(tx.now, name)).await?;
                }
                Ok(asked)
            })
        })
        .await
    }

    /// Takes the certificate in hand that has been due longest, when fewer than `most` orders were begun since `since`. It is
    /// not due again for an hour, even if this process ends now.
    ///
    /// # Errors
    /// `store.*`
    pub async fn take_certificate(&self, since: Timestamp, most: u32) -> Result<Option<Certificate>, Fault> {
        let now = self.clock().now();
        let due = sql("SELECT name FROM certificate WHERE due_at <= $1 LIMIT 1").bind(now.micros());
        if self.row("look for due certificates", due).await?.is_none() {
            return Ok(None);
        }
        self.write("begin an order", move |tx| Box::pin(async move { take(tx, since, most).await })).await
    }

    /// Writes down how an order ended; a certificate that is there stays until another is given.
    ///
    /// # Errors
    /// `store.*`
    pub async fn end_certificate(&self, name: &str, due_at: Timestamp, end: CertificateEnd) -> Result<(), Fault> {
        let name = name.to_owned();
        self.write("end an order", move |tx| Box::pin(async move { self::end(tx, name, due_at, end).await })).await
    }

    /// What is kept of a CA.
    ///
    /// # Errors
    /// `store.*`
    pub async fn acme_ca(&self, directory: &str) -> Result<Ca, Fault> {
        let query =
            sql("SELECT credentials, paused_until FROM acme_ca WHERE directory = $1").bind(directory.to_owned());
        let row = self.row("read what is kept of a CA", query).await?;
        row.map_or_else(
            || Ok(Ca::default()),
            |row| {
                Ok(Ca {
                    credentials: row.text_or_none("credentials")?,
                    paused_until: row.moment_or_none("paused_until")?,
                })
            },
        )
    }

    /// Keeps that of a CA.
    ///
    /// # Errors
    /// `store.*`
    pub async fn keep_acme_ca(&self, directory: &str, ca: Ca) -> Result<(), Fault> {
        let query = sql("INSERT INTO acme_ca (directory, credentials, paused_until) VALUES ($1, $2, $3) \
                         ON CONFLICT (directory) DO UPDATE SET credentials = excluded.credentials, \
                         paused_until = excluded.paused_until")
        .bind(directory.to_owned())
        .bind(ca.credentials)
        .bind(ca.paused_until.map(Timestamp::micros));
        self.write("keep what is known of a CA", |tx| Box::pin(async move { tx.run(query).await.map(drop) })).await
    }

    /// Shows these proofs and no others; the zone version rises.
    ///
    /// # Errors
    /// `store.*`
    pub async fn set_challenge_proofs(&self, proofs: Vec<ChallengeProof>) -> Result<(), Fault> {
        self.write("write down proofs for a CA", |tx| Box::pin(async move { set_proofs(tx, proofs).await })).await
    }

    /// The proofs that are shown.
    ///
    /// # Errors
    /// `store.*`
    pub async fn challenge_proofs(&self) -> Result<Vec<ChallengeProof>, Fault> {
        let query = sql("SELECT name, token, answer, record FROM acme_proof ORDER BY token");
        self.rows("read proofs for a CA", query).await?.iter().map(read_proof).collect()
    }

    /// The proof with that token.
    ///
    /// # Errors
    /// `store.*`
    pub async fn challenge_proof(&self, token: &str) -> Result<Option<ChallengeProof>, Fault> {
        let query = sql("SELECT name, token, answer, record FROM acme_proof WHERE token = $1").bind(token.to_owned());
        self.row("read a proof for a CA", query).await?.as_ref().map(read_proof).transpose()
    }
}

async fn want(tx: &mut Tx, wanted: Vec<WantedCertificate>) -> Result<(), Fault> {
    for row in tx.rows(sql("SELECT name FROM certificate")).await? {
        let name = row.text("name")?;
        if !wanted.iter().any(|one| one.name == name) {
            tx.run(sql("DELETE FROM certificate WHERE name = $1").bind(name)).await?;
        }
    }
    for one in wanted {
        let put = sql("INSERT INTO certificate (name, names, due_at, failures, revision) VALUES ($1, $2, $3, 0, 0) \
                       ON CONFLICT (name) DO UPDATE SET names = excluded.names, due_at = excluded.due_at \
                       WHERE certificate.names <> excluded.names")
        .bind(one.name)
        .bind(one.names.join(" "))
        .bind(tx.now.micros());
        tx.run(put).await?;
    }
    Ok(())
}

fn ask(now: Timestamp, name: String) -> Query {
    sql("UPDATE certificate SET asked_at = $1, due_at = CASE WHEN COALESCE(tried_at, 0) + $2 > $1 \
         THEN COALESCE(tried_at, 0) + $2 ELSE $1 END WHERE name = $3")
    .bind(now.micros())
    .bind(i64::try_from(BREATH.as_micros()).unwrap_or(i64::MAX))
    .bind(name)
}

async fn take(tx: &mut Tx, since: Timestamp, most: u32) -> Result<Option<Certificate>, Fault> {
    let begun = sql("SELECT COUNT(*) AS count FROM certificate WHERE tried_at > $1").bind(since.micros());
    let begun: u32 = tx.row(begun).await?.map_or(Ok(0), |row| row.count("count"))?;
    let due =
        sql("SELECT name, names, due_at, asked_at, tried_at, failures, problem_code, problem, not_before, not_after \
                   FROM certificate WHERE due_at <= $1 ORDER BY due_at, name LIMIT 1")
        .bind(tx.now.micros());
    let Some(taken) = tx.row(due).await?.as_ref().map(read).transpose()? else { return Ok(None) };
    if begun >= most {
        return Ok(None);
    }
    let update = sql("UPDATE certificate SET tried_at = $1, due_at = $2, asked_at = NULL WHERE name = $3")
        .bind(tx.now.micros())
        .bind((tx.now + IN_HAND).micros())
        .bind(taken.name.clone());
    tx.run(update).await?;
    Ok(Some(taken))
}

async fn end(tx: &mut Tx, name: String, due_at: Timestamp, end: CertificateEnd) -> Result<(), Fault> {
    let row = tx.row(sql("SELECT names FROM certificate WHERE name = $1").bind(name.clone())).await?;
    // The domain may be gone meanwhile: then nobody wants it.
    let Some(names) = row.map(|row| row.text("names")).transpose()? else { return Ok(()) };
    let event = match end {
        CertificateEnd::Given { chain, private_key, not_before, not_after } => {
            let update = sql(
                "UPDATE certificate SET chain = $1, private_key = $2, not_before = $3, not_after = $4, due_at = $5, \
                              failures = 0, problem_code = NULL, problem = NULL, revision = (SELECT CASE WHEN \
                              MAX(revision) >= $6 THEN MAX(revision) + 1 ELSE $6 END FROM certificate) WHERE name = $7",
            )
            .bind(chain)
            .bind(private_key)
            .bind(not_before.micros())
            .bind(not_after.micros())
            .bind(due_at.micros())
            // Rises also when the latest was forgotten with its domain.
            .bind(tx.now.micros())
            .bind(name.clone());
            tx.run(update).await?;
            Event::CertificateIssued { name, names: split(&names), not_after }
        }
        CertificateEnd::Failed { code, problem } => {
            let problem = free_text(&problem);
            let update =
                sql("UPDATE certificate SET failures = failures + 1, problem_code = $1, problem = $2, due_at = $3 \
                              WHERE name = $4")
                .bind(code.clone())
                .bind(problem.clone())
                .bind(due_at.micros())
                .bind(name.clone());
            tx.run(update).await?;
            Event::CertificateFailed { name, code, problem, next: due_at }
        }
    };
    tx.record(&[event]).await
}

async fn set_proofs(tx: &mut Tx, proofs: Vec<ChallengeProof>) -> Result<(), Fault> {
    let gone = tx.run(sql("DELETE FROM acme_proof")).await?;
    tx.insert("acme_proof (token, name, answer, record)", 4, &proofs, |query, proof| {
        query.bind(proof.token.clone()).bind(proof.name.clone()).bind(proof.answer.clone()).bind(proof.record.clone())
    })
    .await?;
    if gone > 0 || !proofs.is_empty() {
        tx.run(sql("UPDATE zone_version SET version = version + 1")).await?;
    }
    Ok(())
}

fn split(names: &str) -> Vec<String> {
    names.split_ascii_whitespace().map(str::to_owned).collect()
}

fn read(row: &Row) -> Result<Certificate, Fault> {
    Ok(Certificate {
        name: row.text("name")?,
        names: split(&row.text("names")?),
        not_before: row.moment_or_none("not_before")?,
        not_after: row.moment_or_none("not_after")?,
        due_at: row.moment("due_at")?,
        asked_at: row.moment_or_none("asked_at")?,
        tried_at: row.moment_or_none("tried_at")?,
        failures: row.count("failures")?,
        problem_code: row.text_or_none("problem_code")?,
        problem: row.text_or_none("problem")?,
    })
}

fn read_given(row: &Row) -> Result<Given, Fault> {
    Ok(Given {
        names: split(&row.text("names")?),
        chain: row.text("chain")?,
        private_key: row.text("private_key")?,
        revision: row.number("revision")?,
    })
}

fn read_proof(row: &Row) -> Result<ChallengeProof, Fault> {
    Ok(ChallengeProof {
        name: row.text("name")?,
        token: row.text("token")?,
        answer: row.text("answer")?,
        record: row.text("record")?,
    })
}
