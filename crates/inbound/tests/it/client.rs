//! A client that says what it is told to, right or wrong, with or without TLS.

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use net::{ClientTls, Drive, House, Socket};
use tokio::{
    net::TcpStream,
    sync::mpsc::{Receiver, Sender, channel},
    time::timeout,
};
use wire::Step;

/// Longest wait for anything in a test.
const LIMIT: Duration = Duration::from_secs(30);

enum Act {
    Say(Vec<u8>),
    StartTls,
}

/// The test's end.
pub struct Client {
    replies: Receiver<String>,
    acts: Sender<Act>,
    /// The 220 (or 421) that it was greeted with.
    pub greeting: String,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::start(address, false).await
    }

    /// TLS from the start (465).
    pub async fn connect_tls(address: SocketAddr) -> Self {
        Self::start(address, true).await
    }

    async fn start(address: SocketAddr, implicit_tls: bool) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), implicit_tls).await
    }

    /// Over a connection on which something was said already.
    pub async fn over(stream: TcpStream, implicit_tls: bool) -> Self {
        let (reply_in, replies) = channel(1);
        let (acts, act_out) = channel(1);
        let drive = Drive {
            socket: Socket::Client(ClientTls::opportunistic(), "mail.test".to_owned()),
            implicit_tls,
            read_limit: LIMIT,
            body_limit: LIMIT,
            write_limit: LIMIT,
            we_are_server: false,
        };
        tokio::spawn(async move {
            let mut test = Test { replies: reply_in, acts: act_out };
            net::drive(&mut Script::default(), stream, &mut test, drive).await
        });
        let mut client = Self { replies, acts, greeting: String::new() };
        client.greeting = client.reply().await;
        client
    }

    /// The next reply, `|` between its lines; empty when the server has closed.
    async fn reply(&mut self) -> String {
        timeout(LIMIT, self.replies.recv()).await.expect("a reply in time").unwrap_or_default()
    }

    /// Says a line.
    pub async fn say(&mut self, line: &str) -> String {
        self.say_octets(format!("{line}\r\n").as_bytes()).await
    }

    pub async fn say_octets(&mut self, octets: &[u8]) -> String {
        if self.acts.send(Act::Say(octets.to_vec())).await.is_err() {
            return String::new();
        }
        self.reply().await
    }

    /// Says a line, which must be answered with this.
    pub async fn expect(&mut self, line: &str, start: &str) -> String {
        let reply = self.say(line).await;
        assert!(reply.starts_with(start), "{line:?} was answered with {reply:?}, not {start}");
        reply
    }

    pub async fn start_tls(&mut self) {
        self.expect("STARTTLS", "220").await;
        self.acts.send(Act::StartTls).await.unwrap();
        assert_eq!(self.reply().await, "secured");
    }

    /// EHLO, STARTTLS, EHLO, AUTH.
    pub async fn log_in(&mut self, login: &str, password: &str) -> String {
        self.expect("EHLO client.test", "250").await;
        self.start_tls().await;
        self.expect("EHLO client.test", "250").await;
        self.auth(login, password).await
    }

    pub async fn auth(&mut self, login: &str, password: &str) -> String {
        self.say(&format!("AUTH PLAIN {}", base64(format!("\0{login}\0{password}").as_bytes()))).await
    }

    /// A whole transaction; the reply to the first command that was refused, or to the message.
    pub async fn send(&mut self, from: &str, to: &[&str], content: &str) -> String {
        let mut lines = vec![format!("MAIL FROM:<{from}>")];
        lines.extend(to.iter().map(|to| format!("RCPT TO:<{to}>")));
        lines.push("DATA".to_owned());
        for line in lines {
            let reply = self.say(&line).await;
            if !reply.starts_with('2') && !reply.starts_with('3') {
                return reply;
            }
        }
        self.say_octets(format!("{content}\r\n.\r\n").as_bytes()).await
    }
}

/// Answers the script's questions with what the test does next.
struct Test {
    replies: Sender<String>,
    acts: Receiver<Act>,
}

#[async_trait]
impl House<String, Option<Act>> for Test {
    async fn answer(&mut self, reply: String) -> Option<Act> {
        self.replies.send(reply).await.ok()?;
        self.acts.recv().await
    }
}

/// A core without opinions: reads replies, says what it is told.
#[derive(Default)]
struct Script {
    heard: Vec<u8>,
    next: Vec<Step<String>>,
}

impl Script {
    /// The lines of a complete reply, when there is one.
    fn reply(&mut self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.heard).into_owned();
        let mut lines = Vec::new();
        for line in text.split_inclusive("\r\n") {
            let whole = line.strip_suffix("\r\n")?;
            lines.push(whole);
            if whole.as_bytes().get(3) != Some(&b'-') {
                let length: usize = lines.iter().map(|line| line.len() + 2).sum();
                self.heard.drain(..length);
                return Some(lines.join("|"));
            }
        }
        None
    }
}

impl wire::Core for Script {
    type Question = String;
    type Answer = Option<Act>;

    fn step(&mut self) -> Step<String> {
        if let Some(step) = self.next.pop() {
            return step;
        }
        self.reply().map_or(Step::Read, Step::Ask)
    }
    fn feed(&mut self, octets: &[u8]) {
        self.heard.extend_from_slice(octets);
    }
    fn answer(&mut self, act: Option<Act>) {
        self.next.push(match act {
            Some(Act::Say(octets)) => Step::Send(octets),
            Some(Act::StartTls) => Step::StartTls,
            None => Step::Close,
        });
    }
    fn secured(&mut self) {
        self.next.push(Step::Ask("secured".to_owned()));
    }
    fn ended(&mut self) {}
}

pub fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in octets.chunks(3) {
        let bits = (0..3).fold(0, |bits, index| bits << 8 | usize::from(*group.get(index).unwrap_or(&0)));
        for index in 0..4 {
            let sextet = ALPHABET[bits >> (18 - 6 * index) & 63];
            text.push(if index <= group.len() { char::from(sextet) } else { '=' });
        }
    }
    text
}
