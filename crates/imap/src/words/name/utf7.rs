//! Modified UTF-7. RFC 3501 §5.1.3.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// Reads modified UTF-7; `None` when it is none: a letter that is not printable ASCII, or a shift that is not ended,
/// empty of sense, or holds half a character or what needed no shift.
pub fn decode_utf7(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, shifted)) = rest.split_once('&') {
        let (digits, after) = shifted.split_once('-')?;
        out.push_str(plain);
        if digits.is_empty() {
            out.push('&');
        } else {
            out.push_str(&decode_shift(digits)?);
        }
        rest = after;
    }
    out.push_str(rest);
    // Written again it must be the same: one name has one spelling.
    (encode_utf7(&out) == text).then_some(out)
}

/// Writes modified UTF-7.
pub fn encode_utf7(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut shifted: Vec<u16> = Vec::new();
    for letter in text.chars() {
        if matches!(letter, ' '..='~') {
            flush(&mut shifted, &mut out);
            out.push(letter);
            if letter == '&' {
                out.push('-');
            }
        } else {
            shifted.extend_from_slice(letter.encode_utf16(&mut [0; 2]));
        }
    }
    flush(&mut shifted, &mut out);
    out
}

fn flush(shifted: &mut Vec<u16>, out: &mut String) {
    if shifted.is_empty() {
        return;
    }
    out.push('&');
    let octets: Vec<u8> = shifted.drain(..).flat_map(u16::to_be_bytes).collect();
    for three in octets.chunks(3) {
        let value = three.iter().fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet)) << (8 * (3 - three.len()));
        for digit in 0..=three.len() {
            let index = value >> (18 - 6 * digit) & 0x3f;
            let letter = usize::try_from(index).ok().and_then(|index| ALPHABET.get(index)).copied();
            out.extend(letter.map(char::from));
        }
    }
    out.push('-');
}

fn decode_shift(digits: &str) -> Option<String> {
    let (mut bits, mut count, mut octets) = (0_u32, 0, Vec::new());
    for digit in digits.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == digit)?;
        bits = (bits << 6 | u32::try_from(value).ok()?) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    let units: Vec<u16> = octets.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wire: &str, name: Option<&str>) {
        assert_eq!(decode_utf7(wire).as_deref(), name, "{wire:?}");
        if let Some(name) = name {
            assert_eq!(encode_utf7(name), wire);
        }
    }

    #[test]
    fn names_are_read_and_written() {
        // RFC 3501 §5.1.3.
        check("~peter/mail/&U,BTFw-/&ZeVnLIqe-", Some("~peter/mail/台北/日本語"));
        check("plain", Some("plain"));
        check("R&-D", Some("R&D"));
        check("Entw&APw-rfe", Some("Entwürfe"));
        check("&2D3eAA-", Some("😀"));
    }

    #[test]
    fn a_second_spelling_of_a_name_is_refused() {
        // RFC 3501 §5.1.3: superfluous shifts.
        check("&U,BTFw-&ZeVnLIqe-", None);
        check("&AGE-", None);
        check("&", None);
        check("a&b", None);
        check("&ZeV", None);
        check("&2D0-", None);
        check("Entwürfe", None);
        check("&APw=-", None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(name in "\\PC{0,20}") {
            let wire = encode_utf7(&name);
            proptest::prop_assert_eq!(decode_utf7(&wire), Some(name));
        }

        #[test]
        fn reading_never_panics(wire in "[&A-Za-z0-9+,-]{0,20}") {
            if let Some(name) = decode_utf7(&wire) {
                proptest::prop_assert_eq!(encode_utf7(&name), wire);
            }
        }
    }
}
