//! Who may come in, over real HTTP.

use super::{Server, server};

const PASSWORD: &str = "a long enough password";

fn form(fields: &[(&str, &str)]) -> String {
    let plain = |text: &str| text.bytes().all(|octet| octet.is_ascii_alphanumeric());
    let escaped = |text: &str| text.bytes().map(|octet| format!("%{octet:02X}")).collect::<String>();
    let value = |text: &str| if plain(text) { text.to_owned() } else { escaped(text) };
    fields.iter().map(|(field, text)| format!("{field}={}", value(text))).collect::<Vec<_>>().join("&")
}

async fn with_ann() -> Server {
    let server = server().await;
    let request = ops::AccountRequest {
        login: "Ann@acme.example".into(),
        name: "Ann".into(),
        role: rules::access::Role::Owner,
        workspace: None,
    };
    server.ops().add_account(request, Some(PASSWORD), "test").await.unwrap();
    server
}

async fn sign_in(server: &Server, password: &str, cookie: &str) -> (String, String) {
    let body = form(&[("login", "ann@acme.example"), ("password", password), ("next", "/account")]);
    server.post("/sign-in", &[("Cookie", cookie)], &body).await
}

#[tokio::test]
async fn signing_in_gives_a_new_session_and_the_one_shown_before_is_worth_nothing() {
    let server = with_ann().await;
    let chosen = "coldrelay_session=chosenbysomebodyelse";
    let (head, _) = sign_in(&server, PASSWORD, chosen).await;
    assert!(head.starts_with("http/1.1 303 "), "{head}");
    let first = server.cookie_of(&head);
    assert_ne!(first, chosen);
    assert!(server.ask_with("GET", "/account", &[("Cookie", chosen)], "").await.0.starts_with("http/1.1 303 "));
    assert!(server.ask_with("GET", "/account", &[("Cookie", &first)], "").await.0.starts_with("http/1.1 200 "));
    let (head, _) = sign_in(&server, PASSWORD, &first).await;
    let second = server.cookie_of(&head);
    assert_ne!(first, second);
    assert!(server.ask_with("GET", "/account", &[("Cookie", &first)], "").await.0.starts_with("http/1.1 303 "));
}

#[tokio::test]
async fn a_form_without_its_token_is_refused() {
    let server = with_ann().await;
    let (head, _) = sign_in(&server, PASSWORD, "").await;
    let session = server.cookie_of(&head);
    let headers = [("Cookie", session.as_str())];
    for body in [String::new(), form(&[("csrf", "wrong")])] {
        let (head, answer) = server.post("/sign-out", &headers, &body).await;
        assert!(head.starts_with("http/1.1 403 ") && answer.contains("access.csrf"), "{head}\n{answer}");
    }
    let token = session.split_once('=').unwrap().1;
    let csrf = server.ops().csrf_token(token);
    let foreign = [("Cookie", session.as_str()), ("Sec-Fetch-Site", "cross-site")];
    let right = form(&[("csrf", &csrf)]);
    assert!(server.post("/sign-out", &foreign, &right).await.0.starts_with("http/1.1 403 "));
    assert!(server.post("/sign-out", &headers, &right).await.0.starts_with("http/1.1 303 "));
    assert!(server.ask_with("GET", "/account", &headers, "").await.0.starts_with("http/1.1 303 "), "signed out");
}

#[tokio::test]
async fn unknown_and_wrong_get_the_same_answer_and_many_are_made_to_wait() {
    let server = with_ann().await;
    let (head, wrong) = sign_in(&server, "not the password", "").await;
    assert!(head.starts_with("http/1.1 403 "), "{head}");
    let body = form(&[("login", "nobody@acme.example"), ("password", "not the password"), ("next", "/account")]);
    let (_, unknown) = server.post("/sign-in", &[], &body).await;
    assert_eq!(wrong, unknown);
    for _ in 0..4 {
        sign_in(&server, "not the password", "").await;
    }
    let (head, page) = sign_in(&server, PASSWORD, "").await;
    assert!(head.starts_with("http/1.1 429 ") && page.contains("try again in"), "{head}\n{page}");
}

#[tokio::test]
async fn a_sign_in_leads_nowhere_else() {
    let server = with_ann().await;
    let fields = [("login", "ann@acme.example"), ("password", PASSWORD), ("next", "//evil.example/")];
    let (head, _) = server.post("/sign-in", &[], &form(&fields)).await;
    assert!(head.contains("location: /\r\n"), "{head}");
    let (head, _) = server.ask("GET", "/account?x=1").await;
    assert!(head.contains("location: /sign-in?next=/account%3fx%3d1"), "{head}");
}

#[tokio::test]
async fn a_link_signs_in_once_and_only_by_its_button() {
    let server = with_ann().await;
    let path = format!("/sign-in/link/{}", server.ops().sign_in_link("ann@acme.example", "test").await.unwrap());
    for _ in 0..2 {
        let (head, page) = server.ask("GET", &path).await;
        assert!(head.starts_with("http/1.1 200 ") && page.contains("method=\"post\""), "{head}");
    }
    let (head, _) = server.post(&path, &[], "").await;
    let session = server.cookie_of(&head);
    assert!(server.ask_with("GET", "/account", &[("Cookie", &session)], "").await.0.starts_with("http/1.1 200 "));
    assert!(server.post(&path, &[], "").await.0.starts_with("http/1.1 403 "));
}

#[tokio::test]
async fn the_first_account_takes_the_code_and_there_is_no_second() {
    let server = server().await;
    let code = server.ops().set_up_code();
    let fields = |code| form(&[("code", code), ("login", "ann"), ("password", PASSWORD)]);
    assert!(server.post("/set-up", &[], &fields("wrong")).await.0.starts_with("http/1.1 403 "));
    assert!(server.ops().store.has_no_account().await.unwrap());
    let (head, _) = server.post("/set-up", &[], &fields(&code)).await;
    assert!(head.starts_with("http/1.1 303 "), "{head}");
    assert!(server.post("/set-up", &[], &fields(&code)).await.0.starts_with("http/1.1 404 "));
    assert!(server.ask("GET", "/set-up").await.0.starts_with("http/1.1 404 "));
}
