//! Receivers that drop, stall, lie and talk nonsense: what becomes of the mail, what is said of it, and that nothing grows.

use std::time::Duration;

use net::ServerTls;
use store::State;
use tokio::task::{JoinSet, LocalSet};

use crate::{
    receiver::{Act, Receiver, polite, say},
    world::{Setup, World},
};

/// Octets that a receiver gets rid of before we leave, at most: ours, and what the kernel's buffers hold.
const MOST_SAID: usize = 16 * 1024 * 1024;
/// Octets of a transcript at most.
const MOST_KEPT: usize = 80 * 1024;
/// More than the kernel takes off our hands at once.
const LARGE: usize = 24 * 1024 * 1024;

/// A receiver, and what comes of it.
struct Row {
    name: String,
    scripts: Vec<Vec<Act>>,
    state: State,
    entry: Option<&'static str>,
    /// Something of the transcript.
    told: &'static str,
    /// The conversation ends by our limit, which is a short one.
    by_limit: bool,
    /// It has this certificate.
    tls: Option<ServerTls>,
    /// Octets of the message.
    octets: usize,
}

fn row(name: &str, script: Vec<Act>, state: State, entry: Option<&'static str>, told: &'static str) -> Row {
    let (name, scripts) = (String::from(name), vec![script]);
    Row { name, scripts, state, entry, told, by_limit: false, tls: None, octets: 10 }
}

/// After the step, that.
fn then<const N: usize>(step: usize, acts: [Act; N]) -> Vec<Act> {
    polite(step).into_iter().chain(acts).collect()
}

async fn hold(row: Row) {
    let mut setup = Setup::new().await;
    if row.by_limit {
        setup.settings.reply_limit = Duration::from_millis(1500);
    }
    let world = World::of(setup).await;
    world.zone("b.test", "@ MX 10 mx\nmx A 127.0.4.1\n").await;
    let receiver = Receiver::start(1, world.port, row.tls, row.scripts).await;
    world.send_body("dana@b.test", "one", &"0123456\r\n".repeat(row.octets / 9 + 1)).await;
    let name = &row.name;
    world
        .wait_until(name, async || !matches!(world.recipient("one").await.state, State::Queued | State::Sending))
        .await;
    let attempts = world.attempts("one").await;
    let (recipient, attempt) = (world.recipient("one").await, &attempts[0]);
    let ended = (recipient.state, attempt.entry.as_deref());
    assert_eq!(ended, (row.state, row.entry), "{name}: {attempt:#?} {:?}", receiver.heard());
    assert!(attempt.transcript.contains(row.told), "{name}: no {:?} in {}", row.told, attempt.transcript);
    assert!(attempt.transcript.len() < MOST_KEPT, "{name}: a transcript of {}", attempt.transcript.len());
    assert!(receiver.said() < MOST_SAID, "{name}: it said {} octets", receiver.said());
    assert_eq!(recipient.possible_duplicate, row.state == State::InDoubt, "{name}");
    let is_fit = |letter: char| letter == '\n' || !letter.is_control();
    assert!(attempt.transcript.chars().all(is_fit), "{name}: {:?}", attempt.transcript);
    assert!(!attempt.reply.as_deref().unwrap_or_default().contains('\0'), "{name}");
}

/// All at the same time, each in a world of its own.
async fn hold_all(rows: Vec<Row>) {
    let held = async {
        let mut holding = JoinSet::new();
        for row in rows {
            holding.spawn_local(hold(row));
        }
        while let Some(held) = holding.join_next().await {
            held.unwrap();
        }
    };
    LocalSet::new().run_until(held).await;
}

const STEPS: [&str; 7] = ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "content", "QUIT"];
use State::{Bounced, Deferred, Delivered, InDoubt};

#[tokio::test]
async fn a_receiver_that_drops_is_tried_again_and_in_doubt_only_once_it_has_the_whole_message() {
    let lost = Some("connection-lost");
    let mut rows = Vec::new();
    for (step, name) in STEPS.iter().enumerate().take(5) {
        rows.push(row(&format!("drops before the answer to {name}"), polite(step), Deferred, lost, "* connection."));
    }
    rows.push(row("drops at once after the greeting", vec![say("220 mx ready")], Deferred, lost, "* connection."));
    let in_the_middle =
        row("drops in the middle of content", then(4, [say("354 go"), Act::Octets(10)]), Deferred, lost, "S: 354");
    rows.push(Row { octets: LARGE, ..in_the_middle });
    rows.push(row("drops after the dot", polite(5), InDoubt, Some("in-doubt"), "S: 354"));
    rows.push(row("drops before the answer to QUIT", polite(6), Delivered, None, "S: 250 taken"));
    let reset = row("drops content unread", then(4, [say("354 go")]), InDoubt, Some("in-doubt"), "S: 354");
    rows.push(reset);
    hold_all(rows).await;
}

#[tokio::test]
async fn a_receiver_that_stalls_or_drips_is_left_when_the_limit_is_over() {
    let late = Some("connection-timeout");
    let mut rows = Vec::new();
    for (step, name) in STEPS.iter().enumerate().take(5) {
        let name = format!("stalls before the answer to {name}");
        rows.push(row(&name, then(step, [Act::Hang]), Deferred, late, "* connection.timeout"));
    }
    rows.push(row("stalls after the dot", then(5, [Act::Hang]), InDoubt, Some("in-doubt"), "* connection.timeout"));
    rows.push(row("stalls before the answer to QUIT", then(6, [Act::Hang]), Delivered, None, "S: 250 taken"));
    rows.push(row("says half a line", then(1, [Act::Say(b"250 hal".to_vec()), Act::Hang]), Deferred, late, "S: 220"));
    rows.push(row(
        "ends lines with LF alone",
        vec![Act::Say(b"220 mx\n".to_vec()), Act::Hang],
        Deferred,
        late,
        "timeout",
    ));
    let half = then(1, [say("250-mx"), Act::Hang]);
    rows.push(row("says half a reply", half, Deferred, late, "S: 250-mx"));
    hold_all(rows.into_iter().map(|row| Row { by_limit: true, ..row }).collect()).await;
}

#[tokio::test]
async fn what_is_no_smtp_is_left_and_the_mail_waits() {
    let odd = Some("reply-not-smtp");
    let long = "250-and more\r\n".repeat(1000) + "250 end";
    let rows = vec![
        row("a web server", vec![say("HTTP/1.1 400 Bad Request"), Act::Hang], Deferred, odd, "S: HTTP/1.1"),
        row("code 000", vec![say("000 hello"), Act::Hang], Deferred, odd, "S: 000"),
        row("code 150", then(2, [say("150 wait"), Act::Hang]), Deferred, odd, "S: 150"),
        row("code 600", then(3, [say("600 no"), Act::Hang]), Deferred, odd, "S: 600"),
        row("code 999", then(5, [say("999 no"), Act::Hang]), InDoubt, Some("in-doubt"), "S: 999"),
        row("code of two digits", vec![say("22 hello"), Act::Hang], Deferred, odd, "S: 22"),
        row("code of four digits", vec![say("2200 hello"), Act::Hang], Deferred, odd, "S: 2200"),
        row("codes mixed", then(1, [say("250-mx\r\n220-SIZE 5\r\n250 end"), Act::Hang]), Deferred, odd, "S: 220-SIZE"),
        row("codes mixed in a refusal", then(3, [say("550-no\r\n450 later"), Act::Hang]), Deferred, odd, "S: 450"),
        row("a thousand lines", then(1, [say(&long), Act::Hang]), Deferred, odd, "S: 250-and more"),
        row("empty lines", vec![say("\r\n\r\n"), Act::Hang], Deferred, odd, "S:"),
        row("another greeting", vec![say("250 hello"), Act::Hang], Deferred, odd, "S: 250 hello"),
        row("250 to DATA", then(4, [say("250 ok"), Act::Hang]), Deferred, odd, "S: 250 ok"),
        row("354 to MAIL", then(2, [say("354 go"), Act::Hang]), Deferred, odd, "S: 354"),
        row("354 to the dot", then(5, [say("354 more"), Act::Hang]), Deferred, odd, "S: 354 more"),
        row("two answers to RCPT", then(3, [say("250 ok\r\n250 ok"), Act::Hang]), Deferred, odd, "S: 250 ok"),
        row(
            "every answer before it is asked",
            vec![say("220 mx\r\n250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken"), Act::Hang],
            Deferred,
            odd,
            "S: 250 taken",
        ),
        row(
            "taken before it was sent",
            then(4, [say("354 go\r\n250 taken"), Act::Hang]),
            Deferred,
            odd,
            "S: 250 taken",
        ),
    ];
    hold_all(rows).await;
}

#[tokio::test]
async fn replies_without_end_are_cut_off() {
    let odd = Some("reply-not-smtp");
    let (lines, line) = (Act::Again(b"250-and more\r\n".to_vec()), Act::Again(vec![b'x'; 4096]));
    let nothing = Act::Again(vec![0; 4096]);
    hold_all(vec![
        row("lines without end at EHLO", then(1, [lines.clone()]), Deferred, odd, "S: 250-and more"),
        row("lines without end at RCPT", then(3, [lines.clone()]), Deferred, odd, "S: 250-and more"),
        row("lines without end after the dot", then(5, [lines]), InDoubt, Some("in-doubt"), "S: 250-and more"),
        row("a greeting without end", vec![line.clone()], Deferred, odd, "connected"),
        row("a line without end at MAIL", then(2, [line]), Deferred, odd, "C: MAIL"),
        row("NUL without end", vec![nothing], Deferred, odd, "connected"),
    ])
    .await;
}

#[tokio::test]
async fn odd_octets_in_replies_harm_nothing() {
    let octets = |text: &[u8]| Act::Say(text.to_vec());
    let many = "250-X-EXTENSION\r\n".repeat(100) + "250 end";
    let mut taken = polite(1);
    taken.extend([say(&many), Act::Hear]);
    taken.extend(polite(6).into_iter().skip(4));
    let mut eight_bit = vec![
        octets(b"220 \xff\xfe\xfd caf\xe9\r\n"),
        Act::Hear,
        octets(b"250-\xc3\xa9\r\n250 \x07SIZE\x1b[2J 5\r\n"),
        Act::Hear,
    ];
    eight_bit.extend(polite(6).into_iter().skip(4));
    hold_all(vec![
        row(
            "NUL in a refusal",
            then(3, [octets(b"550 5.1.1 no\0such\0user\r\n"), Act::Hear]),
            Bounced,
            Some("550-5-1-1"),
            "no such user",
        ),
        row("8-bit and escapes", eight_bit, Delivered, None, "S: 250 taken"),
        row("a hundred extensions", taken, Delivered, None, "S: 250 taken"),
        row("a code alone", then(5, [say("250"), Act::Hear]), Delivered, None, "S: 250"),
    ])
    .await;
}

#[tokio::test]
async fn what_a_receiver_says_of_sizes_is_believed_only_where_it_can_be() {
    let offer = |size: &str| {
        let mut acts = polite(1);
        acts.extend([say(&format!("250-mx\r\n250 SIZE {size}")), Act::Hear]);
        acts.extend(polite(6).into_iter().skip(4));
        acts
    };
    let mut rows = vec![
        row("smaller than the message", offer("10"), Bounced, Some("552-5-3-4"), "S: 250 SIZE 10"),
        row(
            "refused at MAIL all the same",
            then(2, [say("552 5.3.4 Too large"), Act::Hear]),
            Bounced,
            Some("552-5-3-4"),
            "S: 552",
        ),
        row(
            "refused after the content all the same",
            then(5, [say("552 5.3.4 Too large"), Act::Hear]),
            Bounced,
            Some("552-5-3-4"),
            "S: 552",
        ),
    ];
    for size in ["", "0", "-1", "99999999999999999999999999", "1e9", "lots"] {
        rows.push(row(&format!("SIZE {size}"), offer(size), Delivered, None, "S: 250 taken"));
    }
    hold_all(rows).await;
}

#[tokio::test]
async fn a_receiver_that_closes_with_a_word_is_heard() {
    let mut rows = Vec::new();
    for (step, name) in STEPS.iter().enumerate().take(6) {
        let script = then(step, [say("421 4.3.2 Going down")]);
        rows.push(row(&format!("421 at {name}"), script, Deferred, Some("453-4-3-2"), "S: 421 4.3.2"));
    }
    hold_all(rows).await;
}

#[tokio::test]
async fn starttls_that_goes_wrong_is_passed_by_where_nobody_asked_for_it() {
    let start = |acts: Vec<Act>| {
        let mut script = polite(1);
        script.extend([say("250-mx\r\n250 STARTTLS"), Act::Hear]);
        script.extend(acts);
        script
    };
    let again = || polite(6).into_iter().skip(2).collect::<Vec<_>>();
    let (go, garbage) = (say("220 go"), Act::Say(b"220 go\r\nthis is no TLS at all\r\n".to_vec()));
    let injected = Act::Say(b"220 go\r\n250-injected\r\n250 SIZE 1\r\n".to_vec());
    let with = |before: Act| {
        let mut acts = vec![before, Act::StartTls, Act::Hear];
        acts.extend(again());
        start(acts)
    };
    let clear = "trying again without";
    let twice = |acts: Vec<Act>| vec![start(acts), polite(6)];
    let own = || ServerTls::self_signed(&["nobody.example".into()]).ok();
    let mut rows = vec![
        Row { tls: own(), ..row("a certificate of nobody", with(go.clone()), Delivered, None, "* TLS: TLSv1.3") },
        Row { tls: own(), ..row("replies injected before TLS", with(injected), Delivered, None, "* TLS: TLSv1.3") },
        row(
            "refused",
            start([say("454 no")].into_iter().chain([Act::Hear]).chain(polite(6).into_iter().skip(4)).collect()),
            Delivered,
            None,
            "S: 454",
        ),
    ];
    for (name, acts, by_limit) in [
        ("the handshake is garbage", vec![garbage, Act::Hang], false),
        ("the handshake is dropped", vec![go.clone()], false),
        ("the handshake stalls", vec![go, Act::Hang], true),
    ] {
        let scripts = twice(acts);
        rows.push(Row { scripts, by_limit, ..row(name, Vec::new(), Delivered, None, clear) });
    }
    hold_all(rows).await;
}
