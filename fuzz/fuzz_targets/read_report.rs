//! Whatever a message or a packed report holds, it is read in bounded time and space, or told why not.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    if let Ok(message) = syntax::Message::parse(octets) {
        let _ = report::read(&message, true);
    }
    if let Ok(text) = report::unpack(octets) {
        assert!(text.len() <= report::MAX_UNPACKED);
        if let Ok(aggregate) = report::parse_aggregate(&text) {
            assert!(aggregate.records.len() <= 50_000);
        }
        let _ = report::parse_tls(&text);
    }
});
