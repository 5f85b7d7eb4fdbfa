//! Whatever a client sends, it is cut into commands within bounds and read or refused where it breaks; no answer
//! to it ends a line twice.
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
    command::parse,
    frame::{Event, Frames, Limits},
};

const LIMITS: Limits = Limits { line: 4096, literal: 512, append: 4096, unasked: 1024, literals: 8 };

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    // As if the network cut it into pieces of this length.
    let length = usize::from(octets.first().copied().unwrap_or(0)) + 1;
    let dialect = Dialect { utf8: length.is_multiple_of(2) };
    let mut frames = Frames::new(LIMITS);
    for piece in octets.chunks(length) {
        frames.feed(piece);
        loop {
            let answer = match frames.next_event() {
                Event::Read => break,
                Event::Continue { octets } => {
                    assert!(octets <= LIMITS.append);
                    frames.accept();
                    continue;
                }
                Event::Command(frame) => match parse(&frame, dialect) {
                    Ok(_) => continue,
                    Err(malformed) => {
                        assert!(malformed.offset <= frame.octets.len());
                        malformed.response()
                    }
                },
                Event::Refused(refusal) => refusal.response(),
            };
            let octets = answer.octets(dialect);
            assert_eq!(octets.iter().filter(|octet| **octet == b'\n').count(), 1);
        }
    }
});
