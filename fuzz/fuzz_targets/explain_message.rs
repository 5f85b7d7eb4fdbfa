//! Whatever a message holds, it is read, in bounded time, and each recipient gets an entry.
#![no_main]

// The reference is read before the clock of the first input runs.
libfuzzer_sys::fuzz_target!(init: drop(bounce::explain_line("550 5.1.1 no")), |message: &[u8]| {
    let told = bounce::explain_message(message);
    assert!(told.recipients.len() <= 1000);
    assert!(told.recipients.iter().all(|one| !one.explanation.entry.is_empty()));
});
