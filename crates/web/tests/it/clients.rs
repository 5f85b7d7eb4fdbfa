//! Mail programs set themselves up by the domain alone.

use store::NewDomain;
use syntax::Domain;

use super::{Server, server};

async fn with_domain() -> Server {
    let server = server().await;
    let name = Domain::parse("example.com").unwrap();
    let workspace = server.store.ensure_workspace("default").await.unwrap().id;
    let new = NewDomain {
        workspace,
        mail_host: name.child("box"),
        name,
        egress_ip: "127.0.1.1".parse().unwrap(),
        dmarc_policy: "reject".into(),
        publisher: "embedded".into(),
        keys: Vec::new(),
    };
    server.store.add_domain(new).await.unwrap();
    server
}

const OUTLOOK: &str = "<?xml version=\"1.0\"?><Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/\
    requestschema/2006\"><Request><EMailAddress>ann@example.com</EMailAddress><AcceptableResponseSchema>x\
    </AcceptableResponseSchema></Request></Autodiscover>";

#[tokio::test]
async fn thunderbird_asks_by_host_or_by_address() {
    let server = with_domain().await;
    let (host, address) =
        ("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=ann%40example.com");
    for (path, asked) in [(host, "autoconfig.example.com"), (address, "localhost")] {
        let (head, body) = server.ask_host("GET", path, asked).await;
        assert!(head.starts_with("http/1.1 200") && head.contains("content-type: text/xml"), "{path}: {head}");
        for expected in
            ["<hostname>box.example.com</hostname>", "<port>993</port>", "<port>465</port>", "%EMAILADDRESS%"]
        {
            assert!(body.contains(expected), "{path}: {expected}: {body}");
        }
    }
    for (path, asked) in
        [(host, "autoconfig.example.org"), (host, "localhost"), ("/mail/config-v1.1.xml?emailaddress=a%40b.test", "x")]
    {
        let (head, _) = server.ask_host("GET", path, asked).await;
        assert!(head.starts_with("http/1.1 404"), "{path} of {asked}: {head}");
    }
}

#[tokio::test]
async fn outlook_posts_its_address() {
    let server = with_domain().await;
    for path in ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"] {
        let (head, body) = server.ask_with("POST", path, &[("Content-Type", "text/xml")], OUTLOOK).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        for expected in
            ["<Type>IMAP</Type>", "<Server>box.example.com</Server>", "<LoginName>ann@example.com</LoginName>"]
        {
            assert!(body.contains(expected), "{expected}: {body}");
        }
    }
    let elsewhere = OUTLOOK.replace("example.com", "example.org");
    for (body, status) in [(elsewhere.as_str(), "404"), ("", "404"), ("<EMailAddress><b></EMailAddress>", "404")] {
        let (head, _) = server.ask_with("POST", "/autodiscover/autodiscover.xml", &[], body).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{body}: {head}");
    }
    let long = "x".repeat(20 * 1024);
    let (head, _) = server.ask_with("POST", "/autodiscover/autodiscover.xml", &[], &long).await;
    assert!(head.starts_with("http/1.1 413"), "{head}");
}

#[tokio::test]
async fn an_apple_profile_is_well_formed_whatever_the_address() {
    let server = with_domain().await;
    let (head, body) = server.ask("GET", "/mail/apple/ann@example.com.mobileconfig").await;
    assert!(head.starts_with("http/1.1 200") && head.contains("application/x-apple-aspen-config"), "{head}");
    assert!(body.contains("<key>IncomingMailServerHostName</key><string>box.example.com</string>"), "{body}");
    assert!(!body.to_lowercase().contains("<key>incomingpassword</key>"), "no password is in it");
    let (head, body) = server.ask("GET", "/mail/apple/%26%22x%22@example.com.mobileconfig").await;
    assert!(head.starts_with("http/1.1 404") || !body.contains("&\""), "{head}{body}");
    for path in ["/mail/apple/ann@example.org.mobileconfig", "/mail/apple/ann@example.com", "/mail/apple/x"] {
        let (head, _) = server.ask("GET", path).await;
        assert!(head.starts_with("http/1.1 404"), "{path}: {head}");
    }
}
