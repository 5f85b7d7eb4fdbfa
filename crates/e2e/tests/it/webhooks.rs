//! The command line makes an endpoint, `serve` posts to it, and a Python server verifies with the code of the documentation.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use crate::support::{House, tool, wait_for};

/// Serves one port, verifies each request with `verify`, answers 204 or 401, and prints what it made of it.
const SERVER: &str = r#"
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with open(sys.argv[1]) as file:
            secret = file.read().strip()
        try:
            verify(secret, {key.lower(): value for key, value in self.headers.items()}, body)
            status = 204
        except ValueError as error:
            status = 401
        self.send_response(status)
        self.end_headers()
        print(status, json.loads(body)["type"], flush=True)
    def log_message(self, *arguments):
        pass
server = HTTPServer(("127.0.0.1", 0), Hook)
print(server.server_port, flush=True)
server.serve_forever()
"#;

/// Ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The Python of docs/webhooks.md.
fn documented() -> String {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md")).unwrap();
    let (_, rest) = text.split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn events_reach_an_endpoint_that_verifies_them_as_the_docs_say() {
    let house = House::start_on("sqlite", "[webhooks]\nhttp = true\ninternal = true\n");
    let secret = house.folder.path().join("secret");
    let mut child = tool("python3", "python3")
        .args(["-c", &(documented() + SERVER)])
        .arg(&secret)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let server = Server(child);
    let url = format!("http://127.0.0.1:{}/hook", lines.next().unwrap());
    let made = house.json(&["webhook", "add", &url, "--event", "message.*", "--workspace", "default"]);
    let id = made["id"].as_str().unwrap().to_owned();
    fs::write(&secret, made["secret"].as_str().unwrap()).unwrap();

    let test = house.json(&["webhook", "test", &id]);
    assert_eq!((&test["taken"], &test["status"]), (&true.into(), &204.into()), "{test:#}");
    assert_eq!(lines.next().as_deref(), Some("204 webhook.test"));
    house.json(&["send", "--from", "ann@acme.test", "--to", "bob@receiver.test", "--subject", "Hi", "--text", "Hello"]);
    assert_eq!(lines.next().as_deref(), Some("204 message.accepted"));
    let delivered = wait_for("the delivery to be written down", || {
        let page = house.json(&["webhook", "deliveries", &id, "--state", "delivered"]);
        page["deliveries"].as_array().unwrap().iter().find(|one| one["name"] == "message.accepted").cloned()
    });
    assert_eq!(delivered["log"][0]["status"], 204);

    // With the old secret alone it verifies for a day yet; a wrong one is refused, and the exit code says so.
    let rotated = house.json(&["webhook", "rotate", &id]);
    assert_eq!(house.run(&["webhook", "test", &id]).0, 0);
    fs::write(&secret, rotated["secret"].as_str().unwrap()).unwrap();
    assert_eq!(house.run(&["webhook", "test", &id]).0, 0);
    fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let (code, shown) = house.run(&["webhook", "test", &id]);
    assert_eq!(code, 1);
    assert!(shown.contains("401") && !shown.contains("whsec_"), "{shown}");
    assert_eq!(house.run(&["webhook", "show", "nobody"]).0, 4);
    drop(server);
}
