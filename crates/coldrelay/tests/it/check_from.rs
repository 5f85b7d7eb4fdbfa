//! `coldrelay check from` and `check address`.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

/// Exit code and stdout.
fn run(arguments: &[&str], stdin: &[u8]) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_coldrelay"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let octets = stdin.to_owned();
    let writer = std::thread::spawn(move || input.write_all(&octets));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_comma_without_quotes_is_shown_with_a_caret_and_the_header_that_is_right() {
    let (code, shown) = run(&["check", "from", "From: Doe, Ann <ann@sender.co>"], b"");
    assert_eq!(code, 1, "{shown}");
    let expect = "\
error[from.unquoted-comma]: a comma outside quotes ends the mailbox
  --> octet 9
  |
  | From: Doe, Ann <ann@sender.co>
  |          ^
  |
  = why: What stands before it is read as a mailbox of its own, without an address. A name
    with a comma has to be quoted.
  = rule: RFC 5322 §3.4
  = Gmail 550 5.7.1: messages with several addresses in From are not accepted
    (550-5-7-1-from-at-gmail)
  = Gmail 550 5.7.1: the message lacks a valid address in From (550-5-7-1-from-at-gmail)
  = Microsoft 550 5.7.512: the message must follow RFC 5322 §3.6.2 (550-5-7-512-at-outlook)

not valid, 1 error
  name Doe, Ann, local part ann, domain sender.co

repaired: From: \"Doe, Ann\" <ann@sender.co>

more: coldrelay explain from.unquoted-comma
";
    assert_eq!(shown, expect);
    let (code, page) = run(&["explain", "from.unquoted-comma"], b"");
    assert!(code == 0 && page.contains("The From header is written wrongly"), "{page}");
}

#[test]
fn wide_and_hidden_letters_keep_the_caret_in_place() {
    let (_, shown) = run(&["check", "from", "From: 日本\u{200b} <ann@ex_ample.com>"], b"");
    let lines: Vec<&str> = shown.lines().collect();
    let at = lines.iter().position(|line| line.contains("address.underscore")).unwrap();
    assert_eq!(lines[at + 3], "  | From: 日本<U+200B> <ann@ex_ample.com>");
    // Two columns for each of the two letters, eight for the name of the hidden one.
    assert_eq!(lines[at + 4], format!("  | {}^", " ".repeat("From: ".len() + 4 + 8 + " <ann@ex".len())));
}

#[test]
fn a_field_is_read_from_stdin_as_it_is_with_the_octets_counted_there() {
    let (code, answer) = run(&["check", "from", "-", "--json"], b"From: J\xfcrgen\r\n <ann@sender.co>\r\n");
    assert_eq!(code, 1);
    let answer = json(&answer);
    assert_eq!(answer["faults"][0]["id"], "text.not-utf8");
    assert_eq!((answer["faults"][0]["start"].as_u64(), answer["faults"][0]["end"].as_u64()), (Some(7), Some(8)));
    assert_eq!(answer["local_part"], "ann");
    assert_eq!(answer["domain"], "sender.co");
}

#[test]
fn the_answer_has_its_fields_and_the_exit_code_tells_errors_alone() {
    let (code, answer) = run(&["check", "address", "\"ann doe\"@sender.co", "--json"], b"");
    let answer = json(&answer);
    assert_eq!(code, 0);
    assert_eq!(answer["input"], "\"ann doe\"@sender.co");
    assert_eq!(answer["valid"], true);
    assert_eq!(answer["faults"][0]["id"], "address.quoted-local");
    assert_eq!(answer["faults"][0]["severity"], "warning");
    assert!(answer["faults"][0]["message"].is_string());
    assert_eq!(answer["repaired"], serde_json::Value::Null);
    assert_eq!(answer["local_part"], "ann doe");
    assert_eq!(answer["display_name"], serde_json::Value::Null);
    let (code, shown) = run(&["check", "address", "-ann@sender.co"], b"");
    assert!(code == 0 && shown.contains("address.leading-hyphen"), "{shown}");
}

#[test]
fn a_batch_has_one_answer_a_line_and_keeps_the_order() {
    let long = format!("{}@sender.co", "a".repeat(200_000));
    let lines = format!("ann@sender.co\r\n\n{long}\nann@sender.co.\n");
    let (code, answers) = run(&["check", "address", "--batch"], lines.as_bytes());
    assert_eq!(code, 1);
    let answers: Vec<serde_json::Value> = answers.lines().map(json).collect();
    let first = |at: usize| answers[at]["faults"][0]["id"].as_str().unwrap_or("-").to_owned();
    assert_eq!(answers.len(), 4);
    assert_eq!(
        [first(0), first(1), first(2), first(3)],
        ["-", "text.empty", "text.too-long", "address.domain-trailing-dot"]
    );
    assert_eq!(answers[3]["repaired"], "ann@sender.co");
    let (code, answers) = run(&["check", "from", "--batch"], b"Ann <ann@sender.co>\n");
    assert_eq!((code, json(&answers)["display_name"].as_str()), (0, Some("Ann")));
}

#[test]
fn a_file_that_is_not_there_is_said() {
    let (code, _) = run(&["check", "from", "--batch", "/nowhere/list.txt"], b"");
    assert_eq!(code, 3);
}
