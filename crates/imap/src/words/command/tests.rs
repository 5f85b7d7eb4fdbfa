use super::*;
use crate::words::{
    Dialect,
    frame::{Event, Frames, Limits},
};

const LIMITS: Limits = Limits { line: 65_536, literal: 8192, append: 1 << 20, unasked: 1 << 20, literals: 100 };

fn read(octets: &[u8], dialect: Dialect) -> Result<Command, Malformed> {
    let mut frames = Frames::new(LIMITS);
    frames.feed(octets);
    frames.feed(b"\r\n");
    match frames.next_event() {
        Event::Command(frame) => parse(&frame, dialect),
        other => panic!("{other:?}"),
    }
}

fn verb(text: &str) -> Verb {
    read(text.as_bytes(), Dialect::default()).unwrap().verb
}

/// Each command of the file means what the file says.
#[test]
fn the_examples_of_the_rfcs_are_read() {
    let mut lines = include_str!("../../../tests/vectors/commands.txt").lines().filter(|line| !line.starts_with('#'));
    let (mut wrong, mut count) = (String::new(), 0);
    while let Some(line) = lines.next() {
        let command = line.strip_prefix("C:").expect(line).trim_start_matches(' ').replace("\\r\\n", "\r\n");
        let expect = lines.next().unwrap_or_default();
        let found = match read(command.as_bytes(), Dialect::default()) {
            Ok(command) => format!("= {:?}", command.verb),
            Err(malformed) => format!("! {} {:?}", malformed.offset, malformed.why),
        };
        count += 1;
        if found != expect {
            wrong.push_str(&format!("{line}\n{found}\n"));
        }
    }
    assert!(count > 100);
    assert!(wrong.is_empty(), "read otherwise:\n{wrong}");
}

#[test]
fn the_tag_is_kept_for_the_answer() {
    assert_eq!(read(b"A.1] NOOP", Dialect::default()).unwrap().tag, "A.1]");
    let malformed = read(b"tag FETCH x FLAGS", Dialect::default()).unwrap_err();
    assert_eq!(malformed.tag.as_deref(), Some("tag"));
    for octets in [&b"(a NOOP"[..], b" NOOP", b"a\"b NOOP", &[b'a'; 101]] {
        assert_eq!(read(octets, Dialect::default()).unwrap_err().tag, None);
    }
}

#[test]
fn names_are_read_as_the_dialect_has_them() {
    let utf8 = Dialect { utf8: true };
    let name = |octets: &str, dialect| match read(octets.as_bytes(), dialect).map(|command| command.verb) {
        Ok(Verb::Delete(name)) => Some(name.to_string()),
        _ => None,
    };
    assert_eq!(name("a DELETE Entw&APw-rfe", Dialect::default()).as_deref(), Some("Entwürfe"));
    assert_eq!(name("a DELETE Entw&APw-rfe", utf8).as_deref(), Some("Entw&APw-rfe"));
    assert_eq!(name("a DELETE \"Entwürfe\"", utf8).as_deref(), Some("Entwürfe"));
    assert_eq!(name("a DELETE \"Entwürfe\"", Dialect::default()).as_deref(), Some("Entwürfe"));
    assert_eq!(name("a DELETE R&D", utf8).as_deref(), Some("R&D"));
    assert_eq!(name("a DELETE {3+}\r\na\r\n", utf8), None);
}

#[test]
fn secrets_do_not_show() {
    let shown = format!("{:?} {:?}", verb("a LOGIN ann sesame"), verb("a AUTHENTICATE PLAIN c2VzYW1l"));
    assert!(!shown.contains("sesame") && shown.contains("redacted"), "{shown}");
}

#[test]
fn nesting_and_number_of_keys_are_bounded() {
    let nested = |depth: usize| format!("a SEARCH {}SEEN", "NOT ".repeat(depth));
    assert!(read(nested(MAX_SEARCH_DEPTH - 1).as_bytes(), Dialect::default()).is_ok());
    let why = |text: &str| read(text.as_bytes(), Dialect::default()).unwrap_err().why;
    assert_eq!(why(&nested(MAX_SEARCH_DEPTH)), Why::TooMany("nested search keys"));
    assert_eq!(why(&format!("a SEARCH {}", "(".repeat(30_000))), Why::TooMany("nested search keys"));
    assert_eq!(why(&format!("a SEARCH {}", "SEEN ".repeat(MAX_SEARCH_KEYS + 1))), Why::TooMany("search keys"));
    assert_eq!(why(&format!("a FETCH 1 ({})", "FLAGS ".repeat(300))), Why::TooMany("FETCH items"));
    assert_eq!(why(&format!("a STORE 1 FLAGS ({})", "x ".repeat(300))), Why::TooMany("flags"));
    assert_eq!(why(&format!("a FETCH 1 BODY[{}1]", "1.".repeat(300))), Why::TooMany("part numbers"));
}

#[test]
fn a_message_stands_where_the_literal_was() {
    let mut frames = Frames::new(LIMITS);
    frames.feed(b"a APPEND {5+}\r\nInbox {6+}\r\nFrom: \r\n");
    let Event::Command(frame) = frames.next_event() else { panic!("no command") };
    let Ok(Command { verb: Verb::Append(append), .. }) = parse(&frame, Dialect::default()) else { panic!("no append") };
    assert_eq!(&frame.octets[append.message], b"From: ");
    assert!(append.mailbox.is_inbox());
}

proptest::proptest! {
    #[test]
    fn reading_never_panics(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let frame = crate::words::frame::Frame { octets, literals: Vec::new() };
        let _ = parse(&frame, Dialect::default());
    }

    #[test]
    fn near_misses_never_panic(
        head in "(a |a UID )(FETCH|STORE|SEARCH|LIST|STATUS|APPEND|SELECT|CREATE|ID|COPY) ",
        words in proptest::collection::vec("[(]|[)]|\"|[*]|1:2|\\$|NOT|OR|BODY\\[|\\]|<0[.]1>|RETURN|CHARSET|FLAGS|\\\\Seen|INBOX|&-| |[{]3[+][}]\r\nabc", 0..20),
    ) {
        let text = head + &words.concat();
        let mut frames = Frames::new(LIMITS);
        frames.feed(text.as_bytes());
        frames.feed(b"\r\n");
        if let Event::Command(frame) = frames.next_event()
            && let Err(malformed) = parse(&frame, Dialect::default())
        {
            proptest::prop_assert!(malformed.offset <= frame.octets.len());
        }
    }
}
