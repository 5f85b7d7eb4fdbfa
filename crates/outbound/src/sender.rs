//! What a message of a domain is sent with. The rows are read for each message, so that a change counts at once; a key is
//! read from its octets only when they are new, since that costs about as much as a signature.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use auth::{Algorithm, PrivateKey, Signer, SigningKey};
use rules::{Fault, id::DomainId};
use store::{DkimKey, SendingDomain, Store};

/// Signers that are kept.
const MAX_KEPT: usize = 1000;

/// Signers, by domain.
#[derive(Default)]
pub(crate) struct Senders(Mutex<HashMap<DomainId, Ready>>);

/// The keys as they stood in the store, and the signer that was made of them.
type Ready = (Vec<DkimKey>, Arc<Signer>);

impl Senders {
    /// The domain as it is now, and its signer; `None` when it is gone.
    pub async fn of(&self, store: &Store, domain: &DomainId) -> Result<Option<(SendingDomain, Arc<Signer>)>, Fault> {
        let Some((domain, keys)) = store.sender(domain).await? else { return Ok(None) };
        let keys: Vec<DkimKey> = keys.into_iter().filter(|key| key.active).collect();
        if let Some(signer) = self.kept(&domain.id, &keys) {
            return Ok(Some((domain, signer)));
        }
        let ready: Vec<SigningKey> = keys.iter().filter_map(|key| signing_key(&domain, key)).collect();
        let signer = Arc::new(Signer::new(&ready)?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(domain.id.clone(), (keys, signer.clone()));
        drop(kept);
        Ok(Some((domain, signer)))
    }

    fn kept(&self, domain: &DomainId, keys: &[DkimKey]) -> Option<Arc<Signer>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, signer) = kept.get(domain)?;
        let same = |(left, right): (&DkimKey, &DkimKey)| {
            left.selector == right.selector
                && left.algorithm == right.algorithm
                && left.private_key == right.private_key
        };
        (known.len() == keys.len() && known.iter().zip(keys).all(same)).then(|| signer.clone())
    }
}

fn signing_key(domain: &SendingDomain, key: &DkimKey) -> Option<SigningKey> {
    let algorithm = Algorithm::parse(&key.algorithm)?;
    let (domain, selector) = (domain.name.clone(), key.selector.clone());
    Some(SigningKey { domain, selector, algorithm, key: PrivateKey(key.private_key.clone()) })
}
