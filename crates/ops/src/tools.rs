//! Deeds of the free tools that need more than a pure function. The others are called where they stand: `rules::generate`,
//! `rules::sizing`, `rules::cost`, `check::opt_out`.

use auth::{Algorithm, PrivateKey};
use rules::{
    Fault,
    generate::{Generated, dkim},
};
use syntax::{Domain, encode_base64};

/// Letters of one line of a PEM. RFC 7468 §2.
const PEM_LINE: usize = 64;

/// A new DKIM key and its record. Its `Debug` hides the private half.
#[derive(Debug)]
pub struct NewDkimKey {
    /// PKCS#8; shown or written once, and kept nowhere.
    pub private: PrivateKey,
    /// The record to publish.
    pub made: Generated,
}

/// Makes a key for that selector.
///
/// # Errors
/// `generate.dkim-selector`, `dkim.key`
pub fn new_dkim_key(domain: &Domain, selector: &str, algorithm: Algorithm) -> Result<NewDkimKey, Fault> {
    let selector = dkim::selector(selector)?;
    let (private, record) = auth::generate(algorithm)?;
    let key = Some(dkim::PublicKey::parse(&record)?);
    let made = dkim::Dkim { domain: domain.clone(), selector, key, testing: false, strict: false }.generate();
    Ok(NewDkimKey { private, made })
}

impl NewDkimKey {
    /// The private half as `BEGIN PRIVATE KEY`. RFC 7468 §10.
    pub fn private_pem(&self) -> String {
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----");
        for (index, letter) in encode_base64(&self.private.0).chars().enumerate() {
            if index % PEM_LINE == 0 {
                pem.push('\n');
            }
            pem.push(letter);
        }
        pem.push_str("\n-----END PRIVATE KEY-----\n");
        pem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_comes_with_its_record_and_hides_its_private_half() {
        let made = new_dkim_key(&"example.com".parse().unwrap(), "S1", Algorithm::Ed25519).unwrap();
        assert!(made.made.zone().starts_with("s1._domainkey.example.com. 3600 IN TXT \"v=DKIM1; k=ed25519; p="));
        let pem = made.private_pem();
        let inner = pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        assert_eq!(syntax::decode_base64(&inner).unwrap(), made.private.0);
        assert!(pem.lines().all(|line| line.len() <= PEM_LINE));
        assert!(!format!("{made:?}").contains(&format!("{:?}", made.private.0)));
        let fault = new_dkim_key(&"example.com".parse().unwrap(), "a b", Algorithm::Ed25519).unwrap_err();
        assert_eq!(fault.code, "generate.dkim-selector");
    }
}
