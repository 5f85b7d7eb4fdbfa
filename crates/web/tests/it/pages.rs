//! The public pages: what they answer, and what they refuse.

use testkit::nameserver::{Nameserver, Zones};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Duration, Server, TcpStream, server, server_over, timeout};

/// What an attacker writes wherever something can be written.
const SCRIPT: &str = "<script>alert(1)</script>";

const ZONE: &str = r#"
a.test MX 10 mail.a.test.
a.test TXT "v=spf1 ip4:203.0.114.5 <script>alert(1)</script> -all"
mail.a.test A 203.0.114.5
_dmarc.a.test TXT "v=DMARC1; p=reject; rua=mailto:<script>alert(1)</script>@a.test"
inner.test MX 10 mail.inner.test.
mail.inner.test A 10.0.0.7
meta.test MX 10 mail.meta.test.
mail.meta.test A 169.254.169.254
"#;

/// The dialled and the asked are in this world alone.
async fn world() -> (Server, Nameserver) {
    let dns = Zones::text(ZONE).apex("a.test").apex("inner.test").apex("meta.test").serve().await;
    (server_over(dns.resolver(), true).await, dns)
}

impl Server {
    async fn get(&self, path: &str) -> (String, String) {
        self.ask("GET", path).await
    }

    async fn post_as(&self, path: &str, kind: &str, body: &[u8]) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // A server that refuses by the length reads no more.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await.expect("an answer");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_ascii_lowercase(), body.to_owned())
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> (String, String) {
        let one = |text: &str| text.bytes().map(|octet| format!("%{octet:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", one(value))).collect();
        self.post_as(path, "application/x-www-form-urlencoded", body.join("&").as_bytes()).await
    }
}

/// A page as it must be: no script or style of its own, one main heading, a title, headings in order.
fn is_sound(path: &str, head: &str, body: &str) {
    assert!(
        head.contains("content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'"),
        "{path}: {head}"
    );
    assert!(!head.contains("unsafe-inline"), "{path}");
    assert!(!body.contains(" style=") && !body.contains("<style") && !body.contains(" onclick="), "{path}");
    for script in body.split("<script").skip(1) {
        assert!(script.starts_with(" src=\"/assets/site/"), "{path}: {}", &script[..script.len().min(80)]);
    }
    assert_eq!(body.matches("<h1").count(), 1, "{path}");
    assert!(
        body.contains("<html lang=\"en\">") && body.contains("class=\"skip\"") && body.contains("<title>"),
        "{path}"
    );
    let levels: Vec<u32> = (0..body.len())
        .filter(|at| body.is_char_boundary(*at) && body[*at..].starts_with("<h"))
        .filter_map(|at| body[at + 2..].chars().next()?.to_digit(10))
        .collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{path}: {levels:?}");
    for label in body.split(" for=\"").skip(1) {
        let id = label.split('"').next().unwrap();
        assert!(body.contains(&format!(" id=\"{id}\"")), "{path}: label for {id}");
    }
    assert!(body.len() < 100 * 1024, "{path}: {} octets", body.len());
}

const TOOLS: [&str; 12] = [
    "email-deliverability-test",
    "blacklist-checker",
    "mx-lookup",
    "from-validator",
    "bounce-decoder",
    "email-header-analyzer",
    "spf-generator",
    "dkim-generator",
    "dmarc-generator",
    "can-spam-checker",
    "mailbox-checker",
    "cost-calculator",
];

#[tokio::test]
async fn every_page_answers_without_script_or_style_of_its_own() {
    let server = server().await;
    let mut paths: Vec<String> = TOOLS.iter().map(|slug| format!("/tools/{slug}")).collect();
    for path in [
        "/tools",
        "/tools/live-checks",
        "/smtp-errors",
        "/smtp-errors?q=mailbox+full",
        "/smtp-errors/553",
        "/smtp-errors/at-gmail",
        "/smtp-errors/550-5-7-26-at-gmail",
        "/smtp-errors/550-5-7-26/at-gmail",
    ] {
        paths.push(path.to_owned());
    }
    for path in paths {
        let (head, body) = server.get(&path).await;
        assert!(head.starts_with("http/1.1 200 "), "{path}: {head}");
        is_sound(&path, &head, &body);
        assert!(body.contains("rel=\"canonical\""), "{path}");
    }
    let (_, body) = server.get("/smtp-errors/550-5-7-26-at-gmail").await;
    assert!(body.contains("action=\"/tools/bounce-decoder\"") && body.contains("action=\"/tools/live-checks\""));
}

#[tokio::test]
async fn style_and_script_are_kept_by_browsers_and_nothing_else_is_there() {
    let server = server().await;
    let (_, page) = server.get("/tools").await;
    let style = page
        .split("href=\"")
        .find_map(|rest| rest.split('"').next().filter(|path| path.starts_with("/assets/")))
        .unwrap();
    let (head, body) = server.get(style).await;
    assert!(head.starts_with("http/1.1 200 ") && head.contains("text/css") && head.contains("immutable"), "{head}");
    assert!(body.contains(".state.warn"));
    for path in ["/assets/site/other.css", "/assets/site/..%2f..%2fCargo.toml", "/assets/site/../site.css"] {
        assert!(server.get(path).await.0.starts_with("http/1.1 404 "), "{path}");
    }
}

#[tokio::test]
async fn every_entry_of_the_reference_has_its_page() {
    let server = server().await;
    for entry in reference::all().iter().step_by(9) {
        let path = format!("/smtp-errors/{}", entry.id);
        let (head, body) = server.get(&path).await;
        assert!(head.starts_with("http/1.1 200 "), "{path}");
        is_sound(&path, &head, &body);
    }
    assert!(server.get("/smtp-errors/no-such-thing").await.0.starts_with("http/1.1 404 "));
    assert!(server.get("/smtp-errors/550/at-nobody").await.0.starts_with("http/1.1 404 "));
}

#[tokio::test]
async fn the_test_of_a_domain_comes_as_page_text_and_json() {
    let (server, _dns) = world().await;
    let path = "/tools/email-deliverability-test?domain=a.test&ip=203.0.114.5&selector=s1";
    let (head, page) = server.get(path).await;
    assert!(head.starts_with("http/1.1 200 ") && head.contains("transfer-encoding: chunked"), "{head}");
    is_sound(path, &head, &page);
    for part in [
        "aria-live=\"polite\"",
        "class=\"state bad\"",
        "<summary>Evidence</summary>",
        "Grade ",
        "points",
        "Permanent link",
        "/smtp-errors/",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (head, text) = server.get(&format!("{path}&format=txt")).await;
    assert!(head.contains("content-type: text/plain"), "{head}");
    assert!(text.contains("[bad] ") && text.contains("points)") && !text.contains("<p"), "{text}");
    let (head, json) = server.get(&format!("{path}&format=json")).await;
    assert!(head.contains("content-type: application/json"), "{head}");
    let json: serde_json::Value = serde_json::from_str(chunks(&json).trim()).unwrap();
    assert_eq!(json["about"], "a.test");
    assert!(json["findings"].as_array().unwrap().len() > 5, "{json}");
}

/// The octets of a chunked body. RFC 9112 §7.1.
fn chunks(body: &str) -> String {
    let (mut text, mut rest) = (String::new(), body);
    while let Some((size, tail)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        text.push_str(&tail[..size]);
        rest = tail[size..].trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    text
}

#[tokio::test]
async fn tools_do_what_they_say() {
    let (server, _dns) = world().await;
    let check = |path: &'static str, answer: (String, String), parts: &[&str]| {
        is_sound(path, &answer.0, &answer.1);
        assert!(answer.0.starts_with("http/1.1 200 "), "{path}: {}", answer.0);
        parts.iter().for_each(|part| assert!(answer.1.contains(part), "{path}: {part}\n{}", answer.1));
    };
    check("mx", server.get("/tools/mx-lookup?domain=a.test").await, &["mail.a.test", "203.0.114.5"]);
    check(
        "spf",
        server.get("/tools/spf-generator?domain=a.test&senders=203.0.114.5").await,
        &["v=spf1 ip4:203.0.114.5 -all", "data-copy="],
    );
    check("dmarc", server.get("/tools/dmarc-generator?domain=a.test&p=reject").await, &["v=DMARC1", "p=reject"]);
    check("cost", server.get("/tools/cost-calculator?mailboxes=50").await, &["Google Workspace", "What is assumed"]);
    let dkim = [("domain", "a.test"), ("selector", "s1"), ("algorithm", "ed25519")];
    check("dkim", server.form("/tools/dkim-generator", &dkim).await, &["s1._domainkey.a.test", "BEGIN PRIVATE KEY"]);
    let from = [("from", "From: Lee, Ann <ann@example.com>")];
    check(
        "from",
        server.form("/tools/from-validator", &from).await,
        &["^", "&#34;Lee, Ann&#34; &#60;ann@example.com&#62;", "not valid"],
    );
    let bounce = [("text", "550 5.1.1 user unknown")];
    check("bounce", server.form("/tools/bounce-decoder", &bounce).await, &["Whose matter", "What to do"]);
    let mailbox = [("address", "info@a.test")];
    check("mailbox", server.form("/tools/mailbox-checker", &mailbox).await, &["role", "mail.a.test"]);
    let message = "From: Ann <ann@a.test>\r\nSubject: Offer\r\n\r\nBuy now, special offer.\r\n";
    check("can-spam", server.form("/tools/can-spam-checker", &[("message", message)]).await, &["postal address"]);
    check(
        "live",
        server.get("/tools/live-checks?entry=550-5-7-26-at-gmail&domain=a.test").await,
        &["What the live checks say"],
    );
}

#[tokio::test]
async fn what_is_sent_is_shown_and_never_run() {
    let (server, _dns) = world().await;
    let evil = format!("\"><img src=x onerror=alert(1)>{SCRIPT}<!--answer-->");
    let query: String = evil.bytes().map(|octet| format!("%{octet:02X}")).collect();
    let mut answers = Vec::new();
    for slug in ["email-deliverability-test", "mx-lookup", "spf-generator", "dmarc-generator"] {
        answers.push(server.get(&format!("/tools/{slug}?domain={query}")).await);
    }
    answers.push(server.get(&format!("/tools/blacklist-checker?subject={query}")).await);
    answers.push(server.get(&format!("/tools/cost-calculator?mailboxes={query}")).await);
    answers.push(server.get(&format!("/smtp-errors?q={query}")).await);
    answers.push(server.form("/tools/from-validator", &[("from", &format!("From: {evil} <a@b.test>"))]).await);
    answers.push(server.form("/tools/bounce-decoder", &[("text", &format!("550 5.1.1 {evil} user unknown"))]).await);
    answers.push(server.form("/tools/mailbox-checker", &[("address", &evil)]).await);
    let message = format!(
        "From: {SCRIPT} <ann@a.test>\r\nSubject: {evil}\r\nReceived: from {evil} by {evil}; x\r\n\r\n{evil}\r\n"
    );
    answers.push(server.form("/tools/email-header-analyzer", &[("message", &message)]).await);
    answers.push(server.form("/tools/can-spam-checker", &[("message", &message)]).await);
    // What the DNS holds is as little to be trusted.
    answers.push(server.get("/tools/email-deliverability-test?domain=a.test").await);
    for (at, (head, body)) in answers.iter().enumerate() {
        assert!(!body.contains(SCRIPT) && !body.contains("<img"), "{at}: {body}");
        is_sound(&at.to_string(), head, body);
    }
    let shown = answers.iter().filter(|(_, body)| body.contains("&#60;script&#62;alert(1)")).count();
    assert!(shown >= 9, "{shown}");
}

#[tokio::test]
async fn nothing_inside_the_network_is_reached() {
    let (server, _dns) = world().await;
    for name in [
        "localhost",
        "db.internal",
        "10.0.0.1",
        "169.254.169.254",
        "%5B%3A%3A1%5D",
        "printer.local",
        "1.0.0.127.in-addr.arpa",
    ] {
        for path in ["email-deliverability-test?domain", "mx-lookup?domain", "blacklist-checker?subject"] {
            let (head, body) = server.get(&format!("/tools/{path}={name}&format=json")).await;
            let is_limit = head.starts_with("http/1.1 429 ");
            assert!(is_limit || head.starts_with("http/1.1 422 "), "{path}={name}: {head}\n{body}");
        }
    }
    let (server, _dns) = world().await;
    for ip in ["10.0.0.1", "127.0.0.1", "169.254.169.254", "%5B%3A%3A1%5D", "fd00%3A%3A1"] {
        let (head, body) = server.get(&format!("/tools/email-deliverability-test?domain=a.test&ip={ip}")).await;
        assert!(head.starts_with("http/1.1 422 ") && body.contains("private, local or reserved"), "{ip}: {head}");
    }
    for (domain, ip) in [("inner.test", "10.0.0.7"), ("meta.test", "169.254.169.254")] {
        let (_, body) = server.get(&format!("/tools/email-deliverability-test?domain={domain}&format=txt")).await;
        assert!(body.contains(&format!("is {ip}, which nobody outside can reach")), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = server().await;
    let large = vec![b'a'; 65 * 1024];
    let (head, body) = server.post_as("/tools/from-validator", "application/x-www-form-urlencoded", &large).await;
    assert!(head.starts_with("http/1.1 413 ") && body.contains("larger than this tool takes"), "{head}");
    let (head, _) = server.post_as("/tools/from-validator", "application/json", b"{}").await;
    assert!(head.starts_with("http/1.1 415 "), "{head}");
}

#[tokio::test]
async fn an_uploaded_message_is_read() {
    let (server, _dns) = world().await;
    let message = format!("From: Ann <ann@a.test>\r\nSubject: Hello there\r\n\r\n{}\r\n", "word ".repeat(20_000));
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; \
         filename=\"a.eml\"\r\nContent-Type: message/rfc822\r\n\r\n{message}\r\n--x--\r\n"
    );
    let (head, page) =
        server.post_as("/tools/email-header-analyzer", "multipart/form-data; boundary=x", body.as_bytes()).await;
    assert!(head.starts_with("http/1.1 200 ") && page.contains("Hello there"), "{head}\n{page}");
}

#[tokio::test]
async fn who_asks_too_much_is_told_when_to_come_back() {
    let server = server().await;
    let mut last = (String::new(), String::new());
    for _ in 0..40 {
        last = server.get("/tools/dmarc-generator?domain=a.test").await;
        if last.0.starts_with("http/1.1 429 ") {
            break;
        }
        assert!(last.0.starts_with("http/1.1 200 "), "{}", last.0);
    }
    assert!(last.0.starts_with("http/1.1 429 ") && last.0.contains("retry-after: "), "{}", last.0);
    is_sound("429", &last.0, &last.1);
    // Pages that ask nobody anything stay there.
    assert!(server.get("/smtp-errors/553").await.0.starts_with("http/1.1 200 "));
}

#[tokio::test]
async fn switched_off_there_are_no_public_pages() {
    let nobody = ([127, 0, 0, 1], 9).into();
    let resolver = dns::Resolver::new(&[nobody], Duration::from_millis(50), false).unwrap();
    let server = server_over(resolver, false).await;
    for path in ["/tools", "/tools/mx-lookup", "/tools/mx-lookup?domain=a.test", "/smtp-errors", "/smtp-errors/553"] {
        assert!(server.get(path).await.0.starts_with("http/1.1 404 "), "{path}");
    }
    assert!(server.get("/healthz").await.0.starts_with("http/1.1 200 "));
}

#[tokio::test]
async fn a_message_can_only_be_mailed_where_a_domain_takes_it() {
    let server = server().await;
    let (head, body) = server.form("/tools/email-deliverability-test/mail", &[]).await;
    assert!(head.starts_with("http/1.1 503 ") && body.contains("no domain yet"), "{head}");
    let (head, _) = server.get("/tools/email-deliverability-test/mail/unknown").await;
    assert!(head.starts_with("http/1.1 404 "), "{head}");
}
