//! Postfix's smtp-source and a raw client bring mail to our MX.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
};

use crate::support::{House, tool, wait_for};

fn smtp_source(house: &House, to: &str, count: &str) -> bool {
    let output = tool("smtp-source", "postfix")
        .args(["-m", count, "-s", "2", "-f", "dana@receiver.test", "-t", to, "-S", "from smtp-source"])
        .arg(format!("inet:{}", house.at("mx")))
        .output()
        .unwrap();
    output.status.success()
}

#[test]
fn mail_for_a_mailbox_arrives_and_for_nobody_is_refused() {
    let house = House::start();
    assert!(smtp_source(&house, "ann@acme.test", "20"), "{}", house.log());
    let mails = wait_for("twenty mails", || {
        let mails = house.json(&["mail", "list", "--mailbox", "ann@acme.test"]);
        (mails.as_array().unwrap().len() == 20).then_some(mails)
    });
    let content = house.run(&["mail", "show", mails[0]["id"].as_str().unwrap()]).1;
    assert!(content.contains("Authentication-Results:") && content.contains("Received:"), "{content}");
    assert!(!smtp_source(&house, "ghost@acme.test", "1"));
    assert!(!smtp_source(&house, "dana@receiver.test", "1"), "an open relay");
}

#[test]
fn nothing_is_smuggled_past_a_bare_line_feed() {
    let house = House::start();
    let mut stream = BufReader::new(TcpStream::connect(house.at("mx")).unwrap());
    let mut say = |octets: &str| {
        stream.get_mut().write_all(octets.as_bytes()).unwrap();
        let mut line = String::new();
        loop {
            line.clear();
            stream.read_line(&mut line).unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    };
    say("");
    say("EHLO x.test\r\n");
    say("MAIL FROM:<>\r\n");
    say("RCPT TO:<ann@acme.test>\r\n");
    assert!(say("DATA\r\n").starts_with("354"));
    let smuggled = "Subject: one\r\n\r\nbody\n.\nMAIL FROM:<ann@acme.test>\r\nRCPT TO:<ann@acme.test>\r\nDATA\r\nSubject: two\r\n\r\nx\r\n.\r\n";
    let answer = say(smuggled);
    assert!(answer.starts_with("550 5.6.0") && answer.contains("bare-line-end"), "{answer}");
    assert!(say("NOOP\r\n").starts_with("250"), "the session goes on");
    assert_eq!(house.json(&["mail", "list"]).as_array().unwrap().len(), 0);
}
