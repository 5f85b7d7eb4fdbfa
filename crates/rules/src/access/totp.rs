//! One-time passwords by time. RFC 6238 over RFC 4226: HMAC-SHA-1, steps of 30 s, 6 digits, as every authenticator app has them.

use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use syntax::Timestamp;

use crate::secret::same;

/// Length of a step, in seconds. RFC 6238 §4.1
pub const STEP_S: u64 = 30;

/// Steps before and after the present one that are taken too, for clocks that are off. RFC 6238 §5.2
const SKEW: i64 = 1;

/// Digits of a code.
const DIGITS: usize = 6;

/// The shared secret: 160 bits, as long as the hash. RFC 4226 §4 R6. Its `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub [u8; 20]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl Secret {
    /// Base32 without padding, as apps take it typed. RFC 4648 §6
    pub fn base32(&self) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let bits = self.0.iter().flat_map(|octet| (0..8).rev().map(move |bit| usize::from((octet >> bit) & 1)));
        let bits: Vec<usize> = bits.collect();
        let letter = |five: &[usize]| five.iter().fold(0, |sum, bit| sum * 2 + bit);
        bits.chunks(5).filter_map(|five| ALPHABET.get(letter(five))).map(|octet| char::from(*octet)).collect()
    }

    /// The link that an app takes: `otpauth://totp/…`. `login` must be URL-safe or is escaped.
    pub fn otpauth(&self, login: &str) -> String {
        let login: String = login.bytes().map(escaped).collect();
        format!("otpauth://totp/ColdRelay:{login}?secret={}&issuer=ColdRelay", self.base32())
    }

    /// The code of a step.
    pub fn code(&self, step: i64) -> String {
        let digest = hmac(&self.0, &step.to_be_bytes());
        // Dynamic truncation. RFC 4226 §5.3
        let offset = usize::from(digest.last().copied().unwrap_or_default() & 0x0f);
        let four = digest.iter().skip(offset).take(4);
        let number = four.fold(0_u32, |sum, octet| (sum << 8) | u32::from(*octet)) & 0x7fff_ffff;
        format!("{:0DIGITS$}", number % 1_000_000)
    }

    /// The step whose code that is, near `now` and later than `used`, so that no code is good twice. RFC 6238 §5.2
    pub fn verify(&self, code: &str, now: Timestamp, used: i64) -> Option<i64> {
        let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        let present = step_at(now);
        let steps = (present - SKEW..=present + SKEW).filter(|step| *step > used);
        // Every candidate is compared, each in full: the time tells nothing.
        steps.fold(None, |found, step| if same(&self.code(step), &code) { Some(step) } else { found })
    }
}

/// The step of a moment.
pub fn step_at(now: Timestamp) -> i64 {
    now.micros().div_euclid(i64::try_from(STEP_S).unwrap_or(30) * 1_000_000)
}

fn escaped(octet: u8) -> String {
    match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => char::from(octet).to_string(),
        other => format!("%{other:02X}"),
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
fn hmac(key: &[u8], octets: &[u8]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("any key length");
    mac.update(octets);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seed of RFC 4226 appendix D and RFC 6238 appendix B.
    fn secret() -> Secret {
        Secret(*b"12345678901234567890")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn counters_give_the_codes_of_rfc_4226() {
        let codes: Vec<String> = (0..10).map(|count| secret().code(count)).collect();
        let expected = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489";
        assert_eq!(codes.join(" "), expected);
    }

    #[test]
    fn times_give_the_codes_of_rfc_6238() {
        // Appendix B has eight digits; six are their end.
        let vectors = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        for (seconds, code) in vectors {
            assert_eq!(secret().code(step_at(at(seconds))), code[2..], "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_one_step_around_and_once() {
        let now = at(1_234_567_890);
        let step = step_at(now);
        for (off, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let found = secret().verify(&secret().code(step + off), now, 0);
            assert_eq!(found, good.then_some(step + off), "{off}");
        }
        assert_eq!(secret().verify(&secret().code(step), now, step), None, "used already");
        assert_eq!(secret().verify("", now, 0), None);
        assert_eq!(secret().verify(" 005 924 ", now, 0), Some(step), "as apps show it");
    }

    #[test]
    fn the_secret_is_shown_as_apps_take_it() {
        assert_eq!(secret().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let link = secret().otpauth("ann lee@acme.example");
        assert!(link.starts_with("otpauth://totp/ColdRelay:ann%20lee@acme.example?secret=GEZD"), "{link}");
        assert_eq!(format!("{:?}", secret()), "Secret([redacted])");
    }
}
