//! Plays the transcripts in `tests/transcripts/` against the session cores.
//!
//! Lines of a transcript: `# name: value` sets, `C:` the client says, `S:` the server says, `C|` and `S|` raw octets with
//! `\r` and `\n` escapes, `?` the core asks and `=>` what the house answers, `!` a step of the driver (`starttls`, `close`,
//! `ended`), `=` what is known after the end. Other lines are remarks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod client;
mod server;

use wire::{Core, Step};

/// What a core waits for.
#[derive(Debug)]
enum Waiting {
    Octets,
    Answer(String),
    Tls,
    Closed,
}

/// A core under test.
struct Play<C: Core> {
    core: C,
    said: String,
    waiting: Waiting,
    show: fn(&C::Question) -> String,
}

impl<C: Core> Play<C> {
    fn new(core: C, show: fn(&C::Question) -> String) -> Self {
        let mut play = Self { core, said: String::new(), waiting: Waiting::Octets, show };
        play.go_on();
        play
    }

    fn go_on(&mut self) {
        self.waiting = loop {
            match self.core.step() {
                Step::Send(octets) => self.said.push_str(&String::from_utf8(octets).unwrap()),
                Step::Ask(question) | Step::ReadOr(question) => break Waiting::Answer((self.show)(&question)),
                Step::Read | Step::Body => break Waiting::Octets,
                Step::StartTls => break Waiting::Tls,
                Step::Close => break Waiting::Closed,
            }
        };
    }

    /// The core's own side said exactly this.
    fn expect(&mut self, octets: &str) {
        match self.said.strip_prefix(octets) {
            Some(rest) => self.said = rest.to_owned(),
            None => panic!("expected {octets:?}, said {:?}", self.said),
        }
    }

    fn nothing_more(&self) {
        assert_eq!(self.said, "", "this was said besides");
    }

    fn feed(&mut self, octets: &str) {
        self.core.feed(octets.as_bytes());
        if matches!(self.waiting, Waiting::Octets) {
            self.go_on();
        }
    }

    fn answer(&mut self, asked: &str, answer: C::Answer) {
        match &self.waiting {
            Waiting::Answer(question) => assert_eq!(question, asked),
            other => panic!("expected the question {asked:?}, but the core waits for {other:?}; said {:?}", self.said),
        }
        self.core.answer(answer);
        self.go_on();
    }

    fn driver(&mut self, step: &str) {
        self.nothing_more();
        match (step, &self.waiting) {
            ("starttls", Waiting::Tls) => {
                self.core.secured();
                self.go_on();
            }
            ("close", Waiting::Closed) => {}
            ("ended", _) => {
                self.core.ended();
                self.go_on();
            }
            (step, waiting) => panic!("expected {step}, but the core waits for {waiting:?}"),
        }
    }
}

fn unescape(text: &str) -> String {
    text.replace("\\r", "\r").replace("\\n", "\n")
}

fn escape(text: &str) -> String {
    text.replace('\r', "\\r").replace('\n', "\\n")
}

/// Every transcript of a folder, by name.
fn transcripts(folder: &str) -> Vec<(String, String)> {
    let path = format!("{}/tests/transcripts/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<(String, String)> = std::fs::read_dir(path)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() >= 12, "transcripts are missing");
    files
}

/// Plays each, and names the file and line in which it goes wrong.
fn play_all(folder: &str, play: fn(&str, &mut usize)) {
    for (name, text) in transcripts(folder) {
        let mut line = 0;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play(&text, &mut line)));
        assert!(outcome.is_ok(), "{name}, line {line}: see above");
    }
}
