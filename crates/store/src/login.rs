//! Who logs in: one check for every protocol.

use rules::{
    Fault,
    secret::{self, Key},
};
use syntax::Address;

use crate::{Mailbox, Store};

/// What a login and a password come to.
#[derive(Debug, Clone)]
pub enum Login {
    /// The mailbox.
    Right(Box<Mailbox>),
    /// The password is right, and the mailbox is suspended.
    Suspended,
    /// The password is wrong; the mailbox, when there is one. Who asks is not told whether there is.
    Wrong(Option<Box<Mailbox>>),
}

impl Store {
    /// Checks a mailbox's address and password. An unknown login costs what a wrong password costs.
    ///
    /// # Errors
    /// `store.*`
    pub async fn login(&self, key: &Key, login: &str, password: &str) -> Result<Login, Fault> {
        let mailbox = match Address::parse(login) {
            Ok(address) => self.mailbox(&address).await?,
            Err(_) => None,
        };
        let nobody = String::new();
        let hash = mailbox.as_ref().map_or(&nobody, |mailbox| &mailbox.password_hash);
        let is_right = secret::verify_password(key, password, hash);
        Ok(match mailbox {
            Some(mailbox) if is_right && mailbox.suspended_at.is_some() => Login::Suspended,
            Some(mailbox) if is_right => Login::Right(Box::new(mailbox)),
            other => Login::Wrong(other.map(Box::new)),
        })
    }
}
