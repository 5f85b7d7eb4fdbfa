//! A notification that we write is read back as what was written, by both readers, whatever the refused message and the
//! words of the host hold; one that somebody else wrote is written by us as what was read.
#![no_main]

use bounce::dsn::{Cover, Dsn, DsnAction, DsnRecipient, read, read_fields, write};
use syntax::{Address, Message, Timestamp};

// The reference is read before the clock of the first input runs.
libfuzzer_sys::fuzz_target!(init: drop(bounce::explain_line("550 5.1.1 no")), |octets: &[u8]| {
    let _ = read(octets);
    let Ok(dsn) = read_fields(octets) else { return };
    assert!((1..=1000).contains(&dsn.recipients.len()));
    let cover = Cover {
        from: Address::parse("postmaster@box.a.test").expect("an address"),
        to: Address::parse("ann@a.test").expect("an address"),
        date: Timestamp::from_micros(1_795_474_490_000_000),
        message_id: String::from("notice.1@box.a.test"),
        text: String::from_utf8_lossy(octets).into_owned(),
    };
    let written = write(&cover, &dsn, octets);
    let message = Message::parse(&written).expect("a message");
    assert_eq!(message.all("From").count(), 1);
    assert_eq!(message.all("Content-Type").count(), 1);
    let again = read(&written).expect("a notification").expect("a notification");
    assert_eq!(again.recipients.len(), dsn.recipients.len(), "a recipient more or less");
    same(&again, &dsn);
    let told = bounce::explain_message(&written);
    let failed = dsn.recipients.iter().any(|recipient| recipient.action == DsnAction::Failed);
    assert!(!failed || !told.recipients.is_empty(), "a bounce of ours is not explained");
});

/// What decides about a recipient comes through unchanged.
fn same(again: &Dsn, dsn: &Dsn) {
    for (again, once) in again.recipients.iter().zip(&dsn.recipients) {
        assert_eq!((&again.address, again.action, again.status), (&once.address, once.action, once.status));
        let code = |recipient: &DsnRecipient| recipient.diagnostic.as_ref().map(|reply| reply.code);
        assert_eq!(code(again), code(once));
    }
}
