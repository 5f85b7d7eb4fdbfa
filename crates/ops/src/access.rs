//! Who may come in: accounts and signing in here; passwords, sessions, second factors and API keys beside.
//!
//! Every deed writes the audit log in its own transaction.

mod api_key;
mod code;
mod password;
mod session;

use rules::{
    Fault,
    access::{Role, Subject},
    id::WorkspaceId,
    secret::{hash_token, same},
};
use store::{Account, Deed, NewAccount};

use self::password::{check_strength, hash, verify};
pub use self::{
    api_key::{MadeApiKey, NewKey},
    code::TotpSetUp,
    session::{Browser, OpenedSession},
};
use crate::Ops;

/// Longest login and name, in characters.
const MAX_NAME: usize = 100;

/// A person to be let in.
#[derive(Debug, Clone)]
pub struct AccountRequest {
    /// What is typed to sign in; case does not matter.
    pub login: String,
    /// Shown.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The only workspace; `None`: all.
    pub workspace: Option<WorkspaceId>,
}

/// What was typed to sign in.
#[derive(Clone)]
pub struct Typed {
    /// Login.
    pub login: String,
    /// Password.
    pub password: String,
    /// Code of the second factor; empty without one.
    pub code: String,
}

impl Ops {
    /// Makes an account; without a password only links sign it in.
    ///
    /// # Errors
    /// `account.login`, `account.password-weak`, `account.exists`, `store.*`
    pub async fn add_account(
        &self,
        request: AccountRequest,
        password: Option<&str>,
        who: &str,
    ) -> Result<Account, Fault> {
        let new = prepared(request, password).await?;
        let deed = deed(who, "account.add", &new.login, new.workspace.clone());
        self.store.add_account(new, deed).await
    }

    /// Makes the first account, an owner, by the code that the operator was shown.
    ///
    /// # Errors
    /// `account.set-up-code`, `account.set-up-done`, `account.login`, `account.password-weak`, `account.throttled`, `store.*`
    pub async fn set_up(&self, code: &str, login: &str, password: &str, ip: &str) -> Result<Account, Fault> {
        let subjects = vec![(Subject::Ip, hash_token(&self.key, "ip", ip))];
        self.not_throttled(subjects.clone()).await?;
        if !same(&self.set_up_code(), code.trim()) {
            return Err(Fault::caller("account.set-up-code", "the set-up code is not the one that `serve` printed"));
        }
        let request =
            AccountRequest { login: login.to_owned(), name: login.to_owned(), role: Role::Owner, workspace: None };
        let new = prepared(request, Some(password)).await?;
        let deed = deed(&new.login, "account.set-up", &new.login, None);
        let account = self.store.add_first_account(new, deed).await?;
        self.store.sign_in_succeeded(subjects).await?;
        Ok(account)
    }

    /// The code of the first-run set-up: good while there is no account.
    pub fn set_up_code(&self) -> String {
        hash_token(&self.key, "set-up", "").chars().take(20).collect()
    }

    /// Signs in by password, and by code where a second factor is on. Unknown logins, wrong passwords, wrong codes and
    /// disabled accounts get the same answer after the same work.
    ///
    /// # Errors
    /// `account.sign-in`, `account.throttled`, `store.*`
    pub async fn sign_in(&self, typed: &Typed, browser: Browser) -> Result<OpenedSession, Fault> {
        let login = folded(&typed.login);
        let subjects = vec![
            (Subject::Login, hash_token(&self.key, "login", &login)),
            (Subject::Ip, hash_token(&self.key, "ip", &browser.ip)),
        ];
        self.not_throttled(subjects.clone()).await?;
        let account = self.store.account_of(&login).await?.filter(|account| account.disabled_at.is_none());
        let kept = account.as_ref().and_then(|account| account.password_hash.clone());
        let right = verify(kept, typed.password.clone()).await?;
        let Some(account) = account.filter(|_| right) else { return Err(wrong()) };
        if account.totp_on && !self.code_is_right(&account, &typed.code).await? {
            return Err(wrong());
        }
        self.store.sign_in_succeeded(subjects).await?;
        self.open_session(&account, browser, "session.sign-in").await
    }

    /// Changes one's own password; every other session ends.
    ///
    /// # Errors
    /// `account.sign-in` when the present one is wrong, `account.password-weak`, `account.throttled`, `store.*`
    pub async fn change_password(&self, account: &Account, present: &str, new: &str, token: &str) -> Result<(), Fault> {
        let subjects = vec![(Subject::Login, hash_token(&self.key, "login", &account.login))];
        self.not_throttled(subjects.clone()).await?;
        if !verify(account.password_hash.clone(), present.to_owned()).await? {
            return Err(Fault::caller("account.sign-in", "the present password is not right"));
        }
        self.store.sign_in_succeeded(subjects).await?;
        check_strength(new)?;
        let deed = deed(&account.login, "account.password", &account.login, account.workspace.clone());
        let keep = Some(hash_token(&self.key, session::PURPOSE, token));
        self.store.set_account_password(&account.id, hash(new.to_owned()).await?, keep, deed).await
    }

    /// Sets a password; every session ends.
    ///
    /// # Errors
    /// `account.unknown`, `account.password-weak`, `store.*`
    pub async fn set_password(&self, login: &str, new: &str, who: &str) -> Result<(), Fault> {
        let account = self.known_account(login).await?;
        check_strength(new)?;
        let deed = deed(who, "account.password", &account.login, account.workspace);
        self.store.set_account_password(&account.id, hash(new.to_owned()).await?, None, deed).await
    }

    /// Shuts an account out, or lets it in again.
    ///
    /// # Errors
    /// `account.unknown`, `store.*`
    pub async fn disable_account(&self, login: &str, disabled: bool, who: &str) -> Result<(), Fault> {
        let account = self.known_account(login).await?;
        let what = if disabled { "account.disable" } else { "account.enable" };
        let deed = deed(who, what, &account.login, account.workspace);
        self.store.set_account_disabled(&account.id, disabled, deed).await
    }

    async fn known_account(&self, login: &str) -> Result<Account, Fault> {
        let unknown = || Fault::caller("account.unknown", format!("there is no account `{login}`"));
        self.store.account_of(&folded(login)).await?.ok_or_else(unknown)
    }

    /// Counts a try; refuses it while there is something to wait for.
    async fn not_throttled(&self, subjects: Vec<(Subject, String)>) -> Result<(), Fault> {
        match self.store.begin_sign_in(subjects).await? {
            None => Ok(()),
            Some(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                let what = format!("too many tries failed: try again in {seconds} s");
                Err(Fault { retry: rules::Retry::Later, ..Fault::caller("account.throttled", what) })
            }
        }
    }
}

/// Login and name as they are kept, the password as its hash.
async fn prepared(request: AccountRequest, password: Option<&str>) -> Result<NewAccount, Fault> {
    let login = folded(&request.login);
    let plain = |letter: char| !letter.is_whitespace() && !letter.is_control();
    if login.is_empty() || login.chars().count() > MAX_NAME || !login.chars().all(plain) {
        return Err(Fault::caller("account.login", "a login has 1 to 100 letters and no spaces: an address is fine"));
    }
    let password_hash = match password {
        None => None,
        Some(password) => {
            check_strength(password)?;
            Some(hash(password.to_owned()).await?)
        }
    };
    let name = request.name.chars().take(MAX_NAME).collect();
    Ok(NewAccount { login, name, role: request.role, workspace: request.workspace, password_hash })
}

fn folded(login: &str) -> String {
    login.trim().to_lowercase()
}

/// The one answer to everything that is wrong about a sign-in.
fn wrong() -> Fault {
    Fault::caller("account.sign-in", "login, password or code is not right")
}

fn deed(who: &str, what: &'static str, about: &str, workspace: Option<WorkspaceId>) -> Deed {
    Deed { who: who.to_owned(), what, about: about.to_owned(), workspace }
}
