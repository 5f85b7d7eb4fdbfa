use super::*;
use crate::words::{
    Dialect,
    response::{FetchData, Response},
};

const PARTS: &[u8] = include_bytes!("../../../tests/vectors/parts.eml");

/// The tree in short: `mixed(plain,png)`.
fn tree(part: &Part) -> String {
    match &part.content {
        Content::Leaf => part.subtype.clone(),
        Content::Parts(parts) => format!("{}({})", part.subtype, parts.iter().map(tree).collect::<Vec<_>>().join(",")),
        Content::Message(enclosed) => format!("{}<{}>", part.subtype, tree(&enclosed.1)),
    }
}

fn check(message: &[u8], expect: &str) -> Kept {
    let kept = Kept::read(message);
    assert_eq!(tree(&kept.structure), expect, "{:?}", String::from_utf8_lossy(message));
    assert_is_sound(message, &kept);
    kept
}

/// Comes back from JSON as it was, lies within the message, and is written as one well-formed response.
fn assert_is_sound(message: &[u8], kept: &Kept) {
    let json = serde_json::to_string(kept).unwrap();
    assert_eq!(&serde_json::from_str::<Kept>(&json).unwrap(), kept);
    assert_lies_within(&kept.structure, (0, message.len() as u64));
    for utf8 in [false, true] {
        let items = vec![
            FetchData::Envelope(&kept.envelope),
            FetchData::BodyStructure(&kept.structure),
            FetchData::Body(&kept.structure),
        ];
        let written = Response::Fetch { number: 1, items }.octets(Dialect { utf8 });
        assert_is_one_response(&written);
    }
}

fn assert_lies_within(part: &Part, (from, to): (u64, u64)) {
    assert!(from <= part.header.0 && part.header.0 <= part.header.1);
    assert!(part.header.1 == part.body.0 && part.body.0 <= part.body.1 && part.body.1 <= to);
    match &part.content {
        Content::Leaf => assert!(part.kind != "multipart"),
        Content::Parts(parts) => {
            assert!(!parts.is_empty());
            parts.iter().for_each(|one| assert_lies_within(one, part.body));
        }
        Content::Message(enclosed) => assert_lies_within(&enclosed.1, part.body),
    }
}

/// Parentheses match outside strings, literals are as long as they say, and the line ends once.
fn assert_is_one_response(written: &[u8]) {
    let (mut at, mut depth) = (0, 0);
    while at < written.len() {
        match written[at] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'"' => {
                at += 1;
                while written[at] != b'"' {
                    assert!(!matches!(written[at], b'\r' | b'\n' | 0));
                    at += if written[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' => {
                let end = at + written[at..].iter().position(|octet| *octet == b'}').unwrap();
                let octets: usize = std::str::from_utf8(&written[at + 1..end]).unwrap().parse().unwrap();
                assert_eq!(&written[end + 1..end + 3], b"\r\n");
                at = end + 2 + octets;
            }
            b'\r' => assert_eq!((depth, &written[at..]), (0, &b"\r\n"[..])),
            _ => {}
        }
        assert!(depth >= 0);
        at += 1;
    }
}

#[test]
fn the_tree_of_the_rfc_is_read() {
    let kept = check(
        PARTS,
        "mixed(plain,octet-stream,rfc822<mixed(plain,octet-stream)>,mixed(gif,rfc822<mixed(plain,alternative(plain,richtext))>))",
    );
    assert_eq!(kept.envelope.subject.as_deref(), Some("The part numbers of RFC 9051"));
    let Content::Parts(parts) = &kept.structure.content else { panic!("no parts") };
    assert_eq!((parts[1].encoding.as_str(), parts[1].decoded_octets), ("base64", Some(3)));
    let Content::Parts(four) = &parts[3].content else { panic!("no parts") };
    assert_eq!(four[0].id.as_deref(), Some("<gif@example.com>"));
    assert_eq!(four[0].language, ["en", "de"]);
    assert_eq!(four[0].disposition, Some(("inline".into(), vec![("filename".into(), "a b.gif".into())])));
    let Content::Message(enclosed) = &four[1].content else { panic!("no message") };
    assert_eq!(enclosed.0.subject.as_deref(), Some("enclosed 4.2"));
}

#[test]
fn a_structure_is_told_as_the_rfc_has_it() {
    // RFC 9051 §8: 3028 octets in 92 lines of plain text.
    let body = format!("{}{}", "x\r\n".repeat(91), "y".repeat(3028 - 273 - 2) + "\r\n");
    let message = format!("MIME-Version: 1.0\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n{body}");
    let kept = check(message.as_bytes(), "plain");
    let written =
        Response::Fetch { number: 12, items: vec![FetchData::Body(&kept.structure)] }.octets(Dialect::default());
    let expect = "* 12 FETCH (BODY (\"text\" \"plain\" (\"charset\" \"US-ASCII\") NIL NIL \"7bit\" 3028 92))\r\n";
    assert_eq!(String::from_utf8_lossy(&written), expect);
}

#[test]
fn a_broken_message_is_told_as_text() {
    check(b"", "plain");
    check(b"\r\n", "plain");
    check(b"no header at all", "plain");
    check(b"Content-Type: \xff\xfe\r\n\r\nx", "plain");
    check(b"Content-Type: text\r\n\r\nx", "plain");
    check(b"Content-Type: text/\r\n\r\nx", "plain");
    check(b"Content-Type: text/ht(ml\r\n\r\nx", "ht");
    check(b"Content-Type: multipart/mixed\r\n\r\nno boundary", "plain");
    check(b"Content-Type: multipart/mixed; boundary=b\r\n\r\nit never comes", "plain");
    check(b"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\nx\r\n----\r\n", "plain");
    check(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA==", "octet-stream");
    check(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n", "plain");
}

#[test]
fn a_multipart_that_was_cut_off_shows_what_it_has() {
    check(b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\nx", "mixed(html)");
    check(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b", "mixed(plain)");
    check(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n--b--", "mixed(plain,plain)");
    let cut = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n\
        --bb\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: image/png\r\n\r\ny\r\n--b--\r\n";
    check(cut, "mixed(alternative(plain),png)");
}

#[test]
fn a_part_without_header_is_text() {
    let kept =
        check(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nHello there\r\n--b--\r\n", "mixed(plain)");
    let Content::Parts(parts) = &kept.structure.content else { panic!("no parts") };
    assert_eq!(parts[0].body.1 - parts[0].body.0, 11);
    let digest = b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: in\r\n\r\nx\r\n--b--";
    check(digest, "digest(rfc822<plain>)");
}

#[test]
fn depth_and_number_of_parts_are_bounded() {
    let mut nested = String::new();
    for depth in 0..500 {
        nested.push_str(&format!("Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n"));
    }
    assert_is_sound(nested.as_bytes(), &Kept::read(nested.as_bytes()));
    let enclosed = "Content-Type: message/rfc822\r\n\r\n".repeat(500);
    assert_is_sound(enclosed.as_bytes(), &Kept::read(enclosed.as_bytes()));
    let many = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", "--b\r\n\r\nx\r\n".repeat(5000));
    let kept = Kept::read(many.as_bytes());
    assert_is_sound(many.as_bytes(), &kept);
    let Content::Parts(parts) = &kept.structure.content else { panic!("no parts") };
    assert!((900..=1000).contains(&parts.len()), "{}", parts.len());
}

#[test]
fn one_boundary_for_all_levels_does_not_grow() {
    // Each level would be read again by the one above it.
    let part = "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    let message = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", part.repeat(2000));
    assert_is_sound(message.as_bytes(), &Kept::read(message.as_bytes()));
}

fn piece() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    prop_oneof![
        Just("Content-Type: multipart/mixed; boundary=b\r\n"),
        Just("Content-Type: multipart/digest; boundary=\"c\"\n"),
        Just("Content-Type: message/rfc822\r\n"),
        Just("Content-Type: text/plain; charset=\"x\r\n\ty\"; a*0=\u{fc}\r\n"),
        Just("Content-Disposition: attachment; filename=\"\u{65e5}.txt\"\r\n"),
        Just("Content-Transfer-Encoding: base64\r\n"),
        Just("From: \"a\\\"\r\n b\" <x@y>, g:;\r\n"),
        Just("Subject: {5}\r\n"),
        Just("\r\n"),
        Just("--b\r\n"),
        Just("--b--\r\n"),
        Just("--c\n"),
        Just("text\0(\")\r\n"),
        Just(" folded\r\n"),
        Just(":\r\n"),
    ]
    .prop_map(str::to_owned)
}

proptest::proptest! {
    #[test]
    fn every_message_made_of_the_pieces_of_messages_is_told(pieces in proptest::collection::vec(piece(), 0..40)) {
        let message = pieces.concat();
        assert_is_sound(message.as_bytes(), &Kept::read(message.as_bytes()));
    }

    #[test]
    fn every_string_of_octets_is_told(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        assert_is_sound(&octets, &Kept::read(&octets));
    }
}
