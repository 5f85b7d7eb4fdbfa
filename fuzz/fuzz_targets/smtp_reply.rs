//! Whatever a server says: what is read as a reply is written within the limits of a line, and read again as the same.
#![no_main]

use coldrelay_fuzz::smtp_lines::assert_replies;
use smtp::{Enhanced, Reply};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Some(enhanced) = Enhanced::parse(text) {
        assert_eq!(Enhanced::parse(&enhanced.to_string()), Some(enhanced));
    }
    let Some(reply) = Reply::parse(text) else { return };
    assert!((200..600).contains(&reply.code) && !reply.lines.is_empty());
    assert!(reply.enhanced.is_none_or(|enhanced| u16::from(enhanced.class) == reply.code / 100));
    let written = reply.write();
    assert_replies(written.as_bytes());
    let again = Reply::parse(&written).expect("what is written is read");
    assert_eq!(again.code, reply.code);
    assert_eq!(again.write(), Reply::parse(&again.write()).expect("it is read again").write());
    // A text without controls that fits its line comes back as it was, but for blanks at its end.
    if reply.lines.iter().all(|line| line.len() < 400 && !line.contains(char::is_control)) {
        let trimmed = |reply: &Reply| reply.lines.iter().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        assert_eq!((again.enhanced, trimmed(&again)), (reply.enhanced, trimmed(&reply)));
    }
    assert!(!reply.to_string().is_empty() && reply.is_positive() != (reply.is_transient() || reply.is_permanent()));
});
