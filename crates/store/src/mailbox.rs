//! Mailboxes and what they may send as.

use rules::{
    Fault,
    event::Event,
    id::{DomainId, MailboxId, WorkspaceId},
    ramp::Turn,
};
use syntax::{Address, Timestamp};

use crate::{
    RampDay, Store,
    committer::Tx,
    folder::make_first_folders,
    row::{Row, free_text, sql},
};

/// A real mailbox.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Mailbox {
    /// Id.
    pub id: MailboxId,
    /// Domain.
    pub domain: DomainId,
    /// Tenant.
    pub workspace: WorkspaceId,
    /// Address; unique by `Address::key`.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Keyed hash of the password; never serialized.
    #[serde(skip)]
    pub password_hash: String,
    /// Messages it may submit in 24 hours.
    pub daily_cap: u32,
    /// When made.
    pub created_at: Timestamp,
    /// Since when it is suspended: it cannot log in and takes no mail.
    pub suspended_at: Option<Timestamp>,
    /// How far it has come to its cap; `None`: it has the whole of it.
    pub ramp: Option<RampDay>,
}

impl Mailbox {
    /// Messages that it may submit in 24 hours now.
    pub fn allowance(&self) -> u32 {
        self.ramp.map_or(self.daily_cap, |ramp| ramp.allowance.min(self.daily_cap))
    }
}

/// A mailbox to be made.
#[derive(Debug, Clone)]
pub struct NewMailbox {
    /// Address; its domain must exist.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Keyed hash.
    pub password_hash: String,
    /// Cap.
    pub daily_cap: u32,
    /// What it may submit on the first day of its ramp; `None`: its whole cap.
    pub ramp: Option<u32>,
}

/// A mailbox's columns and the workspace of its domain.
const SELECT: &str = "SELECT b.*, d.workspace AS workspace FROM mailbox b JOIN domain d ON d.id = b.domain";

impl Store {
    /// Makes mailboxes, all or none, and writes MailboxAdded for each.
    ///
    /// # Errors
    /// `mailbox.exists`, `mailbox.no-domain` (both name the address), `store.*`
    pub async fn add_mailboxes(&self, new: Vec<NewMailbox>) -> Result<Vec<Mailbox>, Fault> {
        self.write("make mailboxes", |tx| {
            Box::pin(async move {
                let mut made = Vec::with_capacity(new.len());
                for new in new {
                    made.push(add(tx, new).await?);
                }
                let added = |mailbox: &Mailbox| Event::MailboxAdded {
                    mailbox: mailbox.id.clone(),
                    address: mailbox.address.clone(),
                };
                tx.record(&made.iter().map(added).collect::<Vec<_>>()).await?;
                Ok(made)
            })
        })
        .await
    }
    /// By address (case-insensitive local part).
    ///
    /// # Errors
    /// `store.*`
    pub async fn mailbox(&self, address: &Address) -> Result<Option<Mailbox>, Fault> {
        let of_address = sql_select("WHERE b.address_key = $1").bind(address.key());
        self.row("read a mailbox", of_address).await?.as_ref().map(read).transpose()
    }
    /// All, by address; of one domain when given.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mailboxes(&self, domain: Option<&DomainId>) -> Result<Vec<Mailbox>, Fault> {
        let query = match domain {
            Some(domain) => sql_select("WHERE b.domain = $1 ORDER BY b.address_key").bind(domain.0.clone()),
            None => sql_select("ORDER BY b.address_key"),
        };
        self.rows("list mailboxes", query).await?.iter().map(read).collect()
    }
    /// New password hash.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn set_password_hash(&self, mailbox: &MailboxId, hash: &str) -> Result<(), Fault> {
        let update =
            sql("UPDATE mailbox SET password_hash = $1 WHERE id = $2").bind(hash.to_owned()).bind(mailbox.0.clone());
        let unknown = unknown(mailbox);
        self.write("change a password", |tx| {
            Box::pin(async move {
                match tx.run(update).await? {
                    0 => Err(unknown),
                    _ => Ok(()),
                }
            })
        })
        .await
    }
    /// New password hashes, all or none.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn set_password_hashes(&self, hashes: Vec<(MailboxId, String)>) -> Result<(), Fault> {
        self.write("change passwords", |tx| {
            Box::pin(async move {
                for (mailbox, hash) in hashes {
                    let update = sql("UPDATE mailbox SET password_hash = $1 WHERE id = $2").bind(hash);
                    if tx.run(update.bind(mailbox.0.clone())).await? == 0 {
                        return Err(unknown(&mailbox));
                    }
                }
                Ok(())
            })
        })
        .await
    }
    /// Suspends a mailbox, or ends that. A mailbox that is suspended already keeps its moment.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn set_suspended(&self, mailbox: &MailboxId, suspended: bool) -> Result<(), Fault> {
        let (mailbox, unknown) = (mailbox.clone(), unknown(mailbox));
        self.write("suspend a mailbox", move |tx| {
            Box::pin(async move {
                let update = match suspended {
                    true => sql("UPDATE mailbox SET suspended_at = COALESCE(suspended_at, $1) WHERE id = $2")
                        .bind(tx.now.micros())
                        .bind(mailbox.0),
                    false => sql("UPDATE mailbox SET suspended_at = NULL WHERE id = $1").bind(mailbox.0),
                };
                match tx.run(update).await? {
                    0 => Err(unknown),
                    _ => Ok(()),
                }
            })
        })
        .await
    }
    /// Lets `mailbox` send as `other` too; both of the same workspace.
    ///
    /// # Errors
    /// `mailbox.unknown`, `mailbox.other-workspace`, `store.*`
    pub async fn grant(&self, mailbox: &MailboxId, other: &MailboxId) -> Result<(), Fault> {
        let (mailbox, other) = (mailbox.clone(), other.clone());
        self.write("grant send-as", |tx| {
            Box::pin(async move {
                let (owner, lender) = (of_id(tx, &mailbox).await?, of_id(tx, &other).await?);
                if owner.workspace != lender.workspace {
                    let what = format!("{} and {} belong to different workspaces", owner.address, lender.address);
                    return Err(Fault::caller("mailbox.other-workspace", what));
                }
                let insert = sql("INSERT INTO send_as (mailbox, other) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                    .bind(mailbox.0)
                    .bind(other.0);
                tx.run(insert).await.map(drop)
            })
        })
        .await
    }
    /// Addresses that `mailbox` may send as, itself first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn grants(&self, mailbox: &MailboxId) -> Result<Vec<Address>, Fault> {
        let query = sql("SELECT b.address AS address FROM mailbox b WHERE b.id = $1 OR b.id IN \
                         (SELECT other FROM send_as WHERE mailbox = $1) \
                         ORDER BY CASE WHEN b.id = $1 THEN 0 ELSE 1 END, b.address_key")
        .bind(mailbox.0.clone());
        self.rows("read send-as grants", query).await?.iter().map(|row| row.parsed("address")).collect()
    }
}

pub(crate) fn sql_select(rest: &'static str) -> crate::row::Query {
    crate::row::sql_made(format!("{SELECT} {rest}"))
}

async fn add(tx: &mut Tx, new: NewMailbox) -> Result<Mailbox, Fault> {
    let name = new.address.domain().to_string();
    let of_name = sql("SELECT id, workspace FROM domain WHERE name = $1").bind(name.clone());
    let Some(domain) = tx.row(of_name).await? else {
        let what = format!("{}: there is no domain {name} here; apply it first", new.address);
        return Err(Fault::caller("mailbox.no-domain", what));
    };
    let of_key = sql("SELECT id FROM mailbox WHERE address_key = $1").bind(new.address.key());
    if tx.row(of_key).await?.is_some() {
        return Err(Fault::caller("mailbox.exists", format!("the mailbox {} exists already", new.address)));
    }
    let mailbox = Mailbox {
        id: MailboxId(tx.id()),
        domain: DomainId(domain.text("id")?),
        workspace: WorkspaceId(domain.text("workspace")?),
        address: new.address,
        display: new.display.as_deref().map(free_text),
        password_hash: new.password_hash,
        daily_cap: new.daily_cap,
        created_at: tx.now,
        suspended_at: None,
        ramp: new.ramp.map(|allowance| RampDay { day: 1, allowance, since: tx.now, turn: Turn::Begun }),
    };
    insert(tx, &mailbox).await?;
    make_first_folders(tx, &mailbox.id).await?;
    Ok(mailbox)
}

async fn insert(tx: &mut Tx, mailbox: &Mailbox) -> Result<(), Fault> {
    let insert = sql("INSERT INTO mailbox (id, domain, address, address_key, display, password_hash, daily_cap, \
                      created_at, words, ramp_allowance, ramp_day, ramp_at, ramp_turn) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
    .bind(mailbox.id.0.clone())
    .bind(mailbox.domain.0.clone())
    .bind(mailbox.address.to_string())
    .bind(mailbox.address.key())
    .bind(mailbox.display.clone())
    .bind(mailbox.password_hash.clone())
    .bind(i64::from(mailbox.daily_cap))
    .bind(mailbox.created_at.micros())
    .bind(words(mailbox))
    .bind(mailbox.ramp.map(|ramp| i64::from(ramp.allowance)))
    .bind(mailbox.ramp.map(|ramp| i64::from(ramp.day)))
    .bind(mailbox.ramp.map(|ramp| ramp.since.micros()))
    .bind(mailbox.ramp.map(|ramp| ramp.turn.as_str()));
    tx.run(insert).await?;
    crate::proof::stand(tx, &mailbox.id).await
}

/// What a search looks in.
fn words(mailbox: &Mailbox) -> String {
    let display = mailbox.display.as_deref().unwrap_or_default();
    format!("{} {display}", mailbox.address.key()).to_lowercase()
}

async fn of_id(tx: &mut Tx, mailbox: &MailboxId) -> Result<Mailbox, Fault> {
    match tx.row(sql_select("WHERE b.id = $1").bind(mailbox.0.clone())).await? {
        Some(row) => read(&row),
        None => Err(unknown(mailbox)),
    }
}

fn unknown(mailbox: &MailboxId) -> Fault {
    Fault::caller("mailbox.unknown", format!("there is no mailbox with the id {mailbox}"))
}

pub(crate) fn read(row: &Row) -> Result<Mailbox, Fault> {
    Ok(Mailbox {
        id: MailboxId(row.text("id")?),
        domain: DomainId(row.text("domain")?),
        workspace: WorkspaceId(row.text("workspace")?),
        address: row.parsed("address")?,
        display: row.text_or_none("display")?,
        password_hash: row.text("password_hash")?,
        daily_cap: row.count("daily_cap")?,
        created_at: row.moment("created_at")?,
        suspended_at: row.moment_or_none("suspended_at")?,
        ramp: crate::ramp::read(row)?,
    })
}
