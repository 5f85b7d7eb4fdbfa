//! One client of a session that has no socket.

use std::time::Duration;

use imap::session::{Answer, Question, Session};
use wire::{Core as _, Step};

use crate::house::{ADDRESS, House, PASSWORD};

/// Longest wait for anything in a test.
const LIMIT: Duration = Duration::from_secs(20);

pub struct Client {
    core: Session,
    house: Box<dyn net::House<Question, Answer>>,
    said: Vec<u8>,
    waiting: Option<Question>,
    pub closed: bool,
    pub wants_tls: bool,
    tags: u32,
}

impl Client {
    /// Greeted, over TLS or not.
    pub async fn connect(house: &House, tls: bool) -> Self {
        let settings = imap::Settings {
            hostname: "box.example.com".to_owned(),
            max_message_octets: 100_000,
            ..imap::Settings::default()
        };
        let mut client = Self {
            core: Session::new(settings, tls),
            house: house.imap.house([127, 0, 0, 1].into(), house.stop.clone()),
            said: Vec::new(),
            waiting: None,
            closed: false,
            wants_tls: false,
            tags: 0,
        };
        client.go_on().await;
        client
    }

    /// Logged in; what was said so far is forgotten.
    pub async fn login(house: &House) -> Self {
        let mut client = Self::connect(house, true).await;
        let done = client.does(&format!("LOGIN {ADDRESS} \"{PASSWORD}\"")).await;
        assert!(done.last().unwrap().contains(" OK "), "{done:?}");
        client
    }

    async fn go_on(&mut self) {
        loop {
            match self.core.step() {
                Step::Send(octets) => self.said.extend(octets),
                Step::Ask(question) => {
                    let answer = tokio::time::timeout(LIMIT, self.house.answer(question)).await.expect("an answer");
                    self.core.answer(answer);
                }
                Step::Read | Step::Body => return,
                Step::ReadOr(question) => {
                    self.waiting = Some(question);
                    return;
                }
                Step::StartTls => {
                    self.wants_tls = true;
                    return;
                }
                Step::Close => {
                    self.closed = true;
                    return;
                }
            }
        }
    }

    pub async fn say(&mut self, octets: &[u8]) {
        self.waiting = None;
        self.core.feed(octets);
        if !self.wants_tls {
            self.go_on().await;
        }
    }

    pub async fn secured(&mut self) {
        self.wants_tls = false;
        self.core.secured();
        self.go_on().await;
    }

    /// Waits for what the house has to say by itself.
    pub async fn wait(&mut self) {
        let question = self.waiting.take().expect("the session waits for nothing");
        let answer = tokio::time::timeout(LIMIT, self.house.answer(question)).await.expect("nothing happened");
        self.core.answer(answer);
        self.go_on().await;
    }

    /// Whether the session waits for the house, in IDLE.
    pub fn is_waiting(&self) -> bool {
        matches!(self.waiting, Some(Question::Wait(Some(_))))
    }

    /// The next line that was said, without its CRLF.
    pub fn line(&mut self) -> Option<String> {
        let end = self.said.windows(2).position(|pair| pair == b"\r\n")?;
        let line: Vec<u8> = self.said.drain(..end + 2).collect();
        Some(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    pub fn lines(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.line()).collect()
    }

    /// Does a command; every line that was said, the tagged one last.
    pub async fn does(&mut self, command: &str) -> Vec<String> {
        self.tags += 1;
        self.lines();
        self.say(format!("t{} {command}\r\n", self.tags).as_bytes()).await;
        self.lines()
    }

    /// Puts a message into a folder.
    pub async fn append(&mut self, folder: &str, flags: &str, content: &str) -> Vec<String> {
        self.does(&format!("APPEND {folder} ({flags}) {{{}+}}\r\n{content}", content.len())).await
    }
}
