//! `coldrelay account` and `coldrelay key`

use std::{io::Read as _, process::ExitCode};

use clap::Subcommand;
use ops::{AccountRequest, MadeApiKey, NewKey, Ops};
use rules::{
    Blame, Fault, Retry,
    access::{Role, Scope},
    id::{ApiKeyId, WorkspaceId},
};

use crate::out::{Out, table};

/// Who it was, in the audit log.
const WHO: &str = "command line";

#[derive(Subcommand)]
pub enum Account {
    /// Let a person in; sign in first by `account link`, or give a password with --password
    Add {
        /// What is typed to sign in; an address is fine
        login: String,
        /// Name to show [default: the login]
        #[arg(long)]
        name: Option<String>,
        /// viewer, operator or owner
        #[arg(long, default_value = "owner", value_parser = role)]
        role: Role,
        /// The only workspace that is seen [default: all]
        #[arg(long)]
        workspace: Option<String>,
        /// Read a password from stdin
        #[arg(long)]
        password: bool,
    },
    /// List accounts
    List,
    /// Shut a person out: sessions and links end
    Disable {
        /// The login
        login: String,
        /// Let the person in again instead
        #[arg(long)]
        undo: bool,
    },
    /// Make a link that signs in once within the next hour
    Link {
        /// The login
        login: String,
    },
    /// Set a password, read from stdin; sessions end
    Password {
        /// The login
        login: String,
    },
}

#[derive(Subcommand)]
pub enum ApiKey {
    /// Make a key to the REST API; it is shown once
    Create {
        /// What it is for
        name: String,
        /// What it may do, as in domains:read; several times for several
        #[arg(long = "scope", required = true)]
        scopes: Vec<Scope>,
        /// The only workspace that it sees [default: all]
        #[arg(long)]
        workspace: Option<String>,
    },
    /// List keys
    List,
    /// Make a key worthless
    Revoke {
        /// Its id, from `key list`
        id: String,
    },
}

#[derive(serde::Serialize)]
struct Link {
    path: String,
}

impl Account {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::Add { login, name, role, workspace, password } => {
                let workspace = workspace_id(ops, workspace).await?;
                let password = if password { Some(from_stdin()?) } else { None };
                let name = name.unwrap_or_else(|| login.clone());
                let request = AccountRequest { login, name, role, workspace };
                let account = ops.add_account(request, password.as_deref(), WHO).await?;
                out.answer(&account, |account| format!("{} may sign in as {}", account.login, account.role.as_str()));
            }
            Self::List => out.answer(&ops.store.accounts().await?, |accounts| {
                table(&["login", "name", "role", "codes", "disabled"], accounts.iter().map(row).collect())
            }),
            Self::Disable { login, undo } => {
                ops.disable_account(&login, !undo, WHO).await?;
                out.talk(&format!("{login} {}", if undo { "may sign in again" } else { "is shut out" }));
            }
            Self::Link { login } => {
                let path = format!("/sign-in/link/{}", ops.sign_in_link(&login, WHO).await?);
                out.talk("Good once, for an hour; put it behind the address of the installation:");
                out.answer(&Link { path }, |link| link.path.clone());
            }
            Self::Password { login } => {
                ops.set_password(&login, &from_stdin()?, WHO).await?;
                out.talk(&format!("{login} has a new password; every session has ended"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl ApiKey {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::Create { name, scopes, workspace } => {
                let workspace = workspace_id(ops, workspace).await?;
                let new = NewKey { name, scopes: scopes.into_iter().collect(), workspace };
                out.talk("It is shown this once; only its keyed hash is kept:");
                out.answer(&ops.add_api_key(new, WHO).await?, |made: &MadeApiKey| made.key.clone());
            }
            Self::List => out.answer(&ops.store.api_keys(None).await?, |keys| {
                table(&["id", "key", "for", "scopes", "last used", "revoked"], keys.iter().map(key_row).collect())
            }),
            Self::Revoke { id } => {
                ops.revoke_api_key(&ApiKeyId(id), None, WHO).await?;
                out.talk("The key is worth nothing any more");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(account: &store::Account) -> Vec<String> {
    let codes = if account.totp_on { "on" } else { "off" };
    vec![
        account.login.clone(),
        account.name.clone(),
        account.role.as_str().to_owned(),
        codes.to_owned(),
        account.disabled_at.map(|at| at.to_string()).unwrap_or_default(),
    ]
}

fn key_row(key: &store::ApiKey) -> Vec<String> {
    vec![
        key.id.to_string(),
        format!("{}…", key.prefix),
        key.name.clone(),
        key.scopes.to_string(),
        key.used_at.map(|at| at.to_string()).unwrap_or_else(|| String::from("never")),
        key.revoked_at.map(|at| at.to_string()).unwrap_or_default(),
    ]
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| format!("`{word}` is no role: use viewer, operator or owner"))
}

async fn workspace_id(ops: &Ops, name: Option<String>) -> Result<Option<WorkspaceId>, Fault> {
    let Some(name) = name else { return Ok(None) };
    let found = ops.store.workspaces().await?.into_iter().find(|workspace| workspace.name == name);
    let unknown = || Fault::caller("workspace.unknown", format!("there is no workspace `{name}`"));
    found.map(|workspace| Some(workspace.id)).ok_or_else(unknown)
}

/// The first line, which arguments and the environment would show to others.
fn from_stdin() -> Result<String, Fault> {
    let mut text = String::new();
    let unread = |error: std::io::Error| {
        Fault::new("runtime", Blame::Operator, Retry::Later).context("reading stdin").caused_by(error)
    };
    std::io::stdin().take(4096).read_to_string(&mut text).map_err(unread)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
