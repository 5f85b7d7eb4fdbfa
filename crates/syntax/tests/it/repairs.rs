//! What is offered instead.

use syntax::{inspect_address, inspect_from};

fn field(input: &str, expect: &str) {
    let told = inspect_from(input.as_bytes());
    let expect = (!expect.is_empty()).then(|| format!("From: {expect}"));
    assert_eq!(told.repaired, expect, "{input:?} {:#?}", told.faults);
}

fn address(input: &str, expect: &str) {
    let told = inspect_address(input.as_bytes());
    assert_eq!(told.repaired.as_deref().unwrap_or_default(), expect, "{input:?} {:#?}", told.faults);
}

#[test]
fn a_name_is_quoted_where_it_must_be() {
    field("From: Doe, Ann <ann@example.com>", "\"Doe, Ann\" <ann@example.com>");
    field("Acme, Inc. <ann@example.com>", "\"Acme, Inc.\" <ann@example.com>");
    field("From: Joe Q. Public <joe@example.com>", "\"Joe Q. Public\" <joe@example.com>");
    field("From: Sales: Ann <ann@example.com>", "\"Sales: Ann\" <ann@example.com>");
    field("From: [ACME] Ann <ann@example.com>", "\"[ACME] Ann\" <ann@example.com>");
    field("From: Ann (Acme) <ann@example.com>", "\"Ann (Acme)\" <ann@example.com>");
    field("From: ann@example.com <ann@example.com>", "\"ann@example.com\" <ann@example.com>");
    field("From: \"Ann\" Doe\" <ann@example.com>", "Ann Doe <ann@example.com>");
    field("From: ann@example.com (Ann Doe)", "Ann Doe <ann@example.com>");
    field("From: “Doe, Ann” <ann@example.com>", "\"Doe, Ann\" <ann@example.com>");
}

#[test]
fn a_name_beyond_ascii_is_encoded() {
    let right = "=?utf-8?B?SsO8cmdlbg==?= <j@example.com>";
    field("From: Jürgen <j@example.com>", right);
    field("From: \"=?utf-8?Q?J=C3=BCrgen?=\" <j@example.com>", right);
    field("From: J\u{200b}ürgen <j@example.com>", right);
    field("From: =?utf-8?Q?J=C3=BCrgen Doe?= <j@example.com>", "=?utf-8?B?SsO8cmdlbiBEb2U=?= <j@example.com>");
}

#[test]
fn brackets_are_put_right() {
    for wrong in [
        "From: Ann Doe ann@example.com",
        "From: Ann Doe ann@example.com>",
        "From: Ann Doe <ann@example.com",
        "From: Ann Doe <<ann@example.com>>",
        "From: Ann Doe <mailto:ann@example.com>",
        "From: Ann Doe [mailto:ann@example.com]",
        "From: Ann Doe (ann@example.com)",
        "From: Ann Doe &lt;ann@example.com&gt;",
        "From: Ann Doe <ann at example.com>",
        "From: Ann Doe ＜ann＠example．com＞",
        "From: Ann Doe <ann@example.com.>",
        "From: Ann Doe < ann @ example . com >",
        "From: Ann Doe <ann@example,com>",
        "From: Ann Doe <ann@example.com>;",
        "From: Ann Doe <ann@example.com>\r\nBcc: victim@example.net",
        "From: Ann Doe (Acme <ann@example.com>".trim_end_matches("never"),
    ] {
        let told = inspect_from(wrong.as_bytes());
        assert!(!told.valid || told.repaired.is_some(), "{wrong}");
        let repaired = told.repaired.unwrap_or_else(|| panic!("{wrong}: nothing is offered, {:#?}", told.faults));
        assert!(repaired.contains("<ann@example.com>"), "{wrong}: {repaired}");
        assert!(inspect_from(repaired.as_bytes()).faults.iter().all(|fault| fault.severity < syntax::Severity::Error));
    }
}

#[test]
fn several_authors_get_a_sender() {
    field("ann@example.com; ben@example.com", "ann@example.com, ben@example.com\r\nSender: ann@example.com");
    field("A:ann@example.com, ben@example.com;", "ann@example.com, ben@example.com\r\nSender: ann@example.com");
}

#[test]
fn what_is_right_or_beyond_repair_is_left() {
    for input in
        ["From: Ann <ann@example.com>", "ann@example.com", "From: Ann", "From: <>", "From: Ann <ann@ex_ample.com>"]
    {
        field(input, "");
    }
}

#[test]
fn addresses_are_put_right() {
    address(" ann@example.com ", "ann@example.com");
    address("<ann@example.com>", "ann@example.com");
    address("Ann Doe <ann@example.com>", "ann@example.com");
    address("mailto:ann@example.com", "ann@example.com");
    address("ann(comment)@example.com", "ann@example.com");
    address("ann at example.com", "ann@example.com");
    address("ann＠example．com", "ann@example.com");
    address("ann@example..com", "ann@example.com");
    address("ann@example.com.", "ann@example.com");
    address("a..b@example.com", "\"a..b\"@example.com");
    address("Abc\\@def@example.com", "\"Abc@def\"@example.com");
    address("\"ann\"@example.com", "ann@example.com");
    address("ann@exam\u{ad}ple.com", "ann@example.com");
    address("ann@example.com", "");
    address("ann@example.com\n", "ann@example.com");
    address(&format!("{}@example.com", "a".repeat(65)), "");
}

#[test]
fn octets_of_an_old_charset_are_read_as_such() {
    let told = inspect_from(b"From: J\xfcrgen <j@example.com>");
    assert_eq!(told.repaired.as_deref(), Some("From: =?utf-8?B?SsO8cmdlbg==?= <j@example.com>"));
    assert_eq!(told.input, "From: J?rgen <j@example.com>");
}

#[test]
fn nothing_is_offered_that_nobody_meant() {
    for input in ["a@b@example.com", "\"@example.com", "cal(foo(bar)@example.com"] {
        address(input, "");
    }
    field("From: =?utf-8?Q?Ann_=3Cann=40example=2Ecom=3E?=", "Ann <ann@example.com>");
    field("From: Ann <ann@example.com;ben@example.com>", "Ann <ann@example.com>");
}
