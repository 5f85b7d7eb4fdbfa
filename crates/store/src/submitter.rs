//! What submission needs to know of a mailbox, read at once.

use rules::{
    Fault,
    id::{DomainId, MailboxId},
    proof::Standing,
};
use syntax::{Address, Domain, Timestamp};

use crate::{
    Mailbox, Store,
    id::before_all_since,
    mailbox, proof,
    row::{Row, sql_made, typed},
};

/// A mailbox that submits.
#[derive(Debug, Clone)]
pub struct Submitter {
    /// The mailbox as it is now.
    pub mailbox: Mailbox,
    /// As whom it may send, itself first.
    pub grants: Vec<Grant>,
    /// Messages accepted from it since the moment that was asked for.
    pub accepted: u32,
    /// Its pairing proof.
    pub standing: Standing,
}

/// An address that a mailbox may send as.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Of a mailbox.
    pub address: Address,
    /// The sending domain of that mailbox.
    pub domain: DomainId,
    /// Its mail host.
    pub mail_host: Domain,
}

impl Submitter {
    /// The addresses that it may send as, its own first.
    pub fn addresses(&self) -> Vec<Address> {
        self.grants.iter().map(|grant| grant.address.clone()).collect()
    }
}

impl Store {
    /// The mailbox with that id, what it may send as, and how much it has sent since then; `None` when it is gone.
    ///
    /// # Errors
    /// `store.*`
    pub async fn submitter(&self, id: &MailboxId, since: Timestamp) -> Result<Option<Submitter>, Fault> {
        self.ask(|places| &places.submitter, (id.clone(), since)).await
    }
}

/// What is asked for: a number, to find the answer by; a mailbox; since when its messages count, as a moment and as an id.
const ASKED: [&str; 4] = ["BIGINT", "TEXT", "BIGINT", "TEXT"];

/// The answers to several questions, in their order.
pub(crate) async fn submitters(
    store: &Store,
    asked: &[(MailboxId, Timestamp)],
) -> Result<Vec<Option<Submitter>>, Fault> {
    // What a proof sends is none of the mailbox's messages, nor is what is passed on.
    let size = asked.len().next_power_of_two();
    let query = sql_made(format!(
        "SELECT v.column1 AS number, b.*, d.workspace AS workspace, d.mail_host AS own_host, o.address AS other, \
         e.id AS other_domain, e.mail_host AS other_host, p.passed, p.finding, p.overridden_at, \
         (SELECT COUNT(*) FROM message m WHERE m.mailbox = b.id AND m.accepted_at >= v.column3 \
         AND m.reverse_path IS NULL) AS accepted, \
         (SELECT COUNT(*) FROM proof q WHERE q.mailbox = b.id AND q.message IS NOT NULL AND q.message >= v.column4) AS proofs \
         FROM (VALUES {}) AS v JOIN mailbox b ON b.id = v.column2 JOIN domain d ON d.id = b.domain \
         LEFT JOIN proof_standing p ON p.mailbox = b.id LEFT JOIN send_as s ON s.mailbox = b.id \
         LEFT JOIN mailbox o ON o.id = s.other LEFT JOIN domain e ON e.id = o.domain \
         ORDER BY v.column1, o.address_key",
        typed(1, size, &ASKED)
    ));
    let bound = asked.iter().zip(0_i64..).fold(query, |query, ((id, since), number)| {
        query.bind(number).bind(id.0.clone()).bind(since.micros()).bind(before_all_since(*since))
    });
    // Nobody has an empty id.
    let query = (asked.len()..size)
        .fold(bound, |query, _| query.bind(-1_i64).bind(String::new()).bind(0_i64).bind(String::new()));
    let mut found = vec![None; asked.len()];
    for row in store.rows("read a mailbox that submits", query).await? {
        let Some(place) = found.get_mut(row.count::<usize>("number")?) else { continue };
        let submitter = match place {
            Some(submitter) => submitter,
            None => place.insert(read(&row)?),
        };
        submitter.grants.extend(other(&row)?);
    }
    Ok(found)
}

fn read(row: &Row) -> Result<Submitter, Fault> {
    let mailbox = mailbox::read(row)?;
    let own =
        Grant { address: mailbox.address.clone(), domain: mailbox.domain.clone(), mail_host: row.parsed("own_host")? };
    let accepted = row.count::<u32>("accepted")?.saturating_sub(row.count("proofs")?);
    Ok(Submitter { accepted, standing: proof::standing(row)?, mailbox, grants: vec![own] })
}

fn other(row: &Row) -> Result<Option<Grant>, Fault> {
    let Some(address) = row.parsed_or_none("other")? else { return Ok(None) };
    Ok(Some(Grant { address, domain: DomainId(row.text("other_domain")?), mail_host: row.parsed("other_host")? }))
}
