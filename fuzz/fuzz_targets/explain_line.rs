//! Whatever a line holds, it is read; a temporary reply suppresses nobody.
#![no_main]

libfuzzer_sys::fuzz_target!(|line: &str| {
    let told = bounce::explain_line(line);
    assert!(!(told.reply.is_some_and(|code| code < 500) && told.explanation.suppress));
    let _ = bounce::explain_text(line);
});
