//! The REST API as its document has it.

mod mailboxes;

use rules::{
    access::{Scope, Scopes},
    id::WorkspaceId,
    secret::{Key, hash_token},
};
use serde_json::{Value, json};
use store::{Deed, NewApiKey};
use syntax::Domain;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{Duration, Server, server};

/// A key of an owner, of the whole installation.
const OWNER: &str = "cr_live_owner";
const LONG: Duration = Duration::from_secs(20);

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
    }

    fn media(&self) -> &str {
        self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default()
    }
}

/// A request to the API.
struct Asking<'s> {
    server: &'s Server,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Server {
    fn call(&self, method: &str, path: &str) -> Asking<'_> {
        let (method, path) = (method.to_ascii_uppercase(), path.to_owned());
        Asking { server: self, method, path, headers: Vec::new(), body: Vec::new() }
    }

    async fn key(&self, key: &str, scopes: Scopes, workspace: Option<&WorkspaceId>) {
        let new = NewApiKey {
            name: key.into(),
            prefix: key.into(),
            key_hash: hash_token(&Key([7; 32]), "api-key", key),
            scopes,
            workspace: workspace.cloned(),
            created_by: "test".into(),
        };
        let deed = Deed { who: "test".into(), what: "key.add", about: key.into(), workspace: None };
        self.store.add_api_key(new, deed).await.unwrap();
    }

    async fn domain(&self, name: &str, workspace: &str, ip: u8) -> WorkspaceId {
        let workspace = self.store.ensure_workspace(workspace).await.unwrap().id;
        let name = Domain::parse(name).unwrap();
        let new = store::NewDomain {
            workspace: workspace.clone(),
            mail_host: name.child("box"),
            name,
            egress_ip: [192, 0, 2, ip].into(),
            dmarc_policy: "reject".into(),
            publisher: "embedded".into(),
            keys: Vec::new(),
        };
        self.store.add_domain(new).await.unwrap();
        workspace
    }
}

impl Server {
    /// A DMARC report about that domain comes. Its id.
    async fn reported(&self, domain: &str) -> String {
        let now = self.store.clock().now();
        let source = store::ReportedSource {
            source_ip: "192.0.2.1".into(),
            header_from: domain.into(),
            authenticated_as: domain.into(),
            disposition: "none".into(),
            dkim_aligned: true,
            spf_aligned: true,
            messages: 5,
        };
        let report = store::NewReport {
            kind: report::Kind::DmarcAggregate,
            state: store::ReportState::Counted,
            reason: None,
            key: domain.into(),
            domain: domain.into(),
            organization: "receiver.test".into(),
            report_id: "1".into(),
            sender: None,
            verified: true,
            begins_at: now,
            ends_at: now,
            messages: 5,
            failures: 0,
            recipient: None,
            detail: "{\"records\": []}".into(),
            sources: vec![source],
            tls: Vec::new(),
        };
        let report = Some(store::ArrivingReport { report, complaint: None });
        self.store.arrive(store::Arriving { report, ..store::Arriving::default() }).await.unwrap();
        self.store.reports(&store::ReportFilter::default()).await.unwrap()[0].id.to_string()
    }
}

impl Asking<'_> {
    fn key(self, key: &str) -> Self {
        self.header("Authorization", &format!("Bearer {key}"))
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn json(self, body: &Value) -> Self {
        self.octets("application/json", body.to_string().as_bytes())
    }

    fn octets(mut self, media: &str, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.header("Content-Type", media)
    }

    async fn open(self) -> TcpStream {
        let mut stream = TcpStream::connect(self.server.address).await.unwrap();
        let mut text = format!("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        stream.write_all(text.as_bytes()).await.unwrap();
        // A server that refuses early does not read the rest.
        let _ = stream.write_all(&self.body).await;
        stream
    }

    async fn answer(self) -> Answer {
        let mut stream = self.open().await;
        let mut octets = Vec::new();
        let _ = timeout(LONG, stream.read_to_end(&mut octets)).await.expect("an answer");
        let text = String::from_utf8_lossy(&octets).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }
}

async fn ready() -> Server {
    let server = server().await;
    server.key(OWNER, Scope::all().collect(), None).await;
    server.domain("example.com", "default", 1).await;
    server
}

/// Every operation of the document: method, path with examples, and what the document says.
fn operations() -> Vec<(String, String, Value)> {
    let document = web::openapi();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let mut path = format!("/api/v1{path}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "path" {
                    let name = format!("{{{}}}", parameter["name"].as_str().unwrap());
                    path = path.replace(&name, parameter["example"].as_str().unwrap());
                }
            }
            found.push((method.clone(), path, operation.clone()));
        }
    }
    found
}

/// With the body of the document's example.
fn exemplary<'s>(asking: Asking<'s>, operation: &Value) -> Asking<'s> {
    let Some((media, content)) = operation["requestBody"]["content"].as_object().and_then(|map| map.iter().next())
    else {
        return asking;
    };
    match content["example"].as_str().filter(|_| media != "application/json") {
        Some(text) => asking.octets(media, text.as_bytes()),
        None => asking.json(&content["example"]),
    }
}

/// The status and the type stand in the document.
fn is_documented(what: &str, operation: &Value, answer: &Answer) {
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{what}: {} is not in the document: {}", answer.status, answer.body);
    if let Some(content) = response["content"].as_object() {
        assert!(content.contains_key(answer.media()), "{what}: {} is not in the document", answer.media());
    }
    assert!(answer.header("x-request-id").is_some(), "{what}: no request id");
}

#[tokio::test]
async fn every_endpoint_answers_its_own_example_as_documented() {
    let server = ready().await;
    for (method, path, operation) in operations().into_iter().filter(|(_, path, _)| !path.ends_with("/stream")) {
        let answer = exemplary(server.call(&method, &path).key(OWNER), &operation).answer().await;
        let what = format!("{method} {path}");
        is_documented(&what, &operation, &answer);
        // The DNS of this test is silent: what must ask it says so.
        assert!(answer.status < 500 || answer.status == 502, "{what}: {} {}", answer.status, answer.body);
    }
}

#[tokio::test]
async fn nobody_gets_anything_without_a_key_or_without_its_scope() {
    let server = ready().await;
    server.key("cr_live_nothing", Scopes::default(), None).await;
    for (method, path, operation) in operations() {
        let what = format!("{method} {path}");
        let stranger = exemplary(server.call(&method, &path), &operation).answer().await;
        is_documented(&what, &operation, &stranger);
        let open = operation["security"] == json!([]);
        assert_eq!(stranger.status, if open { 200 } else { 401 }, "{what}: {}", stranger.body);
        if !open {
            let wrong = exemplary(server.call(&method, &path).key("cr_live_wrong"), &operation).answer().await;
            assert_eq!(wrong.status, 401, "{what}");
        }
        if let Some(scope) = operation["x-scope"].as_str() {
            let poor = exemplary(server.call(&method, &path).key("cr_live_nothing"), &operation).answer().await;
            is_documented(&what, &operation, &poor);
            assert_eq!(poor.status, 403, "{what}");
            assert!(poor.body.contains(scope), "{what} does not name {scope}: {}", poor.body);
        }
    }
}

#[tokio::test]
async fn what_is_not_known_in_a_request_is_refused_with_its_place() {
    let server = ready().await;
    for (method, path, operation) in operations() {
        let what = format!("{method} {path}");
        let asking = exemplary(server.call(&method, &format!("{path}?nonsense=1")).key(OWNER), &operation);
        let answer = asking.answer().await;
        is_documented(&what, &operation, &answer);
        assert_eq!(answer.status, 422, "{what}");
        assert_eq!(answer.json()["errors"][0]["parameter"], "nonsense", "{what}");
        if operation["requestBody"].is_null() {
            continue;
        }
        let other = server.call(&method, &path).key(OWNER).octets("application/x-other", b"x").answer().await;
        is_documented(&what, &operation, &other);
        assert_eq!(other.status, 415, "{what}");
        if let Some(example) = operation["requestBody"]["content"]["application/json"]["example"].as_object() {
            let mut body = example.clone();
            body.insert("non/sense".into(), json!(1));
            let answer = server.call(&method, &path).key(OWNER).json(&Value::Object(body)).answer().await;
            is_documented(&what, &operation, &answer);
            assert_eq!(answer.status, 422, "{what}");
            assert_eq!(answer.json()["errors"][0]["pointer"], "#/non~1sense", "{what}");
            let broken = server.call(&method, &path).key(OWNER).octets("application/json", b"{").answer().await;
            assert_eq!(broken.status, 400, "{what}");
            let large = vec![b' '; 70_000];
            let large = server.call(&method, &path).key(OWNER).octets("application/json", &large).answer().await;
            is_documented(&what, &operation, &large);
            assert_eq!(large.status, 413, "{what}");
        }
    }
}

#[tokio::test]
async fn another_method_is_refused_with_those_that_are_allowed() {
    let server = ready().await;
    let answer = server.call("DELETE", "/api/v1/domains").key(OWNER).answer().await;
    assert_eq!((answer.status, answer.media()), (405, "application/problem+json"));
    let allow = answer.header("allow").expect("Allow");
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
}

#[tokio::test]
async fn what_belongs_to_another_workspace_is_not_there() {
    let server = ready().await;
    let theirs = server.domain("example.org", "theirs", 2).await;
    server.key("cr_live_theirs", Scope::all().collect(), Some(&theirs)).await;
    let row = json!({"address": "ann@example.com", "display": "Ann"});
    assert_eq!(server.call("POST", "/api/v1/mailboxes").key(OWNER).json(&row).answer().await.status, 201);
    let mail = json!({"from": "ann@example.com", "to": ["bob@example.net"], "subject": "a", "text": "b"});
    let sent = server.call("POST", "/api/v1/messages").key(OWNER).json(&mail).answer().await.json();
    let id = sent["id"].as_str().unwrap();
    let report = server.reported("example.com").await;
    server.reported("example.org").await;
    let asked = server.call("POST", "/api/v1/mailboxes/ann@example.com/proofs").key(OWNER).answer().await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let proof = asked.json()["proof"].as_str().unwrap().to_owned();
    for (method, path) in [
        ("GET", format!("/reports/{report}").as_str()),
        ("GET", "/reports?domain=example.com"),
        ("GET", "/reports/summary?domain=example.com"),
        ("GET", "/mailboxes/ann@example.com/pairing"),
        ("GET", "/mailboxes/ann@example.com/proofs"),
        ("POST", "/mailboxes/ann@example.com/proofs"),
        ("GET", &format!("/proofs/{proof}")),
        ("GET", "/domains/example.com/dkim"),
        ("GET", "/domains/example.com"),
        ("GET", "/domains/example.com/zone"),
        ("GET", "/domains/example.com/proof"),
        ("GET", "/mailboxes/ann@example.com"),
        ("POST", "/mailboxes/ann@example.com/password"),
        ("POST", "/mailboxes/ann@example.com/suspend"),
        ("GET", "/mailboxes?domain=example.com"),
        ("GET", &format!("/messages/{id}")),
        ("GET", &format!("/messages/{id}/transcript")),
        ("GET", &format!("/queue/{id}/why")),
        ("POST", &format!("/queue/{id}/retry")),
        ("DELETE", &format!("/queue/{id}")),
    ] {
        let answer = server.call(method, &format!("/api/v1{path}")).key("cr_live_theirs").answer().await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        let own = server.call(method, &format!("/api/v1{path}")).key(OWNER).answer().await;
        assert!(own.status < 300 || own.status == 502, "{method} {path}: {} {}", own.status, own.body);
    }
    for (path, body) in [
        ("/messages", mail),
        ("/mailboxes", json!({"address": "eve@example.com"})),
        ("/domains", json!({"name": "example.com", "egress_ip": "192.0.2.9"})),
        ("/proofs", json!({"addresses": ["ann@example.com"]})),
        ("/domains/example.com/dkim", json!({"step": "start"})),
        ("/mailboxes/ann@example.com/pairing/override", json!({"reason": "mine now"})),
    ] {
        let answer = server.call("POST", &format!("/api/v1{path}")).key("cr_live_theirs").json(&body).answer().await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
    }
    let own = server.call("GET", "/api/v1/events?limit=500").key("cr_live_theirs").answer().await;
    assert!(own.body.contains("report-received") && own.body.contains("example.org"), "{}", own.body);
    for path in [
        "/domains",
        "/mailboxes",
        "/messages",
        "/queue",
        "/events",
        "/mailboxes/export",
        "/reports",
        "/reports/summary",
    ] {
        let answer = server.call("GET", &format!("/api/v1{path}")).key("cr_live_theirs").answer().await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(!answer.body.contains("example.com"), "{path}: {}", answer.body);
    }
    assert_eq!(server.call("GET", "/api/v1/suppressions").key("cr_live_theirs").answer().await.status, 403);
}

#[tokio::test]
async fn reports_are_listed_by_pages_summed_up_and_shown() {
    let server = ready().await;
    server.domain("example.org", "default", 2).await;
    let (first, second) = (server.reported("example.com").await, server.reported("example.org").await);
    let page = server.call("GET", "/api/v1/reports?limit=1&kind=dmarc-aggregate").key(OWNER).answer().await.json();
    assert_eq!((&page["items"][0]["id"], page["next"].as_str()), (&json!(second), Some(second.as_str())));
    let path = format!("/api/v1/reports?limit=1&after={second}");
    let rest = server.call("GET", &path).key(OWNER).answer().await.json();
    assert_eq!((&rest["items"][0]["id"], &rest["next"]), (&json!(first), &Value::Null));
    let sums = server.call("GET", "/api/v1/reports/summary?days=7").key(OWNER).answer().await.json();
    assert_eq!((&sums["dmarc"]["messages"], sums["domains"].as_array().unwrap().len()), (&json!(10), 2), "{sums}");
    assert_eq!((&sums["sources"][0]["organization"], &sums["sources"][0]["passed"]), (&json!("ours"), &json!(10)));
    let one = server.call("GET", &format!("/api/v1/reports/{first}")).key(OWNER).answer().await.json();
    assert_eq!((&one["domain"], &one["detail"]["records"]), (&json!("example.com"), &json!([])));
}

#[tokio::test]
async fn keys_are_changed_when_their_time_has_come() {
    let server = ready().await;
    let step = async |step: &str| {
        let asking = server.call("POST", "/api/v1/domains/example.com/dkim").key(OWNER);
        asking.json(&json!({"step": step})).answer().await
    };
    let early = step("retire").await;
    assert_eq!((early.status, &early.json()["code"]), (422, &json!("dkim.nothing-retired")));
    let started = step("start").await;
    assert_eq!((started.status, &started.json()["next"]), (200, &json!("finish")), "{}", started.body);
    assert_eq!(started.json()["keys"][0]["stage"], "waiting");
    let early = step("finish").await;
    assert_eq!((early.status, &early.json()["code"]), (409, &json!("dkim.not-yet")), "{}", early.body);
    let stands = server.call("GET", "/api/v1/domains/example.com/dkim").key(OWNER).answer().await;
    assert!(!stands.body.contains("private"), "{}", stands.body);
    assert_eq!(stands.json()["keys"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_proof_is_asked_for_followed_and_overridden() {
    let server = ready().await;
    let row = json!({"address": "ann@example.com"});
    server.call("POST", "/api/v1/mailboxes").key(OWNER).json(&row).answer().await;
    let many = json!({"addresses": ["ann@example.com"]});
    let asked = server.call("POST", "/api/v1/proofs").key(OWNER).json(&many).answer().await.json();
    let proof = asked["items"][0]["proof"].as_str().unwrap().to_owned();
    let again = server.call("POST", "/api/v1/mailboxes/ann@example.com/proofs").key(OWNER).answer().await;
    assert_eq!(again.header("location"), Some(format!("/api/v1/proofs/{proof}").as_str()), "{}", again.head);
    assert_eq!(again.json()["proof"], json!(proof), "one that is under way is not begun anew");
    let one = server.call("GET", &format!("/api/v1/proofs/{proof}")).key(OWNER).answer().await.json();
    assert_eq!((&one["address"], &one["ended_at"]), (&json!("ann@example.com"), &Value::Null));
    let stands = server.call("GET", "/api/v1/mailboxes/ann@example.com/pairing").key(OWNER).answer().await.json();
    assert_eq!((&stands["passed"], &stands["open"]), (&Value::Null, &json!(proof)));
    let path = "/api/v1/mailboxes/ann@example.com/pairing/override";
    let blank = server.call("POST", path).key(OWNER).json(&json!({"reason": " "})).answer().await;
    assert_eq!((blank.status, &blank.json()["code"]), (422, &json!("proof.reason")));
    let told = server.call("POST", path).key(OWNER).json(&json!({"reason": "MX moves"})).answer().await.json();
    assert_eq!((&told["overridden"]["reason"], &told["overridden"]["who"]), (&json!("MX moves"), &json!(OWNER)));
    let missing = json!({"addresses": ["ann@example.com", "nobody@example.com"]});
    assert_eq!(server.call("POST", "/api/v1/proofs").key(OWNER).json(&missing).answer().await.status, 404);
}

#[tokio::test]
async fn a_send_with_a_key_is_done_once_and_another_under_that_key_is_refused() {
    let server = ready().await;
    let row = json!({"address": "ann@example.com"});
    server.call("POST", "/api/v1/mailboxes").key(OWNER).json(&row).answer().await;
    let mail =
        |subject: &str| json!({"from": "ann@example.com", "to": ["bob@example.net"], "subject": subject, "text": "b"});
    let send = |subject: &str, key: &str| {
        server.call("POST", "/api/v1/messages").key(OWNER).header("Idempotency-Key", key).json(&mail(subject))
    };
    let (first, second) = (send("a", "k1").answer().await, send("a", "k1").answer().await);
    assert_eq!((first.status, &first.body), (202, &second.body));
    assert_eq!(send("b", "k1").answer().await.status, 409);
    assert_ne!(send("b", "k2").answer().await.body, first.body);
    assert_eq!(send("a", "").answer().await.status, 422);
    let listed = server.call("GET", "/api/v1/messages?limit=1").key(OWNER).answer().await.json();
    let next = listed["next"].as_str().expect("a second page");
    let rest = server.call("GET", &format!("/api/v1/messages?after={next}")).key(OWNER).answer().await.json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 1, "two messages in all: {rest}");
    let split = server.call("POST", "/api/v1/messages").key(OWNER).json(&mail("a\r\nBcc: x@y.z")).answer().await;
    assert_eq!(split.json()["errors"][0]["pointer"], "#/subject");
}

#[tokio::test]
async fn an_entry_that_is_known_is_not_sent_again() {
    let server = ready().await;
    let path = "/api/v1/reference/553";
    let first = server.call("GET", path).key(OWNER).header("X-Request-Id", "mine-1").answer().await;
    assert_eq!((first.status, first.header("x-request-id")), (200, Some("mine-1")));
    let tag = first.header("etag").unwrap().to_owned();
    let again = server.call("GET", path).key(OWNER).header("If-None-Match", &tag).answer().await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert!(first.header("ratelimit").is_some() && first.header("ratelimit-policy").is_some(), "{}", first.head);
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_go_on() {
    let server = ready().await;
    let path = "/api/v1/reference?limit=1";
    let mut last = server.call("GET", path).key(OWNER).answer().await;
    for _ in 0..1000 {
        if last.status == 429 {
            break;
        }
        last = server.call("GET", path).key(OWNER).answer().await;
    }
    assert_eq!((last.status, last.media()), (429, "application/problem+json"));
    assert_eq!(last.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn events_are_streamed_from_the_last_one_that_was_seen() {
    let server = ready().await;
    let mut stream = server.call("GET", "/api/v1/events/stream").key(OWNER).header("Last-Event-ID", "0").open().await;
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains("domain-added") {
        let read = timeout(LONG, stream.read(&mut buffer)).await.expect("an event").unwrap();
        assert!(read > 0, "the stream ended: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    assert!(text.contains("content-type: text/event-stream") && text.contains("id: "), "{text}");
}

#[test]
fn the_document_is_the_one_that_is_kept() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let document = format!("{}\n", serde_json::to_string_pretty(&web::openapi()).unwrap());
    if std::env::var_os("COLDRELAY_REGENERATE").is_some() {
        std::fs::write(path, &document).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == document, "docs/openapi.json is old: run this test with COLDRELAY_REGENERATE=1");
}

#[tokio::test]
async fn no_body_and_no_query_is_ever_a_defect() {
    use proptest::{
        strategy::{Strategy, ValueTree},
        test_runner::TestRunner,
    };
    let server = ready().await;
    let mut runner = TestRunner::deterministic();
    let texts = "[\\PC%&=+\\r\\n]{0,40}";
    let operations: Vec<_> = operations().into_iter().filter(|(_, path, _)| !path.ends_with("/stream")).collect();
    for round in 0..3 {
        for (method, path, operation) in &operations {
            let text = texts.new_tree(&mut runner).unwrap().current();
            let query: String = text
                .chars()
                .filter(|letter| letter.is_ascii_alphanumeric() || "%&=+-._~:@!$'()*,;/?".contains(*letter))
                .collect();
            let mut asking = server.call(method, &format!("{path}?{query}")).key(OWNER);
            if let Some(fields) = operation["requestBody"]["content"]["application/json"]["example"].as_object() {
                let mut body = fields.clone();
                let place = round % body.len().max(1);
                if let Some((_, value)) = body.iter_mut().nth(place) {
                    *value = if round == 2 { json!([text, 1e300, null]) } else { json!(text) };
                }
                asking = server.call(method, path).key(OWNER).json(&Value::Object(body));
            } else if !operation["requestBody"].is_null() {
                let media = operation["requestBody"]["content"].as_object().unwrap().keys().next().unwrap().clone();
                asking = server.call(method, path).key(OWNER).octets(&media, text.as_bytes());
            }
            let answer = asking.answer().await;
            is_documented(&format!("{method} {path} {text:?}"), operation, &answer);
            assert!(answer.status != 500 && answer.status != 503, "{method} {path} {text:?}: {}", answer.body);
        }
    }
}
