//! Whatever a line holds, it is read; a temporary reply suppresses nobody.
#![no_main]

// The reference is read before the clock of the first input runs.
libfuzzer_sys::fuzz_target!(init: drop(bounce::explain_line("550 5.1.1 no")), |line: &str| {
    let told = bounce::explain_line(line);
    assert!(!(told.reply.is_some_and(|code| code < 500) && told.explanation.suppress));
    let _ = bounce::explain_text(line);
});
