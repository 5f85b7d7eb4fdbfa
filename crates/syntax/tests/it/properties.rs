//! What holds for any input.

use proptest::prelude::*;
use syntax::{
    Address, Domain, FromField, Inspection, MAX_INSPECTED, inspect_address, inspect_from, parse_from, write_from,
};

/// Spans lie within the input at borders of letters, and the answer agrees with itself.
fn sound(octets: &[u8], told: &Inspection) -> Result<(), TestCaseError> {
    prop_assert!(octets.len() > MAX_INSPECTED || told.input.len() == octets.len());
    for fault in &told.faults {
        prop_assert!(fault.start <= fault.end && fault.end <= told.input.len(), "{fault:?}");
        prop_assert!(told.input.is_char_boundary(fault.start) && told.input.is_char_boundary(fault.end), "{fault:?}");
    }
    let has_error = told.faults.iter().any(|fault| fault.severity == syntax::Severity::Error);
    prop_assert_eq!(told.valid, !has_error);
    prop_assert!(!told.shown().is_empty());
    Ok(())
}

/// Text that looks like mail addresses more often than chance would have it.
fn mailish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,6}".boxed(),
        Just(String::from("ann@example.com")).boxed(),
        "[-@.,;:<>()\"\\[\\]\\\\ \t=?_&%]".boxed(),
        prop_oneof![
            Just("From: "),
            Just("\r\n "),
            Just("\r\n"),
            Just("\n"),
            Just("\r"),
            Just("=?utf-8?Q?a=C3=BC?="),
            Just("mailto:"),
            Just("&lt;"),
            Just("&gt;"),
            Just("＠"),
            Just("\u{200b}"),
            Just("ü"),
            Just("а"),
            Just("xn--"),
            Just("[IPv6:::1]"),
            Just("日本"),
            Just("=?"),
            Just("?="),
            Just(" at "),
            Just("/o="),
            Just("\0"),
        ]
        .prop_map(String::from)
        .boxed(),
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    let letters = "[ -~äßé日а]{0,60}";
    letters.prop_map(|name| name.trim().to_owned())
}

fn any_address() -> impl Strategy<Value = Address> {
    ("[ -~é]{1,30}", "[a-z0-9]{1,10}\\.[a-z]{2,5}")
        .prop_map(|(local, domain)| Address::new(&local, Domain::parse(&domain).unwrap()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_octets_are_answered(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        sound(&octets, &inspect_from(&octets))?;
        sound(&octets, &inspect_address(&octets))?;
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,80}") {
        sound(text.as_bytes(), &inspect_from(text.as_bytes()))?;
        sound(text.as_bytes(), &inspect_address(text.as_bytes()))?;
    }

    #[test]
    fn what_is_repaired_is_right_and_keeps_the_address(text in mailish()) {
        let told = inspect_from(text.as_bytes());
        sound(text.as_bytes(), &told)?;
        if let Some(repaired) = &told.repaired {
            let again = inspect_from(repaired.as_bytes());
            prop_assert!(again.valid, "{text:?} {repaired:?} {:?}", again.faults);
            let locals = |told: &Inspection| told.mailboxes.iter().map(|one| one.local_part.clone()).collect::<Vec<_>>();
            if !text.contains('\u{200b}') {
                prop_assert_eq!(locals(&told), locals(&again), "{} {}", text, repaired);
            }
        }
        let told = inspect_address(text.as_bytes());
        sound(text.as_bytes(), &told)?;
        if let Some(repaired) = &told.repaired {
            prop_assert!(inspect_address(repaired.as_bytes()).valid, "{text:?} {repaired:?}");
        }
    }

    #[test]
    fn what_decides_and_what_explains_agree(text in mailish()) {
        let told = inspect_from(text.as_bytes());
        if let Ok(from) = parse_from(&text) && told.valid {
            let [mailbox] = &told.mailboxes[..] else { panic!("{text:?}: {:?}", told.mailboxes) };
            prop_assert_eq!(&mailbox.local_part, from.address.local(), "{}", text);
            prop_assert_eq!(&mailbox.domain, from.address.domain().as_str(), "{}", text);
        }
        let told = inspect_address(text.as_bytes());
        if told.valid && told.mailboxes.iter().all(|one| !one.domain.starts_with('[') && !one.local_part.is_empty()) {
            prop_assert!(Address::parse(&text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn parts_make_a_header_that_reads_as_the_parts(name in name(), address in any_address()) {
        let from = FromField { display: (!name.is_empty()).then_some(name), address };
        let header = write_from(std::slice::from_ref(&from));
        let told = inspect_from(header.as_bytes());
        prop_assert!(told.valid, "{header:?} {:?}", told.faults);
        prop_assert_eq!(told.local_part.as_deref(), Some(from.address.local()));
        prop_assert_eq!(told.display_name, from.display.clone(), "{}", header);
        let unfolded = header.replace("\r\n", "");
        let read = parse_from(unfolded.strip_prefix("From:").unwrap()).unwrap();
        prop_assert_eq!(&read, &from, "{}", header);
        // write(parse(x)) = x
        prop_assert_eq!(write_from(&[read]), header);
    }

    #[test]
    fn folding_shifts_no_span(text in mailish(), fold in any::<bool>()) {
        // The same field, unfolded and folded, and with and without its name: the same faults, each where it stands.
        let text = format!("a{}", text.replace(['\r', '\n', ':', '&'], "b"));
        let bare = inspect_from(text.as_bytes());
        let start = if fold { "From:\r\n " } else { "From: " };
        let named = inspect_from(format!("{start}{text}").as_bytes());
        let places = |told: &Inspection, by: usize| {
            told.faults.iter().filter(|fault| !["text.empty", "from.line-long"].contains(&fault.id)).map(|fault| (fault.id, fault.start - by, fault.end - by)).collect::<Vec<_>>()
        };
        prop_assert_eq!(places(&bare, 0), places(&named, start.len()));
    }
}

#[test]
fn a_mebibyte_is_refused_at_once() {
    for letter in [
        "a",
        "(",
        "\"",
        "[",
        "<",
        ",",
        "@",
        "=?a?q?",
        "\\",
        "\r\n ",
        "\"\\",
        "&lt;",
        "\u{200b}",
        "a@b,",
        "=?a?z?x",
        "=?a?q?x x",
        "(a)@",
        "a(b)",
        "[a",
        "@[",
        "{{",
        "<@a:",
    ] {
        let long = letter.repeat(1024 * 1024 / letter.len());
        for told in [inspect_from(long.as_bytes()), inspect_address(long.as_bytes())] {
            assert_eq!(told.faults[0].id, "text.too-long", "{letter:?}");
        }
        // What is just short enough is looked at in time that grows with its length: seconds would be minutes if not.
        let longest = letter.repeat(MAX_INSPECTED / letter.len());
        let told = inspect_from(longest.as_bytes());
        assert!(told.shown().len() < 1024 * 1024, "{letter:?} {}", told.shown().len());
        inspect_address(longest.as_bytes());
    }
}

#[test]
fn every_kind_has_a_name_of_its_own_and_an_explanation() {
    let kinds = syntax::fault_kinds();
    let mut ids: Vec<&str> = kinds.iter().map(|kind| kind.id).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "twice: {ids:?}");
    for kind in kinds {
        let (group, rest) = kind.id.split_once('.').unwrap();
        assert!(["text", "address", "from"].contains(&group), "{}", kind.id);
        assert!(
            rest.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-'),
            "{}",
            kind.id
        );
        assert!(!kind.title.is_empty() && kind.explanation.ends_with('.') && !kind.rule.is_empty(), "{}", kind.id);
    }
}
