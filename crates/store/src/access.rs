//! Who may come in: accounts here; sessions, keys, failures and the audit log beside.

mod api_key;
mod audit;
mod failure;
mod session;

use rules::{
    Fault,
    access::Role,
    id::{AccountId, WorkspaceId},
};
use syntax::Timestamp;

pub use self::{
    api_key::{ApiKey, NewApiKey},
    audit::{Audit, Deed},
    session::{NewSession, Session},
};
use crate::{
    Store,
    committer::Tx,
    row::{Row, free_text, sql},
};

/// A person.
#[derive(Clone, serde::Serialize)]
pub struct Account {
    /// Id.
    pub id: AccountId,
    /// What is typed to sign in, in lower case.
    pub login: String,
    /// Shown.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The only workspace that is seen; `None`: all.
    pub workspace: Option<WorkspaceId>,
    /// When made.
    pub created_at: Timestamp,
    /// Since when it cannot sign in.
    pub disabled_at: Option<Timestamp>,
    /// Whether a code is asked for too.
    pub totp_on: bool,
    /// argon2 in PHC form; `None`: by link only.
    #[serde(skip)]
    pub password_hash: Option<String>,
    /// The TOTP secret, sealed; also while it is being set up.
    #[serde(skip)]
    pub totp_sealed: Option<String>,
    /// The last step whose code was used.
    #[serde(skip)]
    pub totp_step: i64,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// A person to be let in.
#[derive(Clone)]
pub struct NewAccount {
    /// In lower case.
    pub login: String,
    /// Shown.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The only workspace; `None`: all.
    pub workspace: Option<WorkspaceId>,
    /// argon2 in PHC form.
    pub password_hash: Option<String>,
}

impl Store {
    /// Makes an account.
    ///
    /// # Errors
    /// `account.exists`, `store.*`
    pub async fn add_account(&self, new: NewAccount, deed: Deed) -> Result<Account, Fault> {
        self.write("make an account", move |tx| Box::pin(async move { insert(tx, new, deed).await })).await
    }

    /// Makes the first account; of two that try at the same time one does.
    ///
    /// # Errors
    /// `account.set-up-done`, `store.*`
    pub async fn add_first_account(&self, new: NewAccount, deed: Deed) -> Result<Account, Fault> {
        self.write("make the first account", move |tx| {
            Box::pin(async move {
                if tx.row(sql("SELECT id FROM account LIMIT 1")).await?.is_some() {
                    return Err(Fault::caller("account.set-up-done", "there is an account already: sign in with it"));
                }
                insert(tx, new, deed).await
            })
        })
        .await
    }

    /// Whether nobody can sign in yet.
    ///
    /// # Errors
    /// `store.*`
    pub async fn has_no_account(&self) -> Result<bool, Fault> {
        Ok(self.row("look for accounts", sql("SELECT id FROM account LIMIT 1")).await?.is_none())
    }

    /// All, by login.
    ///
    /// # Errors
    /// `store.*`
    pub async fn accounts(&self) -> Result<Vec<Account>, Fault> {
        self.rows("list accounts", sql("SELECT * FROM account ORDER BY login")).await?.iter().map(read).collect()
    }

    /// The account of a login (lower case), disabled or not.
    ///
    /// # Errors
    /// `store.*`
    pub async fn account_of(&self, login: &str) -> Result<Option<Account>, Fault> {
        let of_login = sql("SELECT * FROM account WHERE login = $1").bind(free_text(login));
        self.row("look for an account", of_login).await?.as_ref().map(read).transpose()
    }

    /// The account of an id.
    ///
    /// # Errors
    /// `store.*`
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>, Fault> {
        let of_id = sql("SELECT * FROM account WHERE id = $1").bind(id.0.clone());
        self.row("look for an account", of_id).await?.as_ref().map(read).transpose()
    }

    /// New password; every session but the one named (by the hash of its token) ends.
    ///
    /// # Errors
    /// `store.*`
    pub async fn set_account_password(
        &self,
        id: &AccountId,
        hash: String,
        keep: Option<String>,
        deed: Deed,
    ) -> Result<(), Fault> {
        let id = id.0.clone();
        self.write("change a password", move |tx| {
            Box::pin(async move {
                let update = sql("UPDATE account SET password_hash = $1 WHERE id = $2").bind(hash).bind(id.clone());
                tx.run(update).await?;
                let delete = sql("DELETE FROM session WHERE account = $1 AND token_hash <> $2");
                tx.run(delete.bind(id.clone()).bind(keep.unwrap_or_default())).await?;
                tx.run(sql("DELETE FROM sign_in_link WHERE account = $1").bind(id)).await?;
                tx.audit(deed).await
            })
        })
        .await
    }

    /// Disables an account and ends its sessions and links, or lets it in again.
    ///
    /// # Errors
    /// `store.*`
    pub async fn set_account_disabled(&self, id: &AccountId, disabled: bool, deed: Deed) -> Result<(), Fault> {
        let id = id.0.clone();
        self.write("disable an account", move |tx| {
            Box::pin(async move {
                let at = disabled.then(|| tx.now.micros());
                tx.run(sql("UPDATE account SET disabled_at = $1 WHERE id = $2").bind(at).bind(id.clone())).await?;
                tx.run(sql("DELETE FROM session WHERE account = $1").bind(id.clone())).await?;
                tx.run(sql("DELETE FROM sign_in_link WHERE account = $1").bind(id)).await?;
                tx.audit(deed).await
            })
        })
        .await
    }

    /// Keeps a TOTP secret (`None`: forgets it), asked for at sign-in once `on`.
    ///
    /// # Errors
    /// `store.*`
    pub async fn set_totp(&self, id: &AccountId, sealed: Option<String>, on: bool, deed: Deed) -> Result<(), Fault> {
        let update = sql("UPDATE account SET totp_sealed = $1, totp_on = $2 WHERE id = $3")
            .bind(sealed)
            .bind(i64::from(on))
            .bind(id.0.clone());
        self.write("change the second factor", move |tx| {
            Box::pin(async move {
                tx.run(update).await?;
                tx.audit(deed).await
            })
        })
        .await
    }

    /// Uses up the code of a step. Whether it was not used before: of two at the same time one is first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn use_totp_step(&self, id: &AccountId, step: i64) -> Result<bool, Fault> {
        let update = sql("UPDATE account SET totp_step = $1 WHERE id = $2 AND totp_step < $1").bind(step);
        let update = update.bind(id.0.clone());
        self.write("use a code", move |tx| Box::pin(async move { tx.run(update).await.map(|rows| rows > 0) })).await
    }
}

async fn insert(tx: &mut Tx, new: NewAccount, deed: Deed) -> Result<Account, Fault> {
    let login = free_text(&new.login);
    if tx.row(sql("SELECT id FROM account WHERE login = $1").bind(login.clone())).await?.is_some() {
        return Err(Fault::caller("account.exists", format!("there is an account `{login}` already")));
    }
    let account = Account {
        id: AccountId(tx.id()),
        login,
        name: free_text(&new.name),
        role: new.role,
        workspace: new.workspace,
        created_at: tx.now,
        disabled_at: None,
        totp_on: false,
        password_hash: new.password_hash,
        totp_sealed: None,
        totp_step: 0,
    };
    let insert =
        sql("INSERT INTO account (id, login, name, role, workspace, password_hash, totp_on, totp_step, created_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7)")
        .bind(account.id.0.clone())
        .bind(account.login.clone())
        .bind(account.name.clone())
        .bind(account.role.as_str())
        .bind(account.workspace.as_ref().map(|workspace| workspace.0.clone()))
        .bind(account.password_hash.clone())
        .bind(tx.now.micros());
    tx.run(insert).await?;
    tx.audit(deed).await?;
    Ok(account)
}

fn read(row: &Row) -> Result<Account, Fault> {
    Ok(Account {
        id: AccountId(row.text("id")?),
        login: row.text("login")?,
        name: row.text("name")?,
        role: row.named("role", Role::parse)?,
        workspace: row.text_or_none("workspace")?.map(WorkspaceId),
        created_at: row.moment("created_at")?,
        disabled_at: row.moment_or_none("disabled_at")?,
        totp_on: row.flag("totp_on")?,
        password_hash: row.text_or_none("password_hash")?,
        totp_sealed: row.text_or_none("totp_sealed")?,
        totp_step: row.number("totp_step")?,
    })
}
