//! Whatever a message holds, it is read, in bounded time, and each recipient gets an entry.
#![no_main]

libfuzzer_sys::fuzz_target!(|message: &[u8]| {
    let told = bounce::explain_message(message);
    assert!(told.recipients.len() <= 1000);
    assert!(told.recipients.iter().all(|one| !one.explanation.entry.is_empty()));
});
