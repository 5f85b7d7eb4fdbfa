//! Whatever a message holds: header, parts and text are read within bounds, what we compose from it is read back as what
//! was meant, and no text adds a field.
#![no_main]

use syntax::{Address, Draft, FromField, Message, Timestamp};

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let _ = bounce::looks_like_mail(octets);
    let text = String::from_utf8_lossy(octets);
    assert!(bounce::without_tags(&text).len() <= text.len() + 2 * text.matches('<').count());
    compose(&text);
    let Ok(message) = Message::parse(octets) else { return };
    walk(&message, octets);
    let _ = bounce::automatic(&message);
});

fn walk(message: &Message<'_>, octets: &[u8]) {
    assert!(message.header_octets() <= octets.len() && octets.ends_with(message.body()));
    for field in message.fields() {
        assert!(octets[field.offset..].starts_with(field.name.as_bytes()), "a field lies elsewhere");
        assert!(!field.value().contains('\n'));
        let _ = field.decoded();
    }
    let parts = message.parts();
    assert!(!parts.is_empty() || message.value("Content-Type").is_some());
    assert!(parts.len() <= 100);
    for part in &parts {
        assert!(part.raw.len() <= octets.len() && part.octets().len() <= octets.len());
        let _ = part.text();
    }
}

/// The text as the words of a message of ours.
fn compose(text: &str) {
    let address = |text| Address::parse(text).expect("an address");
    let (subject, body) = text.split_once("\r\n").unwrap_or((text, ""));
    let draft = Draft {
        from: FromField { display: Some(subject.to_owned()), address: address("ann@a.test") },
        to: vec![address("dana@b.test")],
        subject: subject.to_owned(),
        text: body.to_owned(),
        date: Timestamp::from_micros(1_795_474_490_000_000),
        message_id: String::from("1@a.test"),
        more: vec![(String::from("In-Reply-To"), subject.to_owned())],
    };
    let written = draft.write();
    let message = Message::parse(&written).expect("a message");
    let names: Vec<&str> = message.fields().iter().map(|field| field.name).collect();
    let expect = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "In-Reply-To",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    assert_eq!(names, expect, "a field more or less");
    assert!(!written.split(|octet| *octet == b'\n').any(|line| line.len() > 999), "a line over 998 octets");
    let lines = |text: &str| text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect::<Vec<_>>();
    // Escapes of ISO-2022-JP are read as such, whatever the label.
    if !body.contains('\x1b') {
        assert_eq!(lines(&message.parts()[0].text()), lines(body));
    }
}
