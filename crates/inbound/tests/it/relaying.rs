//! Every known way to make a host carry mail for strangers, and to send in another's name.

use crate::{
    client::Client,
    house::{House, PASSWORD, house},
    mx::RICK,
};

/// Forward paths that lead, or seem to lead, elsewhere.
const ELSEWHERE: &[&str] = &[
    "<victim@elsewhere.test>",
    "<victim@ELSEWHERE.test>",
    "<victim@elsewhere.test.>",
    // The percent hack, plain and quoted.
    "<victim%elsewhere.test@example.test>",
    "<\"victim%elsewhere.test\"@example.test>",
    "<victim%elsewhere.test@[127.0.0.1]>",
    "<victim%elsewhere.test>",
    // Bang paths.
    "<elsewhere.test!victim>",
    "<elsewhere.test!victim@example.test>",
    "<example.test!elsewhere.test!victim>",
    // Source routes. RFC 5321 appendix C
    "<@example.test:victim@elsewhere.test>",
    "<@example.test,@box.example.test:victim@elsewhere.test>",
    "<@elsewhere.test:victim@elsewhere.test>",
    "<@example.test:victim%elsewhere.test@example.test>",
    // Quoted local parts that hold an address.
    "<\"victim@elsewhere.test\"@example.test>",
    "<\"victim@elsewhere.test\">",
    "<\"victim\\@elsewhere.test\"@example.test>",
    "<\"<victim@elsewhere.test>\"@example.test>",
    // Two at signs, spaces, nothing.
    "<victim@elsewhere.test@example.test>",
    "<victim@example.test@elsewhere.test>",
    "<victim@example.test victim@elsewhere.test>",
    "<victim>",
    "<@example.test>",
    "<victim@>",
    "<>",
    // Address literals, ours and others.
    "<victim@[127.0.0.1]>",
    "<ann@[127.0.0.1]>",
    "<victim@[192.0.2.1]>",
    "<victim@[IPv6:::1]>",
    "<victim@[elsewhere.test]>",
    "<victim@127.0.0.1>",
    // Names that resemble ours.
    "<victim@localhost>",
    "<victim@example.test.elsewhere.test>",
    "<victim@notexample.test>",
    "<victim@sub.example.test>",
    "<victim@mail.test>",
    "<relay=elsewhere.test@example.test>",
    "<victim=elsewhere.test@example.test>",
    "<SRS0=abcd=ef=elsewhere.test=victim@example.test>",
    "<bounce+victim=elsewhere.test@example.test>",
    // More than one path, none at all.
    "<ann@example.test>,<victim@elsewhere.test>",
    "<ann@example.test> <victim@elsewhere.test>",
    "<ann@example.test>victim@elsewhere.test",
    "victim@elsewhere.test",
];

/// Reverse paths that seem to give a right to it.
const SENDERS: &[&str] = &[
    "<>",
    "<rick@honest.test>",
    "<ann@example.test>",
    "<postmaster@example.test>",
    "<victim@elsewhere.test>",
    "<ann@box.example.test>",
    "<@example.test:ann@example.test>",
];

async fn nothing_goes_out(house: &House) {
    assert!(house.queue().await.is_empty(), "{:?}", house.queue().await);
}

#[tokio::test]
async fn a_stranger_cannot_send_through_the_mx_by_any_trick() {
    let house = house().await;
    for sender in SENDERS {
        // Guesses end a session: each part has its own.
        for part in ELSEWHERE.chunks(10) {
            let mut client = Client::connect(house.mx).await;
            client.expect("EHLO localhost", "250").await;
            client.expect(&format!("MAIL FROM:{sender}"), "250").await;
            for path in part {
                let reply = client.say(&format!("RCPT TO:{path}")).await;
                assert!(reply.starts_with("55") || reply.starts_with("50"), "{sender} {path}: {reply}");
            }
            let reply = client.say("DATA").await;
            assert!(reply.starts_with("503") || reply.starts_with("554"), "nobody was taken: {reply}");
        }
    }
    nothing_goes_out(&house).await;
    for mailbox in ["ann@example.test", "bob@example.test", "eve@other.test"] {
        assert!(house.mails(mailbox).await.is_empty());
    }
}

#[tokio::test]
async fn a_route_before_an_address_of_ours_is_passed_over() {
    let house = house().await;
    let mut client = Client::connect(house.mx).await;
    client.expect("EHLO honest.test", "250").await;
    let content = format!("From: {RICK}\r\n\r\nHi");
    let reply = client.send(RICK, &["@elsewhere.test:ann@example.test"], &content).await;
    assert!(reply.starts_with("250 "), "RFC 5321 §4.1.1.3: {reply}");
    assert_eq!(house.mails("ann@example.test").await.len(), 1);
    nothing_goes_out(&house).await;
}

#[tokio::test]
async fn nobody_submits_without_a_password_whatever_they_say_before() {
    let house = house().await;
    for implicit_tls in [false, true] {
        let mut client = match implicit_tls {
            true => Client::connect_tls(house.submissions).await,
            false => Client::connect(house.submission).await,
        };
        client.expect("EHLO localhost", "250").await;
        if !implicit_tls {
            client.start_tls().await;
        }
        for line in
            ["MAIL FROM:<ann@example.test>", "MAIL FROM:<ann@example.test> AUTH=<ann@example.test>", "MAIL FROM:<>"]
        {
            let reply = client.say(line).await;
            assert!(reply.starts_with("530 5.7.0") || reply.starts_with("50"), "{line}: {reply}");
        }
        for line in ["RCPT TO:<victim@elsewhere.test>", "DATA", "BDAT 0 LAST"] {
            let reply = client.say(line).await;
            assert!(reply.starts_with("50") || reply.starts_with("530"), "{line}: {reply}");
        }
    }
    nothing_goes_out(&house).await;
}

#[tokio::test]
async fn a_password_gives_no_right_to_another_name() {
    let house = house().await;
    let log_in = async || {
        let mut client = Client::connect(house.submission).await;
        assert!(client.log_in("ann@example.test", PASSWORD).await.starts_with("235"));
        client
    };
    let mut client = log_in().await;
    for path in [
        "<>",
        "<bob@example.test>",
        "<eve@other.test>",
        "<ann@elsewhere.test>",
        "<ann@box.example.test>",
        "<ann@sub.example.test>",
        "<ann+tag@example.test>",
        "<postmaster@example.test>",
        "<\"ann@example.test\"@elsewhere.test>",
        "<ann@[127.0.0.1]>",
        "<ann>",
    ] {
        let reply = client.say(&format!("MAIL FROM:{path}")).await;
        assert!(reply.starts_with('5'), "{path}: {reply}");
    }
    for header in [
        "From: eve@other.test",
        "From: ann@example.test <eve@other.test>",
        "From: \"ann@example.test\" <eve@other.test>",
        "From: ann@example.test, eve@other.test",
        "From: ann@example.test\r\nFrom: eve@other.test",
        "From: eve@other.test\r\nSender: ann@example.test",
        "From: eve@other.test (ann@example.test)",
        "From: Group: ann@example.test, eve@other.test;",
        "From: <@example.test:eve@other.test>",
        "From: ann@example.test\0, eve@other.test",
        "From: =?utf-8?q?ann=40example=2Etest?= <eve@other.test>",
        "From: ann@\u{435}xample.test",
        "From : eve@other.test\r\nFrom: ann@example.test",
        "from:eve@other.test",
        "From:\r\n eve@other.test",
        "Subject: no author",
        "Resent-From: ann@example.test",
    ] {
        let mut client = log_in().await;
        let content = format!("{header}\r\nTo: x@elsewhere.test\r\n\r\nHi");
        let reply = client.send("ann@example.test", &["x@elsewhere.test"], &content).await;
        assert!(reply.starts_with('5'), "{header:?}: {reply}");
    }
    nothing_goes_out(&house).await;
}
