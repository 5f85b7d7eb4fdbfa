//! The pages over loopback, with a real store filled by the deeds.

mod inbox;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request, middleware, middleware::Next};
use dns::Resolver;
use ops::{MailboxRequest, Ops, Publishing};
use reference::{Action, Class, HowLong, Who};
use rules::{
    access::Scope,
    id::{MailboxId, MessageId, WorkspaceId},
    secret::Key,
};
use store::{BeginAttempt, NewDomain, NewMessage, NewRecipient, Settled, Store, Verdict};
use syntax::{Address, Domain, Timestamp};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{Desk, Viewer, fields::encode, routes};

const NOW: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);
const TOKEN: &str = "token-of-this-session";
const XSS: &str = "<script>alert(1)</script>\"'><img src=x>";

#[derive(Debug)]
struct Still;

impl rules::Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

mod keys;
mod reports;

struct World {
    ops: Ops,
    own: WorkspaceId,
    message: MessageId,
    foreign: MessageId,
    ann: MailboxId,
    eve: MailboxId,
    _folder: tempfile::TempDir,
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

async fn domain(store: &Store, workspace: &str, name: &str, ip: &str) -> store::SendingDomain {
    let workspace = store.ensure_workspace(workspace).await.unwrap().id;
    let name = Domain::parse(name).unwrap();
    let new = NewDomain {
        workspace,
        mail_host: name.child("box"),
        name,
        egress_ip: ip.parse().unwrap(),
        dmarc_policy: "reject".into(),
        publisher: "embedded".into(),
        keys: Vec::new(),
    };
    store.add_domain(new).await.unwrap()
}

/// A message that bounced, with everything a peer can write being hostile.
async fn bounced(ops: &Ops, from: &str, domain: &store::SendingDomain) -> (MessageId, MailboxId) {
    let request = MailboxRequest { address: address(from), display: Some(XSS.into()), daily_cap: Some(1) };
    ops.add_mailboxes(&[request]).await.unwrap();
    let mailbox = ops.store.mailbox(&address(from)).await.unwrap().unwrap();
    let new = NewMessage {
        domain: domain.id.clone(),
        mailbox: mailbox.id.clone(),
        from: address(from),
        subject: XSS.into(),
        message_id: format!("1@{}", domain.name),
        content: b"Subject: x\r\n\r\nHi\r\n".to_vec(),
        recipients: vec![NewRecipient { address: address("bob@example.net"), original: None, notify_failure: true }],
        envid: None,
        expires_at: NOW + Duration::from_secs(86_400),
    };
    let message = ops.store.accept(new, Vec::new()).await.unwrap();
    let recipient = ops.store.message(&message).await.unwrap().unwrap().recipients[0].id.clone();
    let begin = BeginAttempt {
        recipient: recipient.clone(),
        number: 1,
        egress_ip: domain.egress_ip,
        next_at: NOW + Duration::from_secs(600),
    };
    let attempt = ops.store.begin(vec![begin]).await.unwrap().remove(0).unwrap();
    let class = Class {
        who: Who::Recipient,
        how_long: HowLong::ForGood,
        action: Action::Suppress,
        scope: reference::Scope::Recipient,
    };
    let settled = Settled {
        attempt,
        recipient,
        verdict: Verdict::Bounced,
        mx_host: Some("mx.example.net".into()),
        peer: None,
        tls: None,
        stage: "rcpt".into(),
        reply: Some(format!("550 5.1.1 no such user {XSS}")),
        enhanced: Some("5.1.1".into()),
        entry: Some("550-5-1-1".into()),
        class: Some(class),
        transcript: format!("S: 550 {XSS}\r\n"),
        notice: None,
        events: Vec::new(),
    };
    ops.store.settle(vec![settled]).await.unwrap();
    (message, mailbox.id)
}

async fn desk() -> World {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let store = Store::open(&url, Arc::new(Still)).await.unwrap();
    // Nobody answers there: records are "unknown", which a page must be able to say.
    let nobody: SocketAddr = ([127, 0, 0, 1], 9).into();
    let ops = Ops {
        resolver: Resolver::new(&[nobody], Duration::from_millis(20), false).unwrap(),
        key: Key([7; 32]),
        publishing: Publishing::Embedded,
        daily_cap: 50,
        expiry: Duration::from_secs(86_400),
        ramp: rules::ramp::Slope::NONE,
        proof_required: rules::proof::Required::default(),
        store,
    };
    let ours = domain(&ops.store, "default", "example.com", "127.0.1.1").await;
    let theirs = domain(&ops.store, "other", "example.org", "127.0.1.2").await;
    let (message, ann) = bounced(&ops, "ann@example.com", &ours).await;
    let (foreign, eve) = bounced(&ops, "eve@example.org", &theirs).await;
    ops.store.suppress(&address("bob@example.net"), XSS).await.unwrap();
    World { ops, own: ours.workspace, message, foreign, ann, eve, _folder: folder }
}

const READS: [Scope; 4] = [Scope::DomainsRead, Scope::MailboxesRead, Scope::MessagesRead, Scope::EventsRead];
const ACTS: [Scope; 5] =
    [Scope::DomainsWrite, Scope::MailboxesWrite, Scope::MessagesSend, Scope::QueueWrite, Scope::SuppressionsWrite];

impl World {
    fn viewer(&self) -> Viewer {
        Viewer {
            name: "vic".into(),
            workspace: Some(self.own.clone()),
            scopes: READS.into_iter().collect(),
            csrf: TOKEN.into(),
        }
    }
    fn operator(&self) -> Viewer {
        Viewer { scopes: READS.into_iter().chain(ACTS).collect(), ..self.viewer() }
    }
    /// Status, head and body of the answer to somebody.
    async fn ask(&self, viewer: Option<Viewer>, method: &str, path: &str, body: &str) -> (u16, String, String) {
        let who = middleware::from_fn(move |mut request: Request, next: Next| {
            let viewer = viewer.clone();
            async move {
                if let Some(viewer) = viewer {
                    request.extensions_mut().insert(viewer);
                }
                next.run(request).await
            }
        });
        let checks = check::Checks::new(self.ops.resolver.clone()).unwrap();
        let router: Router =
            routes(Desk { ops: self.ops.clone(), checks, posting: notify::Posting::new(self.ops.resolver.clone()) })
                .layer(who);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let request = format!("{head}{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(Duration::from_secs(30), stream.read_to_string(&mut answer)).await.expect("an answer").unwrap();
        serving.abort();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }
    async fn read(&self, path: &str) -> (u16, String) {
        let (status, _, body) = self.ask(Some(self.viewer()), "GET", path, "").await;
        (status, body)
    }
    async fn send(&self, path: &str, body: &str) -> (u16, String, String) {
        self.ask(Some(self.operator()), "POST", path, &format!("csrf={TOKEN}&{body}")).await
    }
    fn pages(&self) -> Vec<String> {
        let fixed = [
            "/",
            "/overview/domains",
            "/mailboxes",
            "/domains",
            "/domains/example.com",
            "/messages",
            "/queue",
            "/bounces",
            "/reports",
            "/suppressions",
            "/blocklists",
            "/events",
        ];
        let own = [format!("/mailboxes/{}", self.ann), format!("/messages/{}", self.message)];
        fixed.iter().map(ToString::to_string).chain(own).collect()
    }
}

#[tokio::test]
async fn every_page_can_be_read_by_a_viewer_and_none_by_a_stranger() {
    let desk = desk().await;
    for path in desk.pages() {
        let (status, body) = desk.read(&path).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(!body.contains("<script>alert") && !body.contains("<img src=x"), "{path} is open to injection");
        assert!(
            !body.contains("eve@example.org") && !body.contains("example.org"),
            "{path} tells of another workspace"
        );
        assert!(body.len() < 100 * 1024, "{path} is large");
        let (status, head, _) = desk.ask(None, "GET", &path, "").await;
        assert_eq!(status, 303, "{path}");
        assert!(head.contains("location: /sign-in?next=%2f"), "{head}");
    }
}

#[tokio::test]
async fn what_mail_carries_is_shown_as_text() {
    let desk = desk().await;
    for path in ["/mailboxes", "/messages", "/suppressions"]
        .map(String::from)
        .into_iter()
        .chain([format!("/mailboxes/{}", desk.ann), format!("/messages/{}", desk.message)])
    {
        let (_, body) = desk.read(&path).await;
        assert!(body.contains("&#60;script&#62;alert(1)"), "{path} does not show it at all: {body}");
    }
    let (_, body) = desk.read(&format!("/messages?q={}", encode(XSS))).await;
    assert!(body.contains("&#60;script") && !body.contains("<script>alert"));
}

#[tokio::test]
async fn a_viewer_sends_no_form_and_an_operator_none_without_the_token() {
    let desk = desk().await;
    let forms = [
        ("/mailboxes".to_owned(), format!("do=suspend&id={}", desk.ann)),
        ("/mailboxes/new".to_owned(), "address=new@example.com".to_owned()),
        ("/mailboxes/import".to_owned(), "csv=address%0Anew@example.com".to_owned()),
        (format!("/mailboxes/{}", desk.ann), "do=suspend".to_owned()),
        ("/domains/new".to_owned(), "name=example.net&ip=127.0.1.3".to_owned()),
        ("/domains/example.com/apply".to_owned(), "ip=127.0.1.9".to_owned()),
        ("/domains/example.com/dkim".to_owned(), "do=start".to_owned()),
        (format!("/messages/{}", desk.message), "do=drop".to_owned()),
        ("/suppressions".to_owned(), "address=bob@example.net&why=x".to_owned()),
    ];
    for (path, body) in &forms {
        let with = format!("csrf={TOKEN}&{body}");
        assert_eq!(desk.ask(Some(desk.viewer()), "POST", path, &with).await.0, 403, "{path} by a viewer");
        assert_eq!(desk.ask(Some(desk.operator()), "POST", path, body).await.0, 403, "{path} without a token");
        let wrong = format!("csrf=another&{body}");
        assert_eq!(desk.ask(Some(desk.operator()), "POST", path, &wrong).await.0, 403, "{path} with another token");
    }
    for path in ["/mailboxes/new", "/mailboxes/import", "/domains/new", "/domains/example.com/apply"] {
        assert_eq!(desk.read(path).await.0, 403, "{path}");
    }
    let tokenless = Viewer { csrf: String::new(), ..desk.operator() };
    assert_eq!(desk.ask(Some(tokenless), "POST", &forms[0].0, "csrf=&do=suspend").await.0, 403);
    assert!(desk.ops.store.mailbox(&address("ann@example.com")).await.unwrap().unwrap().suspended_at.is_none());
    assert!(desk.ops.store.suppression(&address("bob@example.net")).await.unwrap().is_some());
}

#[tokio::test]
async fn what_another_workspace_has_is_not_there() {
    let desk = desk().await;
    let paths = [
        format!("/mailboxes/{}", desk.eve),
        format!("/messages/{}", desk.foreign),
        "/domains/example.org".to_owned(),
        "/domains/example.org/zone.txt".to_owned(),
    ];
    for path in &paths {
        assert_eq!(desk.read(path).await.0, 404, "{path}");
    }
    for (path, body) in [
        ("/mailboxes".to_owned(), format!("do=suspend&id={}&id={}", desk.ann, desk.eve)),
        (format!("/mailboxes/{}", desk.eve), "do=password".to_owned()),
        (format!("/messages/{}", desk.foreign), "do=drop".to_owned()),
        ("/domains/example.org/dkim".to_owned(), "do=start".to_owned()),
    ] {
        assert_eq!(desk.send(&path, &body).await.0, 404, "{path}");
    }
    assert_eq!(desk.send("/domains/example.org/apply", "ip=127.0.1.7").await.0, 422);
    assert_eq!(desk.send("/mailboxes/new", "address=new@example.org").await.0, 422);
    let (status, _, body) = desk.send("/mailboxes/import", "csv=address%0Anew@example.org").await;
    assert!(status == 422 && body.contains("there is no domain example.org here"), "{body}");
    for who in ["ann@example.com", "eve@example.org"] {
        let mailbox = desk.ops.store.mailbox(&address(who)).await.unwrap().unwrap();
        assert!(mailbox.suspended_at.is_none(), "one of two that may not be changed leaves both: {who}");
    }
}

#[tokio::test]
async fn an_import_with_a_bad_row_makes_nothing_and_shows_the_row() {
    let desk = desk().await;
    let csv = "address,display,daily_cap\nben@example.com,Ben,40\nnobody,x,\nann@example.com,,\nben@example.com,,\ncy@example.com,,many\n";
    let (status, _, body) = desk.send("/mailboxes/import", &format!("csv={}", encode(csv))).await;
    assert_eq!(status, 422, "{body}");
    for told in [
        "<td class=\"num\">3</td>",
        "<td class=\"num\">4</td>",
        "<td class=\"num\">5</td>",
        "<td class=\"num\">6</td>",
        "Nothing was added.",
        "exists already",
        "earlier row",
        "not a whole number",
    ] {
        assert!(body.contains(told), "{told}: {body}");
    }
    assert!(!body.contains("<td class=\"num\">2</td>"), "the good row is no fault");
    assert!(desk.ops.store.mailbox(&address("ben@example.com")).await.unwrap().is_none());
    let good = "address,display\nben@example.com,Ben\n";
    let (status, _, body) = desk.send("/mailboxes/import", &format!("csv={}", encode(good))).await;
    assert!(status == 200 && body.contains("shown once") && body.contains("download=\"credentials.csv\""), "{body}");
    assert!(desk.ops.store.mailbox(&address("ben@example.com")).await.unwrap().is_some());
}

#[tokio::test]
async fn an_export_holds_no_formula_and_comes_in_again_unchanged() {
    let desk = desk().await;
    let formula = "=HYPERLINK(\"http://x\",\"y\")";
    let csv = format!("address,display\nben@example.com,\"{}\"\n", formula.replace('"', "\"\""));
    assert_eq!(desk.send("/mailboxes/import", &format!("csv={}", encode(&csv))).await.0, 200);
    let (status, head, body) = desk.ask(Some(desk.viewer()), "GET", "/mailboxes/export.csv", "").await;
    assert_eq!(status, 200);
    assert!(head.contains("content-disposition: attachment; filename=\"mailboxes.csv\""), "{head}");
    assert!(body.contains("\"'=HYPERLINK("), "{body}");
    assert!(!body.contains("example.org"), "only of the workspace: {body}");
    let ben = desk.ops.store.mailbox(&address("ben@example.com")).await.unwrap().unwrap();
    assert_eq!(ben.display.as_deref(), Some(formula));
    let (_, body) = desk.read("/mailboxes").await;
    assert!(body.contains("<option value=\"smartlead\">Smartlead</option>"), "{body}");
    let (status, head, body) =
        desk.ask(Some(desk.viewer()), "GET", "/mailboxes/export.csv?format=instantly&q=ben", "").await;
    assert!(status == 200 && head.contains("filename=\"mailboxes-instantly.csv\""), "{head}");
    assert!(body.contains("\r\n\r\nEmail,First Name,") || body.starts_with("Email,First Name,"), "{body}");
    assert!(body.contains("ben@example.com,,box.example.com,993,ben@example.com,,box.example.com,465,"), "{body}");
    assert!(!body.contains("ann@example.com"), "the filter holds: {body}");
    assert_eq!(desk.ask(Some(desk.viewer()), "GET", "/mailboxes/export.csv?format=nobody", "").await.0, 422);
    let (_, _, body) = desk.ask(Some(desk.viewer()), "GET", "/mailboxes/export.csv?domain=nowhere.example", "").await;
    assert!(body.trim_end().ends_with("username,password"), "nothing but the header: {body}");
}

#[tokio::test]
async fn an_export_of_ticked_mailboxes_holds_new_passwords_when_asked() {
    let desk = desk().await;
    let before = desk.ops.store.mailbox(&address("ann@example.com")).await.unwrap().unwrap().password_hash;
    let (status, _, body) = desk.send("/mailboxes", &format!("do=export&format=lemlist&id={}", desk.ann)).await;
    assert!(status == 200 && body.contains("sender_name,sender_email,"), "{body}");
    let hash = async || desk.ops.store.mailbox(&address("ann@example.com")).await.unwrap().unwrap().password_hash;
    assert_eq!(hash().await, before, "only asked-for passwords are changed");
    let (status, head, body) =
        desk.send("/mailboxes", &format!("do=export-rotate&format=smartlead&id={}", desk.ann)).await;
    assert!(status == 200 && head.contains("mailboxes-smartlead.csv"), "{head}");
    let password = body.split("ann@example.com,").nth(2).unwrap().split(',').next().unwrap().to_owned();
    assert!(rules::secret::verify_password(&desk.ops.key, &password, &hash().await), "{body}");
    let audits = desk.ops.store.audits(None, None, 5).await.unwrap();
    assert!(audits.iter().any(|audit| audit.about.contains("export for smartlead")), "{audits:?}");
    assert!(audits.iter().all(|audit| !audit.about.contains(&password)), "no password in the audit log");
}

#[tokio::test]
async fn mailboxes_ticked_are_suspended_and_resumed_and_found_by_state() {
    let desk = desk().await;
    let (status, head, _) =
        desk.send("/mailboxes", &format!("do=suspend&id={}&back=https%3A%2F%2Fevil", desk.ann)).await;
    assert!(status == 303 && head.contains("location: /mailboxes\r\n"), "{head}");
    let (_, body) = desk.read("/mailboxes?state=suspended").await;
    assert!(body.contains("ann@example.com") && body.contains("state bad"), "{body}");
    let (_, body) = desk.read("/mailboxes?state=active").await;
    assert!(body.contains("No mailbox fits"), "{body}");
    assert_eq!(desk.send("/mailboxes", &format!("do=resume&id={}", desk.ann)).await.0, 303);
    let (_, body) = desk.read("/mailboxes?state=at-cap&q=ANN&domain=example.com&sort=newest").await;
    assert!(body.contains("1 / 1") && body.contains("at cap") && body.contains("1 of 1"), "{body}");
}

#[tokio::test]
async fn the_first_page_of_events_goes_on_by_itself_and_an_older_one_does_not() {
    let desk = desk().await;
    let all = Viewer { workspace: None, ..desk.viewer() };
    let last = desk.ops.store.last_event().await.unwrap();
    let (_, _, body) = desk.ask(Some(all.clone()), "GET", "/events", "").await;
    assert!(body.contains(&format!("data-live=\"/api/v1/events/stream?after={last}\" hidden")), "{body}");
    let (_, _, body) = desk.ask(Some(all.clone()), "GET", "/events?kind=domain-added", "").await;
    assert!(body.contains(&format!("after={last}\"")), "what the filter hides is not told again: {body}");
    let (_, _, body) = desk.ask(Some(all), "GET", &format!("/events?before={last}"), "").await;
    assert!(body.contains("id=\"events\"") && !body.contains("data-live"), "{body}");
    let (_, body) = desk.read("/events").await;
    assert!(
        body.contains("ann@example.com") && body.contains("data-live"),
        "who sees one workspace sees its events: {body}"
    );
    assert!(!body.contains("eve@example.org"), "and nobody else's: {body}");
    let (_, body) = desk.read("/events?before=1").await;
    assert!(!body.contains("rel=\"next\""), "nothing is older than the first: {body}");
}

#[tokio::test]
async fn bounces_are_told_by_cause_with_the_fix() {
    let desk = desk().await;
    let (_, body) = desk.read("/bounces").await;
    let page = reference::entry("550-5-1-1").unwrap();
    assert!(body.contains("/smtp-errors/550-5-1-1") && body.contains("example.net</a> (1)"), "{body}");
    assert!(body.contains(&page.steps[0].title.replace('\'', "&#39;")), "{body}");
    let (_, body) = desk.read("/").await;
    assert!(body.contains("1 in the last day") && body.contains("<svg"), "{body}");
}
