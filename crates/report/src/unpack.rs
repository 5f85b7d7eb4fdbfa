//! Gzip and zip undone, bounded in size and in ratio. What a reporter labels as one is often the other: the first
//! octets decide.

use std::io::Read;

use crate::{Problem, zip};

/// Most octets of a report, unpacked.
// Reality: the largest reports of Google and Microsoft are a few MiB of XML.
pub const MAX_UNPACKED: usize = 16 * 1024 * 1024;
/// Most unpacked octets for each packed one, where more than [`RATIO_FLOOR`] come out.
// Reality: XML of equal rows packs to a fortieth; deflate itself ends at 1032.
pub const MAX_RATIO: usize = 200;
/// Octets that may come out whatever the ratio.
const RATIO_FLOOR: usize = 1024 * 1024;
/// Packings inside one another: a zip of a gzip is seen, more is not.
const MAX_LAYERS: usize = 2;

/// The report's text, with its packings undone.
///
/// # Errors
/// [`Problem::TooLarge`], [`Problem::Bomb`], [`Problem::PackedTooOften`], [`Problem::Packing`].
pub fn unpack(octets: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut text = octets.to_vec();
    for _ in 0..MAX_LAYERS {
        text = match packing(&text) {
            Packing::None => return Ok(text),
            // One member. Reality: Mimecast's gzip is followed by a line end, which is no second member.
            Packing::Gzip => inflate(flate2::read::GzDecoder::new(text.as_slice()), text.len())?,
            Packing::Zip => zip::only_report(&text)?,
        };
    }
    if packing(&text) == Packing::None { Ok(text) } else { Err(Problem::PackedTooOften) }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Zip,
}

/// By the first octets: RFC 1952 §2.3.1, APPNOTE 4.3.7 (and 4.3.16 for an empty archive).
pub(crate) fn packing(octets: &[u8]) -> Packing {
    match octets {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Packing::Zip,
        _ => Packing::None,
    }
}

/// Reads a decompressor to its end; `packed` octets go in.
pub(crate) fn inflate(decoder: impl Read, packed: usize) -> Result<Vec<u8>, Problem> {
    let by_ratio = packed.saturating_mul(MAX_RATIO).max(RATIO_FLOOR);
    let limit = by_ratio.min(MAX_UNPACKED);
    let mut text = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(most).read_to_end(&mut text).map_err(|_| Problem::Packing("the data are damaged or cut off"))?;
    match text.len() > limit {
        false => Ok(text),
        true if limit < MAX_UNPACKED => Err(Problem::Bomb { ratio: MAX_RATIO }),
        true => Err(Problem::TooLarge { limit }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn text_comes_out_of_every_layer_but_not_of_endless_ones() {
        assert_eq!(unpack(b"<feedback/>").unwrap(), b"<feedback/>");
        assert_eq!(unpack(&gzip(b"<feedback/>")).unwrap(), b"<feedback/>");
        assert_eq!(unpack(&gzip(&gzip(b"<feedback/>"))).unwrap(), b"<feedback/>");
        assert_eq!(unpack(&gzip(&gzip(&gzip(b"x")))), Err(Problem::PackedTooOften));
    }

    #[test]
    fn a_bomb_is_told_from_a_report_that_packs_well() {
        assert_eq!(unpack(&gzip(&vec![b' '; 32 * 1024 * 1024])), Err(Problem::Bomb { ratio: MAX_RATIO }));
        let rows: String = (0..60_000).map(|row| format!("<record><row>{row}</row></record>")).collect();
        assert_eq!(unpack(&gzip(rows.as_bytes())).unwrap(), rows.as_bytes());
    }

    #[test]
    fn what_follows_the_packed_report_is_left() {
        assert_eq!(unpack(&[gzip(b"<feedback/>"), b"\r\n".to_vec()].concat()).unwrap(), b"<feedback/>");
    }

    #[test]
    fn what_is_cut_off_is_damaged() {
        let whole = gzip(b"<feedback></feedback>");
        assert!(matches!(unpack(&whole[..whole.len() / 2]), Err(Problem::Packing(_))));
    }

    proptest::proptest! {
        #[test]
        fn unpacking_never_panics(mut octets in proptest::collection::vec(proptest::num::u8::ANY, 0..400), kind in 0..3) {
            let start: &[u8] = match kind { 0 => b"PK\x03\x04", 1 => b"\x1f\x8b\x08", _ => b"" };
            octets.splice(0..0, start.iter().copied());
            let _ = unpack(&octets);
        }
    }
}
