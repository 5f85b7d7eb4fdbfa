//! A reply from an outside server is seen in IDLE within a second, then on the page of the unified inbox and over the API.

use crate::support::{House, python};

/// Sends as ann over submission, has an outside server reply to it, and looks for the reply wherever it must be seen.
const REPLY: &str = r#"
import http.cookiejar, imaplib, json, smtplib, ssl, sys, time, urllib.request
from email.message import EmailMessage
submission, imaps, mx, web, password, link, key = sys.argv[1:]
context = ssl._create_unverified_context()
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
base = f"http://127.0.0.1:{web}"
page = lambda path: opener.open(base + path, timeout=20).read().decode()

asked = EmailMessage()
asked["From"], asked["To"], asked["Subject"] = "Ann Doe <ann@acme.test>", "dana@receiver.test", "Lunch on Friday"
asked["Message-ID"] = "<question-1@acme.test>"
asked.set_content("Shall we?\n")
smtp = smtplib.SMTP("127.0.0.1", int(submission), timeout=20)
smtp.starttls(context=context)
smtp.login("ann@acme.test", password)
smtp.send_message(asked)
smtp.quit()

opener.open(urllib.request.Request(base + link, data=b"", headers={"Origin": base}), timeout=20).read()
assert "Yes, gladly" not in page("/inbox")

box = imaplib.IMAP4_SSL("127.0.0.1", int(imaps), ssl_context=context, timeout=20)
box.login("ann@acme.test", password)
box.select("INBOX")
tag = box._new_tag()
box.send(tag + b" IDLE\r\n")
assert box.readline().startswith(b"+")

reply = EmailMessage()
reply["From"], reply["To"], reply["Subject"] = "Dana <dana@receiver.test>", "ann@acme.test", "Re: Lunch on Friday"
reply["Message-ID"], reply["In-Reply-To"] = "<answer-1@receiver.test>", "<question-1@acme.test>"
reply.set_content("Yes, gladly. At noon?\n")
outside = smtplib.SMTP("127.0.0.1", int(mx), local_hostname="mx.receiver.test", timeout=20)
outside.send_message(reply)
stored = time.monotonic()
line = box.readline()
took = time.monotonic() - stored
assert line == b"* 1 EXISTS\r\n", line
assert took < 1, took
outside.quit()
box.send(b"DONE\r\n")
assert box.readline().startswith(tag + b" OK")

listed = page("/inbox")
assert "Re: Lunch on Friday" in listed and "dana@receiver.test" in listed and "ann@acme.test" in listed, listed
headers = {"Authorization": "Bearer " + key}
mails = json.load(urllib.request.urlopen(urllib.request.Request(base + "/api/v1/mail", headers=headers), timeout=20))
found = [mail for mail in mails["items"] if mail["subject"] == "Re: Lunch on Friday"]
assert len(found) == 1 and found[0]["kind"] == "reply", mails
read = page("/inbox/" + found[0]["id"])
assert "Yes, gladly. At noon?" in read, read
print("fine")
"#;

#[test]
fn a_reply_from_an_outside_server_appears_in_idle_within_a_second_and_in_the_unified_inbox() {
    let house = House::start();
    let _sink = house.sink(&[]);
    house.json(&["account", "add", "olga@acme.test"]);
    let link = house.json(&["account", "link", "olga@acme.test"])["path"].as_str().unwrap().to_owned();
    let key = house.json(&["key", "create", "reader", "--scope", "messages:read"])["key"].as_str().unwrap().to_owned();
    let port = |name| house.at(name).port().to_string();
    let [submission, imaps, mx, http] = ["submission", "imaps", "mx", "http"].map(port);
    let output = python(REPLY, &[&submission, &imaps, &mx, &http, &house.password, &link, &key]);
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_eq!(text, "fine", "{}\n{}", String::from_utf8_lossy(&output.stderr), house.log());
}
