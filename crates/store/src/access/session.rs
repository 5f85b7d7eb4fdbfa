//! Sessions of browsers, and links that open one.

use rules::{
    Fault,
    id::{AccountId, SessionId},
};
use syntax::Timestamp;

use super::{Account, Deed};
use crate::{
    Store,
    row::{Row, free_text, sql},
};

/// Longest text of a browser's name that is kept, in characters.
const MAX_AGENT: usize = 200;

/// A sign-in of a browser.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Session {
    /// Id; not the token.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// When signed in.
    pub created_at: Timestamp,
    /// When last used, to a minute.
    pub seen_at: Timestamp,
    /// From where it was opened.
    pub ip: String,
    /// What the browser calls itself.
    pub agent: String,
}

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Keyed hash of its token.
    pub token_hash: String,
    /// Whose.
    pub account: AccountId,
    /// From where.
    pub ip: String,
    /// What the browser calls itself.
    pub agent: String,
    /// Keyed hash of the token that the browser showed before: that session ends.
    pub instead_of: Option<String>,
    /// Sessions opened before this moment are forgotten.
    pub forget_before: Timestamp,
}

impl Store {
    /// Opens a session; the one before it ends.
    ///
    /// # Errors
    /// `store.*`
    pub async fn open_session(&self, new: NewSession, deed: Deed) -> Result<SessionId, Fault> {
        self.write("open a session", move |tx| {
            Box::pin(async move {
                let before = new.instead_of.unwrap_or_default();
                let delete = sql("DELETE FROM session WHERE token_hash = $1 OR created_at < $2");
                tx.run(delete.bind(before).bind(new.forget_before.micros())).await?;
                let id = SessionId(tx.id());
                let agent: String = free_text(&new.agent).chars().take(MAX_AGENT).collect();
                let insert = sql("INSERT INTO session (id, token_hash, account, created_at, seen_at, ip, agent) \
                                  VALUES ($1, $2, $3, $4, $4, $5, $6)")
                .bind(id.0.clone())
                .bind(new.token_hash)
                .bind(new.account.0)
                .bind(tx.now.micros())
                .bind(new.ip)
                .bind(agent);
                tx.run(insert).await?;
                tx.audit(deed).await?;
                Ok(id)
            })
        })
        .await
    }

    /// The session of a token's hash, and whose it is.
    ///
    /// # Errors
    /// `store.*`
    pub async fn session(&self, token_hash: &str) -> Result<Option<(Session, Account)>, Fault> {
        let of_token = sql("SELECT * FROM session WHERE token_hash = $1").bind(token_hash.to_owned());
        let Some(row) = self.row("look for a session", of_token).await? else { return Ok(None) };
        let session = read(&row)?;
        Ok(self.account(&session.account).await?.map(|account| (session, account)))
    }

    /// Notes that a session is used.
    ///
    /// # Errors
    /// `store.*`
    pub async fn touch_session(&self, id: &SessionId) -> Result<(), Fault> {
        let id = id.0.clone();
        self.write("note that a session is used", move |tx| {
            Box::pin(async move {
                let update = sql("UPDATE session SET seen_at = $1 WHERE id = $2").bind(tx.now.micros()).bind(id);
                tx.run(update).await.map(drop)
            })
        })
        .await
    }

    /// Sessions of an account, the last opened first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn sessions(&self, account: &AccountId) -> Result<Vec<Session>, Fault> {
        let all = sql("SELECT * FROM session WHERE account = $1 ORDER BY id DESC").bind(account.0.clone());
        self.rows("list sessions", all).await?.iter().map(read).collect()
    }

    /// Ends a session of that account. Whether there was one.
    ///
    /// # Errors
    /// `store.*`
    pub async fn close_session(&self, account: &AccountId, id: &SessionId, deed: Deed) -> Result<bool, Fault> {
        let delete = sql("DELETE FROM session WHERE account = $1 AND id = $2");
        let delete = delete.bind(account.0.clone()).bind(id.0.clone());
        self.write("end a session", move |tx| {
            Box::pin(async move {
                let there = tx.run(delete).await? > 0;
                if there {
                    tx.audit(deed).await?;
                }
                Ok(there)
            })
        })
        .await
    }

    /// Keeps a one-time link until it expires; older ones of that account stop working.
    ///
    /// # Errors
    /// `store.*`
    pub async fn add_sign_in_link(
        &self,
        token_hash: String,
        account: &AccountId,
        expires_at: Timestamp,
        deed: Deed,
    ) -> Result<(), Fault> {
        let account = account.0.clone();
        self.write("make a sign-in link", move |tx| {
            Box::pin(async move {
                let delete = sql("DELETE FROM sign_in_link WHERE account = $1 OR expires_at < $2");
                tx.run(delete.bind(account.clone()).bind(tx.now.micros())).await?;
                let insert = sql("INSERT INTO sign_in_link (token_hash, account, expires_at) VALUES ($1, $2, $3)");
                tx.run(insert.bind(token_hash).bind(account).bind(expires_at.micros())).await?;
                tx.audit(deed).await
            })
        })
        .await
    }

    /// Uses up a link. Whose it was, when it was still good: of two at the same time one gets it.
    ///
    /// # Errors
    /// `store.*`
    pub async fn take_sign_in_link(&self, token_hash: String) -> Result<Option<AccountId>, Fault> {
        self.write("use a sign-in link", move |tx| {
            Box::pin(async move {
                let of_token = sql("SELECT account, expires_at FROM sign_in_link WHERE token_hash = $1");
                let Some(row) = tx.row(of_token.bind(token_hash.clone())).await? else { return Ok(None) };
                let good = row.moment("expires_at")? > tx.now;
                let delete = sql("DELETE FROM sign_in_link WHERE token_hash = $1").bind(token_hash);
                let taken = tx.run(delete).await? > 0;
                Ok((good && taken).then_some(AccountId(row.text("account")?)))
            })
        })
        .await
    }
}

fn read(row: &Row) -> Result<Session, Fault> {
    Ok(Session {
        id: SessionId(row.text("id")?),
        account: AccountId(row.text("account")?),
        created_at: row.moment("created_at")?,
        seen_at: row.moment("seen_at")?,
        ip: row.text("ip")?,
        agent: row.text("agent")?,
    })
}
