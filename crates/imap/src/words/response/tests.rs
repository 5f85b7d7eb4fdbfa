use syntax::Timestamp;

use super::*;
use crate::words::{
    command::{Malformed, SpecialUse, Why},
    envelope::{Envelope, EnvelopeAddress},
    frame::{FrameFault, Refusal},
    section::{Section, SectionText},
    structure::{Content, Part},
};

const REV1: Dialect = Dialect { utf8: false };
const UTF8: Dialect = Dialect { utf8: true };

fn check(response: &Response<'_>, expect: &str) {
    check_in(REV1, response, expect);
}

fn check_in(dialect: Dialect, response: &Response<'_>, expect: &str) {
    let found = response.octets(dialect);
    assert_eq!(String::from_utf8_lossy(&found), format!("{expect}\r\n"), "{response:?}");
}

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

fn coded(code: Code) -> Response<'static> {
    Response::untagged_ok(code, "ok")
}

#[test]
fn conditions_are_written() {
    check(&Response::ok("A1", "NOOP completed"), "A1 OK NOOP completed");
    check(&Response::no("A1", Code::TryCreate, "No such mailbox"), "A1 NO [TRYCREATE] No such mailbox");
    check(&Response::bad("A1", "Expected a space"), "A1 BAD Expected a space");
    check(&Response::Bye { code: Some(Code::Unavailable), text: "Later".into() }, "* BYE [UNAVAILABLE] Later");
    check(&Response::PreAuth { code: None, text: "Hello".into() }, "* PREAUTH Hello");
    check(&Response::Continue("idling".into()), "+ idling");
    check(&Response::Continue(String::new()), "+ ");
}

#[test]
fn codes_are_written() {
    check(
        &coded(Code::Capability(vec!["IMAP4rev2".into(), "AUTH=PLAIN".into()])),
        "* OK [CAPABILITY IMAP4rev2 AUTH=PLAIN] ok",
    );
    check(&coded(Code::HighestModSeq(715_194_045_007)), "* OK [HIGHESTMODSEQ 715194045007] ok");
    check(&coded(Code::AppendUid { uid_validity: 38505, uid: 3955 }), "* OK [APPENDUID 38505 3955] ok");
    // RFC 9051 §7.1.
    let (from, to) = (vec![304, 319, 320], vec![3956, 3957, 3958]);
    check(&coded(Code::CopyUid { uid_validity: 38505, from, to }), "* OK [COPYUID 38505 304,319:320 3956:3958] ok");
    check(&coded(Code::CopyUid { uid_validity: 1, from: vec![], to: vec![] }), "* OK ok");
    check(&coded(Code::Modified(Ranges::from_iter([7, 9]))), "* OK [MODIFIED 7,9] ok");
    check(&coded(Code::Modified(Ranges::empty())), "* OK ok");
    check(
        &coded(Code::PermanentFlags { flags: vec![Flag::Deleted, Flag::Seen], any: true }),
        "* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] ok",
    );
    check(&coded(Code::PermanentFlags { flags: vec![], any: false }), "* OK [PERMANENTFLAGS ()] ok");
    check(&coded(Code::MailboxId("F2212ea87".into())), "* OK [MAILBOXID (F2212ea87)] ok");
    check(&coded(Code::BadCharset(vec!["UTF-8".into()])), "* OK [BADCHARSET (UTF-8)] ok");
    for (code, word) in [
        (Code::Alert, "ALERT"),
        (Code::Closed, "CLOSED"),
        (Code::OverQuota, "OVERQUOTA"),
        (Code::NoPerm, "NOPERM"),
        (Code::AuthenticationFailed, "AUTHENTICATIONFAILED"),
        (Code::Limit, "LIMIT"),
        (Code::UnknownCte, "UNKNOWN-CTE"),
        (Code::ReadOnly, "READ-ONLY"),
        (Code::NonExistent, "NONEXISTENT"),
        (Code::ServerBug, "SERVERBUG"),
        (Code::UidValidity(1), "UIDVALIDITY 1"),
        (Code::UidNext(2), "UIDNEXT 2"),
        (Code::Unseen(3), "UNSEEN 3"),
    ] {
        check(&coded(code), &format!("* OK [{word}] ok"));
    }
}

#[test]
fn mailbox_data_are_written() {
    let entry =
        |mailbox: &str| ListEntry { attributes: vec![], mailbox: name(mailbox), child_info: vec![], old_name: None };
    check(&Response::List(entry("INBOX")), "* LIST () \"/\" INBOX");
    let attributes = vec![ListAttribute::HasNoChildren, ListAttribute::Use(SpecialUse::Sent)];
    let sent = ListEntry { attributes, child_info: vec!["SUBSCRIBED"], ..entry("Sent Mail") };
    check(
        &Response::List(sent),
        "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent Mail\" (\"CHILDINFO\" (\"SUBSCRIBED\"))",
    );
    check(&Response::Lsub(entry("Entwürfe")), "* LSUB () \"/\" Entw&APw-rfe");
    check_in(UTF8, &Response::List(entry("Entwürfe")), "* LIST () \"/\" \"Entwürfe\"");
    check(&Response::List(entry("NIL")), "* LIST () \"/\" \"NIL\"");
    let renamed = ListEntry { old_name: Some(name("old")), ..entry("new") };
    check(&Response::List(renamed), "* LIST () \"/\" new (\"OLDNAME\" (old))");
    let items = vec![
        StatusData::Messages(231),
        StatusData::UidNext(44292),
        StatusData::AppendLimit(None),
        StatusData::MailboxId("F1".into()),
    ];
    check(
        &Response::Status { mailbox: name("blurdybloop"), items },
        "* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292 APPENDLIMIT NIL MAILBOXID (F1))",
    );
    check(&Response::Namespace, "* NAMESPACE ((\"\" \"/\")) NIL NIL");
    check(&Response::Flags(vec![Flag::Answered, Flag::Keyword("$Junk".into())]), "* FLAGS (\\Answered $Junk)");
    check(&Response::Exists(23), "* 23 EXISTS");
    check(&Response::Recent(5), "* 5 RECENT");
    check(&Response::Expunge(44), "* 44 EXPUNGE");
    check(
        &Response::Vanished { earlier: true, uids: Ranges::from_iter([300, 301, 310]) },
        "* VANISHED (EARLIER) 300:301,310",
    );
    check(&Response::Vanished { earlier: false, uids: Ranges::from_iter([1]) }, "* VANISHED 1");
    assert!(Response::Vanished { earlier: false, uids: Ranges::empty() }.octets(REV1).is_empty());
    check(&Response::Enabled(vec![]), "* ENABLED");
    check(&Response::Enabled(vec!["QRESYNC".into()]), "* ENABLED QRESYNC");
    check(
        &Response::Id(vec![("name".into(), Some("x".into())), ("os".into(), None)]),
        "* ID (\"name\" \"x\" \"os\" NIL)",
    );
    check(&Response::Id(vec![]), "* ID NIL");
    let resources = vec![
        QuotaResource { kind: QuotaKind::Storage, used: 10, limit: 512 },
        QuotaResource { kind: QuotaKind::Message, used: 1, limit: 2 },
    ];
    check(&Response::Quota { root: String::new(), resources }, "* QUOTA \"\" (STORAGE 10 512 MESSAGE 1 2)");
    check(&Response::QuotaRoot { mailbox: name("INBOX"), roots: vec![String::new()] }, "* QUOTAROOT INBOX \"\"");
}

#[test]
fn search_results_are_written() {
    check(&Response::Search { numbers: vec![2, 84, 882], mod_seq: None }, "* SEARCH 2 84 882");
    check(&Response::Search { numbers: vec![2, 5], mod_seq: Some(917) }, "* SEARCH 2 5 (MODSEQ 917)");
    check(&Response::Search { numbers: vec![], mod_seq: Some(917) }, "* SEARCH");
    let esearch = |returns, numbers: &[u32], mod_seq| Response::Esearch {
        tag: "A1".into(),
        uid: true,
        returns,
        found: numbers.iter().copied().collect(),
        mod_seq,
    };
    let none = SearchReturn::default();
    check(&esearch(none, &[1, 2, 3, 9], None), "* ESEARCH (TAG \"A1\") UID ALL 1:3,9");
    check(
        &esearch(SearchReturn { min: true, count: true, ..none }, &[2, 4], Some(7)),
        "* ESEARCH (TAG \"A1\") UID MIN 2 COUNT 2 MODSEQ 7",
    );
    check(
        &esearch(SearchReturn { min: true, max: true, count: true, all: true, save: true }, &[], None),
        "* ESEARCH (TAG \"A1\") UID COUNT 0",
    );
    check(&esearch(none, &[], None), "* ESEARCH (TAG \"A1\") UID");
    assert!(esearch(SearchReturn { save: true, ..none }, &[1], None).octets(REV1).is_empty());
}

#[test]
fn what_is_told_of_a_message_is_written() {
    let fetch = |items| Response::Fetch { number: 12, items };
    let section = |part: &[u32], what, octets| FetchData::Section {
        section: Section { part: part.to_vec(), what },
        origin: None,
        octets,
    };
    let flags = FetchData::Flags { flags: vec![Flag::Seen], recent: true };
    check(
        &fetch(vec![flags, FetchData::Uid(7), FetchData::Size(44827), FetchData::ModSeq(5)]),
        "* 12 FETCH (FLAGS (\\Seen \\Recent) UID 7 RFC822.SIZE 44827 MODSEQ (5))",
    );
    check(
        &fetch(vec![
            FetchData::InternalDate(Timestamp::from_micros(0)),
            FetchData::EmailId("M1".into()),
            FetchData::ThreadId(None),
        ]),
        "* 12 FETCH (INTERNALDATE \" 1-Jan-1970 00:00:00 +0000\" EMAILID (M1) THREADID NIL)",
    );
    check(&fetch(vec![section(&[], SectionText::All, Some(b"a\r\n".into()))]), "* 12 FETCH (BODY[] {3}\r\na\r\n)");
    check(&fetch(vec![section(&[1, 2], SectionText::Mime, None)]), "* 12 FETCH (BODY[1.2.MIME] NIL)");
    let fields = SectionText::Fields(vec!["DATE".into(), "X(y".into()]);
    check(
        &fetch(vec![section(&[3], fields, Some(b"".into()))]),
        "* 12 FETCH (BODY[3.HEADER.FIELDS (DATE \"X(y\")] {0}\r\n)",
    );
    let partial = FetchData::Section { section: Section::default(), origin: Some(5), octets: Some(b"abc".into()) };
    check(
        &fetch(vec![partial, FetchData::Rfc822Header(b"h".into())]),
        "* 12 FETCH (BODY[]<5> {3}\r\nabc RFC822.HEADER {1}\r\nh)",
    );
    let binary = |octets: &'static [u8]| FetchData::Binary { part: vec![1], origin: None, octets: Some(octets.into()) };
    check(
        &fetch(vec![binary(b"ab"), binary(b"a\0"), FetchData::BinarySize { part: vec![2], octets: 9 }]),
        "* 12 FETCH (BINARY[1] {2}\r\nab BINARY[1] ~{2}\r\na\0 BINARY.SIZE[2] 9)",
    );
    let with_nul = fetch(vec![section(&[], SectionText::All, Some(b"a\0b".into()))]).octets(REV1);
    assert_eq!(with_nul, b"* 12 FETCH (BODY[] {3}\r\na\x80b)\r\n");
}

#[test]
fn an_envelope_is_written_as_the_rfc_has_it() {
    let one = |name: Option<&str>, local: &str, domain: &str| EnvelopeAddress {
        name: name.map(str::to_owned),
        local: Some(local.into()),
        domain: Some(domain.into()),
    };
    // RFC 9051 §8.
    let envelope = Envelope {
        date: Some("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)".into()),
        subject: Some("IMAP4rev2 WG mtg summary and minutes".into()),
        from: vec![one(Some("Terry Gray"), "gray", "cac.washington.edu")],
        to: vec![one(None, "imap", "cac.washington.edu")],
        cc: vec![one(None, "minutes", "CNRI.Reston.VA.US"), one(Some("John Klensin"), "KLENSIN", "MIT.EDU")],
        message_id: Some("<B27397-0100000@cac.washington.ed>".into()),
        ..Envelope::default()
    };
    let gray = "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\"))";
    check(
        &Response::Fetch { number: 12, items: vec![FetchData::Envelope(&envelope)] },
        &format!(
            "* 12 FETCH (ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" {gray} {gray} {gray} \
         ((NIL NIL \"imap\" \"cac.washington.edu\")) ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) \
         NIL NIL \"<B27397-0100000@cac.washington.ed>\"))"
        ),
    );
}

#[test]
fn a_structure_is_written_with_and_without_extensions() {
    let leaf = |kind: &str, subtype: &str| Part {
        kind: kind.into(),
        subtype: subtype.into(),
        body: (10, 3038),
        lines: 92,
        ..Part::default()
    };
    let text = Part { parameters: vec![("charset".into(), "US-ASCII".into())], ..leaf("text", "plain") };
    let written = |part: &Part| {
        let items = vec![FetchData::Body(part), FetchData::BodyStructure(part)];
        String::from_utf8(Response::Fetch { number: 1, items }.octets(REV1)).unwrap()
    };
    let plain = "\"text\" \"plain\" (\"charset\" \"US-ASCII\") NIL NIL \"7bit\" 3028 92";
    assert_eq!(written(&text), format!("* 1 FETCH (BODY ({plain}) BODYSTRUCTURE ({plain} NIL NIL NIL NIL))\r\n"));
    let image = Part {
        encoding: "base64".into(),
        id: Some("<1@x>".into()),
        description: Some("a cat".into()),
        disposition: Some(("attachment".into(), vec![("filename".into(), "c.png".into())])),
        language: vec!["en".into(), "de".into()],
        ..leaf("image", "png")
    };
    let message = Part {
        content: Content::Message(Box::new((Envelope::default(), leaf("text", "plain")))),
        ..leaf("message", "rfc822")
    };
    let mixed = Part {
        content: Content::Parts(vec![text, image, message]),
        parameters: vec![("boundary".into(), "x".into())],
        ..leaf("multipart", "mixed")
    };
    let told = written(&mixed);
    assert!(told.contains("(\"image\" \"png\" NIL \"<1@x>\" \"a cat\" \"base64\" 3028 NIL (\"attachment\" (\"filename\" \"c.png\")) (\"en\" \"de\") NIL)"), "{told}");
    let nils = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
    assert!(told.contains(&format!("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 3028 {nils} (\"text\" \"plain\" NIL NIL NIL \"7bit\" 3028 92) 92) \"mixed\") BODYSTRUCTURE")), "{told}");
    assert!(told.ends_with(" \"mixed\" (\"boundary\" \"x\") NIL NIL NIL))\r\n"), "{told}");
    assert!(written(&leaf("message", "rfc822")).contains("\"application\" \"octet-stream\""));
}

#[test]
fn nothing_that_came_from_outside_ends_a_line() {
    let evil = "x\r\n* 1 EXPUNGE\r\n\"\\";
    check(&Response::ok("a\r\nb", evil), "a__b OK x??* 1 EXPUNGE??\"\\");
    check(&Response::ok("a", "[ALERT] now"), "a OK (ALERT] now");
    check(&Response::ok("a", "grün"), "a OK gr?n");
    check_in(UTF8, &Response::ok("a", "grün\u{85}"), "a OK grün?");
    check(&Response::ok("a", ""), "a OK -");
    check(&Response::Flags(vec![Flag::Keyword("a b)\r\n".into())]), "* FLAGS (a_b___)");
    let envelope = Envelope { subject: Some(evil.into()), ..Envelope::default() };
    let written = Response::Fetch { number: 1, items: vec![FetchData::Envelope(&envelope)] }.octets(REV1);
    assert!(String::from_utf8(written).unwrap().contains(&format!("{{{}}}\r\n{evil}", evil.len())));
    check(&Response::Id(vec![("a\"b".into(), Some("c\\d".into()))]), "* ID (\"a\\\"b\" \"c\\\\d\")");
    check(&Response::Id(vec![("n".into(), Some("ü".into()))]), "* ID (\"n\" {2}\r\nü)");
    check_in(UTF8, &Response::Id(vec![("n".into(), Some("ü".into()))]), "* ID (\"n\" \"ü\")");
}

#[test]
fn a_refused_command_is_answered_with_its_tag() {
    let malformed = Malformed { tag: Some("a".into()), offset: 7, why: Why::Expected("a space") };
    check(&malformed.response(), "a BAD Expected a space (octet 7)");
    let malformed = Malformed { tag: None, offset: 0, why: Why::Expected("a tag") };
    check(&malformed.response(), "* BAD Expected a tag (octet 0)");
    let malformed = Malformed { tag: Some("a".into()), offset: 7, why: Why::BadCharset };
    check(&malformed.response(), "a NO [BADCHARSET (UTF-8 US-ASCII ISO-8859-1)] Charset not known");
    let refusal =
        Refusal { tag: Some("a".into()), fault: FrameFault::LiteralTooLarge { octets: 9, limit: 5 }, close: false };
    check(&refusal.response(), "a NO [TOOBIG] Literal of 9 octets, at most 5 are taken");
}

proptest::proptest! {
    #[test]
    fn strings_come_back_as_they_were(octets in proptest::collection::vec(1_u8..=255, 0..60), utf8 in proptest::bool::ANY) {
        let mut out = b"a LOGIN x ".to_vec();
        Writer::new(Dialect { utf8 }, &mut out).string(&octets);
        let frame = crate::words::frame::Frame { literals: literal_in(&out), octets: out };
        let read = crate::words::command::parse(&frame, Dialect { utf8 }).unwrap();
        let crate::words::command::Verb::Login { password, .. } = read.verb else { panic!("no login") };
        proptest::prop_assert_eq!(password.0, octets);
    }

    #[test]
    fn names_come_back_as_they_were(text in "[a-zA-Z&+\"\\\\ ~üß日😀-]{1,20}", utf8 in proptest::bool::ANY) {
        let Some(mailbox) = MailboxName::new(&text) else { return Ok(()) };
        let mut out = b"a DELETE ".to_vec();
        Writer::new(Dialect { utf8 }, &mut out).mailbox(&mailbox);
        let frame = crate::words::frame::Frame { literals: literal_in(&out), octets: out };
        let read = crate::words::command::parse(&frame, Dialect { utf8 }).unwrap();
        proptest::prop_assert_eq!(read.verb, crate::words::command::Verb::Delete(mailbox));
    }
}

/// The one literal that the writer made, if it made one.
fn literal_in(out: &[u8]) -> Vec<crate::words::frame::Literal> {
    let start = out.iter().position(|octet| matches!(octet, b'{' | b'"'));
    let end = out.windows(3).position(|three| three == b"}\r\n");
    match (start, end) {
        (Some(announced), Some(end)) if out[announced] == b'{' => {
            vec![crate::words::frame::Literal { announced, octets: end + 3..out.len(), eight_bit: false }]
        }
        _ => Vec::new(),
    }
}
