//! What must hold for a connection over which mail goes out: nothing (opportunistic TLS, RFC 7435), what the recipient's domain
//! asks for (MTA-STS, RFC 8461), or what its DNS says under DNSSEC (DANE, RFC 7672).

use sha2::{Digest as _, Sha256, Sha512};

use crate::mta_sts::{Mode, Policy};

/// When the DNS is believed that an answer was validated (AD).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dane {
    /// When every DNS server that is asked is on this machine: nobody on the way can set the bit.
    #[default]
    Local,
    /// Always: the way to the servers is known to be safe.
    Always,
    /// Never: DANE is not used.
    Never,
}

impl Dane {
    /// Reads `local`, `always` or `never`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "local" => Some(Self::Local),
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

/// A TLSA record. RFC 6698 §2.1
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlsa {
    /// 2 (DANE-TA): whoever signed the host's certificate; 3 (DANE-EE): the host's own.
    pub usage: u8,
    /// 0: the whole certificate; 1: its public key.
    pub selector: u8,
    /// 0: as it is; 1: SHA-256; 2: SHA-512.
    pub matching: u8,
    /// What it must be.
    pub data: Vec<u8>,
}

impl Tlsa {
    /// The data in hexadecimal, as zones have it; `None` when it is none.
    pub fn read(usage: u8, selector: u8, matching: u8, data: &str) -> Option<Self> {
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let data = data.as_bytes().chunks(2).map(pair).collect::<Option<Vec<u8>>>()?;
        Some(Self { usage, selector, matching, data })
    }

    /// Whether SMTP can use it. RFC 7672 §3.1.3: usages 0 and 1 mean nothing here.
    pub fn is_usable(&self) -> bool {
        let fits = match self.matching {
            0 => !self.data.is_empty(),
            1 => self.data.len() == 32,
            2 => self.data.len() == 64,
            _ => false,
        };
        matches!(self.usage, 2 | 3) && matches!(self.selector, 0 | 1) && fits
    }

    /// Whether it is about this certificate: the whole of it, and its public key (SubjectPublicKeyInfo), both DER.
    pub fn matches(&self, certificate: &[u8], key: &[u8]) -> bool {
        let selected = if self.selector == 0 { certificate } else { key };
        match self.matching {
            0 => self.data == selected,
            1 => self.data == Sha256::digest(selected).as_slice(),
            2 => self.data == Sha512::digest(selected).as_slice(),
            _ => false,
        }
    }
}

/// Under which terms mail for a domain goes out, whichever of its hosts takes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// Its MTA-STS policy.
    pub policy: Option<Policy>,
    /// Its MX records were validated by DNSSEC, so that DANE holds for hosts that have it. RFC 7672 §2.2.1
    pub is_secure: bool,
}

/// What a policy says of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Nothing,
    Listed,
    NotListed,
}

/// What must hold for a connection to one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: encrypted where the host can, and else in clear.
    Opportunistic,
    /// Nothing yet: it is looked at whether what the domain will ask for holds (MTA-STS in `testing`), and said; and whether the
    /// host is one of those that it names.
    Witnessed {
        /// It is.
        listed: bool,
    },
    /// A certificate for the host's name that the public roots vouch for. RFC 8461 §4.1
    Certificate,
    /// A certificate of one of these records. RFC 7672 §2.2
    Records(Vec<Tlsa>),
    /// Encryption, whoever is there: there are TLSA records, and none that can be used. RFC 7672 §2.2
    Encrypted,
}

impl Demand {
    /// Whether nothing may go out in clear.
    pub fn is_strict(&self) -> bool {
        matches!(self, Self::Certificate | Self::Records(_) | Self::Encrypted)
    }
}

/// The domain's policy does not name this host, and asks that no other be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotListed;

impl Terms {
    /// What must hold at a host with these TLSA records (none that were not validated). DANE comes first: RFC 8461 §2 lets
    /// MTA-STS override no failure of DANE.
    ///
    /// # Errors
    /// [`NotListed`]: the host may not be used.
    pub fn at(&self, host: &str, records: Vec<Tlsa>) -> Result<Demand, NotListed> {
        if !records.is_empty() {
            let usable: Vec<Tlsa> = records.into_iter().filter(Tlsa::is_usable).collect();
            return Ok(if usable.is_empty() { Demand::Encrypted } else { Demand::Records(usable) });
        }
        match (self.word(host), &self.policy) {
            (Word::Listed, _) => Ok(Demand::Certificate),
            (Word::NotListed, _) => Err(NotListed),
            (Word::Nothing, Some(policy)) if policy.mode == Mode::Testing => {
                Ok(Demand::Witnessed { listed: policy.covers(host) })
            }
            (Word::Nothing, _) => Ok(Demand::Opportunistic),
        }
    }

    /// Whether a connection that was made to this host under other terms serves these too.
    pub fn are_met_by(&self, host: &str, made: &Self) -> bool {
        match self.word(host) {
            // What was not asked for may be had.
            Word::Nothing => made.is_secure || !self.is_secure,
            // Under the same roof both were held to DANE, or both to a certificate.
            Word::Listed => made.word(host) == Word::Listed && made.is_secure == self.is_secure,
            Word::NotListed => self == made,
        }
    }

    fn word(&self, host: &str) -> Word {
        match &self.policy {
            Some(policy) if policy.mode == Mode::Enforce => {
                if policy.covers(host) {
                    Word::Listed
                } else {
                    Word::NotListed
                }
            }
            _ => Word::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(mode: &str, is_secure: bool) -> Terms {
        let text = format!("version: STSv1\nmode: {mode}\nmx: mx.b.test\nmax_age: 60");
        Terms { policy: Policy::read(&text).ok(), is_secure }
    }

    fn tlsa(usage: u8, selector: u8, matching: u8, data: &[u8]) -> Tlsa {
        Tlsa { usage, selector, matching, data: data.to_vec() }
    }

    #[test]
    fn a_policy_demands_a_certificate_of_its_hosts_and_refuses_others() {
        let check = |terms: &Terms, host, expect| assert_eq!(terms.at(host, Vec::new()), expect, "{terms:?} {host}");
        check(&Terms::default(), "mx.b.test", Ok(Demand::Opportunistic));
        check(&terms("none", false), "mx.b.test", Ok(Demand::Opportunistic));
        check(&terms("testing", false), "mx.b.test", Ok(Demand::Witnessed { listed: true }));
        check(&terms("testing", false), "mx.c.test", Ok(Demand::Witnessed { listed: false }));
        check(&terms("enforce", false), "mx.b.test", Ok(Demand::Certificate));
        check(&terms("enforce", false), "mx.c.test", Err(NotListed));
    }

    #[test]
    fn dane_comes_before_a_policy() {
        let usable = tlsa(3, 1, 1, &[7; 32]);
        for host in ["mx.b.test", "mx.c.test"] {
            let found = terms("enforce", true).at(host, vec![tlsa(1, 0, 1, &[7; 32]), usable.clone()]);
            assert_eq!(found, Ok(Demand::Records(vec![usable.clone()])));
        }
        // RFC 7672 §2.2: records that cannot be used still say that the host encrypts.
        for record in [tlsa(0, 1, 1, &[7; 32]), tlsa(3, 2, 1, &[7; 32]), tlsa(3, 1, 1, &[7; 31]), tlsa(3, 1, 3, &[7])] {
            assert_eq!(Terms::default().at("mx.b.test", vec![record]), Ok(Demand::Encrypted));
        }
    }

    #[test]
    fn a_record_matches_the_certificate_or_its_key_whole_or_hashed() {
        let (certificate, key) = (b"certificate".as_slice(), b"key".as_slice());
        let [one, two] = [Sha256::digest(key).to_vec(), Sha512::digest(certificate).to_vec()];
        for (record, expect) in [
            (tlsa(3, 0, 0, certificate), true),
            (tlsa(3, 1, 0, key), true),
            (tlsa(3, 0, 0, key), false),
            (tlsa(3, 1, 1, &one), true),
            (tlsa(2, 0, 1, &one), false),
            (tlsa(2, 0, 2, &two), true),
            (tlsa(3, 1, 9, key), false),
        ] {
            assert_eq!(record.matches(certificate, key), expect, "{record:?}");
        }
        assert_eq!(Tlsa::read(3, 1, 0, "00ff").unwrap().data, [0, 255]);
        assert!(Tlsa::read(3, 1, 0, "zz").is_none());
    }

    #[test]
    fn a_connection_serves_mail_whose_terms_it_was_made_under() {
        let (free, enforced) = (Terms::default(), terms("enforce", false));
        let secure = Terms { is_secure: true, ..Terms::default() };
        let check = |wanted: &Terms, made: &Terms, expect| {
            assert_eq!(wanted.are_met_by("mx.b.test", made), expect, "{wanted:?} {made:?}");
        };
        check(&free, &enforced, true);
        check(&free, &secure, true);
        check(&terms("testing", false), &free, true);
        check(&enforced, &free, false);
        check(&enforced, &enforced, true);
        check(&enforced, &terms("enforce", true), false);
        check(&secure, &free, false);
        check(&secure, &terms("enforce", true), true);
        assert!(!enforced.are_met_by("mx.c.test", &free));
    }
}
