//! Folders read from an IMAP server on loopback that holds a few messages.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use check::{Checks, ImapBox};
use rules::probe::Folder;
use testkit::nameserver::Zones;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

const INBOX: &[&str] = &["one@a.test"];
const SPAM: &[&str] = &["two@a.test"];

type Seen = Arc<Mutex<Vec<String>>>;

async fn server(silent_from: Option<&'static str>) -> (u16, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, seen) = (listener.local_addr().unwrap().port(), Seen::default());
    let shared = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, shared.clone(), silent_from));
        }
    });
    (port, seen)
}

async fn talk(stream: TcpStream, seen: Seen, silent_from: Option<&str>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"* OK IMAP4rev1 ready\r\n").await?;
    let mut open: &[&str] = &[];
    while let Some(line) = lines.next_line().await? {
        let (tag, command) = line.split_once(' ').unwrap();
        seen.lock().unwrap().push(command.to_owned());
        if silent_from.is_some_and(|start| command.starts_with(start)) {
            std::future::pending::<()>().await;
        }
        let answer = match command.split(' ').next().unwrap() {
            "LOGIN" if !command.ends_with("\"secret\"") => format!("{tag} NO wrong\r\n"),
            "LIST" => format!("* LIST () \"/\" INBOX\r\n* LIST (\\Junk) \"/\" Unwanted\r\n{tag} OK\r\n"),
            "EXAMINE" => {
                open = if command.contains("INBOX") { INBOX } else { SPAM };
                format!("* {} EXISTS\r\n{tag} OK [READ-ONLY]\r\n", open.len())
            }
            "UID" if open.iter().any(|id| command.contains(id)) => format!("* SEARCH 1\r\n{tag} OK\r\n"),
            "UID" => format!("* SEARCH\r\n{tag} OK\r\n"),
            "LOGOUT" => format!("* BYE\r\n{tag} OK\r\n"),
            _ => format!("{tag} OK\r\n"),
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

async fn look(port: u16, password: &str) -> Result<Vec<Folder>, rules::Fault> {
    let names = Zones::text("imap.test A 127.0.0.1").serve().await;
    let checks = Checks::new(names.resolver()).unwrap();
    let account =
        ImapBox { host: "imap.test".into(), port, tls: false, login: "me@a.test".into(), password: password.into() };
    assert!(!format!("{account:?}").contains("secret"));
    let ids = ["one@a.test", "two@a.test", "three@a.test"].map(String::from);
    checks.folders(&account, &ids, Duration::from_millis(500)).await
}

#[tokio::test]
async fn inbox_and_junk_are_told_apart_and_nothing_is_changed() {
    let (port, seen) = server(None).await;
    assert_eq!(look(port, "secret").await.unwrap(), [Folder::Inbox, Folder::Junk, Folder::Nowhere]);
    let seen = seen.lock().unwrap();
    let only_looks = |line: &String| {
        ["LOGIN", "LIST", "EXAMINE", "UID SEARCH", "LOGOUT"].iter().any(|start| line.starts_with(start))
    };
    assert!(seen.iter().all(only_looks), "{seen:?}");
}

#[tokio::test]
async fn a_folder_that_could_not_be_read_is_never_an_empty_one() {
    let (port, _) = server(None).await;
    let fault = look(port, "wrong").await.unwrap_err();
    assert_eq!(fault.code, "imap.login");
    assert!(!fault.to_string().contains("\"wrong\""), "no password in a fault: {fault}");
    assert_eq!(look(port, "pässword").await.unwrap_err().code, "imap.password");
    for silent_from in ["LOGIN", "LIST", "UID"] {
        let (port, _) = server(Some(silent_from)).await;
        assert_eq!(look(port, "secret").await.unwrap_err().code, "imap.lost", "{silent_from}");
    }
}
