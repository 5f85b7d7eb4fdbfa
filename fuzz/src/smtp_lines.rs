//! What every line of SMTP that we write must be.

/// Longest line of a reply with its CRLF, in octets. RFC 5321 §4.5.3.1.5
const LONGEST: usize = 512;

/// Whole replies: each line ended, short enough, with a code, and without a control character.
pub fn assert_replies(said: &[u8]) {
    assert!(said.is_empty() || said.ends_with(b"\r\n"), "a reply is not ended");
    for line in said.split_inclusive(|octet| *octet == b'\n') {
        let text = line.strip_suffix(b"\r\n").expect("a bare line feed in a reply");
        assert!(line.len() <= LONGEST, "a reply's line of {} octets", line.len());
        assert!(text.len() >= 3 && text[..3].iter().all(u8::is_ascii_digit), "no code: {}", text.escape_ascii());
        assert!(matches!(text.get(3), None | Some(b' ' | b'-')), "no code: {}", text.escape_ascii());
        assert!(!text.iter().any(u8::is_ascii_control), "a control character: {}", text.escape_ascii());
    }
}

/// CR without LF, or LF without CR.
pub fn has_bare_line_end(octets: &[u8]) -> bool {
    let ends = |octet: u8| octets.iter().filter(|one| **one == octet).count();
    let whole = octets.windows(2).filter(|pair| pair == b"\r\n").count();
    ends(b'\r') != whole || ends(b'\n') != whole
}
