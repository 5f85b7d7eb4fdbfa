//! Many mailboxes at once: in bulk, as CSV, in the columns of a sequencer.

use super::*;

#[tokio::test]
async fn bulk_leaves_good_rows_alone_and_csv_is_looked_at_whole() {
    let server = ready().await;
    let rows = json!({"mailboxes": [{"address": "ann@example.com"}, {"address": "nonsense"}, {"address": "ann@example.com"},
        {"address": "bob@example.com", "display": "=1+1"}]});
    let bulk = server.call("POST", "/api/v1/mailboxes/bulk").key(OWNER).json(&rows).answer().await.json();
    let oks: Vec<bool> = bulk["items"].as_array().unwrap().iter().map(|item| item["ok"].as_bool().unwrap()).collect();
    assert_eq!(oks, [true, false, false, true], "{bulk}");
    let csv = |text: &'static str| {
        server.call("POST", "/api/v1/mailboxes/import").key(OWNER).octets("text/csv", text.as_bytes())
    };
    let bad = csv("address,display\ncy@example.com,Cy\nann@example.com,Ann\ncy@example.com,\nx\nd@example.net,D\n")
        .answer()
        .await;
    let lines: Vec<u64> =
        bad.json()["errors"].as_array().unwrap().iter().map(|row| row["line"].as_u64().unwrap()).collect();
    assert_eq!((bad.status, lines), (422, vec![3, 4, 5, 6]));
    assert_eq!(server.call("GET", "/api/v1/mailboxes/cy@example.com").key(OWNER).answer().await.status, 404);
    let export = server.call("GET", "/api/v1/mailboxes/export").key(OWNER).answer().await;
    assert!(export.body.contains(",'=1+1,"), "{}", export.body);
    assert_eq!(csv("address,display\ncy@example.com,'=cy\n").answer().await.status, 200);
    let cy = server.call("GET", "/api/v1/mailboxes/cy@example.com").key(OWNER).answer().await.json();
    assert_eq!(cy["display"], "=cy");
}

#[tokio::test]
async fn mailboxes_are_exported_for_a_sequencer_and_come_in_again() {
    let server = ready().await;
    let rows =
        json!({"mailboxes": [{"address": "ann@example.com", "display": "Ann Lee"}, {"address": "bob@example.com"}]});
    let bulk = server.call("POST", "/api/v1/mailboxes/bulk").key(OWNER).json(&rows).answer().await.json();
    let old = bulk["items"][0]["credentials"]["password"].as_str().unwrap().to_owned();
    let get = |query: &'static str| server.call("GET", query).key(OWNER);
    let all = get("/api/v1/mailboxes/export?format=reply&domain=example.com").answer().await;
    assert!(all.body.starts_with("email,senderName,smtpHost,"), "{}", all.body);
    let some = get("/api/v1/mailboxes/export?format=instantly&fields=imap%20host,Email").answer().await;
    assert!(some.body.starts_with("IMAP Host,Email\nbox.example.com,ann@example.com\n"), "{}", some.body);
    for bad in ["format=nobody", "fields=nothing", "format=json", "domain=example.net"] {
        let path = format!("/api/v1/mailboxes/export?{bad}");
        let status = server.call("GET", &path).key(OWNER).answer().await.status;
        assert!(matches!(status, 404 | 422), "{bad}: {status}");
    }
    let post = |body: Value| server.call("POST", "/api/v1/mailboxes/export").key(OWNER).json(&body);
    let empty = post(json!({"format": "json", "domain": null})).answer().await.json();
    assert_eq!((&empty["rows"], &empty["passwords"]), (&json!(2), &json!("empty")), "{empty}");
    let refused = post(json!({"format": "csv", "fields": ["address"], "rotate_passwords": true})).answer().await;
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (422, Some("export.no-password-column")),
        "{}",
        refused.body
    );
    let made = post(json!({"format": "json", "rotate_passwords": true})).answer().await.json();
    assert_eq!(made["passwords"], "rotated");
    let text: Vec<Value> = serde_json::from_str(made["text"].as_str().unwrap()).unwrap();
    let ann = text.iter().find(|one| one["address"] == "ann@example.com").unwrap();
    assert!(
        ann["password"].as_str().unwrap() != old && ann["smtp_port"] == 465 && ann["display"] == "Ann Lee",
        "{ann}"
    );
    assert_eq!(post(json!({"format": "json", "domain": "example.net"})).answer().await.status, 404);
    let again = "Email,First Name,Last Name,Daily Limit\ncy@example.com,Cy,of Sales,12\n";
    let again =
        server.call("POST", "/api/v1/mailboxes/import").key(OWNER).octets("text/csv", again.as_bytes()).answer().await;
    assert_eq!(again.status, 200, "{}", again.body);
    let cy = server.call("GET", "/api/v1/mailboxes/cy@example.com").key(OWNER).answer().await.json();
    assert_eq!((&cy["display"], &cy["daily_cap"]), (&json!("Cy of Sales"), &json!(12)));
}
