//! The disk fills up under a running `serve`: clients are told, readiness says why, and all goes on once there is room. And a
//! second `serve` on the same folder.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::support::{House, binary, is_root, python, wait_for};

const SEND: &str = "
import smtplib, ssl, sys
host, port, password = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl._create_unverified_context()
try:
    with smtplib.SMTP_SSL(host, port, context=context) as client:
        client.login('ann@acme.test', password)
        text = 'From: ann@acme.test\\r\\nTo: dana@receiver.test\\r\\nSubject: full\\r\\n\\r\\n' + ('x' * 70 + '\\r\\n') * 1500
        client.sendmail('ann@acme.test', ['dana@receiver.test'], text)
        print(250)
except smtplib.SMTPResponseException as refused:
    print(refused.smtp_code, refused.smtp_error.decode())
except smtplib.SMTPServerDisconnected:
    print(421)
";

/// Starts `serve` with its data folder on a disk of 8 MiB, in a mount namespace of its own; where the folder is seen from here.
fn serve_on_a_small_disk(house: &mut House) -> PathBuf {
    house.terminate();
    let script = "cp -a \"$1\" \"$1.kept\" && mount -t tmpfs -o size=8m tmpfs \"$1\" && cp -a \"$1.kept/.\" \"$1/\" && shift && exec \"$@\"";
    let data = house.folder.path().join("data");
    let log = fs::OpenOptions::new().append(true).create(true).open(house.folder.path().join("log")).unwrap();
    let mut child = Command::new("unshare")
        .args([if is_root() { "-m" } else { "-Urm" }, "sh", "-c", script, "sh"])
        .arg(&data)
        .arg(binary())
        .arg("--config")
        .arg(house.folder.path().join("coldrelay.toml"))
        .args(["serve", "--json"])
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    house.listening = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}\n{}", house.log()));
    let inside = Path::new("/proc").join(child.id().to_string()).join("root").join(data.strip_prefix("/").unwrap());
    house.child = Some(child);
    inside
}

fn send(house: &House) -> String {
    let at = house.at("submissions");
    let sent = python(SEND, &[&at.ip().to_string(), &at.port().to_string(), &house.password]);
    String::from_utf8(sent.stdout).unwrap() + &String::from_utf8_lossy(&sent.stderr)
}

fn ready(house: &House) -> String {
    let mut stream = std::net::TcpStream::connect(house.at("http")).unwrap();
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_full_disk_is_told_and_mail_flows_again_once_there_is_room() {
    // So small a disk is short from the beginning.
    let mut house = House::start_on("sqlite", "[load]\ndisk_free_mib = 0\n");
    let data = serve_on_a_small_disk(&mut house);
    assert!(ready(&house).starts_with("HTTP/1.1 200"));
    let ballast = data.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    drop(file);
    // What the WAL has room for already is taken.
    let refused = wait_for("a refusal", || Some(send(&house)).filter(|said| !said.starts_with("250")));
    assert!(refused.starts_with("452") && refused.contains("storage is full"), "{refused}\n{}", house.log());
    let unready = ready(&house);
    assert!(unready.starts_with("HTTP/1.1 503") && unready.contains("store.full"), "{unready}");

    fs::remove_file(&ballast).unwrap();
    let sink = house.sink(&[]);
    wait_for("a message to be accepted", || Some(send(&house)).filter(|said| said.starts_with("250")));
    assert!(ready(&house).starts_with("HTTP/1.1 200"), "{}", ready(&house));
    assert!(String::from_utf8(sink.message()).unwrap().contains("Subject: full"));
    assert_eq!(house.terminate(), Some(0), "{}", house.log());
}

#[test]
fn a_second_serve_on_the_same_folder_is_refused() {
    let house = House::start();
    let (code, _) = house.run(&["serve", "--json"]);
    assert_eq!(code, 3, "{}", house.log());
    assert!(house.log().contains("another `coldrelay serve` runs on"), "{}", house.log());
}
