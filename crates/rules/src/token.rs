//! The return-path token: ties a bounce to its attempt, and cannot be forged.

use syntax::{Address, Domain};

use crate::{
    id::RecipientId,
    secret::{Key, digest},
};

/// What every return path begins with.
const PREFIX: &str = "bounce+";
/// RFC 4648 §6, lower-case: local parts may be folded on their way.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Octets of the id, of the attempt number, of the MAC.
const ID: usize = 16;
const MAC: usize = 8;
const TOKEN: usize = ID + 2 + MAC;

/// `bounce+<token>@<domain>`; the token is base32 of recipient id (a UUID's 16 octets), attempt number (2 octets)
/// and the first 8 octets of an HMAC-SHA-256. 49 octets of local part. `None` when the id is no UUID.
pub fn return_path(key: &Key, recipient: &RecipientId, attempt: u32, domain: &Domain) -> Option<Address> {
    let mut octets = uuid_octets(recipient.as_str())?.to_vec();
    octets.extend(u16::try_from(attempt).unwrap_or(u16::MAX).to_be_bytes());
    let mac = digest(key, "return-path", &octets);
    octets.extend(mac.iter().take(MAC));
    Address::new(&format!("{PREFIX}{}", base32(&octets)), domain.clone()).ok()
}

/// What a return path names, when it is one of ours and its MAC is right (case-insensitive).
pub fn read_return_path(key: &Key, address: &Address) -> Option<(RecipientId, u32)> {
    let local = address.local().to_ascii_lowercase();
    let octets = unbase32(local.strip_prefix(PREFIX)?)?;
    if octets.len() != TOKEN {
        return None;
    }
    let (claim, mac) = octets.split_at(ID + 2);
    let expected = digest(key, "return-path", claim);
    let difference = expected.iter().zip(mac).fold(0, |sum, (left, right)| sum | (left ^ right));
    let (id, number) = claim.split_at(ID);
    let number = u16::from_be_bytes(number.try_into().ok()?);
    (difference == 0).then(|| (RecipientId(uuid_text(id)), u32::from(number)))
}

fn uuid_octets(text: &str) -> Option<[u8; ID]> {
    let digits: Vec<u32> =
        text.chars().filter(|letter| *letter != '-').map(|letter| letter.to_digit(16)).collect::<Option<_>>()?;
    let octets: Option<Vec<u8>> = digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok())
        .collect();
    octets.filter(|_| digits.len() == 2 * ID)?.try_into().ok()
}

fn uuid_text(octets: &[u8]) -> String {
    let hyphens = [4, 6, 8, 10];
    let mut text = String::new();
    for (index, octet) in octets.iter().enumerate() {
        if hyphens.contains(&index) {
            text.push('-');
        }
        text.push_str(&format!("{octet:02x}"));
    }
    text
}

pub(crate) fn base32(octets: &[u8]) -> String {
    let mut out = String::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for octet in octets {
        bits = (bits << 8) | u32::from(*octet);
        held += 8;
        while held >= 5 {
            held -= 5;
            out.push(letter(bits >> held));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        out.push(letter(bits << (5 - held)));
    }
    out
}

fn letter(five_bits: u32) -> char {
    let index = usize::try_from(five_bits & 31).unwrap_or(0);
    ALPHABET.get(index).copied().map_or('a', char::from)
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for octet in text.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == octet)?;
        bits = (bits << 5) | u32::try_from(value).ok()?;
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 255).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID_TEXT: &str = "0193587e-7a3b-7cc0-9d1e-0123456789ab";

    fn parts() -> (Key, RecipientId, Domain) {
        (Key([3; 32]), RecipientId(ID_TEXT.into()), Domain::parse("example.com").unwrap())
    }

    #[test]
    fn a_return_path_is_read_again_in_any_case() {
        let (key, id, domain) = parts();
        let path = return_path(&key, &id, 7, &domain).unwrap();
        assert!(path.local().len() <= 64, "{}", path.local());
        assert_eq!(read_return_path(&key, &path), Some((id.clone(), 7)));
        let shouted = Address::new(&path.local().to_uppercase(), domain).unwrap();
        assert_eq!(read_return_path(&key, &shouted), Some((id, 7)));
    }

    #[test]
    fn a_forged_return_path_names_nothing() {
        let (key, id, domain) = parts();
        let path = return_path(&key, &id, 7, &domain).unwrap();
        assert_eq!(read_return_path(&Key([4; 32]), &path), None);
        for (index, _) in path.local().char_indices().skip(PREFIX.len()) {
            let mut local: Vec<char> = path.local().chars().collect();
            local[index] = if local[index] == 'a' { 'b' } else { 'a' };
            let forged = Address::new(&local.iter().collect::<String>(), domain.clone()).unwrap();
            // The last letter carries bits that are not part of any octet.
            if index + 1 < path.local().len() {
                assert_eq!(read_return_path(&key, &forged), None, "{forged}");
            }
        }
    }

    #[test]
    fn what_is_no_return_path_names_nothing() {
        let (key, _, domain) = parts();
        for local in ["ann", "bounce+", "bounce+abc", "bounce+0189", "bounce+ä"] {
            assert_eq!(read_return_path(&key, &Address::new(local, domain.clone()).unwrap()), None);
        }
        assert_eq!(return_path(&key, &RecipientId("x".into()), 1, &domain), None);
    }
}
