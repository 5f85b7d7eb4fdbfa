//! An IMAP session in every state, with a house that says yes, no, or something else: nothing is asked before login but who
//! logs in, no password is taken in clear, borders of packets mean nothing, and what a client sends is held within bounds.
#![no_main]

// The rows that a session names, without databases; and the proxies of its settings, without sockets.
extern crate coldrelay_fuzz as net;
extern crate coldrelay_fuzz as store;

/// The language and the session, without the server and all that it stands on.
#[path = "../../crates/imap/src"]
mod imap {
    #[allow(dead_code, unreachable_pub, unused_imports)]
    pub mod session;
    #[allow(dead_code, unreachable_pub)]
    pub mod settings;
    #[allow(dead_code, unreachable_pub, unused_imports)]
    pub mod words;
}

use coldrelay_fuzz::script::{Event, PACKET, Script};
use imap::{
    session::{Answer, Opened, Question, Refusal, Row, Session, Want},
    settings::{self, Settings},
    words::{self, structure::Kept},
};
use rules::id::{MailId, MailboxId};
use store::{
    Copied, Entry, EntryKept, Flags, FlagsStored, Folder, FolderChanges, FolderCounts, FolderId, Quota, Special, Uids,
};
use syntax::Timestamp;
use wire::{Core as _, Step};

const MESSAGE: usize = 100_000;
/// What the session may hold, as `Debug` writes it: five letters an octet of a literal of APPEND, a line, a packet.
const HELD: usize = 5 * (MESSAGE + 2 * 65_536 + PACKET) + 65_536;
const NOON: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);
const UIDS: [u32; 5] = [1, 2, 4, 7, 4_294_967_294];
const MAIL: &[u8] =
    b"From: Bob <bob@example.net>\r\nSubject: =?utf-8?Q?gr=C3=BC=C3=9Fe?=\r\nDate: Mon, 23 Nov 2026 11:00:00 +0000\r\n\
    Message-ID: <one@example.net>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello one\r\n--b\r\n\
    Content-Type: image/png; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\n";

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let Some((bits, octets)) = octets.split_first() else { return };
    let script = Script::read(octets);
    let by_packets = Play::new(*bits, &script).play(&script.events);
    // Time passes between packets, so that octet by octet something else may be asked.
    if script.has_flood() || script.events.contains(&Event::Time) {
        return;
    }
    let mut by_octets = Vec::new();
    let mut rest = script.events.as_slice();
    while let Some((event, after)) = rest.split_first() {
        rest = after;
        match event {
            Event::Packet(packet) => by_octets.extend(packet.iter().map(|octet| Event::Packet(vec![*octet]))),
            event => by_octets.push(event.clone()),
        }
    }
    // Behind STARTTLS a packet's rest is forgotten, and octets of their own are not.
    if !by_packets.was_secured {
        let by_octets = Play::new(*bits, &script).play(&by_octets);
        assert!(
            by_octets.said == by_packets.said,
            "{}\n{}",
            by_octets.said.escape_ascii(),
            by_packets.said.escape_ascii()
        );
    }
});

struct Play {
    session: Session,
    script: Script,
    said: Vec<u8>,
    waits_for: Option<Question>,
    tls: bool,
    was_secured: bool,
    closed: bool,
    securing: bool,
    logged_in: bool,
}

impl Play {
    fn new(bits: u8, script: &Script) -> Self {
        let settings =
            Settings { hostname: String::from("box.test"), max_message_octets: MESSAGE, ..Settings::default() };
        let tls = bits & 1 == 0;
        let mut play = Self {
            session: Session::new(settings, tls),
            script: Script { events: Vec::new(), answers: Default::default() },
            said: Vec::new(),
            waits_for: None,
            tls,
            was_secured: false,
            closed: false,
            securing: false,
            logged_in: false,
        };
        play.go_on();
        // Most inputs begin where the mail is.
        if tls && bits & 2 == 0 {
            play.feed(b"a LOGIN ann@a.test secret\r\n");
        }
        if tls && bits & 6 == 0 {
            play.feed(b"b SELECT INBOX\r\n");
        }
        play.script = script.clone();
        play
    }

    fn play(mut self, events: &[Event]) -> Self {
        for event in events {
            match event {
                Event::Packet(packet) => self.feed(packet),
                Event::Flood(packets) => (0..*packets).for_each(|_| self.feed(&[b'a'; PACKET])),
                Event::End => {
                    self.session.ended();
                    self.go_on();
                }
                Event::Time => self.wait(),
            }
            if self.securing {
                self.securing = false;
                (self.tls, self.was_secured) = (true, true);
                self.session.secured();
                self.go_on();
            }
            if self.closed {
                break;
            }
        }
        if self.script.has_flood() {
            assert!(format!("{:?}", self.session).len() <= HELD, "the session holds more than it may");
        }
        self
    }

    fn feed(&mut self, octets: &[u8]) {
        if self.closed || self.securing {
            return;
        }
        self.waits_for = None;
        self.session.feed(octets);
        self.go_on();
    }

    /// What was waited for happens.
    fn wait(&mut self) {
        if let Some(question) = self.waits_for.take() {
            let answer = self.answer(&question);
            self.session.answer(answer);
            self.go_on();
        }
    }

    fn go_on(&mut self) {
        for _ in 0..100_000 {
            match self.session.step() {
                Step::Send(octets) => self.said.extend(octets),
                Step::Ask(question) => {
                    let answer = self.answer(&question);
                    self.session.answer(answer);
                }
                Step::ReadOr(question) => {
                    self.waits_for = Some(question);
                    break;
                }
                Step::Read | Step::Body => break,
                Step::StartTls => {
                    self.securing = true;
                    break;
                }
                Step::Close => {
                    self.closed = true;
                    break;
                }
            }
        }
        assert!(self.said.is_empty() || self.said.ends_with(b"\r\n"), "a response is not ended");
        assert_eq!(self.session.is_logged_in(), self.logged_in);
    }

    fn answer(&mut self, question: &Question) -> Answer {
        let kind = self.script.answer() % 8;
        match question {
            Question::LoginLimit => assert!(!self.logged_in),
            Question::Room(octets) => assert!(*octets <= MESSAGE.max(256 * 1024)),
            Question::Login { .. } => {
                assert!(self.tls && !self.logged_in, "a password in clear, or twice");
                self.logged_in = kind != 1 && kind != 3;
            }
            Question::Append { content, .. } => assert!(content.len() <= MESSAGE && self.logged_in),
            _ => assert!(self.logged_in, "asked before login: {question:?}"),
        }
        match kind {
            1 => Answer::No(Refusal { code: None, text: String::from("No") }),
            3 => Answer::Bye("Bye"),
            _ => answered(question, kind),
        }
    }
}

fn uids() -> Uids {
    Uids::new(UIDS.map(|uid| (uid, uid)))
}

fn folder(number: i64, name: &str) -> Folder {
    Folder {
        id: FolderId(number),
        mailbox: MailboxId(String::from("m")),
        name: name.to_owned(),
        special: (number == 1).then_some(Special::Inbox),
        subscribed: true,
        uid_validity: 7,
        uid_next: u32::MAX,
        modseq: 9,
        forgotten: 2,
        keywords: vec![String::from("$Label")],
    }
}

fn folders() -> Vec<Folder> {
    ["INBOX", "Sent", "Archive/2026", "J\u{fc}rgen & \"Co\""]
        .into_iter()
        .zip(1..)
        .map(|(name, number)| folder(number, name))
        .collect()
}

fn flags(uid: u32) -> Flags {
    Flags { bits: (uid % 32) as u8, keywords: if uid == 4 { vec![String::from("$Label")] } else { Vec::new() } }
}

fn changes(kind: u8) -> Option<Box<FolderChanges>> {
    (kind != 4).then(|| {
        let expunged = if kind == 5 { Uids::new([(2, 2)]) } else { Uids::default() };
        let changed = if kind == 6 { vec![(4, flags(3), 10), (4_294_967_295, flags(0), 11)] } else { Vec::new() };
        Box::new(FolderChanges { folder: folder(1, "INBOX"), changed, expunged, complete: kind != 7 })
    })
}

fn answered(question: &Question, kind: u8) -> Answer {
    match question {
        Question::LoginLimit => Answer::Bye("Too long"),
        Question::Login { user, .. } => Answer::LoggedIn(user.clone()),
        Question::Folders => Answer::Folders(folders()),
        Question::Counts(ids) => {
            Answer::Counts(ids.iter().map(|_| FolderCounts { mails: 5, unseen: 2, deleted: 1, octets: 900 }).collect())
        }
        Question::Open { name, .. } => Answer::Opened(Box::new(Opened {
            folder: folder(1, name),
            uids: if kind == 2 { Uids::default() } else { uids() },
            unseen: Some(2),
            changes: changes(kind).map(|changes| *changes),
        })),
        Question::Changes { .. } | Question::Wait(_) => match kind {
            0 => Answer::Nothing,
            kind => Answer::Changes(changes(kind)),
        },
        Question::Rows { uids: wanted, want, .. } => {
            let rows = wanted.and(&uids()).iter().map(|uid| row(uid, *want, kind)).collect();
            Answer::Rows(rows, wanted.last().unwrap_or(u32::MAX))
        }
        Question::Flags { uids, .. } => Answer::Flags(FlagsStored {
            modified: if kind == 2 { uids.clone() } else { Uids::default() },
            modseq: (kind != 2).then_some(12),
        }),
        Question::Transfer { uids, .. } => {
            let count = uids.count().min(5);
            Answer::Copied(Copied { uid_validity: 8, from: uids.split(5).0, to: Uids::new([(20, 20 + count)]) })
        }
        Question::Search(_, among, _) => Answer::Found(if kind == 2 { Uids::default() } else { among.clone() }),
        Question::Modseq(..) => Answer::Modseq(11),
        Question::Append { .. } => Answer::Appended { uid_validity: 7, uid: 30 },
        Question::Quota => Answer::Quota(Quota { octets: 1000, mails: 10, used_octets: 900, used_mails: 5 }),
        Question::Room(_)
        | Question::Create(_)
        | Question::Delete(_)
        | Question::Rename { .. }
        | Question::Subscribe(..)
        | Question::Expunge(..) => Answer::Done,
    }
}

fn row(uid: u32, want: Want, kind: u8) -> Row {
    let told = Kept::read(MAIL);
    let header = MAIL.get(..told.header_octets as usize).unwrap_or_default();
    let kept = (kind != 2).then(|| EntryKept {
        thread: Some(String::from("t1")),
        kept: if want.kept { serde_json::to_string(&told).unwrap_or_default() } else { String::new() },
        header: if want.header { header.to_vec() } else { Vec::new() },
    });
    Row {
        entry: Entry {
            uid,
            flags: flags(uid),
            modseq: 5,
            internal_at: NOON,
            octets: MAIL.len() as u64,
            mail: MailId(String::from("mail-1")),
            kept,
        },
        content: (want.content && kind != 4).then(|| MAIL.to_vec()),
    }
}
