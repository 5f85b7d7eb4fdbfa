//! The second factor: a code by time.

use rules::{Fault, access::totp::Secret, secret::derive};
use store::Account;

use super::deed;
use crate::Ops;

/// What is typed or scanned into an app.
#[derive(Clone)]
pub struct TotpSetUp {
    /// Base32.
    pub secret: String,
    /// `otpauth://…`
    pub link: String,
}

impl Ops {
    /// Makes a secret, which is asked for once a code of it was seen.
    ///
    /// # Errors
    /// `account.totp-on`, `store.*`
    pub async fn begin_totp(&self, account: &Account) -> Result<TotpSetUp, Fault> {
        if account.totp_on {
            return Err(Fault::caller("account.totp-on", "codes are asked for already: turn them off first"));
        }
        let octets = auth::generate_secret()?;
        let mut secret = Secret([0; 20]);
        secret.0.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
        let sealed = auth::seal(&derive(&self.key, "totp"), account.id.as_str(), &secret.0)?;
        let deed = deed(&account.login, "account.totp-begin", &account.login, account.workspace.clone());
        self.store.set_totp(&account.id, Some(sealed), false, deed).await?;
        Ok(TotpSetUp { secret: secret.base32(), link: secret.otpauth(&account.login) })
    }

    /// Turns codes on by the first.
    ///
    /// # Errors
    /// `account.totp-code`, `account.throttled`, `store.*`
    pub async fn confirm_totp(&self, account: &Account, code: &str) -> Result<(), Fault> {
        self.change_totp(account, code, true).await
    }

    /// Turns codes off by a last one.
    ///
    /// # Errors
    /// `account.totp-code`, `account.throttled`, `store.*`
    pub async fn disable_totp(&self, account: &Account, code: &str) -> Result<(), Fault> {
        self.change_totp(account, code, false).await
    }

    async fn change_totp(&self, account: &Account, code: &str, on: bool) -> Result<(), Fault> {
        let subjects =
            vec![(rules::access::Subject::Login, rules::secret::hash_token(&self.key, "login", &account.login))];
        self.not_throttled(subjects.clone()).await?;
        if !self.code_is_right(account, code).await? {
            return Err(Fault::caller("account.totp-code", "the code is not right: is the clock of the phone?"));
        }
        self.store.sign_in_succeeded(subjects).await?;
        let what = if on { "account.totp-on" } else { "account.totp-off" };
        let sealed = account.totp_sealed.clone().filter(|_| on);
        let deed = deed(&account.login, what, &account.login, account.workspace.clone());
        self.store.set_totp(&account.id, sealed, on, deed).await
    }

    /// Whether that code is good now; it is not again.
    pub(super) async fn code_is_right(&self, account: &Account, code: &str) -> Result<bool, Fault> {
        let Some(sealed) = &account.totp_sealed else { return Ok(false) };
        let octets = auth::unseal(&derive(&self.key, "totp"), account.id.as_str(), sealed)?;
        let Ok(octets) = octets.try_into() else { return Ok(false) };
        match Secret(octets).verify(code, self.store.clock().now(), account.totp_step) {
            Some(step) => self.store.use_totp_step(&account.id, step).await,
            None => Ok(false),
        }
    }
}
