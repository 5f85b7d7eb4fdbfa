//! Lists by pages: so many rows after the last one seen, of one tenant or of all.

use rules::{
    Fault,
    id::{DomainId, MailId, MailboxId, WorkspaceId},
};

use crate::{
    Mail, Mailbox, SendingDomain, Store, Suppression,
    desk::Select,
    domain, mail, mailbox,
    row::{free_text, sql},
    suppression,
};

impl Store {
    /// Domains by name, of one workspace when given, after that name (empty: from the first).
    ///
    /// # Errors
    /// `store.*`
    pub async fn domains_after(
        &self,
        workspace: Option<&WorkspaceId>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<SendingDomain>, Fault> {
        let query = match workspace {
            None => sql("SELECT * FROM domain WHERE name > $1 ORDER BY name LIMIT $2"),
            Some(_) => sql("SELECT * FROM domain WHERE name > $1 AND workspace = $3 ORDER BY name LIMIT $2"),
        };
        let query = query.bind(after.to_owned()).bind(i64::from(limit));
        let query = workspace.into_iter().fold(query, |query, workspace| query.bind(workspace.0.clone()));
        self.rows("list domains", query).await?.iter().map(domain::read).collect()
    }

    /// Mailboxes by the key of their address, of one workspace and of one domain when given, after that key.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mailboxes_after(
        &self,
        workspace: Option<&WorkspaceId>,
        domain: Option<&DomainId>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Mailbox>, Fault> {
        let text = match (workspace, domain) {
            (None, None) => "WHERE b.address_key > $1 ORDER BY b.address_key LIMIT $2",
            (Some(_), None) => "WHERE b.address_key > $1 AND d.workspace = $3 ORDER BY b.address_key LIMIT $2",
            (None, Some(_)) => "WHERE b.address_key > $1 AND b.domain = $3 ORDER BY b.address_key LIMIT $2",
            (Some(_), Some(_)) => {
                "WHERE b.address_key > $1 AND d.workspace = $3 AND b.domain = $4 ORDER BY b.address_key LIMIT $2"
            }
        };
        let query = mailbox::sql_select(text).bind(after.to_owned()).bind(i64::from(limit));
        let bound = workspace.map(|id| id.0.clone()).into_iter().chain(domain.map(|id| id.0.clone()));
        let query = bound.fold(query, |query, id| query.bind(id));
        self.rows("list mailboxes", query).await?.iter().map(mailbox::read).collect()
    }

    /// Received mail, the newest first: of one workspace and of one mailbox when given, older than that id.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mails_before(
        &self,
        workspace: Option<&WorkspaceId>,
        mailbox: Option<&MailboxId>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Mail>, Fault> {
        let mut select = Select::default();
        select.of(workspace);
        if let Some(mailbox) = mailbox {
            let mark = select.text(mailbox.0.clone());
            select.and(format!("l.mailbox = {mark}"));
        }
        if let Some(before) = before {
            let mark = select.text(before);
            select.and(format!("l.id < {mark}"));
        }
        let limit = select.number(i64::from(limit));
        let columns = match workspace {
            None => "SELECT l.* FROM mail l",
            Some(_) => "SELECT l.* FROM mail l JOIN mailbox b ON b.id = l.mailbox JOIN domain d ON d.id = b.domain",
        };
        let query = select.query(columns, &format!("ORDER BY l.id DESC LIMIT {limit}"));
        self.rows("list mail", query).await?.iter().map(mail::read).collect()
    }

    /// The workspace of a received mail.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mail_workspace(&self, id: &MailId) -> Result<Option<WorkspaceId>, Fault> {
        let query = sql("SELECT d.workspace FROM mail l JOIN mailbox b ON b.id = l.mailbox \
                         JOIN domain d ON d.id = b.domain WHERE l.id = $1")
        .bind(free_text(&id.0));
        self.row("look whose a mail is", query).await?.map(|row| row.text("workspace").map(WorkspaceId)).transpose()
    }

    /// Suppressed addresses by their key, after that key.
    ///
    /// # Errors
    /// `store.*`
    pub async fn suppressions_after(&self, after: &str, limit: u32) -> Result<Vec<Suppression>, Fault> {
        let query = sql("SELECT * FROM suppression WHERE address_key > $1 ORDER BY address_key LIMIT $2")
            .bind(after.to_owned())
            .bind(i64::from(limit));
        self.rows("read the suppression list", query).await?.iter().map(suppression::read).collect()
    }
}
