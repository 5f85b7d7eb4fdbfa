//! Whatever a message holds, it is taken apart in bounded time, comes back from JSON, and every section of it is told.
#![no_main]

/// The language alone, without the server and all that it stands on.
#[path = "../../crates/imap/src"]
mod imap {
    #[allow(dead_code, unreachable_pub, unused_imports)]
    pub mod words;
}

use imap::words;
use words::{
    Dialect,
    response::{FetchData, Response},
    search::text,
    section::{Section, SectionText, binary, binary_size, octets, part},
    structure::{Content, Kept, Part},
};

libfuzzer_sys::fuzz_target!(|message: &[u8]| {
    let kept = Kept::read(message);
    let json = serde_json::to_string(&kept).unwrap_or_default();
    assert!(serde_json::from_str::<Kept>(&json).is_ok_and(|read| read == kept));
    for what in [SectionText::All, SectionText::Header, SectionText::Text] {
        assert!(octets(message, &kept, &Section { part: Vec::new(), what }).is_some());
    }
    look_into(message, &kept, &kept.structure, &mut Vec::new());
    let items = vec![FetchData::Envelope(&kept.envelope), FetchData::BodyStructure(&kept.structure)];
    assert!(Response::Fetch { number: 1, items }.octets(Dialect { utf8: true }).ends_with(b")\r\n"));
    let _ = text::body(message, &kept);
});

/// Each part of a multipart is found by its numbers.
fn look_into(message: &[u8], kept: &Kept, holder: &Part, numbers: &mut Vec<u32>) {
    let Content::Parts(parts) = &holder.content else { return };
    for (index, one) in (1..).zip(parts) {
        numbers.push(index);
        assert_eq!(part(kept, numbers), Some(one));
        let found = binary(message, kept, numbers);
        assert_eq!(found.map(|octets| octets.map(|octets| octets.len() as u64)), binary_size(kept, numbers));
        match &one.content {
            Content::Message(enclosed) => look_into(message, kept, &enclosed.1, numbers),
            _ => look_into(message, kept, one, numbers),
        }
        numbers.pop();
    }
}
