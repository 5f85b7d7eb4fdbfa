//! Zone files. RFC 1035 §5.

use rules::Fault;

use crate::Zone;

/// A zone file that BIND, Knot and NSD read: `$ORIGIN`, `$TTL`, long TXT split.
pub fn write_zone(_zone: &Zone) -> String {
    todo!()
}

/// Reads the subset that [`write_zone`] writes, plus comments, `@`, relative names and missing TTLs: tests
/// and the lab keep their zones as text.
///
/// # Errors
/// `dns.zone-text` with the line number.
pub fn read_zone(_origin: &str, _text: &str) -> Result<Zone, Fault> {
    todo!()
}
