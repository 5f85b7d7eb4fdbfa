//! Whatever a From field or an address holds, it is answered; spans lie within it, and what is offered instead is right.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    for told in [syntax::inspect_from(octets), syntax::inspect_address(octets)] {
        assert!(told.faults.iter().all(|fault| told.input.get(fault.start..fault.end).is_some()));
        let _ = told.shown();
    }
    if let Some(repaired) = syntax::inspect_from(octets).repaired {
        assert!(syntax::inspect_from(repaired.as_bytes()).valid);
    }
});
