//! Whatever a From field or an address holds, it is answered; spans lie within it, what is offered instead is right, and
//! what decides about sending agrees with what explains.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    for told in [syntax::inspect_from(octets), syntax::inspect_address(octets)] {
        assert!(told.faults.iter().all(|fault| told.input.get(fault.start..fault.end).is_some()));
        assert!(told.mailboxes.iter().all(|mailbox| told.input.get(mailbox.start..mailbox.end).is_some()));
        let _ = told.shown();
    }
    if let Some(repaired) = syntax::inspect_from(octets).repaired {
        assert!(syntax::inspect_from(repaired.as_bytes()).valid);
    }
    let Ok(value) = std::str::from_utf8(octets) else { return };
    match syntax::parse_from(value) {
        Ok(from) => taken(&from),
        Err(malformed) => assert!(value.get(malformed.offset..).is_some(), "{malformed}"),
    }
});

/// What we would send with is written as it was read, and explained as the same mailbox.
fn taken(from: &syntax::FromField) {
    let shown = |display: &Option<String>| display.clone().map(|name| name.replace(char::is_control, " "));
    let written = from.to_string();
    let again = syntax::parse_from(&written).expect("what is written is read");
    assert_eq!((again.address.clone(), shown(&again.display)), (from.address.clone(), shown(&from.display)));
    let header = syntax::write_from(std::slice::from_ref(from));
    let lines = header.split("\r\n").collect::<Vec<_>>();
    assert!(lines.iter().skip(1).all(|line| line.starts_with([' ', '\t'])), "a second field: {header}");
    let told = syntax::inspect_from(header.as_bytes());
    assert_eq!(told.mailboxes.len(), 1, "{header}");
    assert_eq!(told.local_part.as_deref(), Some(from.address.local()), "{header}");
}
