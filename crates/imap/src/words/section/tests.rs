use super::*;

/// The tree of RFC 9051 §6.4.5.1 with something in every part.
const PARTS: &[u8] = include_bytes!("../../../tests/vectors/parts.eml");

fn section(text: &str) -> Section {
    let (numbers, what) = match text.find(|letter: char| letter.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let part = numbers.split('.').filter_map(|number| number.parse().ok()).collect();
    let names = |names: &str| names.split(' ').map(str::to_owned).collect();
    let what = match what.split_once(' ') {
        Some(("HEADER.FIELDS", rest)) => SectionText::Fields(names(rest)),
        Some((_, rest)) => SectionText::FieldsNot(names(rest)),
        None => match what {
            "HEADER" => SectionText::Header,
            "TEXT" => SectionText::Text,
            "MIME" => SectionText::Mime,
            _ => SectionText::All,
        },
    };
    Section { part, what }
}

fn check(message: &[u8], asked: &str, expect: Option<&str>) {
    let kept = Kept::read(message);
    let found = octets(message, &kept, &section(asked));
    let shown = found.map(|octets| String::from_utf8_lossy(&octets).into_owned());
    assert_eq!(shown.as_deref(), expect, "BODY[{asked}]");
}

#[test]
fn every_part_of_the_rfcs_tree_is_found() {
    check(PARTS, "", Some(&String::from_utf8_lossy(PARTS)));
    check(PARTS, "1", Some("part 1"));
    check(PARTS, "1.MIME", Some("Content-Type: text/plain; charset=us-ascii\r\n\r\n"));
    check(PARTS, "2", Some("AAEC"));
    check(PARTS, "3.HEADER", Some("Subject: enclosed 3\r\nContent-Type: multipart/mixed; boundary=\"three\"\r\n\r\n"));
    check(PARTS, "3.1", Some("part 3.1"));
    check(PARTS, "3.1.MIME", Some("\r\n"));
    check(PARTS, "3.2", Some("part 3.2"));
    check(PARTS, "4.1", Some("part 4.1"));
    check(PARTS, "4.2.HEADER.FIELDS SUBJECT", Some("Subject: enclosed 4.2\r\n\r\n"));
    check(PARTS, "4.2.1", Some("part 4.2.1"));
    check(PARTS, "4.2.2.1", Some("part=20=\r\n4.2.2.1"));
    check(PARTS, "4.2.2.2", Some("part 4.2.2.2"));
    check(PARTS, "4.2.2.2.MIME", Some("Content-Type: text/richtext\r\n\r\n"));
}

#[test]
fn what_is_not_there_is_not_found() {
    for asked in
        ["5", "1.1", "1.2", "2.1", "3.3", "4.3", "4.2.3", "1.HEADER", "1.TEXT", "4.HEADER", "3.1.HEADER", "4294967295"]
    {
        check(PARTS, asked, None);
    }
}

#[test]
fn a_message_without_parts_is_its_part_1() {
    let message = b"Subject: x\r\n\r\nhello";
    check(message, "1", Some("hello"));
    check(message, "TEXT", Some("hello"));
    check(message, "HEADER", Some("Subject: x\r\n\r\n"));
    check(message, "1.MIME", Some("Subject: x\r\n\r\n"));
    check(message, "2", None);
    check(message, "1.1", None);
    let enclosing = b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nhello";
    check(enclosing, "1", Some("Subject: in\r\n\r\nhello"));
    check(enclosing, "1.HEADER", Some("Subject: in\r\n\r\n"));
    check(enclosing, "1.TEXT", Some("hello"));
    check(enclosing, "1.1", Some("hello"));
}

#[test]
fn fields_are_chosen_as_they_stand() {
    let message = b"Received: a\r\n\tb\r\nSubject: x\r\nreceived: c\r\n\r\nbody";
    check(message, "HEADER.FIELDS RECEIVED", Some("Received: a\r\n\tb\r\nreceived: c\r\n\r\n"));
    check(message, "HEADER.FIELDS.NOT RECEIVED", Some("Subject: x\r\n\r\n"));
    check(message, "HEADER.FIELDS X-NONE", Some("\r\n"));
    check(b"Subject: no end", "HEADER.FIELDS SUBJECT", Some("Subject: no end\r\n\r\n"));
}

#[test]
fn a_header_is_found_in_a_message_that_was_cut_off_behind_it() {
    let kept = Kept::read(PARTS);
    let asked = section("HEADER.FIELDS FROM TO");
    let (_, end) = range(&kept, &asked).unwrap();
    assert_eq!(end, kept.header_octets);
    let cut = &PARTS[..usize::try_from(end).unwrap()];
    assert_eq!(octets(cut, &kept, &asked).unwrap(), &b"From: Ann <ann@example.com>\r\nTo: bob@example.net\r\n\r\n"[..]);
    // And nothing panics when too much is cut off.
    assert_eq!(octets(b"", &kept, &section("4.2.2.2")).unwrap(), &b""[..]);
}

#[test]
fn partials_end_with_the_octets() {
    let cut = |offset, length| partial(Cow::Borrowed(&b"hello"[..]), Partial { offset, length }).into_owned();
    assert_eq!(cut(0, 2), b"he");
    assert_eq!(cut(3, 100), b"lo");
    assert_eq!(cut(5, 1), b"");
    assert_eq!(cut(u64::MAX, u64::MAX), b"");
    assert_eq!(partial(Cow::Owned(b"hello".to_vec()), Partial { offset: 1, length: 2 }).into_owned(), b"el");
}

#[test]
fn binary_has_its_transfer_encoding_undone() {
    let kept = Kept::read(PARTS);
    let found = |part: &[u32]| binary(PARTS, &kept, part).unwrap().map(Cow::into_owned);
    assert_eq!(found(&[2]).as_deref(), Some(&[0, 1, 2][..]));
    assert_eq!(found(&[4, 2, 2, 1]).as_deref(), Some(&b"part 4.2.2.1"[..]));
    assert_eq!(found(&[9]), None);
    for part in [&[][..], &[1], &[2], &[3], &[4], &[4, 2], &[4, 2, 2, 1], &[9]] {
        let octets = found(part).map(|octets| octets.len() as u64);
        assert_eq!(binary_size(&kept, part), Ok(octets), "{part:?}");
    }
    let odd = b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin";
    assert_eq!(binary(odd, &Kept::read(odd), &[1]), Err(UnknownEncoding));
    assert_eq!(binary_size(&Kept::read(odd), &[1]), Err(UnknownEncoding));
}
