//! What speaks against a message: told by a header field and kept with it, whoever cannot be asked.

use std::{net::SocketAddr, time::Duration};

use dns::Asker;
use inbound::{Listings, Rspamd, Settings};
use rules::suspicion::{Level, Suspicion};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    house::{House, house, house_with},
    mx::{RICK, greeted},
};

const HELLO: &str = "From: rick@honest.test\r\nSubject: Hello\r\nX-ColdRelay-Suspicion: none\r\n\r\nHi";

/// Brings it to ann: the flag that was kept, and the content.
async fn flagged(house: &House, content: &str) -> (Suspicion, String) {
    let reply = greeted(house).await.send(RICK, &["ann@example.test"], content).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let mail = house.mails("ann@example.test").await.remove(0);
    let suspicion = mail.suspicion.as_deref().map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default();
    (suspicion, house.content(&mail).await)
}

/// An rspamd that says this, and gives back what it was asked; never answers when it has nothing to say.
async fn rspamd(says: Option<&'static str>) -> (SocketAddr, tokio::sync::oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let (heard, hearing) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        let mut buffer = [0; 4096];
        while !asked.ends_with(b"Hi\r\n") {
            let count = stream.read(&mut buffer).await.unwrap();
            if count == 0 {
                break;
            }
            asked.extend_from_slice(&buffer[..count]);
        }
        let _ = heard.send(String::from_utf8(asked).unwrap());
        match says {
            Some(says) => {
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{says}", says.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            None => std::future::pending().await,
        }
    });
    (target, hearing)
}

fn with_rspamd(target: SocketAddr, limit: Duration) -> Settings {
    Settings { rspamd: Some(Rspamd { target, limit }), ..Settings::default() }
}

#[tokio::test]
async fn a_forged_flag_is_taken_off_and_good_mail_gets_none() {
    let house = house().await;
    let (suspicion, content) = flagged(&house, HELLO).await;
    assert_eq!(suspicion.level, Level::None);
    assert!(!content.contains("X-ColdRelay-Suspicion"), "{content}");
}

#[tokio::test]
async fn rspamd_is_asked_with_how_it_came_and_its_word_is_told() {
    let says = r#"{"action":"reject","score":21.5,"required_score":15.0,"symbols":{"BAD":{"score":9}}}"#;
    let (target, hearing) = rspamd(Some(says)).await;
    let house = house_with(with_rspamd(target, Duration::from_secs(30))).await;
    let (suspicion, content) = flagged(&house, HELLO).await;
    assert_eq!((suspicion.level, suspicion.signs[0].what.as_str()), (Level::Spam, "reject at 21.5 of 15.0"));
    assert!(content.contains("X-ColdRelay-Suspicion: spam;\r\n\trspamd=reject"), "{content}");
    let asked = hearing.await.unwrap().to_lowercase();
    for part in
        ["post /checkv2 ", "ip: 127.0.0.1", "helo: honest.test", "from: rick@honest.test", "rcpt: ann@example.test"]
    {
        assert!(asked.contains(part), "{part} is not in {asked}");
    }
}

#[tokio::test]
async fn an_rspamd_that_does_not_answer_holds_nothing_up() {
    let (target, _hearing) = rspamd(None).await;
    let house = house_with(with_rspamd(target, Duration::from_millis(50))).await;
    assert_eq!(flagged(&house, HELLO).await.0.level, Level::None);
    // The next connection is taken by nobody.
    assert_eq!(flagged(&house, HELLO).await.0.level, Level::None);
}

#[tokio::test]
async fn who_is_on_a_blocklist_is_told_and_a_refusal_of_the_list_is_not() {
    let names = house().await;
    let listed = dns::read_zone("zen.spamhaus.org", "1.0.0.127 60 IN A 127.0.0.2\n").unwrap();
    let refusing = dns::read_zone("bl.spamcop.net", "1.0.0.127 60 IN A 127.255.255.254\n").unwrap();
    names.authority.set_zone(&listed).await.unwrap();
    names.authority.set_zone(&refusing).await.unwrap();
    let asker = Asker::new(&names.authority.addresses(), Duration::from_secs(10));
    let zones = vec!["zen.spamhaus.org".to_owned(), "bl.spamcop.net".to_owned()];
    let house = house_with(Settings { listings: Some(Listings { asker, zones }), ..Settings::default() }).await;
    let (suspicion, _) = flagged(&house, HELLO).await;
    let signs: Vec<&str> = suspicion.signs.iter().map(|sign| sign.what.as_str()).collect();
    assert_eq!(signs, ["zen.spamhaus.org 127.0.0.2"]);
}

#[tokio::test]
async fn a_file_that_runs_is_told_and_left_as_it_is() {
    let house = house().await;
    let content = "From: rick@honest.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream; name=\"Invoice.pdf.exe\"\r\n\r\nMZ\r\n--b--";
    let (suspicion, kept) = flagged(&house, content).await;
    assert_eq!(suspicion.level, Level::Malware);
    assert!(kept.contains("\r\nMZ\r\n--b--"), "{kept}");
}
