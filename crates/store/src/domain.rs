//! Sending domains and their DKIM keys.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
};

use rules::{
    Fault,
    event::Event,
    id::{DomainId, WorkspaceId},
};
use syntax::{Address, Domain, Timestamp};

use crate::{
    Store,
    committer::Tx,
    row::{Query, Row, free_text, sql, sql_for_keys, stored},
};

/// A sending domain.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SendingDomain {
    /// Id.
    pub id: DomainId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Name, unique in the installation.
    pub name: Domain,
    /// Dedicated egress IP: no two domains share one (unique).
    pub egress_ip: IpAddr,
    /// Its mail host, `box.<name>`.
    pub mail_host: Domain,
    /// Where mail for unknown local parts goes.
    pub catch_all: Option<Address>,
    /// `none`, `quarantine` or `reject`.
    pub dmarc_policy: String,
    /// `embedded`, `rfc2136`, `provider` or `print`.
    pub publisher: String,
    /// When made.
    pub created_at: Timestamp,
}

/// A domain to be made.
#[derive(Debug, Clone)]
pub struct NewDomain {
    /// Owner.
    pub workspace: WorkspaceId,
    /// Name.
    pub name: Domain,
    /// Dedicated egress IP.
    pub egress_ip: IpAddr,
    /// Mail host.
    pub mail_host: Domain,
    /// DMARC policy.
    pub dmarc_policy: String,
    /// Publisher.
    pub publisher: String,
    /// Its first keys, made in the same transaction.
    pub keys: Vec<DkimKey>,
}

/// A DKIM key.
#[derive(Clone)]
pub struct DkimKey {
    /// Selector.
    pub selector: String,
    /// `rsa` or `ed25519`.
    pub algorithm: String,
    /// PKCS#8 DER.
    pub private_key: Vec<u8>,
    /// TXT value.
    pub txt: String,
    /// Signs now. One that does not waits for that, or stays published for a while: see `rules::rotation`.
    pub active: bool,
}

/// What a message of a domain is sent with: the domain and its keys, by selector.
pub type Sender = (SendingDomain, Vec<DkimKey>);

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DkimKey")
            .field("selector", &self.selector)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Makes a domain with its keys, and writes DomainAdded.
    ///
    /// # Errors
    /// `domain.exists`, `domain.ip-taken`, `store.*`
    pub async fn add_domain(&self, new: NewDomain) -> Result<SendingDomain, Fault> {
        self.write("make a domain", move |tx| {
            Box::pin(async move {
                let of_name = sql("SELECT id FROM domain WHERE name = $1").bind(new.name.to_string());
                if tx.row(of_name).await?.is_some() {
                    return Err(Fault::caller("domain.exists", format!("the domain {} exists already", new.name)));
                }
                let domain = SendingDomain {
                    id: DomainId(tx.id()),
                    workspace: new.workspace,
                    name: new.name,
                    egress_ip: new.egress_ip.to_canonical(),
                    mail_host: new.mail_host,
                    catch_all: None,
                    dmarc_policy: new.dmarc_policy,
                    publisher: new.publisher,
                    created_at: tx.now,
                };
                refuse_taken_ip(tx, &domain).await?;
                insert_domain(tx, &domain).await?;
                for key in new.keys {
                    tx.run(put_key(&domain.id, key)).await?;
                }
                tx.record(&[Event::DomainAdded { domain: domain.name.clone() }]).await?;
                Ok(domain)
            })
        })
        .await
    }
    /// By name.
    ///
    /// # Errors
    /// `store.*`
    pub async fn domain(&self, name: &Domain) -> Result<Option<SendingDomain>, Fault> {
        let of_name = sql("SELECT * FROM domain WHERE name = $1").bind(name.to_string());
        self.row("read a domain", of_name).await?.as_ref().map(read).transpose()
    }
    /// All, by name; of one workspace when given.
    ///
    /// # Errors
    /// `store.*`
    pub async fn domains(&self, workspace: Option<&WorkspaceId>) -> Result<Vec<SendingDomain>, Fault> {
        let query = match workspace {
            Some(workspace) => sql("SELECT * FROM domain WHERE workspace = $1 ORDER BY name").bind(workspace.0.clone()),
            None => sql("SELECT * FROM domain ORDER BY name"),
        };
        self.rows("list domains", query).await?.iter().map(read).collect()
    }
    /// Changes catch-all, DMARC policy, publisher and egress IP to those of `domain` (matched by id).
    ///
    /// # Errors
    /// `domain.unknown`, `domain.ip-taken`, `store.*`
    pub async fn update_domain(&self, domain: &SendingDomain) -> Result<(), Fault> {
        let domain = domain.clone();
        self.write("change a domain", |tx| {
            Box::pin(async move {
                refuse_taken_ip(tx, &domain).await?;
                let update =
                    sql("UPDATE domain SET catch_all = $1, dmarc_policy = $2, publisher = $3, egress_ip = $4 \
                                  WHERE id = $5")
                    .bind(stored(&domain.catch_all))
                    .bind(domain.dmarc_policy)
                    .bind(domain.publisher)
                    .bind(domain.egress_ip.to_canonical().to_string())
                    .bind(domain.id.0);
                match tx.run(update).await? {
                    0 => Err(Fault::caller("domain.unknown", format!("there is no domain {} any more", domain.name))),
                    _ => Ok(()),
                }
            })
        })
        .await
    }
    /// What a message of the domain is sent with: the domain and its keys, with one look.
    ///
    /// # Errors
    /// `store.*`
    pub async fn sender(&self, domain: &DomainId) -> Result<Option<Sender>, Fault> {
        self.ask(|places| &places.sender, domain.clone()).await
    }
    /// Keys, by selector.
    ///
    /// # Errors
    /// `store.*`
    pub async fn dkim_keys(&self, domain: &DomainId) -> Result<Vec<DkimKey>, Fault> {
        let of_domain = sql("SELECT * FROM dkim_key WHERE domain = $1 ORDER BY selector").bind(domain.0.clone());
        self.rows("read DKIM keys", of_domain).await?.iter().map(read_key).collect()
    }
    /// Adds a key, or changes `active` of the key with that selector.
    ///
    /// # Errors
    /// `store.*`
    pub async fn put_dkim_key(&self, domain: &DomainId, key: DkimKey) -> Result<(), Fault> {
        let put = put_key(domain, key);
        self.write("write a DKIM key", |tx| Box::pin(async move { tx.run(put).await.map(drop) })).await
    }
}

/// What messages of these domains are sent with, in their order.
pub(crate) async fn senders(store: &Store, domains: &[DomainId]) -> Result<Vec<Option<Sender>>, Fault> {
    let mut keys: Vec<String> = domains.iter().map(|domain| domain.0.clone()).collect();
    keys.sort();
    keys.dedup();
    let select = "SELECT d.*, k.selector, k.algorithm, k.private_key, k.txt, k.active FROM domain d \
                  LEFT JOIN dkim_key k ON k.domain = d.id WHERE d.id";
    let rows = store.rows("read a sender", sql_for_keys(select, &keys, "ORDER BY k.selector")).await?;
    let mut found: HashMap<String, Sender> = HashMap::new();
    for row in &rows {
        let sender = match found.entry(row.text("id")?) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert((read(row)?, Vec::new())),
        };
        if row.text_or_none("selector")?.is_some() {
            sender.1.push(read_key(row)?);
        }
    }
    Ok(domains.iter().map(|domain| found.get(&domain.0).cloned()).collect())
}

/// An egress IP is dedicated: reputation is per IP, and one domain's faults must not be another's.
async fn refuse_taken_ip(tx: &mut Tx, domain: &SendingDomain) -> Result<(), Fault> {
    let ip = domain.egress_ip.to_canonical().to_string();
    let owner =
        sql("SELECT name FROM domain WHERE egress_ip = $1 AND id <> $2").bind(ip.clone()).bind(domain.id.0.clone());
    match tx.row(owner).await? {
        Some(row) => Err(Fault::caller(
            "domain.ip-taken",
            format!("the egress IP {ip} belongs to {}: give {} one of its own", row.text("name")?, domain.name),
        )),
        None => Ok(()),
    }
}

async fn insert_domain(tx: &mut Tx, domain: &SendingDomain) -> Result<(), Fault> {
    let insert = sql("INSERT INTO domain (id, workspace, name, egress_ip, mail_host, catch_all, dmarc_policy, \
                      publisher, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
    .bind(domain.id.0.clone())
    .bind(domain.workspace.0.clone())
    .bind(domain.name.to_string())
    .bind(domain.egress_ip.to_string())
    .bind(domain.mail_host.to_string())
    .bind(stored(&domain.catch_all))
    .bind(domain.dmarc_policy.clone())
    .bind(domain.publisher.clone())
    .bind(domain.created_at.micros());
    tx.run(insert).await.map(drop)
}

pub(crate) fn put_key(domain: &DomainId, key: DkimKey) -> Query {
    sql("INSERT INTO dkim_key (domain, selector, algorithm, private_key, txt, active) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (domain, selector) DO UPDATE SET active = excluded.active")
    .bind(domain.0.clone())
    .bind(key.selector)
    .bind(key.algorithm)
    .bind(key.private_key)
    .bind(free_text(&key.txt))
    .bind(i64::from(key.active))
}

pub(crate) fn read(row: &Row) -> Result<SendingDomain, Fault> {
    Ok(SendingDomain {
        id: DomainId(row.text("id")?),
        workspace: WorkspaceId(row.text("workspace")?),
        name: row.parsed("name")?,
        egress_ip: row.parsed("egress_ip")?,
        mail_host: row.parsed("mail_host")?,
        catch_all: row.parsed_or_none("catch_all")?,
        dmarc_policy: row.text("dmarc_policy")?,
        publisher: row.text("publisher")?,
        created_at: row.moment("created_at")?,
    })
}

fn read_key(row: &Row) -> Result<DkimKey, Fault> {
    Ok(DkimKey {
        selector: row.text("selector")?,
        algorithm: row.text("algorithm")?,
        private_key: row.octets("private_key")?,
        txt: row.text("txt")?,
        active: row.flag("active")?,
    })
}
