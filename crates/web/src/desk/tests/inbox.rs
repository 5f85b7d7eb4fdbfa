//! The inbox of many mailboxes: strangers' words do nothing, tenants stay apart, an answer stays in its thread.

use rules::id::MailId;
use store::{InboxFilter, MailKind, NewMail};

use super::{World, XSS, address, desk};

/// A reply as a stranger writes it, in the mailbox of somebody.
async fn arrives(desk: &World, to: &str, mailbox: &rules::id::MailboxId) -> MailId {
    let content = format!(
        "From: =?utf-8?q?Bob?= {XSS} <bob@example.net>\r\nReply-To: Desk <desk@example.net>\r\nTo: {to}\r\nSubject: x\r\n\
         Message-ID: <2@example.net>\r\nIn-Reply-To: <1@example.com>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nYes {XSS}\r\n\
         --b\r\nContent-Type: text/html\r\n\r\n<p>Yes</p><script>alert(1)</script><img src=http://tracker.example/1>\r\n\
         --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"{}\"\r\n\r\nxx\r\n--b--\r\n",
        "<img src=x>.pdf"
    );
    let mail = NewMail {
        mailbox: mailbox.clone(),
        kind: MailKind::Reply,
        reverse_path: Some(address("bob@example.net")),
        forward_path: address(to),
        from: Some(address("bob@example.net")),
        subject: format!("Re: {XSS}"),
        about: None,
        verdicts: None,
        content: content.into_bytes(),
    };
    desk.ops.store.deliver(vec![mail], Vec::new()).await.unwrap().remove(0)
}

#[tokio::test]
async fn replies_to_all_mailboxes_of_a_workspace_stand_in_one_list() {
    let desk = desk().await;
    let (own, foreign) =
        (arrives(&desk, "ann@example.com", &desk.ann).await, arrives(&desk, "eve@example.org", &desk.eve).await);
    for path in ["/inbox", "/inbox?kind=reply", "/inbox?mailbox=ann%40example.com"] {
        let (status, body) = desk.read(path).await;
        assert!(status == 200 && body.contains(&format!("/inbox/{own}")), "{path}: {body}");
        assert!(!body.contains(foreign.as_str()) && !body.contains("example.org"), "{path} tells of another workspace");
        assert!(body.contains("&#60;script&#62;") && !body.contains("<script>alert"), "{path} is open to injection");
        assert!(body.contains(">unread<"), "{path}: {body}");
    }
    for path in ["/inbox?kind=bounce", "/inbox?mailbox=eve%40example.org", "/inbox?mailbox=nobody"] {
        let (_, body) = desk.read(path).await;
        assert!(!body.contains(own.as_str()) && !body.contains(foreign.as_str()), "{path}: {body}");
    }
    let (status, _, _) = desk.ask(None, "GET", &format!("/inbox/{own}"), "").await;
    assert_eq!(status, 303, "a stranger is sent to the sign-in");
}

#[tokio::test]
async fn a_mail_is_read_as_text_and_its_html_runs_and_loads_nothing() {
    let desk = desk().await;
    let (own, foreign) =
        (arrives(&desk, "ann@example.com", &desk.ann).await, arrives(&desk, "eve@example.org", &desk.eve).await);
    let (status, body) = desk.read(&format!("/inbox/{own}")).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("Yes &#60;script&#62;") && body.contains("&#60;img src=x&#62;.pdf"), "{body}");
    assert!(!body.contains("<script>alert") && !body.contains("<img src=x") && !body.contains("tracker"), "{body}");
    assert!(!body.contains("<textarea"), "a viewer cannot answer");
    let (status, head, html) = desk.ask(Some(desk.viewer()), "GET", &format!("/inbox/{own}/html"), "").await;
    assert!(status == 200 && html.contains("<p>Yes</p>"), "{html}");
    assert!(head.contains("content-security-policy: sandbox; default-src 'none'"), "{head}");
    for path in [format!("/inbox/{foreign}"), format!("/inbox/{foreign}/html"), "/inbox/nothing".to_owned()] {
        assert_eq!(desk.read(&path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn an_answer_goes_out_from_the_mailbox_and_stays_in_the_thread() {
    let desk = desk().await;
    // Their caps are used up by the message that they sent.
    let request = ops::MailboxRequest { address: address("bea@example.com"), display: None, daily_cap: Some(5) };
    desk.ops.add_mailboxes(&[request]).await.unwrap();
    let bea = desk.ops.store.mailbox(&address("bea@example.com")).await.unwrap().unwrap().id;
    let (own, foreign) =
        (arrives(&desk, "bea@example.com", &bea).await, arrives(&desk, "eve@example.org", &desk.eve).await);
    let (_, _, body) = desk.ask(Some(desk.operator()), "GET", &format!("/inbox/{own}"), "").await;
    assert!(body.contains("<textarea") && body.contains("desk@example.net") && body.contains("&#62; Yes"), "{body}");

    assert_eq!(desk.send(&format!("/inbox/{foreign}"), "text=hi").await.0, 404);
    assert_eq!(desk.send(&format!("/inbox/{own}"), "text=+").await.0, 422);
    let (status, head, body) = desk.send(&format!("/inbox/{own}"), "text=Thank+you").await;
    assert_eq!(status, 303, "{head}{body}");
    let sent = desk
        .ops
        .store
        .message_rows(&store::MessageFilter { mailbox: Some(bea), limit: 5, ..Default::default() })
        .await
        .unwrap();
    assert_eq!(sent.len(), 1);
    let content = desk.ops.store.content(&sent[0].id).await.unwrap().unwrap();
    let content = String::from_utf8(content).unwrap();
    for expected in [
        "From: bea@example.com",
        "To: desk@example.net",
        "In-Reply-To: <2@example.net>",
        "References: <1@example.com>",
        "Thank you",
    ] {
        assert!(content.contains(expected), "{expected}: {content}");
    }
    let filter = InboxFilter { id: Some(own), limit: 1, ..InboxFilter::default() };
    let row = desk.ops.store.inbox_rows(&filter).await.unwrap().remove(0);
    assert!(row.is_seen() && row.is_answered());
}
