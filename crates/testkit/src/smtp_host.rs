//! An SMTP host on loopback that follows a script: it takes no message, and tells what it was asked.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How it answers.
#[derive(Debug, Clone)]
pub struct Habit {
    greeting: String,
    mail: String,
    /// Said to each RCPT in turn; the last repeats.
    rcpt: Vec<String>,
    /// Users it knows, when it knows any: they are taken, others are 550 5.1.1.
    users: Option<Vec<String>>,
    silent: bool,
    drips: bool,
    hangs_up: bool,
}

impl Habit {
    /// Says that to each RCPT in turn.
    #[must_use]
    pub fn says<const N: usize>(rcpt: [&str; N]) -> Self {
        Self {
            greeting: "220 scripted".into(),
            mail: "250 2.1.0 ok".into(),
            rcpt: rcpt.map(String::from).to_vec(),
            users: None,
            silent: false,
            drips: false,
            hangs_up: false,
        }
    }
    /// Knows these local parts.
    #[must_use]
    pub fn knows(users: &[&str]) -> Self {
        Self { users: Some(users.iter().map(|user| String::from(*user)).collect()), ..Self::says([]) }
    }
    /// Greets with that line.
    #[must_use]
    pub fn greeting(self, line: &str) -> Self {
        Self { greeting: line.into(), ..self }
    }
    /// Answers MAIL with that line.
    #[must_use]
    pub fn mail(self, line: &str) -> Self {
        Self { mail: line.into(), ..self }
    }
    /// Never answers RCPT.
    #[must_use]
    pub fn silent_at_rcpt(self) -> Self {
        Self { silent: true, ..self }
    }
    /// Answers RCPT line by line of one endless reply, each just in time.
    #[must_use]
    pub fn dripping(self) -> Self {
        Self { drips: true, ..self }
    }
    /// Closes the connection at RCPT.
    #[must_use]
    pub fn hangs_up_at_rcpt(self) -> Self {
        Self { hangs_up: true, ..self }
    }

    fn reply(&self, command: &str, number: usize) -> String {
        match &self.users {
            Some(users) if users.iter().any(|user| command.contains(&format!("<{user}@"))) => "250 2.1.5 ok".into(),
            Some(_) => "550 5.1.1 Recipient address rejected: User unknown in local recipient table".into(),
            None => self.rcpt.get(number).or(self.rcpt.last()).cloned().unwrap_or_default(),
        }
    }
}

#[derive(Debug, Default)]
struct Seen {
    connections: usize,
    commands: Vec<String>,
}

/// A running host; it stops when dropped.
#[derive(Debug)]
pub struct Host {
    /// Its port on 127.0.0.1.
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Host {
    /// Starts it.
    pub async fn start(habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listener");
        let (port, seen) = (listener.local_addr().expect("address").port(), Arc::<Mutex<Seen>>::default());
        let shared = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().expect("lock").connections += 1;
                // A client that leaves in the middle ends the talk.
                tokio::spawn(talk(stream, habit.clone(), shared.clone()));
            }
        });
        Self { port, seen, task }
    }
    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.seen.lock().expect("lock").connections
    }
    /// Commands so far that start so.
    pub fn count(&self, start: &str) -> usize {
        self.seen.lock().expect("lock").commands.iter().filter(|command| command.starts_with(start)).count()
    }
    /// Whether a command started so.
    pub fn saw(&self, start: &str) -> bool {
        self.count(start) > 0
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(stream: TcpStream, habit: Habit, seen: Arc<Mutex<Seen>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(format!("{}\r\n", habit.greeting).as_bytes()).await?;
    let mut asked = 0;
    while let Some(line) = lines.next_line().await? {
        seen.lock().expect("lock").commands.push(line.clone());
        let reply = match line.split_once([' ', ':']).map_or(line.as_str(), |(verb, _)| verb) {
            "EHLO" => "250-scripted\r\n250 ENHANCEDSTATUSCODES".to_owned(),
            "MAIL" => habit.mail.clone(),
            "RCPT" if habit.hangs_up => return Ok(()),
            "RCPT" if habit.silent => std::future::pending().await,
            "RCPT" if habit.drips => return drip(&mut write).await,
            "RCPT" => {
                asked += 1;
                habit.reply(&line, asked - 1)
            }
            "QUIT" => return write.write_all(b"221 bye\r\n").await,
            _ => "502 5.5.1 not here".to_owned(),
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
    Ok(())
}

async fn drip(write: &mut tokio::net::tcp::OwnedWriteHalf) -> std::io::Result<()> {
    loop {
        write.write_all(b"250-wait\r\n").await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
