//! Domains with their mailboxes counted.

use rules::{
    Fault,
    id::{DomainId, WorkspaceId},
};
use syntax::{Domain, Timestamp};

use super::{Select, anywhere};
use crate::{Store, row::Row};

/// A domain as a list shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DomainRow {
    /// Id.
    pub id: DomainId,
    /// Name.
    pub name: Domain,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Dedicated egress IP, as text.
    pub egress_ip: String,
    /// Its mail host, which is the name of the IP too.
    pub mail_host: Domain,
    /// `embedded`, `rfc2136`, `provider` or `print`.
    pub publisher: String,
    /// When made.
    pub created_at: Timestamp,
    /// Its mailboxes.
    pub mailboxes: u32,
    /// Keys that sign now.
    pub keys: u32,
}

/// Which domains.
#[derive(Debug, Clone, Default)]
pub struct DomainFilter {
    /// Whose; `None`: all.
    pub workspace: Option<WorkspaceId>,
    /// Only where name or IP hold this.
    pub search: Option<String>,
    /// Only names after this one: the cursor.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

const COLUMNS: &str = "SELECT d.*, (SELECT COUNT(*) FROM mailbox b WHERE b.domain = d.id) AS mailboxes, \
                       (SELECT COUNT(*) FROM dkim_key k WHERE k.domain = d.id AND k.active = 1) AS signing FROM domain d";

impl Store {
    /// The domain that sends from that IP.
    ///
    /// # Errors
    /// `store.*`
    pub async fn domain_row_of_ip(
        &self,
        workspace: Option<&WorkspaceId>,
        ip: std::net::IpAddr,
    ) -> Result<Option<DomainRow>, Fault> {
        let mut select = Select::default();
        select.of(workspace);
        let mark = select.text(ip.to_string());
        select.and(format!("d.egress_ip = {mark}"));
        self.row("look for an IP", select.query(COLUMNS, "")).await?.as_ref().map(read).transpose()
    }
    /// Domains by a filter, by name.
    ///
    /// # Errors
    /// `store.*`
    pub async fn domain_rows(&self, filter: &DomainFilter) -> Result<Vec<DomainRow>, Fault> {
        let mut select = Select::default();
        select.of(filter.workspace.as_ref());
        if let Some(search) = &filter.search {
            let mark = select.text(anywhere(search));
            select.and(format!("(d.name LIKE {mark} ESCAPE '\\' OR d.egress_ip LIKE {mark} ESCAPE '\\')"));
        }
        if let Some(after) = &filter.after {
            let mark = select.text(after.clone());
            select.and(format!("d.name > {mark}"));
        }
        let limit = select.number(i64::from(filter.limit));
        let query = select.query(COLUMNS, &format!("ORDER BY d.name LIMIT {limit}"));
        self.rows("list domains", query).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<DomainRow, Fault> {
    Ok(DomainRow {
        id: DomainId(row.text("id")?),
        name: row.parsed("name")?,
        workspace: WorkspaceId(row.text("workspace")?),
        egress_ip: row.text("egress_ip")?,
        mail_host: row.parsed("mail_host")?,
        publisher: row.text("publisher")?,
        created_at: row.moment("created_at")?,
        mailboxes: row.count("mailboxes")?,
        keys: row.count("signing")?,
    })
}
