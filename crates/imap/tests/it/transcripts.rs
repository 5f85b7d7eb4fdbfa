//! `tests/transcripts/*.imap`: what is said on the wire, line by line.
//!
//! `C:` is said by the client, `S:` by the server; `C2:` and `S2:` by a second client of the same mailbox. `…` stands for
//! anything within a line. `!` is what the test does: `! connect` and `! connect plain` (with or without TLS), `! login`
//! (connected and logged in, unheard), `! secured` (the TLS handshake), `! deliver SUBJECT`, `! closed`, `! minutes N`.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use crate::{house::House, play::Client};

#[tokio::test]
async fn every_transcript_is_followed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|end| end == "imap"));
    names.sort();
    assert!(names.len() > 8, "the transcripts are gone");
    let mut wrong = Vec::new();
    for path in names {
        follow(&path, &mut wrong).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn follow(path: &Path, wrong: &mut Vec<String>) {
    let text = fs::read_to_string(path).unwrap();
    let house = House::start().await;
    let mut clients: BTreeMap<char, Client> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{}:{}", path.file_name().unwrap().to_string_lossy(), number + 1);
        let Some((who, rest)) = line.split_once(':').filter(|_| line.starts_with(['C', 'S'])) else {
            if let Some(act) = line.strip_prefix("! ") {
                does(&house, &mut clients, act, &place).await;
            } else {
                assert!(line.is_empty() || line.starts_with('#'), "{place}: what is this?");
            }
            continue;
        };
        let client =
            clients.get_mut(&who.chars().nth(1).unwrap_or('1')).unwrap_or_else(|| panic!("{place}: not connected"));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        if who.starts_with('C') {
            wrong.extend(client.lines().into_iter().map(|line| format!("{place}: this was said besides: {line}")));
            client.say(format!("{rest}\r\n").as_bytes()).await;
            continue;
        }
        let mut said = client.line();
        if said.is_none() && client.is_waiting() {
            client.wait().await;
            said = client.line();
        }
        let said = said.unwrap_or_else(|| "nothing".to_owned());
        if !fits(rest, &said) {
            wrong.push(format!("{place}:\nexpected {rest}\nsaid     {said}"));
        }
    }
    for client in clients.values_mut() {
        wrong.extend(
            client.lines().into_iter().map(|line| format!("{}: this was said besides: {line}", path.display())),
        );
    }
}

async fn does(house: &House, clients: &mut BTreeMap<char, Client>, act: &str, place: &str) {
    let (verb, rest) = act.split_once(' ').unwrap_or((act, ""));
    let second = if rest.ends_with('2') { '2' } else { '1' };
    match verb {
        "connect" => {
            clients.insert(second, Client::connect(house, !rest.starts_with("plain")).await);
        }
        "login" => {
            clients.insert(second, Client::login(house).await);
        }
        "secured" => {
            let client = clients.get_mut(&second).unwrap();
            assert!(client.wants_tls, "{place}: it does not wait for TLS");
            client.secured().await;
        }
        "deliver" => {
            let content = format!(
                "From: Bob <bob@example.net>\r\nTo: ann@example.com\r\nSubject: {rest}\r\nMessage-ID: <{rest}@example.net>\r\n\
                 Date: Mon, 23 Nov 2026 11:00:00 +0000\r\n\r\nHello {rest}\r\n"
            );
            house.deliver(&content).await;
        }
        "minutes" => house.clock.forward(Duration::from_secs(60 * rest.parse::<u64>().unwrap())),
        "closed" => assert!(clients[&second].closed, "{place}: the session goes on"),
        _ => panic!("{place}: {act}?"),
    }
}

/// Whether a line fits a pattern in which `…` is anything.
fn fits(pattern: &str, line: &str) -> bool {
    let mut pieces = pattern.split('…');
    let Some(mut rest) = pieces.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}
