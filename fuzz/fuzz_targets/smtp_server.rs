//! A server session in every state, held against a model that knows nothing but "CRLF.CRLF ends a message".
//!
//! The script is played twice: octet by octet, where the model looks on, and in its packets. Both must say and ask the
//! same, so that no packet border means anything; behind STARTTLS only the second is fed, so that nothing sent in clear
//! is used.
#![no_main]

use coldrelay_fuzz::{
    script::{Event, PACKET, Script},
    smtp_lines::{assert_replies, has_bare_line_end},
};
use smtp::{
    Enhanced, Reply,
    server::{Answer, Question, Session, Settings},
};
use wire::{Core as _, Step};

const MESSAGE: usize = 600;
const RECIPIENTS: usize = 3;
/// What the session may hold, as `Debug` writes it: five letters an octet of a line of AUTH, a packet, a message.
const HELD: usize = 5 * (12_288 + PACKET + 2 * MESSAGE) + 16_384;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let Some((settings, octets)) = octets.split_first() else { return };
    let script = Script::read(octets);
    let by_octets = Play::new(*settings, &script, true).play(&script.events);
    let by_packets = Play::new(*settings, &script, false).play(&script.events);
    assert_eq!(by_octets.questions, by_packets.questions);
    assert!(by_octets.said == by_packets.said, "{}\n{}", by_octets.said.escape_ascii(), by_packets.said.escape_ascii());
    assert_eq!(by_octets.closed, by_packets.closed);
});

fn settings(bits: u8) -> Settings {
    let is = |bit: u8| bits & (1 << bit) != 0;
    Settings {
        hostname: String::from("mx.test"),
        starttls: is(0),
        implicit_tls: is(1),
        auth: is(2),
        max_message_octets: MESSAGE,
        max_recipients: RECIPIENTS,
        max_errors: 10,
        max_auth_failures: 2,
        enhanced_codes: !is(3),
    }
}

struct Play {
    session: Session,
    script: Script,
    settings: Settings,
    by_octets: bool,
    said: Vec<u8>,
    questions: Vec<Question>,
    closed: bool,
    securing: bool,
    /// What was said and asked since the last octet.
    just_said: usize,
    just_asked: usize,
    in_body: bool,
    model: Model,
}

/// What must hold, whatever is said.
#[derive(Default)]
struct Model {
    tls: bool,
    greeted: bool,
    logged_in: bool,
    recipients: Vec<String>,
    /// The content may come: nothing that came of it is lost until the transaction ends.
    content_granted: bool,
    /// The content since 354.
    content: Option<Vec<u8>>,
}

impl Play {
    fn new(bits: u8, script: &Script, by_octets: bool) -> Self {
        let settings = settings(bits);
        let model = Model { tls: settings.implicit_tls, ..Model::default() };
        Self {
            session: Session::new(settings.clone(), [192, 0, 2, 1].into()),
            script: script.clone(),
            settings,
            by_octets,
            said: Vec::new(),
            questions: Vec::new(),
            closed: false,
            securing: false,
            just_said: 0,
            just_asked: 0,
            in_body: false,
            model,
        }
    }

    fn play(mut self, events: &[Event]) -> Self {
        self.go_on();
        for event in events {
            match event {
                Event::Packet(packet) if self.by_octets => packet.iter().for_each(|octet| self.feed(&[*octet])),
                Event::Packet(packet) => self.feed(packet),
                Event::Flood(packets) => (0..*packets).for_each(|_| self.feed(&[b'a'; PACKET])),
                Event::End => self.session.ended(),
                Event::Time => {}
            }
            if self.securing {
                // What was sent in clear behind it: the session that was fed by octets never saw it.
                if !self.by_octets {
                    self.session.feed(b"RSET\r\nMAIL FROM:<eve@evil.test>\r\n");
                }
                self.securing = false;
                self.session.secured();
                self.model = Model { tls: true, ..Model::default() };
                assert!(self.session.is_tls() && self.session.login().is_none());
            }
            self.go_on();
            if self.closed {
                break;
            }
        }
        if self.script.has_flood() {
            assert!(format!("{:?}", self.session).len() <= HELD, "the session holds more than it may");
        }
        assert_replies(&self.said);
        self
    }

    fn feed(&mut self, octets: &[u8]) {
        if self.securing || self.closed {
            return;
        }
        (self.just_said, self.just_asked) = (self.said.len(), self.questions.len());
        self.session.feed(octets);
        let is_end = match &mut self.model.content {
            Some(content) if self.by_octets => {
                content.extend_from_slice(octets);
                content == b".\r\n" || content.ends_with(b"\r\n.\r\n")
            }
            _ => false,
        };
        let ended = if is_end { self.model.content.take() } else { None };
        let in_content = self.model.content.is_some();
        self.go_on();
        match ended {
            Some(content) => self.content_ended(content),
            None if in_content && self.by_octets => {
                let quiet = self.just_said == self.said.len() && self.just_asked == self.questions.len();
                assert!(quiet && self.in_body, "the session took something for an end that is none");
            }
            None => {}
        }
    }

    /// The model's end has come: the whole message is asked about, or refused for a reason that the model sees too.
    fn content_ended(&self, mut content: Vec<u8>) {
        content.truncate(content.len() - 3);
        let bare = has_bare_line_end(&content);
        let unstuffed = unstuffed(&content);
        match self.questions.get(self.just_asked) {
            Some(Question::Message { content, .. }) => {
                assert!(!bare, "a bare line end was taken");
                assert!(*content == unstuffed, "{} is not {}", content.escape_ascii(), unstuffed.escape_ascii());
            }
            None => assert!(bare || unstuffed.len() > MESSAGE, "a message was refused for nothing"),
            Some(other) => panic!("the content was not taken for a message: {other:?}"),
        }
    }

    fn go_on(&mut self) {
        for _ in 0..100_000 {
            match self.session.step() {
                Step::Send(octets) => {
                    if octets.starts_with(b"354 ") {
                        self.model.content = Some(Vec::new());
                    }
                    self.said.extend(octets);
                }
                Step::Ask(question) => self.ask(question),
                Step::Read | Step::Body if self.closed || self.securing => unreachable!("it goes on after its end"),
                Step::Read => return self.in_body = false,
                Step::Body => return self.in_body = true,
                Step::ReadOr(_) => unreachable!("SMTP waits for nobody else"),
                Step::StartTls => return self.securing = true,
                Step::Close => return self.closed = true,
            }
        }
        panic!("the session never wants to read");
    }

    fn ask(&mut self, question: Question) {
        let answer = self.script.answer();
        let granted = !matches!(answer % 6, 1..=4);
        let model = &mut self.model;
        match &question {
            Question::Helo { tls, .. } => {
                assert_eq!(*tls, model.tls);
                model.greeted |= granted;
            }
            Question::Auth { .. } => {
                assert!(model.tls && self.settings.auth && !model.logged_in, "AUTH in clear, or twice");
                model.logged_in |= granted;
            }
            Question::Mail { .. } => {
                assert!(model.greeted && (model.logged_in || !self.settings.auth), "MAIL before its time");
                model.recipients.clear();
                model.content_granted = false;
            }
            Question::Data => {
                assert!(!model.content_granted, "a content begins anew in the middle");
                model.content_granted = granted;
            }
            Question::Rcpt { address, .. } if granted => model.recipients.push(address.to_string()),
            Question::Message { transaction, content } => {
                let named: Vec<String> = transaction.recipients.iter().map(|one| one.address.to_string()).collect();
                assert_eq!(named, model.recipients, "the envelope is another");
                assert!((1..=RECIPIENTS).contains(&named.len()));
                assert!(content.len() <= MESSAGE && !has_bare_line_end(content));
            }
            _ => {}
        }
        self.questions.push(question);
        self.session.answer(answered(answer));
    }
}

fn answered(kind: u8) -> Answer {
    match kind % 6 {
        1 => Answer::Reply(Reply::new(550, Enhanced::new(5, 7, 1), "No")),
        2 => Answer::Reply(Reply::new(451, Enhanced::new(4, 3, 0), "Later")),
        3 => Answer::ReplyAndClose(Reply::new(421, Enhanced::new(4, 3, 2), "Closing")),
        4 => Answer::Drop,
        // Whatever a house says, it stays a reply.
        5 => Answer::Reply(Reply::bare(250, "yes\r\n550 and no\r\n")),
        _ => Answer::Reply(Reply::new(250, Enhanced::new(2, 0, 0), "Yes")),
    }
}

/// A dot at the start of a line is dropped. RFC 5321 §4.5.2
fn unstuffed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut start = true;
    for (index, octet) in content.iter().enumerate() {
        if !(start && *octet == b'.') {
            out.push(*octet);
        }
        start = *octet == b'\n' && index > 0 && content[index - 1] == b'\r';
    }
    out
}
