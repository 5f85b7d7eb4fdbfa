use super::*;

const GOOD: &str = "From: Ann Lee <ann@example.com>\r\nReply-To: ann@example.com\r\nTo: dana@b.test\r\nSubject: Your loading bay\r\n\
    List-Unsubscribe: <https://example.com/u/1>, <mailto:u1@example.com>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
    DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=From:Subject:\r\n List-Unsubscribe:List-Unsubscribe-Post; b=x\r\n\r\n\
    Hi Dana,\r\nwe help bakeries with their loading bays. A quick call?\r\nIf you would rather not hear from me, just reply and I stop.\r\n\r\n\
    Ann Lee, Acme GmbH, Hauptstraße 5, 10115 Berlin\r\n";

fn look(text: &str) -> Vec<Finding> {
    opt_out(&Message::parse(text.as_bytes()).unwrap(), None)
}

fn of<'f>(findings: &'f [Finding], id: &str) -> &'f Finding {
    findings.iter().find(|finding| finding.id == format!("opt-out.{id}")).unwrap()
}

fn check(text: &str, id: &str, state: State, word: &str) {
    let findings = look(text);
    let found = of(&findings, id);
    assert!(found.state == state && found.seen.contains(word), "{id}: {found:?}");
}

#[test]
fn a_message_that_owes_nothing_is_good_throughout() {
    let findings = look(GOOD);
    assert!(findings.iter().all(|finding| finding.state == State::Ok), "{findings:#?}");
    assert_eq!(findings.len(), KINDS.len());
    assert!(of(&findings, "one-click").seen.contains("covers both"));
}

#[test]
fn a_message_that_sells_without_a_way_out_is_bad() {
    let bare = "From: Ann <ann@example.com>\r\nSubject: Hello\r\n\r\nWe offer pallets with a discount. Best, Ann\r\n";
    check(bare, "nature", State::Ok, "that sells");
    check(bare, "postal-address", State::Bad, "no postal address");
    check(bare, "visible", State::Bad, "nowhere");
    check(bare, "list-unsubscribe", State::Warn, "no List-Unsubscribe");
    check(bare, "one-click", State::Ok, "no List-Unsubscribe-Post");
}

#[test]
fn what_is_owed_depends_on_the_nature() {
    let reply = "From: Ann <ann@example.com>\r\nSubject: Re: Tuesday\r\nIn-Reply-To: <1@b.test>\r\n\r\nTen is fine. Our pricing is attached.\r\n";
    check(reply, "nature", State::Ok, "conversation");
    check(reply, "postal-address", State::Ok, "no postal address");
    check(reply, "subject", State::Ok, "");
    let unclear = "From: Ann <ann@example.com>\r\nSubject: Tuesday\r\n\r\nTen is fine.\r\n";
    check(unclear, "postal-address", State::Warn, "no postal address");
    let bulk = "From: Ann <ann@example.com>\r\nSubject: News\r\nPrecedence: bulk\r\n\r\nNews.\r\n";
    check(bulk, "list-unsubscribe", State::Bad, "Gmail");
    check(bulk, "one-click", State::Warn, "one click");
    let given = opt_out(&Message::parse(unclear.as_bytes()).unwrap(), Some(Nature::Bulk));
    assert_eq!(of(&given, "visible").state, State::Bad);
}

#[test]
fn an_address_that_is_half_there_or_in_a_picture_is_unknown_and_never_good() {
    check(
        "From: Ann <a@example.com>\r\n\r\nWe help. 12 Main Street, come by.\r\n",
        "postal-address",
        State::Unknown,
        "whole",
    );
    let picture = "From: Ann <a@example.com>\r\nContent-Type: text/html\r\n\r\n<img src=x.png>\r\n";
    check(picture, "postal-address", State::Unknown, "picture");
    check(picture, "visible", State::Unknown, "no text");
}

#[test]
fn a_way_out_must_be_seen_and_lead_somewhere() {
    let html = |body: &str| {
        format!("From: Ann <a@example.com>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>We help you.</p>{body}")
    };
    check(&html("<a href=\"https://example.com/x\">Unsubscribe</a>"), "visible", State::Ok, "link");
    check(&html("<a href=\"https://example.com/unsub?1\">here</a>"), "visible", State::Ok, "link");
    check(&html("<p>Vous désabonner</p>"), "visible", State::Warn, "without a link");
    check(&html("<p style=\"display:none\">unsubscribe</p>"), "visible", State::Bad, "hidden");
    check(&html("<a href=\"#\">unsubscribe</a>"), "visible", State::Warn, "without a link");
    check(&html("<p>Antworten Sie mit „STOP“.</p>"), "visible", State::Ok, "reply");
    check(
        &html("<p>If this isn’t relevant, let me know and I won’t reach out again.</p>"),
        "visible",
        State::Ok,
        "reply",
    );
    check(
        &html("<p>Wenn Sie nicht mehr von mir hören wollen, genügt eine kurze Antwort.</p>"),
        "visible",
        State::Ok,
        "reply",
    );
    check(&html("<p>Let me know when to reach out. We will not wait.</p>"), "visible", State::Bad, "nowhere");
    let base64 = "From: Ann <a@example.com>\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                  UmVwbHkgd2l0aCBzdG9wLg==\r\n";
    check(base64, "visible", State::Ok, "reply");
}

#[test]
fn list_unsubscribe_is_held_to_its_forms() {
    let with =
        |field: &str| GOOD.replacen("List-Unsubscribe: <https://example.com/u/1>, <mailto:u1@example.com>", field, 1);
    check(&with("List-Unsubscribe: <mailto:u@example.com>"), "list-unsubscribe", State::Ok, "mailto");
    check(&with("List-Unsubscribe: <mailto:u@example.com>"), "one-click", State::Bad, "without an https");
    check(&with("List-Unsubscribe: https://example.com/u"), "list-unsubscribe", State::Bad, "angle brackets");
    check(&with("List-Unsubscribe: <http://example.com/u>"), "list-unsubscribe", State::Warn, "without TLS");
    check(
        &with("List-Unsubscribe: <https://a.test>\r\nList-Unsubscribe: <https://b.test>"),
        "list-unsubscribe",
        State::Bad,
        "twice",
    );
    check(&with("List-Unsubscribe: <https://example.com/\r\n u/1>"), "list-unsubscribe", State::Ok, "https");
    let post = |value: &str| GOOD.replacen("List-Unsubscribe=One-Click", value, 1);
    check(&post("one-click"), "one-click", State::Bad, "exactly");
    check(
        &GOOD.replacen("List-Unsubscribe:List-Unsubscribe-Post; b", "To; b", 1),
        "one-click",
        State::Bad,
        "no DKIM signature covers",
    );
    check(&GOOD.replacen("DKIM-Signature", "X-Old", 1), "one-click", State::Ok, "not signed yet");
}

#[test]
fn a_sender_who_hides_is_told() {
    let from = |field: &str| GOOD.replacen("From: Ann Lee <ann@example.com>", field, 1);
    check(&from("From: \"ceo@bank.test\" <ann@example.com>"), "sender", State::Bad, "shows ceo@bank.test");
    check(&from("X: y"), "sender", State::Bad, "not exactly one");
    check(&from("From: a@b.test, c@d.test"), "sender", State::Bad, "no single mailbox");
    check(&from("From: Acme <no-reply@example.com>"), "sender", State::Warn, "takes no answers");
    check(&from("From: ann@example.com"), "sender", State::Warn, "no display name");
    check(
        &GOOD.replacen("Reply-To: ann@example.com", "Reply-To: x@other.test", 1),
        "sender",
        State::Warn,
        "other.test",
    );
    check(&GOOD.replacen("Reply-To: ann@example.com", "Reply-To: x@mail.example.com", 1), "sender", State::Ok, "");
}

#[test]
fn a_feigned_conversation_is_deception() {
    let subject = |value: &str| GOOD.replacen("Subject: Your loading bay", value, 1);
    for feigned in
        ["Re: our call", "RE: our call", "FWD: offer", "AW: Angebot", "=?utf-8?Q?Re:_caf=C3=A9?=", "回复：你好"]
    {
        check(&subject(&format!("Subject: {feigned}")), "subject", State::Bad, "as if there had been");
    }
    check(&subject("Subject: Re: our call\r\nReferences: <1@b.test>"), "subject", State::Ok, "");
    check(&subject("Subject: Regarding pallets"), "subject", State::Ok, "");
    check(&subject("Subject: "), "subject", State::Warn, "empty");
    check(&subject("X: y"), "subject", State::Warn, "no Subject");
}

proptest::proptest! {
    #[test]
    fn no_octets_panic_and_every_finding_is_set(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let mut message = b"From: a@b.test\r\nContent-Type: text/html\r\n\r\n<p style=".to_vec();
        message.extend(octets);
        if let Ok(message) = Message::parse(&message) {
            proptest::prop_assert_eq!(opt_out(&message, None).len(), KINDS.len());
        }
    }
}
