//! Mailboxes pushed to a stand-in for a vendor.

use std::time::Duration;

use ops::{MailboxRequest, Push, PushEnd, PushPasswords, PushRow, PushSecret, Vendor, file_passwords};
use rules::secret::verify_password;
use store::MailboxFilter;
use syntax::Address;
use testkit::{
    http_host::{Answer, HttpHost},
    smtp_host::Habit,
};

use crate::World;

const KEY: &str = "sk-very+secret/key";

fn json(status: u16, body: &str) -> Answer {
    Answer::Raw(format!(
        "HTTP/1.1 {status} As told\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// ann@ours.test, ben@ours.test and cy@ours.test.
async fn world() -> World {
    let world = World::with(Habit::knows(&[])).await;
    for name in ["ben@ours.test", "cy@ours.test"] {
        let request =
            MailboxRequest { address: address(name), display: Some(String::from("Ben of Sales")), daily_cap: Some(9) };
        world.ops.add_mailboxes(&[request]).await.unwrap();
    }
    world
}

fn push(world: &World, vendor: Vendor, host: &HttpHost) -> Push {
    let mut push = Push::new(&world.ops, vendor, PushSecret::parse(KEY).unwrap(), Some(&host.url(""))).unwrap();
    (push.pause, push.most_pause) = (Duration::from_millis(1), Duration::from_millis(2));
    push
}

async fn run(world: &World, push: &Push, passwords: &PushPasswords) -> Result<Vec<PushRow>, rules::Fault> {
    let mut heard = 0;
    let domain = world.ops.store.domain(address("ann@ours.test").domain()).await.unwrap().unwrap();
    let filter = MailboxFilter { domain: Some(domain.id), ..MailboxFilter::default() };
    let rows = world.ops.push_mailboxes(push, &filter, passwords, &mut |_, _| heard += 1).await?;
    assert_eq!(heard, rows.len(), "each row is told");
    // eve@ours.test is suspended in every world here.
    Ok(rows.into_iter().filter(|row| row.address.local() != "eve").collect())
}

fn ends(rows: &[PushRow]) -> Vec<&'static str> {
    let word = |row: &PushRow| match &row.end {
        PushEnd::Made { .. } => "made",
        PushEnd::Exists => "exists",
        PushEnd::Missing => "missing",
        PushEnd::Failed { .. } => "failed",
    };
    rows.iter().map(word).collect()
}

async fn hash(world: &World, name: &str) -> String {
    world.ops.store.mailbox(&address(name)).await.unwrap().unwrap().password_hash
}

#[tokio::test]
async fn what_the_vendor_has_is_left_alone_and_the_rest_is_made_with_new_passwords() {
    let world = world().await;
    let before = hash(&world, "ann@ours.test").await;
    let list = json(200, r#"{"items":[{"email":"ANN@ours.test"}],"next_starting_after":null}"#);
    // Busy once, then made; the third is there by now.
    let script =
        vec![list, json(429, "slow down"), json(200, "{}"), json(400, r#"{"message":"Account already exists"}"#)];
    let host = HttpHost::start(script).await;
    let rows = run(&world, &push(&world, Vendor::Instantly, &host), &PushPasswords::Rotate).await.unwrap();
    assert_eq!(ends(&rows), ["exists", "made", "exists"], "{rows:?}");
    assert_eq!(hash(&world, "ann@ours.test").await, before, "the vendor logs in with it");
    let asked = host.requests();
    assert!(asked[0].head.starts_with("GET /api/v2/accounts?limit=100 "), "{}", asked[0].head);
    assert!(asked.iter().all(|one| one.header("authorization").as_deref() == Some(&format!("Bearer {KEY}"))));
    assert!(asked[1].head.starts_with("POST /api/v2/accounts ") && asked[1].body == asked[2].body);
    let body: serde_json::Value = serde_json::from_str(&asked[1].body).unwrap();
    assert_eq!(
        (&body["first_name"], &body["last_name"], &body["smtp_port"]),
        (&"Ben".into(), &"of Sales".into(), &465.into())
    );
    assert_eq!(
        (&body["email"], &body["daily_limit"], &body["provider_code"]),
        (&"ben@ours.test".into(), &9.into(), &1.into())
    );
    let password = body["smtp_password"].as_str().unwrap();
    assert!(verify_password(&world.ops.key, password, &hash(&world, "ben@ours.test").await));
    assert_eq!(body["imap_password"], password);
}

#[tokio::test]
async fn a_refused_key_ends_the_run_and_is_never_told() {
    let world = world().await;
    let before = hash(&world, "ben@ours.test").await;
    let host = HttpHost::start(vec![json(401, &format!("bad key {KEY}"))]).await;
    let push_to = push(&world, Vendor::Smartlead, &host);
    let fault = run(&world, &push_to, &PushPasswords::Rotate).await.unwrap_err();
    assert!(fault.code == "push.refused" && fault.to_string().contains("bad key [key]"), "{fault}");
    assert!(!format!("{fault:?} {push_to:?}").contains("secret"));
    assert_eq!(hash(&world, "ben@ours.test").await, before, "no password is changed for nothing");
    assert_eq!(host.requests().len(), 1, "a refused key is not tried again");
    assert!(host.requests()[0].head.contains("api_key=sk-very%2Bsecret%2Fkey&offset=0"), "{}", host.requests()[0].head);

    let host = HttpHost::start(vec![json(200, "[]"), json(403, "no right")]).await;
    let rows = run(&world, &push(&world, Vendor::Smartlead, &host), &PushPasswords::Rotate).await.unwrap();
    assert_eq!(ends(&rows), ["failed", "failed", "failed"], "{rows:?}");
    assert_eq!(host.requests().len(), 2, "the first refusal is the last");
    assert_eq!(hash(&world, "ben@ours.test").await, before, "only what is tried gets a new password");
}

#[tokio::test]
async fn a_row_that_fails_leaves_the_others_and_attempts_have_an_end() {
    let world = world().await;
    world.ops.suspend(&address("ann@ours.test"), true).await.unwrap();
    let busy = || json(503, "later");
    let script = vec![
        json(200, "[]"),
        busy(),
        busy(),
        busy(),
        busy(),
        json(200, r#"{"ok":true,"data":{"is_smtp_success":false}}"#),
    ];
    let host = HttpHost::start(script).await;
    let file = "from_email,password\nann@ours.test,aaa\nben@ours.test,bbb\ncy@ours.test,ccc\n";
    let passwords = PushPasswords::File(file_passwords(file).unwrap());
    assert!(!format!("{passwords:?}").contains("bbb"));
    let rows = run(&world, &push(&world, Vendor::Smartlead, &host), &passwords).await.unwrap();
    assert_eq!(ends(&rows), ["failed", "failed", "made"], "{rows:?}");
    assert!(matches!(&rows[0].end, PushEnd::Failed { what } if what.contains("suspended")));
    assert!(matches!(&rows[1].end, PushEnd::Failed { what } if what.contains("503: later")), "{rows:?}");
    assert!(matches!(&rows[2].end, PushEnd::Made { note: Some(note) } if note.contains("SMTP")));
    assert_eq!(host.requests().len(), 6);
    assert!(host.requests()[5].body.contains("\"password\":\"ccc\""), "{}", host.requests()[5].body);
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_other_places_must_be_safe() {
    let world = world().await;
    let host = HttpHost::start(vec![json(200, r#"[{"from_email":"cy@ours.test"}]"#)]).await;
    let rows = run(&world, &push(&world, Vendor::Smartlead, &host), &PushPasswords::DryRun).await.unwrap();
    assert_eq!((ends(&rows), host.requests().len()), (vec!["missing", "missing", "exists"], 1));
    let to = |url: &str| Push::new(&world.ops, Vendor::Instantly, PushSecret::parse(KEY).unwrap(), Some(url)).map(drop);
    for bad in
        ["http://192.0.2.1/", "http://vendor.example", "ftp://127.0.0.1", "https://vendor.example/?key=1", "nonsense"]
    {
        assert_eq!(to(bad).unwrap_err().code, "push.base-url", "{bad}");
    }
    to("https://gateway.example/instantly").unwrap();
    for bad in ["", "two words", "ключ", "a\nb"] {
        assert_eq!(PushSecret::parse(bad).unwrap_err().code, "push.key", "{bad}");
    }
}
