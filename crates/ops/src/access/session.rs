//! Sessions of browsers, and one-time links that open one.

use std::time::Duration;

use rand::{TryRng as _, rngs::SysRng};
use rules::{Blame, Fault, Retry, id::SessionId, secret::hash_token};
use store::{Account, NewSession, Session};

use super::deed;
use crate::Ops;

/// What tokens of sessions are hashed for.
pub(super) const PURPOSE: &str = "session";
/// A session ends after that much rest. OWASP Session Management Cheat Sheet: a working day here.
const IDLE: Duration = Duration::from_secs(12 * 60 * 60);
/// A session ends that long after signing in, used or not.
const ABSOLUTE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How exactly the last use is known.
pub(super) const TOUCH: Duration = Duration::from_secs(60);
/// How long a sign-in link is good.
const LINK: Duration = Duration::from_secs(60 * 60);
/// Letters and digits of tokens.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// 43 of 62: 256 bits.
const TOKEN_LENGTH: usize = 43;

/// Where a sign-in comes from.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    /// IP.
    pub ip: String,
    /// What it calls itself.
    pub agent: String,
    /// The token that it showed; that session ends.
    pub token: Option<String>,
}

/// A session that was opened, with its token, which is not kept.
#[derive(Clone)]
pub struct OpenedSession {
    /// For the cookie.
    pub token: String,
    /// Whose it is.
    pub account: Account,
}

impl Ops {
    /// Opens a session with a new token: one that was known before signing in is worth nothing.
    pub(super) async fn open_session(
        &self,
        account: &Account,
        browser: Browser,
        what: &'static str,
    ) -> Result<OpenedSession, Fault> {
        let token = token()?;
        let new = NewSession {
            token_hash: hash_token(&self.key, PURPOSE, &token),
            account: account.id.clone(),
            ip: browser.ip.clone(),
            agent: browser.agent,
            instead_of: browser.token.map(|token| hash_token(&self.key, PURPOSE, &token)),
            forget_before: self.store.clock().now() - ABSOLUTE,
        };
        let deed = deed(&account.login, what, &browser.ip, account.workspace.clone());
        self.store.open_session(new, deed).await?;
        Ok(OpenedSession { token, account: account.clone() })
    }

    /// The session of a token and whose it is, while it is good; notes the use.
    ///
    /// # Errors
    /// `store.*`
    pub async fn session(&self, token: &str) -> Result<Option<(Session, Account)>, Fault> {
        let Some((session, account)) = self.store.session(&hash_token(&self.key, PURPOSE, token)).await? else {
            return Ok(None);
        };
        let now = self.store.clock().now();
        let expired = now.since(session.seen_at) >= IDLE || now.since(session.created_at) >= ABSOLUTE;
        if expired || account.disabled_at.is_some() {
            return Ok(None);
        }
        if now.since(session.seen_at) >= TOUCH {
            self.store.touch_session(&session.id).await?;
        }
        Ok(Some((session, account)))
    }

    /// What every form of a session carries: nobody who lacks the cookie can know it.
    pub fn csrf_token(&self, token: &str) -> String {
        hash_token(&self.key, "csrf", token)
    }

    /// Ends the session of a token.
    ///
    /// # Errors
    /// `store.*`
    pub async fn sign_out(&self, token: &str) -> Result<(), Fault> {
        if let Some((session, account)) = self.session(token).await? {
            let deed = deed(&account.login, "session.sign-out", &session.ip, account.workspace.clone());
            self.store.close_session(&account.id, &session.id, deed).await?;
        }
        Ok(())
    }

    /// Ends one of an account's own sessions.
    ///
    /// # Errors
    /// `session.unknown`, also when it is somebody else's; `store.*`
    pub async fn revoke_session(&self, account: &Account, id: &SessionId) -> Result<(), Fault> {
        let deed = deed(&account.login, "session.revoke", id.as_str(), account.workspace.clone());
        match self.store.close_session(&account.id, id, deed).await? {
            true => Ok(()),
            false => Err(Fault::caller("session.unknown", "there is no such session of yours")),
        }
    }

    /// A one-time token that signs in for the next hour, as in `/sign-in/link/<token>`. The link before stops working.
    ///
    /// # Errors
    /// `account.unknown`, `account.disabled`, `store.*`
    pub async fn sign_in_link(&self, login: &str, who: &str) -> Result<String, Fault> {
        let account = self.known_account(login).await?;
        if account.disabled_at.is_some() {
            return Err(Fault::caller("account.disabled", format!("the account `{login}` is disabled")));
        }
        let token = token()?;
        let deed = deed(who, "account.link", &account.login, account.workspace);
        let expires_at = self.store.clock().now() + LINK;
        self.store.add_sign_in_link(hash_token(&self.key, "link", &token), &account.id, expires_at, deed).await?;
        Ok(token)
    }

    /// Signs in by a link, once.
    ///
    /// # Errors
    /// `account.link` when it was used, is too old or was never made; `store.*`
    pub async fn sign_in_by_link(&self, token: &str, browser: Browser) -> Result<OpenedSession, Fault> {
        let account = match self.store.take_sign_in_link(hash_token(&self.key, "link", token)).await? {
            Some(id) => self.store.account(&id).await?.filter(|account| account.disabled_at.is_none()),
            None => None,
        };
        let gone = || Fault::caller("account.link", "this link was used or is too old: ask for a new one");
        self.open_session(&account.ok_or_else(gone)?, browser, "session.link").await
    }
}

/// Letters and digits made at random.
pub(super) fn token() -> Result<String, Fault> {
    let mut token = String::new();
    while token.len() < TOKEN_LENGTH {
        let mut octets = [0; 64];
        SysRng
            .try_fill_bytes(&mut octets)
            .map_err(|error| Fault::new("random", Blame::Operator, Retry::Later).context(error.to_string()))?;
        // 248 = 4 · 62: octets above it would make some letters likelier.
        let fair = octets.iter().filter(|octet| **octet < 248);
        let letters = fair.filter_map(|octet| ALPHABET.get(usize::from(octet % 62)));
        token.extend(letters.map(|letter| char::from(*letter)));
    }
    token.truncate(TOKEN_LENGTH);
    Ok(token)
}
