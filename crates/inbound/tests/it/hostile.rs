//! Clients that send nonsense, too much, or in the wrong way: a clear answer to each, and everybody else is served.

use std::{net::IpAddr, time::Duration};

use inbound::Settings;
use net::Proxies;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    client::Client,
    house::{House, PASSWORD, house, house_with},
    mx::{RICK, greeted},
};

const MESSAGE: &str = "From: rick@honest.test\r\n\r\nHi";
const LIMIT: Duration = Duration::from_secs(60);

/// Everything that comes after these octets, until the server closes or has said `until`.
async fn answers(house: &House, octets: &[u8], until: &str) -> String {
    let stream = TcpStream::connect(house.mx).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let octets = octets.to_vec();
    // Who floods may be shown out before all is said.
    let saying = tokio::spawn(async move {
        let _ = write.write_all(&octets).await;
        write
    });
    let listening = async {
        let (mut heard, mut piece) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = read.read(&mut piece).await {
            heard.extend_from_slice(&piece[..count]);
            if String::from_utf8_lossy(&heard).contains(until) {
                break;
            }
        }
        String::from_utf8_lossy(&heard).into_owned()
    };
    let heard = tokio::time::timeout(LIMIT, listening).await.expect("the server answers or closes");
    drop(saying.await);
    heard
}

/// A message gets through.
async fn is_well(house: &House) {
    let before = house.mails("ann@example.test").await.len();
    let reply = greeted(house).await.send(RICK, &["ann@example.test"], MESSAGE).await;
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    assert_eq!(house.mails("ann@example.test").await.len(), before + 1);
}

#[tokio::test]
async fn garbage_in_one_piece_ends_the_session_after_some_errors() {
    let house = house().await;
    let texts: [(&str, Vec<u8>); 5] = [
        ("words", "no such command\r\n".repeat(10_000).into_bytes()),
        ("HTTP", b"POST / HTTP/1.1\r\nHost: mail.test\r\nContent-Length: 3\r\n\r\n".repeat(20)),
        ("NUL", [&[0; 30], &b"\r\n"[..]].concat().repeat(1000)),
        ("8-bit", [&[0xff; 30], &b"\r\n"[..]].concat().repeat(1000)),
        ("a handshake", [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &b"\r\n"[..]].concat().repeat(1000)),
    ];
    for (name, octets) in texts {
        let heard = answers(&house, &octets, "421").await;
        assert!(heard.contains("\r\n421 4.7.0 "), "{name}: {heard}");
        assert!(heard.lines().count() < 40, "{name}: {} answers", heard.lines().count());
    }
    is_well(&house).await;
}

#[tokio::test]
async fn octets_that_have_no_place_in_a_command_are_refused_and_the_session_goes_on() {
    let house = house().await;
    let mut client = greeted(&house).await;
    for octets in [
        &b"NOOP\0\r\n"[..],
        b"\0NOOP\r\n",
        b"MAIL FROM:<rick\0@honest.test>\r\n",
        b"MAIL FROM:<rick@honest.test\0>\r\n",
        b"MAIL FROM:<rick@honest.test>\0 SIZE=5\r\n",
        b"MAIL FROM:<ri\xffck@honest.test>\r\n",
        b"MAIL FROM:<rick@honest.test> \xc3\x28\r\n",
        b"EHLO a\x07.test\r\n",
        b"EHLO \x1b[2J\r\n",
        b"NOOP\rQUIT\r\n",
        b"NOOP\nQUIT\r\n",
        b"R\x7fSET\r\n",
    ] {
        let reply = client.say_octets(octets).await;
        assert!(reply.starts_with("50"), "{octets:?}: {reply}");
        assert!(!reply.contains(|letter: char| letter.is_control()), "{octets:?}: {reply:?}");
    }
    let reply = client.send(RICK, &["ann@example.test"], MESSAGE).await;
    assert!(reply.starts_with("250 "), "{reply}");
}

#[tokio::test]
async fn a_command_of_megabytes_is_one_error_and_fills_no_memory() {
    let house = house().await;
    for line in [vec![b'x'; 8 << 20], [b"MAIL FROM:<", &vec![b'a'; 8 << 20][..], b"@honest.test>"].concat()] {
        let said = [&b"EHLO honest.test\r\n"[..], &line, b"\r\nNOOP\r\nQUIT\r\n"].concat();
        let heard = answers(&house, &said, "221").await;
        assert_eq!(heard.matches("\r\n500 ").count() + heard.matches("\r\n501 ").count(), 1, "{heard}");
        assert!(heard.contains("\r\n250 2.0.0 Ok\r\n221 "), "{heard}");
    }
    is_well(&house).await;
}

#[tokio::test]
async fn headers_of_a_mebibyte_are_taken_or_refused_and_cost_no_more_than_that() {
    let house = house().await;
    let one_field = format!("Subject: {}\r\n", "x".repeat(1 << 20));
    let folded = format!("Subject: x\r\n{}", " folded on and on and on and on\r\n".repeat((1 << 20) / 33));
    let many = "X-Field: of many, many, many fields\r\n".repeat((1 << 20) / 37);
    let addresses = format!("To: {}x@honest.test\r\n", "someone@honest.test,\r\n ".repeat((1 << 20) / 23));
    let nested = format!("To: {}\r\n", "(".repeat(1 << 20));
    for (name, field) in
        [("one", one_field), ("folded", folded), ("many", many), ("addresses", addresses), ("nested", nested)]
    {
        let content = format!("{field}From: {RICK}\r\n\r\nHi");
        let reply = greeted(&house).await.send(RICK, &["ann@example.test"], &content).await;
        assert!(reply.starts_with("250 ") || reply.starts_with("55"), "{name}: {reply}");
        let mut submitting = Client::connect(house.submission).await;
        submitting.log_in("bob@example.test", PASSWORD).await;
        let content = format!("{field}From: bob@example.test\r\n\r\nHi");
        let reply = submitting.send("bob@example.test", &["rick@example.org"], &content).await;
        assert!(
            reply.starts_with("250 ") || reply.starts_with("55") || reply.starts_with("450 4.7.1"),
            "{name}: {reply}"
        );
    }
    is_well(&house).await;
}

#[tokio::test]
async fn of_ten_thousand_recipients_the_limit_is_taken_and_one_copy_kept() {
    let house = house_with(Settings { max_recipients: 100, ..Settings::default() }).await;
    let recipients = "RCPT TO:<ann@example.test>\r\n".repeat(10_000);
    let said = format!("EHLO honest.test\r\nMAIL FROM:<{RICK}>\r\n{recipients}DATA\r\n{MESSAGE}\r\n.\r\nQUIT\r\n");
    let heard = answers(&house, said.as_bytes(), "221").await;
    let (taken, put_off) = (heard.matches("\r\n250 2.1.5 ").count(), heard.matches("\r\n452 4.5.3 ").count());
    assert_eq!((taken, put_off), (100, 9900), "{}", &heard[heard.len().saturating_sub(300)..]);
    assert_eq!(house.mails("ann@example.test").await.len(), 1, "one copy");
}

#[tokio::test]
async fn a_flood_of_connections_is_turned_away_and_leaves_no_trace() {
    // Of one IP, and of all.
    for (per_ip, all, expect) in [(5, 500, 5), (500, 7, 7)] {
        let limits = Settings { max_connections_per_ip: per_ip, max_connections: all, ..Settings::default() };
        let house = house_with(limits).await;
        let mut open = Vec::new();
        for _ in 0..100 {
            open.push(Client::connect(house.mx).await);
        }
        let greeted = open.iter().filter(|client| client.greeting.starts_with("220")).count();
        let busy = open.iter().filter(|client| client.greeting.starts_with("421 4.7.0")).count();
        assert_eq!((greeted, busy), (expect, 100 - expect));
        // Those that are in are served, and their places are given back.
        let first = open.iter_mut().find(|client| client.greeting.starts_with("220")).unwrap();
        first.expect("EHLO honest.test", "250").await;
        for client in open.iter_mut().filter(|client| client.greeting.starts_with("220")) {
            client.expect("QUIT", "221").await;
        }
        let again = async {
            while !Client::connect(house.mx).await.greeting.starts_with("220") {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, again).await.expect("places are given back");
    }
}

#[tokio::test]
async fn a_configured_proxy_is_not_held_to_the_limit_of_one_ip() {
    let proxies = Proxies::new(vec![IpAddr::from([127, 0, 0, 1])], false);
    let house = house_with(Settings { max_connections_per_ip: 2, proxies, ..Settings::default() }).await;
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(Client::connect(house.submission).await);
    }
    assert!(open.iter().all(|client| client.greeting.starts_with("220")));
}

/// Wrong passwords for bob, in as many sessions as it takes.
async fn guess(house: &House, times: usize) {
    let mut left = times;
    while left > 0 {
        let mut client = Client::connect(house.submission).await;
        client.log_in("bob@example.test", "wrong").await;
        client.auth("bob@example.test", "wrong again").await;
        left = left.saturating_sub(2);
    }
}

async fn log_in(house: &House, login: &str) -> String {
    Client::connect(house.submission).await.log_in(login, PASSWORD).await
}

#[tokio::test]
async fn who_guesses_passwords_is_slowed_down_and_a_proxy_is_not() {
    let proxy = Proxies::new(vec![IpAddr::from([127, 0, 0, 1])], false);
    // Proxies, what ann hears from the same IP, what bob hears, who is guessed at.
    for (proxies, ann, bob) in [(Proxies::default(), "454 4.7.0", "454 4.7.0"), (proxy, "235 2.7.0", "454 4.7.0")] {
        // No wait is short enough: what would be slow is told to come later.
        let house =
            house_with(Settings { proxies: proxies.clone(), password_wait: Duration::ZERO, ..Settings::default() })
                .await;
        assert!(log_in(&house, "eve@other.test").await.starts_with("235"), "nothing was wrong yet");
        guess(&house, 6).await;
        let said = log_in(&house, "ann@example.test").await;
        assert!(said.starts_with(ann), "{proxies:?}: {said}");
        let said = log_in(&house, "bob@example.test").await;
        assert!(said.starts_with(bob) && said.ends_with("(see too-many-errors)"), "{proxies:?}: {said}");
    }
}

#[tokio::test]
async fn auth_that_is_cancelled_malformed_or_huge_ends_with_a_word() {
    let house = house().await;
    for line in
        ["AUTH PLAIN ====", "AUTH PLAIN \u{7f}", "AUTH NTLM AAAA", "AUTH", "AUTH PLAIN AAAA BBBB", "AUTH GSSAPI"]
    {
        let mut client = Client::connect(house.submission).await;
        client.expect("EHLO client.test", "250").await;
        client.start_tls().await;
        client.expect("EHLO client.test", "250").await;
        let reply = client.say(line).await;
        assert!(reply.starts_with("50") || reply.starts_with("535"), "{line:?}: {reply}");
        let long = client.say(&format!("AUTH PLAIN {}", "A".repeat(100_000))).await;
        assert!(long.starts_with("500 "), "{long}");
        client.expect("AUTH LOGIN", "334").await;
        client.expect("*", "501").await;
        assert!(client.auth("ann@example.test", PASSWORD).await.starts_with("235"));
    }
}

#[tokio::test]
async fn no_end_but_the_true_one_ends_a_message() {
    let house = house().await;
    let ends = [
        "\n.\n",
        "\r.\r",
        "\n.\r\n",
        "\r\n.\n",
        "\r\n.\r",
        "\r.\r\n",
        "\r\n\n.\r\n",
        "\r\n.\r.\r\n",
        "\n.\r",
        "\r.\n",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
    ];
    for end in ends {
        let mut client = greeted(&house).await;
        client.expect(&format!("MAIL FROM:<{RICK}>"), "250").await;
        client.expect("RCPT TO:<ann@example.test>", "250").await;
        client.expect("DATA", "354").await;
        let smuggled =
            "MAIL FROM:<ceo@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nFrom: ceo@example.test\r\n\r\nPay";
        let reply = client.say_octets(format!("{MESSAGE}{end}{smuggled}\r\n.\r\n").as_bytes()).await;
        // NUL is an octet like others there: it makes no end, and the message is one.
        let expect = if end.contains('\0') { "250 " } else { "550 5.6.0" };
        assert!(reply.starts_with(expect), "{end:?}: {reply}");
        client.expect("NOOP", "250 2.0.0 Ok").await;
        let counted = format!("{MESSAGE}{end}{smuggled}");
        client.expect(&format!("MAIL FROM:<{RICK}>"), "250").await;
        client.expect("RCPT TO:<ann@example.test>", "250").await;
        let chunk = format!("BDAT {} LAST\r\n{counted}", counted.len());
        let reply = client.say_octets(chunk.as_bytes()).await;
        assert!(reply.starts_with(expect), "BDAT {end:?}: {reply}");
    }
    assert!(house.mails("bob@example.test").await.is_empty(), "nothing was smuggled");
}
