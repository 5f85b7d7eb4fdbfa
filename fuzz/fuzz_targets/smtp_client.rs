//! A client session against a server that says anything in any pieces: every recipient gets exactly one outcome, which
//! fits what was sent; what is kept of the conversation stays bounded; a callout never sends a message.
#![no_main]

use coldrelay_fuzz::{
    script::{Event, PACKET, Script},
    smtp_lines::has_bare_line_end,
};
use smtp::{
    client::{
        Answer, Delivery, Outcome, Question, RecipientOutcome, Session, Settings, Tls,
        callout::{self, Callout},
    },
    server::Password,
};
use syntax::Address;
use wire::{Core, Step};

/// The module of `net` itself, without sockets and TLS.
#[allow(dead_code, unreachable_pub)]
#[path = "../../crates/net/src/transcript.rs"]
mod transcript;

use transcript::Transcript;

const DELIVERIES: usize = 3;
/// What a transcript may hold: its text, and a line of each side that has not ended.
const KEPT: usize = 3 * 64 * 1024 + 4096;
/// What a session may hold, as `Debug` writes it.
const HELD: usize = 5 * (4096 + PACKET) + 129 * 5000 + 65_536;
const CONTENTS: &[&[u8]] = &[
    b"Subject: x\r\n\r\nhello\r\n",
    b".\r\n..\r\n.\r\n",
    b"no end",
    b"",
    "Subject: gr\u{fc}\u{df}e\r\n\r\n.".as_bytes(),
    b"a bare\nline end\r\n",
];

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let Some((settings, octets)) = octets.split_first() else { return };
    let script = Script::read(octets);
    Play::new(*settings, &script).play(&script.events);
    call_out(*settings, &script);
});

struct Play {
    session: Session,
    script: Script,
    tls: Tls,
    secured: bool,
    securing: bool,
    closed: bool,
    transcript: Transcript,
    /// The delivery in hand, and whether its final dot was written.
    in_hand: Option<(Delivery, bool)>,
    /// What was written since it was handed over.
    sent: Vec<u8>,
    handed: usize,
}

impl Play {
    fn new(bits: u8, script: &Script) -> Self {
        let tls = [Tls::Never, Tls::Opportunistic, Tls::Required, Tls::Implicit][usize::from(bits & 3)];
        let login = (bits & 4 != 0).then(|| (String::from("ann@a.test"), Password(String::from("secret"))));
        Self {
            session: Session::new(Settings { hostname: String::from("box.a.test"), tls, login }),
            script: script.clone(),
            tls,
            secured: tls == Tls::Implicit,
            securing: false,
            closed: false,
            transcript: Transcript::default(),
            in_hand: None,
            sent: Vec::new(),
            handed: 0,
        }
    }

    fn play(mut self, events: &[Event]) {
        self.go_on();
        for event in events {
            match event {
                Event::Packet(packet) => self.feed(packet),
                Event::Flood(packets) => (0..*packets).for_each(|_| self.feed(&[b'a'; PACKET])),
                Event::End => self.session.ended(),
                Event::Time => {}
            }
            if self.securing {
                // A greeting that was sent in clear behind 220 is nobody's.
                self.session.feed(b"250-box\r\n250 AUTH PLAIN\r\n");
                self.securing = false;
                self.secured = true;
                self.session.secured();
            }
            self.go_on();
            if self.closed {
                break;
            }
        }
        if self.script.has_flood() {
            assert!(format!("{:?}", self.session).len() <= HELD, "the session holds more than it may");
        }
        assert!(format!("{:?}", self.transcript.text).len() <= 2 * KEPT);
        if !self.closed {
            self.session.ended();
            self.go_on();
        }
        assert!(self.closed, "it goes on after the connection ended");
        let last = self.session.take_outcome();
        assert_eq!(last.is_some(), self.in_hand.is_some(), "a delivery without an outcome");
        if let Some(outcome) = last {
            self.outcome(&outcome);
        }
        let failure = self.session.failure();
        assert!(failure.is_none() || self.handed == 0, "a delivery was made, and the session says that none could be");
        assert!(failure.is_some() || self.session.was_ready(), "nobody says why nothing was sent");
    }

    fn feed(&mut self, octets: &[u8]) {
        if self.securing || self.closed {
            return;
        }
        self.transcript.server(octets);
        self.session.feed(octets);
        self.go_on();
    }

    fn go_on(&mut self) {
        for _ in 0..100_000 {
            match self.session.step() {
                Step::Send(octets) => self.sent(&octets),
                Step::Ask(Question::Next(outcome)) => self.next(outcome),
                Step::Read | Step::Body => return,
                Step::ReadOr(_) => unreachable!("SMTP waits for nobody else"),
                Step::StartTls => return self.securing = true,
                Step::Close => return self.closed = true,
            }
        }
        panic!("the session never wants to read");
    }

    fn sent(&mut self, octets: &[u8]) {
        self.transcript.client(octets);
        assert!(!has_bare_line_end(octets), "a bare line end left");
        if self.tls == Tls::Required && !self.secured {
            let harmless = [&b"EHLO "[..], b"HELO ", b"STARTTLS\r\n", b"QUIT\r\n"];
            assert!(harmless.iter().any(|word| octets.starts_with(word)), "in clear: {}", octets.escape_ascii());
        }
        self.sent.extend_from_slice(octets);
        if let Some((delivery, dot)) = &mut self.in_hand {
            let asked = self.sent.windows(6).any(|six| six == b"DATA\r\n");
            // An empty message goes out when the server wants content for nobody.
            *dot |= asked && self.sent.ends_with(b".\r\n") && !self.sent.ends_with(b"DATA\r\n");
            assert!(self.sent.len() <= 2 * delivery.content.len() + 8192);
        }
    }

    fn next(&mut self, outcome: Option<Outcome>) {
        assert!(self.secured || self.tls != Tls::Required, "mail without TLS");
        assert_eq!(outcome.is_some(), self.in_hand.is_some());
        if let Some(outcome) = outcome {
            self.outcome(&outcome);
        }
        if self.handed == DELIVERIES {
            return self.session.answer(Answer::Quit);
        }
        self.handed += 1;
        let delivery = delivery(self.script.answer());
        self.sent.clear();
        self.in_hand = Some((delivery.clone(), false));
        self.session.answer(Answer::Deliver(delivery));
    }

    /// One for each recipient; taken or doubtful only when the whole message went out.
    fn outcome(&mut self, outcome: &Outcome) {
        let (delivery, dot) = self.in_hand.take().expect("an outcome of nothing");
        assert_eq!(outcome.recipients.len(), delivery.recipients.len());
        for one in &outcome.recipients {
            match one {
                RecipientOutcome::Accepted(reply) => assert!(dot && reply.is_completion(), "taken without a message"),
                RecipientOutcome::InDoubt => assert!(dot, "in doubt, though the message never ended"),
                RecipientOutcome::Refused { reply, .. } => assert!((200..600).contains(&reply.code)),
                RecipientOutcome::Lost(_) => {}
            }
        }
    }
}

fn delivery(kind: u8) -> Delivery {
    let recipients = (0..1 + kind / 6 % 4).map(|number| address(&format!("r{number}@b.test"))).collect();
    let mut delivery = Delivery {
        reverse_path: (kind & 32 == 0).then(|| address("ann@a.test")),
        recipients,
        content: CONTENTS[usize::from(kind) % CONTENTS.len()].to_vec(),
        envid: (kind & 64 != 0).then(|| String::from("id+1=2")),
    };
    if kind & 128 != 0 {
        delivery.recipients.push(address("j\u{fc}rgen@b.test"));
    }
    delivery
}

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

/// The same server, asked about recipients alone: each is answered once, and nothing but an envelope is sent.
fn call_out(bits: u8, script: &Script) {
    let mail_from = (bits & 8 != 0).then(|| address("ann@a.test"));
    let hostname = String::from("box.a.test");
    let mut session = Callout::new(callout::Settings { hostname, mail_from, starttls: bits & 1 != 0 });
    let (mut asked, mut heard, mut closed) = (0, 0, false);
    let mut go_on = |session: &mut Callout| {
        for _ in 0..100_000 {
            match session.step() {
                Step::Send(octets) => {
                    let verb: &[u8] = octets.split(|octet| matches!(octet, b' ' | b'\r')).next().unwrap_or_default();
                    let known = [&b"EHLO"[..], b"HELO", b"STARTTLS", b"MAIL", b"RCPT", b"QUIT"];
                    assert!(known.contains(&verb) && octets.iter().filter(|octet| **octet == b'\n').count() == 1);
                }
                Step::Ask(callout::Question::Next(said)) => {
                    heard += usize::from(said.is_some());
                    assert_eq!(heard, asked, "each address is answered once");
                    if asked == 3 {
                        session.answer(callout::Answer::Quit);
                    } else {
                        asked += 1;
                        session.answer(callout::Answer::Rcpt(address("dana@b.test")));
                    }
                }
                Step::StartTls => session.secured(),
                Step::Close => return true,
                _ => return false,
            }
        }
        panic!("the callout never wants to read");
    };
    for event in &script.events {
        closed = closed || go_on(&mut session);
        match event {
            Event::Packet(packet) if !closed => session.feed(packet),
            Event::End => session.ended(),
            _ => {}
        }
    }
    session.ended();
    assert!(go_on(&mut session), "it goes on after the connection ended");
}
