//! swaks and smtplib submit through 587 and 465; an independent receiver gets the mail; what is not allowed is refused.

use std::process::Output;

use crate::support::{House, python, tool};

fn swaks(house: &House, more: &[&str], subject: &str) -> Output {
    tool("swaks", "swaks")
        .args(["--auth-user", "ann@acme.test", "--auth-password", &house.password])
        .args(["--from", "ann@acme.test", "--to", "dana@receiver.test"])
        .args(["--header", &format!("Subject: {subject}"), "--body", "Hello from swaks"])
        .args(more)
        .output()
        .unwrap()
}

fn must(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
}

const SMTPLIB: &str = r#"
import smtplib, ssl, sys
from email.message import EmailMessage
mode, port, password, subject, sender = sys.argv[1:]
context = ssl._create_unverified_context()
message = EmailMessage()
message["From"] = sender
message["To"] = "dana@receiver.test"
message["Subject"] = subject
message.set_content("Grüße from smtplib\n.\n..dots\n")
if mode == "starttls":
    smtp = smtplib.SMTP("127.0.0.1", int(port), timeout=20)
    smtp.starttls(context=context)
else:
    smtp = smtplib.SMTP_SSL("127.0.0.1", int(port), timeout=20, context=context)
smtp.login("ann@acme.test", password)
try:
    smtp.send_message(message)
    print("sent")
except smtplib.SMTPResponseException as error:
    print(error.smtp_code, error.smtp_error.decode())
smtp.quit()
"#;

pub fn smtplib(house: &House, mode: &str, listener: &str, subject: &str, from: &str) -> String {
    let port = house.at(listener).port().to_string();
    let output = python(SMTPLIB, &[mode, &port, &house.password, subject, from]);
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn swaks_submits_over_starttls_and_over_tls() {
    let house = House::start();
    let sink = house.sink(&[]);
    let (submission, submissions) = (house.at("submission").to_string(), house.at("submissions").to_string());
    must(&swaks(&house, &["--server", &submission, "--tls", "--auth", "PLAIN"], "plain"));
    must(&swaks(&house, &["--server", &submission, "--tls", "--auth", "LOGIN"], "login"));
    must(&swaks(&house, &["--server", &submissions, "--tls-on-connect", "--auth", "PLAIN"], "tls"));
    for subject in ["plain", "login", "tls"] {
        house.wait_for_state(subject, "delivered");
    }
    let message = String::from_utf8(sink.message()).unwrap();
    for field in ["DKIM-Signature:", "From:", "Subject:", "Date:", "Message-I"] {
        assert!(message.contains(field), "{field} is missing in {message}");
    }
    assert!(message.contains("Hello from swaks"), "{message}");
}

#[test]
fn smtplib_submits_over_starttls_and_over_tls() {
    let house = House::start();
    let sink = house.sink(&[]);
    assert_eq!(smtplib(&house, "starttls", "submission", "one", "Ann <ann@acme.test>"), "sent");
    assert_eq!(smtplib(&house, "tls", "submissions", "two", "ann@acme.test"), "sent");
    house.wait_for_state("one", "delivered");
    house.wait_for_state("two", "delivered");
    drop(sink);
}

#[test]
fn a_from_that_is_not_owned_is_refused_with_its_entry() {
    let house = House::start();
    let said = smtplib(&house, "starttls", "submission", "forged", "ceo@receiver.test");
    assert!(said.starts_with("55") && said.contains("(see from-not-owned)"), "{said}");
    assert_eq!(house.state("forged"), None);
}

#[test]
fn a_password_in_clear_and_a_wrong_one_are_refused() {
    let house = House::start();
    let submission = house.at("submission").to_string();
    let clear = swaks(&house, &["--server", &submission, "--auth", "PLAIN"], "clear");
    assert!(!clear.status.success());
    let wrong = tool("swaks", "swaks")
        .args(["--server", &submission, "--tls", "--auth", "PLAIN", "--auth-user", "ann@acme.test"])
        .args(["--auth-password", "guess", "--from", "ann@acme.test", "--to", "dana@receiver.test"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&wrong.stdout);
    assert!(!wrong.status.success() && text.contains("535 5.7.8"), "{text}");
}

#[test]
fn the_same_path_runs_on_postgresql() {
    let database = testkit_database();
    let mut house = House::start_on(database.url(), "");
    let sink = house.sink(&[]);
    assert_eq!(smtplib(&house, "starttls", "submission", "on postgresql", "ann@acme.test"), "sent");
    house.wait_for_state("on postgresql", "delivered");
    drop(sink);
    assert_eq!(house.terminate(), Some(0));
}

fn testkit_database() -> testkit::postgres::Database {
    testkit::postgres::Server::shared().database()
}
