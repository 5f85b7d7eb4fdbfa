use super::*;
use crate::words::{
    Dialect,
    command::{self, Verb},
    frame::{Event, Frames, Limits},
};

const LIMITS: Limits = Limits { line: 65_536, literal: 8192, append: 8192, unasked: 8192, literals: 100 };
/// 2026-11-23T22:54:50Z.
const NOW: Timestamp = Timestamp::from_micros(1_795_474_490_000_000);

const MESSAGE: &[u8] = b"From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\r\nTo: Ann <ann@example.net>\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\n an alle\r\n\
    Date: Sun, 22 Nov 2026 23:30:00 -0800\r\nMessage-ID: <1@example.com>\r\nX-Campaign: Autumn\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n\
    --b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne Gr=FC=\r\n=DFe\r\n\
    --b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+SGVsbG88L2I+\r\n\
    --b\r\nContent-Type: application/pdf; name=offer.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\naGlkZGVu\r\n\
    --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: enclosed\r\n\r\nwithin\r\n--b--\r\n";

fn key(text: &str) -> SearchKey {
    let mut frames = Frames::new(LIMITS);
    frames.feed(format!("a SEARCH {text}\r\n").as_bytes());
    let Event::Command(frame) = frames.next_event() else { panic!("{text}") };
    match command::parse(&frame, Dialect::default()) {
        Ok(command::Command { verb: Verb::Search(search), .. }) => search.key,
        other => panic!("{text}: {other:?}"),
    }
}

fn query(text: &str) -> Query {
    let saved = Ranges::from_iter([70, 71]);
    Query::new(&key(text), &Context { now: NOW, last_number: 9, last_uid: 90, saved: &saved })
}

/// What is known at this cost.
fn facts<'m>(kept: &'m Kept, flags: &'m [Flag], need: Need) -> Facts<'m> {
    Facts {
        number: 7,
        uid: 70,
        flags,
        recent: false,
        // 2026-11-23T01:00:00Z.
        internal_date: Timestamp::from_micros(1_795_395_600_000_000),
        octets: 1000,
        mod_seq: 500,
        email_id: "M1",
        thread_id: Some("T1"),
        kept: (need >= Need::Kept).then_some(kept),
        header: (need == Need::Header).then(|| slice(MESSAGE, kept.structure.header)),
        message: (need >= Need::Message).then_some(MESSAGE),
    }
}

/// The key needs what is said, and is then true or not; what is cheaper does not decide it, what costs more says the same.
fn check(text: &str, need: Need, expect: bool) {
    let (kept, query) = (Kept::read(MESSAGE), query(text));
    let flags = [Flag::Seen, Flag::Keyword("$Forwarded".into())];
    let expect = if expect { Answer::Yes } else { Answer::No };
    assert_eq!(query.need(), need, "{text}");
    for at_hand in [Need::Facts, Need::Kept, Need::Header, Need::Message] {
        let answer = query.evaluate(&facts(&kept, &flags, at_hand));
        if at_hand >= need {
            assert_eq!(answer, expect, "{text} with {at_hand:?}");
        } else {
            assert!(
                matches!(answer, Answer::Needs(missing) if missing > at_hand),
                "{text}: {answer:?} with {at_hand:?}"
            );
        }
    }
}

#[test]
fn rows_alone_answer_most_keys() {
    let yes = |text| check(text, Need::Facts, true);
    let no = |text| check(text, Need::Facts, false);
    yes("ALL");
    yes("SEEN UNFLAGGED KEYWORD $forwarded UNKEYWORD $Junk OLD");
    no("RECENT");
    no("NEW");
    no("NOT SEEN");
    yes("OR DELETED SEEN");
    yes("5:8");
    no("8:*");
    yes("7:*");
    yes("$");
    yes("UID 70");
    no("UID 7");
    yes("LARGER 999 SMALLER 1001");
    no("LARGER 1000");
    no("SMALLER 1000");
    yes("ON 23-Nov-2026 SINCE 23-Nov-2026 BEFORE 24-Nov-2026");
    no("BEFORE 23-Nov-2026");
    no("SINCE 24-Nov-2026");
    yes("OLDER 78000 YOUNGER 80000");
    no("OLDER 80000");
    no("YOUNGER 78000");
    yes("MODSEQ 500");
    no("MODSEQ 501");
    yes("EMAILID M1 THREADID T1");
    no("THREADID T2");
}

#[test]
fn what_was_kept_answers_for_the_envelope() {
    let yes = |text| check(text, Need::Kept, true);
    let no = |text| check(text, Need::Kept, false);
    yes("FROM \"jörg\"");
    yes("FROM \"JÖRG <joerg@EXAMPLE\"");
    yes("TO \"ann@example.net\"");
    no("CC ann");
    no("HEADER Cc \"\"");
    yes("HEADER Subject \"\"");
    yes("NOT SUBJECT x OR FROM x TO ann");
    yes("SUBJECT \"grüße an\"");
    yes("HEADER Message-ID 1@example");
    // The day of the field in its own zone.
    yes("SENTON 22-Nov-2026");
    no("SENTON 23-Nov-2026");
    yes("SENTBEFORE 23-Nov-2026 SENTSINCE 22-Nov-2026");
}

#[test]
fn the_rest_looks_at_header_or_body() {
    check("HEADER X-Campaign autumn", Need::Header, true);
    check("HEADER X-Campaign \"\"", Need::Header, true);
    check("HEADER X-None \"\"", Need::Header, false);
    check("BODY \"schöne grüße\"", Need::Message, true);
    check("BODY hello", Need::Message, true);
    check("BODY offer.pdf", Need::Message, true);
    check("BODY within", Need::Message, true);
    check("BODY enclosed", Need::Message, true);
    check("BODY hidden", Need::Message, false);
    check("BODY autumn", Need::Message, false);
    check("BODY preamble", Need::Message, false);
}

#[test]
fn text_is_found_in_the_header_before_the_body_is_loaded() {
    let kept = Kept::read(MESSAGE);
    let answer = |text, at_hand| query(text).evaluate(&facts(&kept, &[], at_hand));
    assert_eq!(answer("TEXT \"x-campaign: autumn\"", Need::Header), Answer::Yes);
    assert_eq!(answer("TEXT within", Need::Kept), Answer::Needs(Need::Header));
    assert_eq!(answer("TEXT within", Need::Header), Answer::Needs(Need::Message));
    assert_eq!(answer("TEXT within", Need::Message), Answer::Yes);
    assert_eq!(answer("TEXT nowhere", Need::Message), Answer::No);
}

#[test]
fn nothing_is_loaded_that_cannot_change_the_answer() {
    let kept = Kept::read(MESSAGE);
    let answer = |text| query(text).evaluate(&facts(&kept, &[Flag::Seen], Need::Facts));
    assert_eq!(answer("BODY x UNSEEN"), Answer::No);
    assert_eq!(answer("OR BODY x SEEN"), Answer::Yes);
    assert_eq!(answer("NOT (BODY x UNSEEN)"), Answer::Yes);
    assert_eq!(answer("BODY x FROM y SEEN"), Answer::Needs(Need::Kept));
    assert_eq!(answer("OR BODY x UNSEEN"), Answer::Needs(Need::Message));
}

#[test]
fn an_empty_mailbox_has_no_last_message() {
    let saved = Ranges::empty();
    let context = Context { now: NOW, last_number: 0, last_uid: 0, saved: &saved };
    let kept = Kept::read(b"");
    for text in ["*", "1:*", "UID *", "$"] {
        let answer = Query::new(&key(text), &context).evaluate(&facts(&kept, &[], Need::Facts));
        assert_eq!(answer, Answer::No, "{text}");
    }
}

proptest::proptest! {
    /// What is at hand decides whether there is an answer, never which.
    #[test]
    fn more_at_hand_never_changes_an_answer(words in proptest::collection::vec(
        "(NOT |OR SEEN |OR FROM x |)(SEEN|UNSEEN|BODY hello|BODY x|TEXT autumn|FROM joerg|CC x|HEADER X-Campaign autumn|LARGER 5)", 1..8)) {
        let (kept, query) = (Kept::read(MESSAGE), query(&words.join(" ")));
        let at_hand = [Need::Facts, Need::Kept, Need::Header, Need::Message];
        let answers = at_hand.map(|need| query.evaluate(&facts(&kept, &[Flag::Seen], need)));
        let last = answers[3];
        proptest::prop_assert!(!matches!(last, Answer::Needs(_)));
        for (answer, at_hand) in answers.into_iter().zip(at_hand) {
            proptest::prop_assert!(answer == last || matches!(answer, Answer::Needs(need) if need > at_hand));
        }
    }

    #[test]
    fn reading_text_never_panics(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let kept = Kept::read(&octets);
        let _ = (text::header(&octets), text::body(&octets, &kept), text::addresses(&kept.envelope.from));
    }
}
