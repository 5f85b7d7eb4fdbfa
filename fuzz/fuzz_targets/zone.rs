//! Whatever a zone file holds: what is read is written and read again as the same zone, record by record too, and nothing
//! in a record's data adds a line.
#![no_main]

/// What is pure of `dns`, without its resolver and its servers.
#[path = "../../crates/dns/src"]
#[allow(dead_code, unreachable_pub)]
mod dns {
    pub mod diff;
    pub mod record;
    pub mod text;
}

use dns::{
    diff::diff,
    record::{self, Data, Record, Zone},
    text::{read_zone, write_zone},
};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (origin, text) = text.split_once('\n').unwrap_or(("example.com", text));
    let Ok(zone) = read_zone(origin, text) else { return };
    assert!(zone.records.len() <= text.lines().count());
    let written = write_zone(&zone);
    assert_eq!(written.lines().count(), zone.records.len() + 2, "a record is one line: {written:?}");
    assert_eq!(read_zone(&zone.origin, &written).ok().as_ref(), Some(&zone), "{written}");
    for record in &zone.records {
        let rdata = record.data.rdata();
        assert_eq!(Data::parse(record.data.kind(), &rdata).ok().as_ref(), Some(&record.data), "{rdata}");
    }
    assert!(diff(&zone.records, &zone.records).is_empty());
});
