//! Mailboxes: add, list, suspend, new passwords.

use rand::{TryRng as _, rngs::SysRng};
use rules::{Blame, Fault, Retry, secret::hash_password};
use store::{Mailbox, NewMailbox};
use syntax::{Address, Domain};

use crate::{Ops, domain::unknown};

/// Letters and digits that are not taken for one another.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// 24 letters of 56: 139 bits.
const PASSWORD_LENGTH: usize = 24;

/// A mailbox asked for.
#[derive(Debug, Clone)]
pub struct MailboxRequest {
    /// Address.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Cap; the installation's when not said.
    pub daily_cap: Option<u32>,
}

/// A new mailbox and its password, shown once.
#[derive(Clone, serde::Serialize)]
pub struct NewCredentials {
    /// Address: also the login.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Generated password, 24 characters; only its keyed hash is stored.
    pub password: String,
    /// Host of submission and IMAP: the domain's mail host.
    pub host: Domain,
}

impl std::fmt::Debug for NewCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCredentials").field("address", &self.address).finish_non_exhaustive()
    }
}

pub(crate) fn unknown_mailbox(address: &Address) -> Fault {
    let what = format!("{address} is not a mailbox here: `coldrelay mailbox add {address}` makes it");
    Fault::caller("mailbox.unknown", what)
}

impl Ops {
    /// Makes mailboxes, all or none.
    ///
    /// # Errors
    /// `mailbox.exists`, `mailbox.no-domain`, `mailbox.display`, `store.*`
    pub async fn add_mailboxes(&self, requests: &[MailboxRequest]) -> Result<Vec<NewCredentials>, Fault> {
        let mut credentials = Vec::new();
        let mut new = Vec::new();
        for request in requests {
            let (password, display) = (password()?, display(request)?);
            let daily_cap = request.daily_cap.unwrap_or(self.daily_cap);
            new.push(NewMailbox {
                address: request.address.clone(),
                display: display.clone(),
                password_hash: hash_password(&self.key, &password),
                daily_cap,
                ramp: self.ramp.first(daily_cap),
            });
            credentials.push(self.credentials(&request.address, display, password).await?);
        }
        self.store.add_mailboxes(new).await?;
        Ok(credentials)
    }

    /// All, of one domain when given.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn mailboxes(&self, domain: Option<&Domain>) -> Result<Vec<Mailbox>, Fault> {
        match domain {
            None => self.store.mailboxes(None).await,
            Some(name) => {
                let domain = self.store.domain(name).await?.ok_or_else(|| unknown(name))?;
                self.store.mailboxes(Some(&domain.id)).await
            }
        }
    }

    /// New password, shown once.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn reset_password(&self, address: &Address) -> Result<NewCredentials, Fault> {
        let mailbox = self.mailbox(address).await?;
        let password = password()?;
        self.store.set_password_hash(&mailbox.id, &hash_password(&self.key, &password)).await?;
        self.credentials(&mailbox.address, mailbox.display, password).await
    }

    /// Suspends a mailbox (it keeps its mail, cannot log in, and takes no mail), or ends that.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn suspend(&self, mailbox: &Address, suspended: bool) -> Result<(), Fault> {
        let mailbox = self.mailbox(mailbox).await?;
        self.store.set_suspended(&mailbox.id, suspended).await
    }

    /// Lets one mailbox send as another of its workspace.
    ///
    /// # Errors
    /// `mailbox.unknown`, `mailbox.other-workspace`, `store.*`
    pub async fn grant(&self, mailbox: &Address, other: &Address) -> Result<(), Fault> {
        let (mailbox, other) = (self.mailbox(mailbox).await?, self.mailbox(other).await?);
        self.store.grant(&mailbox.id, &other.id).await
    }

    pub(crate) async fn mailbox(&self, address: &Address) -> Result<Mailbox, Fault> {
        let found = self.store.mailbox(address).await?;
        found.ok_or_else(|| unknown_mailbox(address))
    }

    async fn credentials(
        &self,
        address: &Address,
        display: Option<String>,
        password: String,
    ) -> Result<NewCredentials, Fault> {
        let domain = self.store.domain(address.domain()).await?;
        let host = domain.map_or_else(|| address.domain().child("box"), |domain| domain.mail_host);
        Ok(NewCredentials { address: address.clone(), display, password, host })
    }
}

pub(crate) fn password() -> Result<String, Fault> {
    let mut password = String::new();
    let mut octets = [0; 64];
    while password.len() < PASSWORD_LENGTH {
        SysRng
            .try_fill_bytes(&mut octets)
            .map_err(|error| Fault::new("random", Blame::Operator, Retry::Later).caused_by(error))?;
        // Octets above the last whole multiple are thrown away, so that every letter is as likely.
        let whole = 256 - 256 % ALPHABET.len();
        let fair = octets.iter().map(|octet| usize::from(*octet)).filter(|value| *value < whole);
        let letters = fair.filter_map(|value| ALPHABET.get(value % ALPHABET.len()));
        password.extend(letters.map(|letter| char::from(*letter)).take(PASSWORD_LENGTH - password.len()));
    }
    Ok(password)
}

/// A display name without blanks around it, which no mail program shows; `None` when nothing is left.
fn display(request: &MailboxRequest) -> Result<Option<String>, Fault> {
    let name = request.display.as_deref().unwrap_or_default().trim();
    if name.chars().any(char::is_control) {
        let what = format!("{}: the display name holds a line break or another control character", request.address);
        return Err(Fault::caller("mailbox.display", what));
    }
    Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, two) = (password().unwrap(), password().unwrap());
        assert_eq!(one.len(), PASSWORD_LENGTH);
        assert!(one.bytes().all(|octet| ALPHABET.contains(&octet)));
        assert_ne!(one, two);
    }
}
