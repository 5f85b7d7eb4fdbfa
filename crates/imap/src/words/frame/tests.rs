use super::*;

const LIMITS: Limits = Limits { line: 60, literal: 20, append: 100, unasked: 50, literals: 3 };

/// What comes out, with leave given to every literal, however the octets are cut into pieces.
fn check(octets: &[u8], expect: &[&str]) {
    for size in 1..=octets.len() {
        let mut frames = Frames::new(LIMITS);
        let mut told = Vec::new();
        for piece in octets.chunks(size) {
            frames.feed(piece);
            drain(&mut frames, &mut told);
        }
        assert_eq!(told, expect, "{:?} in pieces of {size}", String::from_utf8_lossy(octets));
    }
}

fn drain(frames: &mut Frames, told: &mut Vec<String>) {
    loop {
        match frames.next_event() {
            Event::Read => return,
            Event::Continue { octets } => {
                told.push(format!("+{octets}"));
                frames.accept();
            }
            Event::Command(frame) => told.push(shown(&frame)),
            Event::Refused(refusal) => {
                let close = if refusal.close { " close" } else { "" };
                told.push(format!("{:?} {:?}{close}", refusal.tag.unwrap_or_default(), refusal.fault));
            }
        }
    }
}

fn shown(frame: &Frame) -> String {
    let mut shown = String::from_utf8_lossy(&frame.octets).into_owned();
    for literal in &frame.literals {
        let octets = String::from_utf8_lossy(&frame.octets[literal.octets.clone()]);
        let announced = frame.octets[literal.announced];
        assert_eq!(announced, if literal.eight_bit { b'~' } else { b'{' });
        shown.push_str(&format!("|{octets}"));
    }
    shown
}

#[test]
fn lines_are_commands() {
    check(b"a NOOP\r\nb LOGOUT\r\n", &["a NOOP", "b LOGOUT"]);
    check(b"a NOOP\nb LOGOUT\n", &["a NOOP", "b LOGOUT"]);
    check(b"\r\n\r\na NOOP\r\n", &["a NOOP"]);
    check(b"a NO", &[]);
}

#[test]
fn literals_are_asked_for_unless_they_come_unasked() {
    check(b"a LOGIN {3}\r\nann {2}\r\npw\r\n", &["+3", "+2", "a LOGIN {3}\r\nann {2}\r\npw|ann|pw"]);
    check(b"a LOGIN {3+}\r\nann {2+}\r\npw\r\n", &["a LOGIN {3+}\r\nann {2+}\r\npw|ann|pw"]);
    check(b"a X {0}\r\n\r\n", &["+0", "a X {0}\r\n|"]);
    check(b"a X ~{3+}\r\na\0b\r\n", &["a X ~{3+}\r\na\0b|a\0b"]);
    check(b"a X {4+}\r\n\r\n{9\r\n", &["a X {4+}\r\n\r\n{9|\r\n{9"]);
}

#[test]
fn what_looks_like_a_literal_and_is_none_is_text() {
    check(b"a X {}\r\nb X {+}\r\nc X {1x}\r\nd X {-1}\r\n", &["a X {}", "b X {+}", "c X {1x}", "d X {-1}"]);
}

#[test]
fn a_literal_that_is_too_large_is_refused_before_it_is_sent() {
    check(b"a LOGIN {21}\r\nb NOOP\r\n", &["\"a\" LiteralTooLarge { octets: 21, limit: 20 }", "b NOOP"]);
    check(
        b"a X {99999999999999999999999}\r\nb NOOP\r\n",
        &["\"a\" LiteralTooLarge { octets: 18446744073709551615, limit: 20 }", "b NOOP"],
    );
}

#[test]
fn a_literal_that_is_too_large_and_already_on_its_way_ends_the_connection() {
    check(b"a LOGIN {21+}\r\nb NOOP\r\nc NOOP\r\n", &["\"a\" LiteralTooLarge { octets: 21, limit: 20 } close"]);
    check(b"a append x {51+}\r\nb NOOP\r\n", &["\"a\" LiteralTooLarge { octets: 51, limit: 50 } close"]);
}

#[test]
fn only_an_append_may_be_large() {
    let message = "m".repeat(90);
    let octets = format!("a Append x {{90}}\r\n{message}\r\n");
    check(octets.as_bytes(), &["+90", &format!("a Append x {{90}}\r\n{message}|{message}")]);
    check(b"a FETCH APPEND {90}\r\n", &["\"a\" LiteralTooLarge { octets: 90, limit: 20 }"]);
    // The bound is for all literals of a command together.
    check(
        b"a X {15+}\r\n123456789012345 {6}\r\nb NOOP\r\n",
        &["\"a\" LiteralTooLarge { octets: 6, limit: 5 }", "b NOOP"],
    );
}

#[test]
fn too_many_literals_are_refused() {
    check(b"a X {1+}\r\n1 {1+}\r\n2 {1+}\r\n3 {1}\r\nb NOOP\r\n", &["\"a\" TooManyLiterals", "b NOOP"]);
    check(b"a X {1+}\r\n1 {1+}\r\n2 {1+}\r\n3 {1+}\r\nb\r\n", &["\"a\" TooManyLiterals close"]);
}

#[test]
fn an_over_long_line_is_dropped_and_the_next_command_read() {
    let long = "x".repeat(60);
    check(format!("a {long}\r\nb NOOP\r\n").as_bytes(), &["\"a\" LineTooLong", "b NOOP"]);
    check(format!("a {long} {{5}}\r\nb NOOP\r\n").as_bytes(), &["\"a\" LineTooLong", "b NOOP"]);
    check(format!("a {long} {{5+}}\r\nhello\r\nb NOOP\r\n").as_bytes(), &["\"a\" LineTooLong close"]);
    // Text before and after a literal counts together.
    let half = "x".repeat(30);
    check(format!("a {half} {{1+}}\r\n1{half}\r\nb NOOP\r\n").as_bytes(), &["\"a\" LineTooLong", "b NOOP"]);
}

#[test]
fn a_line_that_never_ends_takes_no_memory() {
    let mut frames = Frames::new(LIMITS);
    for _ in 0..1000 {
        frames.feed(&[b'x'; 1000]);
        assert_eq!(frames.next_event(), Event::Read);
        assert!(frames.waiting.len() <= MAX_ANNOUNCEMENT);
    }
}

#[test]
fn a_nul_belongs_into_a_literal8() {
    check(b"a X {1+}\r\n\0\r\nb NOOP\r\n", &["\"a\" Nul", "b NOOP"]);
}

#[test]
fn a_refused_literal_leaves_the_next_command() {
    let mut frames = Frames::new(LIMITS);
    frames.feed(b"a APPEND x {90}\r\n");
    assert_eq!(frames.next_event(), Event::Continue { octets: 90 });
    assert_eq!(frames.next_event(), Event::Continue { octets: 90 });
    assert_eq!(frames.so_far().octets, b"a APPEND x {90}\r\n");
    assert_eq!(frames.refuse().as_deref(), Some("a"));
    frames.feed(b"b NOOP\r\n");
    assert!(matches!(frames.next_event(), Event::Command(frame) if frame.octets == b"b NOOP"));
    assert!(frames.is_empty());
}

#[test]
fn lines_outside_commands_are_given_as_they_are() {
    let mut frames = Frames::new(LIMITS);
    frames.feed(b"DO");
    assert_eq!(frames.line(), None);
    frames.feed(b"NE\r\n\r\nx {3}\r\n");
    assert_eq!(frames.line(), Some(Ok(b"DONE".to_vec())));
    assert_eq!(frames.line(), Some(Ok(Vec::new())));
    assert_eq!(frames.line(), Some(Ok(b"x {3}".to_vec())));
    frames.feed(&[b'x'; 70]);
    frames.feed(b"\r\na NOOP\r\n");
    assert_eq!(frames.line(), Some(Err(FrameFault::LineTooLong)));
    assert_eq!(frames.line(), Some(Ok(b"a NOOP".to_vec())));
}

#[test]
fn what_waits_is_forgotten_at_starttls() {
    let mut frames = Frames::new(LIMITS);
    frames.feed(b"a X {3}\r\n");
    let _ = frames.next_event();
    frames.clear();
    assert!(frames.is_empty());
    frames.feed(b"b NOOP\r\n");
    assert!(matches!(frames.next_event(), Event::Command(_)));
}

proptest::proptest! {
    #[test]
    fn reading_never_panics_and_stays_within_its_bounds(pieces in proptest::collection::vec("[a-c {}~+0-9\r\n\u{0}]{0,30}", 0..30)) {
        let mut frames = Frames::new(LIMITS);
        for piece in &pieces {
            frames.feed(piece.as_bytes());
            drain(&mut frames, &mut Vec::new());
            proptest::prop_assert!(frames.waiting.len() <= LIMITS.line);
            proptest::prop_assert!(frames.frame.octets.len() <= LIMITS.line + LIMITS.append + MAX_TAG);
        }
    }
}
