//! Whatever an address or a domain is written as: what is read is written and read again as the same, and a fault lies
//! within the text.
#![no_main]

use syntax::{Address, Domain, Malformed};

libfuzzer_sys::fuzz_target!(|text: &str| {
    domain(text);
    match Address::parse(text) {
        Ok(address) => {
            assert_eq!(Address::parse(&address.to_string()).as_ref(), Ok(&address), "{address}");
            assert_eq!(Address::new(address.local(), address.domain().clone()).as_ref(), Ok(&address));
            assert!(address.local().len() <= 64 && !address.local().contains(char::is_control));
            assert_eq!(address.is_ascii(), address.to_string().is_ascii());
            let json = serde_json::to_string(&address).unwrap_or_default();
            assert_eq!(serde_json::from_str::<Address>(&json).ok().as_ref(), Some(&address));
            // As MAIL writes it: no letter of it ends the path.
            assert!(!address.to_string().contains(['\r', '\n', '\0']));
        }
        Err(malformed) => within(text, malformed),
    }
});

fn domain(text: &str) {
    let domain = match Domain::parse(text) {
        Ok(domain) => domain,
        Err(malformed) => return within(text, malformed),
    };
    assert!(domain.as_str().len() <= 253 && domain.as_str().split('.').all(|label| (1..=63).contains(&label.len())));
    assert!(domain.as_str().bytes().all(|octet| octet.is_ascii_graphic() && !octet.is_ascii_uppercase()));
    assert_eq!(Domain::parse(domain.as_str()).as_ref(), Ok(&domain));
    if !text.is_ascii() {
        assert_eq!(Domain::parse(&domain.unicode()).as_ref(), Ok(&domain), "{}", domain.unicode());
    }
    assert!(domain.is_within(&domain));
    if let Some(parent) = domain.parent() {
        assert!(domain.is_within(&parent) && !parent.is_within(&domain));
        assert_eq!(Domain::parse(parent.as_str()), Ok(parent));
    }
    if let Some(registrable) = domain.registrable() {
        assert!(domain.is_within(&registrable));
        assert_eq!(registrable.registrable().as_ref(), Some(&registrable));
    }
}

fn within(text: &str, malformed: Malformed) {
    assert!(text.get(malformed.offset..).is_some(), "{malformed}");
}
