//! Wrong passwords at submission: guessing becomes slow, nobody is locked out, and a proxy of ours is never slowed down.

use std::{collections::VecDeque, net::IpAddr, time::Duration};

use net::Proxies;
use rules::throttle::Throttle;
use syntax::Timestamp;

use crate::settings::{LONGEST_WAIT_OF_ADDRESS, LONGEST_WAIT_OF_IP};

/// Who logged in from where: so many are remembered.
const MAX_KNOWN: usize = 10_000;
/// Octets of a login that are looked at: longer than any address (RFC 5321 §4.5.3.1).
const MAX_LOGIN: usize = 320;

/// Wrong passwords by address and by IP, and who is known to have had a right one.
pub(crate) struct Tried {
    addresses: Throttle,
    ips: Throttle,
    /// Latest last.
    known: VecDeque<(String, IpAddr)>,
    proxies: Proxies,
}

impl Tried {
    pub fn new(proxies: Proxies) -> Self {
        Self {
            addresses: Throttle::new(LONGEST_WAIT_OF_ADDRESS),
            ips: Throttle::new(LONGEST_WAIT_OF_IP),
            known: VecDeque::new(),
            proxies,
        }
    }

    /// How long to wait before a password is looked at. Who guesses at an address from elsewhere does not slow down its owner,
    /// who is known where they are.
    pub fn wait(&mut self, login: &str, ip: IpAddr, now: Timestamp) -> Duration {
        let login = name_of(login);
        let is_proxy = self.proxies.contains(ip);
        let of_ip = if is_proxy { Duration::ZERO } else { self.ips.wait(&ip.to_string(), now) };
        let is_known = !is_proxy && self.known.iter().any(|known| *known == (login.clone(), ip));
        let of_address = if is_known { Duration::ZERO } else { self.addresses.wait(&login, now) };
        of_ip.max(of_address)
    }

    pub fn wrong(&mut self, login: &str, ip: IpAddr, now: Timestamp) {
        self.addresses.wrong(&name_of(login), now);
        if !self.proxies.contains(ip) {
            self.ips.wrong(&ip.to_string(), now);
        }
    }

    /// The IP stays as it was: who owns one mailbox may guess at others.
    pub fn right(&mut self, login: &str, ip: IpAddr) {
        let known = (name_of(login), ip);
        self.addresses.right(&known.0);
        if self.proxies.contains(ip) || self.known.contains(&known) {
            return;
        }
        if self.known.len() >= MAX_KNOWN {
            self.known.pop_front();
        }
        self.known.push_back(known);
    }
}

fn name_of(login: &str) -> String {
    login.chars().take(MAX_LOGIN).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn guessing_becomes_slow_by_address_and_by_ip() {
        let mut tried = Tried::new(Proxies::default());
        for number in 0..10 {
            assert!(number > 2 || tried.wait("ann@a.test", ip(1), NOON).is_zero(), "people mistype");
            tried.wrong("Ann@A.test", ip(1), NOON);
        }
        assert!(tried.wait("ann@a.test", ip(2), NOON) >= Duration::from_secs(30), "from elsewhere");
        assert!(tried.wait("bob@a.test", ip(1), NOON) >= Duration::from_secs(60), "at somebody else");
        assert!(tried.wait("bob@a.test", ip(2), NOON).is_zero());
    }

    #[test]
    fn a_configured_proxy_is_never_slowed_down() {
        let mut tried = Tried::new(Proxies::new(vec![ip(9)], false));
        for number in 0..1000 {
            tried.wrong(&format!("name{}@a.test", number % 300), ip(9), NOON);
        }
        assert!(tried.wait("ann@a.test", ip(9), NOON).is_zero());
        assert!(!tried.wait("name1@a.test", ip(9), NOON).is_zero(), "an address that is guessed at is");
    }

    #[test]
    fn who_is_known_where_they_are_is_not_slowed_down_by_others() {
        let mut tried = Tried::new(Proxies::default());
        tried.right("ann@a.test", ip(1));
        for _ in 0..50 {
            tried.wrong("ann@a.test", ip(2), NOON);
        }
        assert!(tried.wait("ann@a.test", ip(1), NOON).is_zero());
        assert!(!tried.wait("ann@a.test", ip(3), NOON).is_zero());
    }

    #[test]
    fn memory_is_bounded() {
        let mut tried = Tried::new(Proxies::default());
        for number in 0..12_000 {
            tried.right(&format!("{number}@a.test"), ip(1));
        }
        assert_eq!(tried.known.len(), MAX_KNOWN);
        assert_eq!(name_of(&"A".repeat(5000)).len(), MAX_LOGIN);
    }
}
