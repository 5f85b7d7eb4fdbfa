//! Certificates from a real CA (Pebble) by ACME, as mail programs see them: through STARTTLS, without a restart.

use std::{fs, net::SocketAddr, path::Path};

use serde_json::Value;
use testkit::pebble::Pebble;

use crate::support::{House, free_port, python, wait_for};

/// Logs in over verified TLS on each listener as `box.acme.test`, and prints the serial number of the certificate that it saw.
const CLIENTS: &str = r#"
import imaplib, smtplib, socket, ssl, sys
root, name, password = sys.argv[1:4]
submission, submissions, imap, imaps, https = [(a.rsplit(":", 1)[0], int(a.rsplit(":", 1)[1])) for a in sys.argv[4:]]
context = ssl.create_default_context(cafile=root)
serials = []
def seen(sock):
    serials.append(sock.getpeercert()["serialNumber"])
class Smtp(smtplib.SMTP):
    def _get_socket(self, host, port, timeout):
        return socket.create_connection(submission, timeout)
smtp = Smtp(name, 587, timeout=20)
smtp.starttls(context=context)
smtp.login("ann@acme.test", password)
seen(smtp.sock)
class Imap(imaplib.IMAP4):
    def _create_socket(self, timeout):
        return socket.create_connection(imap, 20)
box = Imap(name)
box.starttls(context)
box.login("ann@acme.test", password)
seen(box.sock)
for at, host in [(submissions, name), (imaps, name), (https, "mta-sts.acme.test")]:
    with context.wrap_socket(socket.create_connection(at, 20), server_hostname=host) as sock:
        seen(sock)
print(" ".join(sorted(set(serials))))
"#;

/// What the clients saw: one serial number, on every listener.
fn seen(house: &House, root: &Path) -> Result<String, String> {
    let at = |name| house.at(name).to_string();
    let at = ["submission", "submissions", "imap", "imaps", "https"].map(at);
    let mut arguments = vec![root.to_str().unwrap(), "box.acme.test", house.password.as_str()];
    arguments.extend(at.iter().map(String::as_str));
    let output = python(CLIENTS, &arguments);
    let text = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() && !text.contains(' ') { Ok(text) } else { Err(text + &error) }
}

/// The same house with ACME, on more HTTP listeners when asked.
fn with_acme(house: &mut House, pebble: &Pebble, challenge: &str, http: Option<SocketAddr>) {
    let file = house.folder.path().join("coldrelay.toml");
    let mut text = fs::read_to_string(&file).unwrap();
    if let Some(http) = http {
        text = text.replace("http = [\"127.0.0.1:0\"]", &format!("http = [\"127.0.0.1:0\", \"{http}\"]"));
    }
    text.push_str(&format!(
        "\n[acme]\ndirectory = \"{}\"\nterms_agreed = true\ncontact = \"olga@acme.test\"\nchallenge = \"{challenge}\"\nroots = \"{}\"\n",
        pebble.directory(),
        pebble.https_root().display()
    ));
    fs::write(&file, text).unwrap();
    assert_eq!(house.terminate(), Some(0));
    house.serve();
}

fn only(house: &House) -> Value {
    let list = house.json(&["cert", "list"]);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list:#}");
    list[0].clone()
}

async fn house_at_pebble(challenge: &str, http: bool) -> (House, Pebble, std::path::PathBuf) {
    let mut house = House::start();
    let http = http.then(|| SocketAddr::new(house.egress_ip, free_port(house.egress_ip)));
    let pebble = Pebble::start(house.at("dns"), http.map_or(1, |http| http.port())).await;
    with_acme(&mut house, &pebble, challenge, http);
    let root = house.folder.path().join("root.pem");
    pebble.write_root(&root).await;
    (house, pebble, root)
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_see_a_verified_certificate_by_dns_01_and_its_successor_without_a_restart() {
    let (house, pebble, root) = house_at_pebble("dns-01", false).await;
    let first = wait_for("a certificate that clients verify", || seen(&house, &root).ok());
    let row = only(&house);
    assert_eq!((row["name"].as_str(), row["state"].as_str()), (Some("box.acme.test"), Some("valid")), "{row:#}");
    // The last order may be less than a minute ago.
    let begun = row["tried_at"].as_str().unwrap().to_owned();
    let (code, text) = house.run(&["cert", "order", "acme.test"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(only(&house)["tried_at"], begun.as_str(), "a valid one is not ordered again");
    assert_eq!(seen(&house, &root).as_ref(), Ok(&first));
    // The last order is less than a minute ago: this one waits for its end.
    let (code, text) = house.run(&["cert", "renew", "acme.test"]);
    assert_eq!(code, 0, "{text}\n{}", pebble.log());
    let second = wait_for("the next certificate", || seen(&house, &root).ok().filter(|serial| *serial != first));
    assert_ne!(first, second);
    let (code, text) = house.run(&["cert", "list"]);
    assert!(code == 0 && text.contains("box.acme.test") && text.contains("valid"), "{text}");
    assert!(!house.log().contains("PRIVATE KEY") && !text.contains("PRIVATE KEY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_given_by_http_01_over_the_web_listener() {
    let (house, pebble, root) = house_at_pebble("http-01", true).await;
    wait_for("a certificate that clients verify", || seen(&house, &root).ok());
    assert_eq!(only(&house)["problem"], Value::Null, "{}", pebble.log());
}

#[test]
fn without_a_ca_nothing_is_wanted_and_a_name_that_is_nobodys_is_refused() {
    let house = House::start();
    let (code, text) = house.run(&["cert", "list"]);
    assert!(code == 0 && text.contains("acme.directory"), "{text}");
    assert_eq!(house.run(&["cert", "order", "acme.test"]).0, 4);
}
