//! Mail that is passed on: the Sender Rewriting Scheme, and when a message goes in circles.
//!
//! SRS as in "Sender Rewriting Scheme" (S. Meng Wong, 2003, openspf.org/SRS): `SRS0=hash=day=domain=local`, and
//! `SRS1=hash=domain==…` for what another forwarder has rewritten already.

use syntax::{Address, Domain, Message, Timestamp};

use crate::{
    secret::{Key, digest},
    token::base32,
};

/// Days in which a bounce may still come back.
const VALID_DAYS: i64 = 21;
/// Days after which the two letters of the day begin again: 32 times 32.
const CYCLE: i64 = 1024;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// Letters of the hash: 40 bits.
const HASH: usize = 8;

/// The header field by which we know a message that we have passed on.
pub const LOOP_FIELD: &str = "X-ColdRelay-Loop";

/// The reverse-path of a message that is passed on: in our domain, so that SPF passes for us. `None` when it would be
/// too long for a local part (RFC 5321 §4.5.3.1.1).
pub fn srs(key: &Key, original: &Address, ours: &Domain, now: Timestamp) -> Option<Address> {
    let local = original.local();
    let rewritten = |start: &str| local.get(..4).is_some_and(|head| head.eq_ignore_ascii_case(start));
    let new = if rewritten("SRS0") {
        let rest = format!("{}={}", original.domain(), local.get(4..)?);
        format!("SRS1={}={rest}", hash(key, &rest))
    } else if rewritten("SRS1") {
        let (_, rest) = local.get(5..)?.split_once('=')?;
        format!("SRS1={}={rest}", hash(key, rest))
    } else {
        let rest = format!("{}={}={local}", day_letters(now), original.domain());
        format!("SRS0={}={rest}", hash(key, &rest))
    };
    Address::new(&new, ours.clone()).ok()
}

/// Whom a reverse-path of ours stands for: `None` unless its hash is right and it is not too old.
pub fn read_srs(key: &Key, address: &Address, now: Timestamp) -> Option<Address> {
    let local = address.local();
    let (start, rest) = (local.get(..5)?, local.get(5..)?);
    let (given, rest) = rest.split_once('=')?;
    if !is_same(&hash(key, rest), given) {
        return None;
    }
    if start.eq_ignore_ascii_case("SRS0=") {
        let (day, rest) = rest.split_once('=')?;
        let (domain, original) = rest.split_once('=')?;
        let fresh = (0..=VALID_DAYS).any(|ago| letters_of(day_of(now) - ago).eq_ignore_ascii_case(day));
        return Address::new(original, Domain::parse(domain).ok()?).ok().filter(|_| fresh);
    }
    if start.eq_ignore_ascii_case("SRS1=") {
        let (domain, original) = rest.split_once('=')?;
        return Address::new(&format!("SRS0{original}"), Domain::parse(domain).ok()?).ok();
    }
    None
}

/// Whether a message has been here on its way to this mailbox: our own mark, or Delivered-To with its address.
pub fn is_looping(key: &Key, message: &Message<'_>, mailbox: &Address) -> bool {
    let mark = loop_mark(key, mailbox);
    let by_mark = message.all(LOOP_FIELD).any(|field| field.value() == mark);
    by_mark || message.all("Delivered-To").any(|field| field.value().eq_ignore_ascii_case(&mailbox.key()))
}

/// What our mark says: which mailbox, without telling its name to whom it is passed on.
pub fn loop_mark(key: &Key, mailbox: &Address) -> String {
    base32(digest(key, "loop", mailbox.key().as_bytes()).get(..10).unwrap_or_default())
}

fn hash(key: &Key, rest: &str) -> String {
    // Hosts on the way may change the case.
    let octets = digest(key, "srs", rest.to_lowercase().as_bytes());
    base32(octets.get(..HASH * 5 / 8).unwrap_or_default())
}

fn is_same(ours: &str, given: &str) -> bool {
    let given = given.to_ascii_lowercase();
    let difference = ours.bytes().zip(given.bytes()).fold(0, |sum, (left, right)| sum | (left ^ right));
    ours.len() == given.len() && difference == 0
}

fn day_of(now: Timestamp) -> i64 {
    now.micros().div_euclid(DAY_MICROS)
}

fn day_letters(now: Timestamp) -> String {
    letters_of(day_of(now))
}

/// Two letters of base32 for a day in the cycle.
fn letters_of(day: i64) -> String {
    let day = u16::try_from(day.rem_euclid(CYCLE)).unwrap_or(0);
    // Ten bits at the front of two octets make two letters.
    base32(&(day << 6).to_be_bytes()).chars().take(2).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn a_rewritten_sender_is_read_again_in_any_case_and_not_for_ever() {
        let (key, ours) = (Key([3; 32]), Domain::parse("example.com").unwrap());
        let path = srs(&key, &address("bob@else.test"), &ours, NOW).unwrap();
        assert!(path.local().starts_with("SRS0=") && path.local().ends_with("=else.test=bob"), "{path}");
        assert_eq!(read_srs(&key, &path, NOW), Some(address("bob@else.test")));
        let shouted = Address::new(&path.local().to_uppercase(), ours.clone()).unwrap();
        assert_eq!(read_srs(&key, &shouted, NOW).map(|found| found.key()), Some("bob@else.test".to_owned()));
        let day = Duration::from_secs(24 * 60 * 60);
        assert!(read_srs(&key, &path, NOW + 21 * day).is_some());
        assert_eq!(read_srs(&key, &path, NOW + 22 * day), None);
    }

    #[test]
    fn what_another_forwarder_rewrote_goes_back_to_it() {
        let (key, ours) = (Key([3; 32]), Domain::parse("example.com").unwrap());
        let theirs = address("SRS0=abcd=xy=else.test=bob@first.test");
        let path = srs(&key, &theirs, &ours, NOW).unwrap();
        assert!(path.local().starts_with("SRS1="), "{path}");
        assert_eq!(read_srs(&key, &path, NOW), Some(theirs.clone()));
        let again = srs(&Key([4; 32]), &path, &Domain::parse("second.test").unwrap(), NOW).unwrap();
        assert_eq!(read_srs(&Key([4; 32]), &again, NOW), Some(theirs), "the one in between is left out");
    }

    #[test]
    fn a_forged_reverse_path_names_nobody() {
        let (key, ours) = (Key([3; 32]), Domain::parse("example.com").unwrap());
        let path = srs(&key, &address("bob@else.test"), &ours, NOW).unwrap();
        for forged in [
            path.local().replace("=bob", "=eve"),
            path.local().replace("else", "evil"),
            "SRS0=aaaaaaaa=aa=else.test=bob".to_owned(),
            "SRS1=aaaaaaaa=else.test==bob".to_owned(),
            "SRS0".to_owned(),
            "bob".to_owned(),
        ] {
            assert_eq!(read_srs(&key, &Address::new(&forged, ours.clone()).unwrap(), NOW), None, "{forged}");
        }
        assert_eq!(read_srs(&Key([4; 32]), &path, NOW), None);
    }

    #[test]
    fn what_is_too_long_is_not_rewritten() {
        let long = address(&format!("{}@else.test", "x".repeat(60)));
        assert_eq!(srs(&Key([3; 32]), &long, &Domain::parse("example.com").unwrap(), NOW), None);
    }

    #[test]
    fn a_message_that_was_here_before_is_known() {
        let (key, ann) = (Key([3; 32]), address("Ann@example.com"));
        let looping = |header: &str| {
            let text = format!("{header}\r\n\r\n");
            is_looping(&key, &Message::parse(text.as_bytes()).unwrap(), &ann)
        };
        assert!(looping("Delivered-To: ann@EXAMPLE.com"));
        assert!(looping(&format!("{LOOP_FIELD}: {}", loop_mark(&key, &ann))));
        assert!(!looping("Delivered-To: bob@example.com"));
        assert!(!looping(&format!("{LOOP_FIELD}: {}", loop_mark(&key, &address("bob@example.com")))));
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(local in "\\PC{1,60}") {
            let ours = Domain::parse("example.com").unwrap();
            if let Ok(address) = Address::new(&local, ours.clone()) {
                let _ = read_srs(&Key([3; 32]), &address, NOW);
                let _ = srs(&Key([3; 32]), &address, &ours, NOW);
            }
        }
    }
}
