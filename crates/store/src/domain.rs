//! Sending domains and their DKIM keys.

use std::net::IpAddr;

use rules::{
    Fault,
    id::{DomainId, WorkspaceId},
};
use syntax::{Address, Domain, Timestamp};

use crate::Store;

/// A sending domain.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SendingDomain {
    /// Id.
    pub id: DomainId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Name, unique in the installation.
    pub name: Domain,
    /// Dedicated egress IP: no two domains share one (unique).
    pub egress_ip: IpAddr,
    /// Its mail host, `box.<name>`.
    pub mail_host: Domain,
    /// Where mail for unknown local parts goes.
    pub catch_all: Option<Address>,
    /// `none`, `quarantine` or `reject`.
    pub dmarc_policy: String,
    /// `embedded`, `rfc2136`, `provider` or `print`.
    pub publisher: String,
    /// When made.
    pub created_at: Timestamp,
}

/// A domain to be made.
#[derive(Debug, Clone)]
pub struct NewDomain {
    /// Owner.
    pub workspace: WorkspaceId,
    /// Name.
    pub name: Domain,
    /// Dedicated egress IP.
    pub egress_ip: IpAddr,
    /// Mail host.
    pub mail_host: Domain,
    /// DMARC policy.
    pub dmarc_policy: String,
    /// Publisher.
    pub publisher: String,
    /// Its first keys, made in the same transaction.
    pub keys: Vec<DkimKey>,
}

/// A DKIM key.
#[derive(Clone)]
pub struct DkimKey {
    /// Selector.
    pub selector: String,
    /// `rsa` or `ed25519`.
    pub algorithm: String,
    /// PKCS#8 DER.
    pub private_key: Vec<u8>,
    /// TXT value.
    pub txt: String,
    /// Signs now (a retired key stays published for a while).
    pub active: bool,
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DkimKey")
            .field("selector", &self.selector)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Makes a domain with its keys.
    ///
    /// # Errors
    /// `domain.exists`, `domain.ip-taken`, `store.*`
    pub async fn add_domain(&self, _new: NewDomain) -> Result<SendingDomain, Fault> {
        todo!()
    }
    /// By name.
    ///
    /// # Errors
    /// `store.*`
    pub async fn domain(&self, _name: &Domain) -> Result<Option<SendingDomain>, Fault> {
        todo!()
    }
    /// All, by name; of one workspace when given.
    ///
    /// # Errors
    /// `store.*`
    pub async fn domains(&self, _workspace: Option<&WorkspaceId>) -> Result<Vec<SendingDomain>, Fault> {
        todo!()
    }
    /// Changes catch-all, DMARC policy, publisher and egress IP to those of `domain` (matched by id).
    ///
    /// # Errors
    /// `domain.unknown`, `domain.ip-taken`, `store.*`
    pub async fn update_domain(&self, _domain: &SendingDomain) -> Result<(), Fault> {
        todo!()
    }
    /// Keys, by selector.
    ///
    /// # Errors
    /// `store.*`
    pub async fn dkim_keys(&self, _domain: &DomainId) -> Result<Vec<DkimKey>, Fault> {
        todo!()
    }
    /// Adds a key, or changes `active` of the key with that selector.
    ///
    /// # Errors
    /// `store.*`
    pub async fn put_dkim_key(&self, _domain: &DomainId, _key: DkimKey) -> Result<(), Fault> {
        todo!()
    }
}
