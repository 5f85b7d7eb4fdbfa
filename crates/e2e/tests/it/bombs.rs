//! Messages made to be costly: each is stored and can be read, or is refused with a clear reply, and costs no more memory than
//! its size explains.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::support::{House, python};

/// Longest wait for an answer: a debug build takes its time over 20 MiB.
const LIMIT: Duration = Duration::from_secs(120);
/// Memory that all of them together may cost at most, in KiB: several times the largest message (25 MiB) in hand.
const MOST_MEMORY: u64 = 600 * 1024;

const HEAD: &str = "From: eve@receiver.test\r\nTo: ann@acme.test\r\nMIME-Version: 1.0\r\n";

/// A message, by its name, and how the answer must begin.
struct Bomb {
    name: &'static str,
    answer: &'static str,
    content: String,
}

fn bomb(name: &'static str, answer: &'static str, content: String) -> Bomb {
    Bomb { name, answer, content: format!("Subject: {name}\r\n{content}") }
}

fn stored(name: &'static str, content: String) -> Bomb {
    bomb(name, "250 2.", content)
}

fn mixed(boundary: &str, body: &str) -> String {
    format!("{HEAD}Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n{body}")
}

fn nested_multiparts(depth: usize) -> String {
    let open: String = (0..depth)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"))
        .collect();
    let close: String = (0..depth).rev().map(|level| format!("--b{level}--\r\n")).collect();
    format!("{HEAD}{open}Content-Type: text/plain\r\n\r\nat the bottom\r\n{close}")
}

fn nested_messages(depth: usize) -> String {
    let inner = "Content-Type: message/rfc822\r\n\r\nFrom: x@receiver.test\r\nSubject: inner\r\n".repeat(depth);
    format!("{HEAD}{inner}\r\nat the bottom\r\n")
}

fn folded(name: &str, piece: &str, times: usize) -> String {
    format!("{name}: x{}\r\n", format!("\r\n {piece}").repeat(times))
}

fn bombs() -> Vec<Bomb> {
    let many = "--b\r\n\r\nx\r\n".repeat(100_000);
    let look_alikes = "--bb\r\n--b-\r\n--b\t--\r\n-b\r\n--\r\n".repeat(40_000);
    let base64 = format!("{}\r\n", "QUJD".repeat(18)).repeat(270_000);
    let padding = format!("{}\r\n", "=".repeat(76)).repeat(20_000);
    let encoded = "=?utf-8?B?4pyT4pyT4pyT?= =?utf-8?Q?=E2=9C=93?=";
    let parameters: String = (0..20_000).map(|number| format!(";\r\n name*{number}*=%41%42")).collect();
    let huge_numbers: String = (0..5_000).map(|number| format!(";\r\n name*99999999999999999{number}=x")).collect();
    vec![
        stored("nested multiparts", nested_multiparts(10_000)),
        stored("nested messages", nested_messages(5_000)),
        stored("100,000 parts", mixed("b", &format!("{many}--b--\r\n"))),
        stored("100,000 parts without an end", mixed("b", &many)),
        stored("boundary look-alikes", mixed("b", &look_alikes)),
        stored(
            "a boundary within its own kind",
            mixed("b", &"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".repeat(20_000)),
        ),
        stored("an empty boundary", mixed("", &"--\r\n".repeat(50_000))),
        stored("no boundary", format!("{HEAD}Content-Type: multipart/mixed\r\n\r\n{}", "--\r\n".repeat(50_000))),
        stored(
            "a long boundary",
            mixed(&"b".repeat(900), &format!("--{}\r\n\r\nx\r\n", "b".repeat(900)).repeat(1_000)),
        ),
        stored(
            "20 MiB of base64",
            format!("{HEAD}Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64}"),
        ),
        stored("base64 of padding alone", format!("{HEAD}Content-Transfer-Encoding: base64\r\n\r\n{padding}")),
        stored(
            "soft line breaks alone",
            format!("{HEAD}Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", "=\r\n".repeat(1_000_000)),
        ),
        stored(
            "quoted-printable that is none",
            format!("{HEAD}Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", "=ZZ==3=\r\n".repeat(200_000)),
        ),
        stored(
            "an encoding of encodings",
            format!("{HEAD}Content-Transfer-Encoding: {}\r\n\r\nx\r\n", "base64(".repeat(100)),
        ),
        stored("many encoded words", format!("{HEAD}{}\r\nx\r\n", folded("X-Words", encoded, 3_000))),
        stored(
            "encoded words in encoded words",
            format!("{HEAD}{}\r\nx\r\n", folded("X-Words", "=?utf-8?Q?=3D=3Futf-8=3FQ=3F=3D?=", 3_000)),
        ),
        stored(
            "encoded words that do not end",
            format!("{HEAD}{}\r\nx\r\n", folded("X-Words", "=?utf-8?Q?=?utf-8?B?", 5_000)),
        ),
        stored("20,000 parameters in pieces", format!("{HEAD}Content-Type: text/plain{parameters}\r\n\r\nx\r\n")),
        stored("pieces with huge numbers", format!("{HEAD}Content-Type: text/plain{huge_numbers}\r\n\r\nx\r\n")),
        stored(
            "a parameter of every charset",
            format!(
                "{HEAD}Content-Disposition: attachment; filename*=utf-7''+AGE-;\r\n filename*=utf-16'x'%ff%fe;\r\n filename*=''\r\n\r\nx\r\n"
            ),
        ),
        stored(
            "10,000 recipients in the header",
            format!("{HEAD}{}\r\nx\r\n", folded("Cc", "<someone@receiver.test>,", 10_000)),
        ),
        stored("groups that do not end", format!("{HEAD}{}\r\nx\r\n", folded("Cc", "a:b:c:", 10_000))),
        stored("comments in comments", format!("{HEAD}{}\r\nx\r\n", folded("Cc", &"(".repeat(500), 100))),
        stored("comments in a date", format!("{HEAD}{}\r\nx\r\n", folded("Date", &"(".repeat(500), 100))),
        stored("comments in a type", format!("{HEAD}{}\r\nx\r\n", folded("Content-Type", &"(\\".repeat(250), 100))),
        stored("quotes that do not end", format!("{HEAD}{}\r\nx\r\n", folded("Cc", &"\"\\".repeat(250), 100))),
        stored("20,000 references", format!("{HEAD}{}\r\nx\r\n", folded("References", "<x@y>", 20_000))),
        stored("10,000 fields", format!("{HEAD}{}\r\nx\r\n", "X-A: b\r\n".repeat(10_000))),
        stored(
            "10,000 signatures",
            format!(
                "{HEAD}{}\r\nx\r\n",
                "DKIM-Signature: v=1; a=rsa-sha256; d=receiver.test; s=x; h=from; bh=eA==; b=eA==\r\n".repeat(2_000)
            ),
        ),
        stored("nothing but its end", String::from("\r\n")),
        stored("a packed bomb", packed_bomb()),
        bomb("no header at all", "554 5.6.0", format!("{HEAD}this is no field\r\n\r\nx\r\n")),
        bomb("too many hops", "554 5.4.6", format!("{HEAD}{}\r\nx\r\n", "Received: from a by b; x\r\n".repeat(200))),
    ]
}

/// Two GiB of zeroes, packed twice by gzip, in base64: whoever unpacks it on arrival is lost.
fn packed_bomb() -> String {
    let script = "import base64, gzip, io, sys\n\
                  inner = io.BytesIO()\n\
                  with gzip.GzipFile(fileobj=inner, mode='wb', compresslevel=9) as out:\n\
                  \u{20}   for _ in range(64): out.write(bytes(1 << 20))\n\
                  packed = gzip.compress(inner.getvalue() * 32)\n\
                  sys.stdout.write(base64.encodebytes(packed).decode())\n";
    let made = python(script, &[]);
    assert!(made.status.success());
    let text = String::from_utf8(made.stdout).unwrap().replace('\n', "\r\n");
    format!(
        "{HEAD}Content-Type: application/gzip; name=\"receiver.test!acme.test!1!2.xml.gz\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{text}"
    )
}

/// A session at the MX.
struct Session(BufReader<TcpStream>);

impl Session {
    fn open(house: &House) -> Self {
        let stream = TcpStream::connect(house.at("mx")).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_write_timeout(Some(LIMIT)).unwrap();
        let mut session = Self(BufReader::new(stream));
        session.say(b"");
        assert!(session.say(b"EHLO x.receiver.test\r\n").starts_with("250"));
        session
    }

    /// The last line of the answer.
    fn say(&mut self, octets: &[u8]) -> String {
        self.0.get_mut().write_all(octets).unwrap();
        let mut line = String::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    }

    fn send(&mut self, content: &str) -> String {
        assert!(self.say(b"MAIL FROM:<eve@receiver.test>\r\n").starts_with("250"));
        assert!(self.say(b"RCPT TO:<ann@acme.test>\r\n").starts_with("250"));
        assert!(self.say(b"DATA\r\n").starts_with("354"));
        self.say(format!("{}\r\n.\r\n", content.replace("\r\n.", "\r\n..")).as_bytes())
    }
}

/// Reads every mail as clients do; of each the subject, the number of parts, and the octets of the structure.
const READ: &str = r#"
import imaplib, ssl, sys
port, password = sys.argv[1:]
imaplib._MAXLINE = 50_000_000
client = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=ssl._create_unverified_context(), timeout=120)
client.login("ann@acme.test", password)
status, data = client.select("INBOX")
assert status == "OK", data
for number in range(1, int(data[0]) + 1):
    for item in ("BODYSTRUCTURE", "BODY", "ENVELOPE", "BODY.PEEK[TEXT]<0.100>", "BODY.PEEK[1]<0.100>", "BODY.PEEK[1.1.1.1]<0.100>"):
        status, answer = client.fetch(str(number), f"({item})")
        assert status == "OK" and answer and answer[0] is not None, (number, item, answer)
        if item == "BODYSTRUCTURE":
            whole = b"".join(b"".join(part) if isinstance(part, tuple) else part for part in answer)
            # Outside of strings the brackets must agree; literals do not occur behind the first line.
            depth, quoted, most, at = 0, False, 0, 0
            while at < len(whole):
                octet = whole[at:at + 1]
                if quoted and octet == b"\\": at += 1
                elif octet == b'"': quoted = not quoted
                elif not quoted and octet == b"(": depth += 1
                elif not quoted and octet == b")": depth -= 1
                most, at = max(most, depth), at + 1
            assert depth == 0 and not quoted, (number, depth, whole[:200])
            structure = len(whole)
    status, answer = client.fetch(str(number), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    subject = answer[0][1].decode("ascii", "replace").strip().removeprefix("Subject: ")
    print(f"{subject}|{structure}|{most}")
status, found = client.search(None, "TEXT", "bottom")
assert status == "OK"
"#;

/// Longest structure that may be told of one mail, in octets: 1,000 parts and what they are called.
const MOST_STRUCTURE: usize = 400_000;
/// Deepest nesting of its brackets: 20 parts within parts, each with some lists of its own.
const MOST_NESTING: usize = 120;

fn memory_of(house: &House) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", house.child.as_ref().unwrap().id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn messages_made_to_be_costly_are_stored_and_read_or_refused_with_a_reason() {
    let house = House::start();
    let mut session = Session::open(&house);
    let mut wrong = Vec::new();
    let mut names = Vec::new();
    for Bomb { name, answer, content } in bombs() {
        let said = session.send(&content);
        if !said.starts_with(answer) {
            wrong.push(format!("{name}: {said}"));
        }
        if answer.starts_with("250") {
            names.push(name);
        }
        assert!(session.say(b"NOOP\r\n").starts_with("250"), "{name}: the session goes on");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let port = house.at("imaps").port().to_string();
    let read = python(READ, &[&port, &house.password]);
    let said = String::from_utf8_lossy(&read.stdout).into_owned();
    assert!(read.status.success(), "{said}{}", String::from_utf8_lossy(&read.stderr));
    let lines: Vec<Vec<&str>> = said.lines().map(|line| line.split('|').collect()).collect();
    assert_eq!(lines.iter().map(|line| line[0]).collect::<Vec<_>>(), names);
    for line in &lines {
        let (structure, nesting): (usize, usize) = (line[1].parse().unwrap(), line[2].parse().unwrap());
        assert!(structure < MOST_STRUCTURE && nesting < MOST_NESTING, "{line:?}");
    }
    let memory = memory_of(&house);
    assert!(memory < MOST_MEMORY, "{memory} KiB");
    // What the rows say of themselves is true of these too.
    let (code, verified) = house.run(&["verify", "--json"]);
    assert_eq!(code, 0, "{verified}");
}
