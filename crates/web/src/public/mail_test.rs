//! A one-time address, and the page that waits for the message.

use askama::Template;
use axum::{
    Router,
    extract::{ConnectInfo, Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use rules::{Blame, id::MailTestId};
use tokio::time::Instant;

use crate::listener::Peer;

use super::{
    Public,
    answer::{self, Format},
    input::Input,
    tools::Tool,
};
use crate::{Site, problem::Problem, site};

/// The tool that this belongs to.
const SLUG: &str = "email-deliverability-test";

#[derive(Template)]
#[template(path = "public/waiting.html")]
struct Waiting {
    id: String,
    address: String,
    until: String,
}

pub(super) fn routes(public: &Public) -> Router<Site> {
    let (made, read) = (public.clone(), public.clone());
    Router::new()
        .route("/tools/email-deliverability-test/mail", post(move |peer, headers| make(made, peer, headers)))
        .route(
            "/tools/email-deliverability-test/mail/{id}",
            get(move |state, peer, headers, path, query| wait(read.clone(), state, peer, headers, path, query)),
        )
}

async fn make(public: Public, ConnectInfo(peer): ConnectInfo<Peer>, headers: HeaderMap) -> Response {
    let Some(tool) = Tool::named(SLUG) else { return Problem::not_found().into_response() };
    let refused = |status, why: &str, after| answer::refused(tool, &Input::default(), Format::Page, status, why, after);
    if let Err(wait) = public.limits.take(peer.client(&headers), Instant::now()) {
        let why = "Your address has asked much in a short time. Wait a few seconds.";
        return refused(StatusCode::TOO_MANY_REQUESTS, why, Some(wait.as_secs().max(1)));
    }
    match public.ops.new_mail_test(None).await {
        Ok(test) => {
            let to = format!("/tools/email-deliverability-test/mail/{}", test.id.0);
            let mut response = StatusCode::SEE_OTHER.into_response();
            response.headers_mut().extend(HeaderValue::from_str(&to).ok().map(|to| (header::LOCATION, to)));
            response
        }
        // What is missing is the operator's matter: a stranger gets no command to type.
        Err(fault) if fault.blame == Blame::Caller => {
            refused(StatusCode::SERVICE_UNAVAILABLE, "This server has no domain yet that could take the message.", None)
        }
        Err(fault) => refused(StatusCode::SERVICE_UNAVAILABLE, &answer::sentence(&fault), None),
    }
}

async fn wait(
    public: Public,
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Path(id): Path<String>,
    query: Query<Vec<(String, String)>>,
) -> Response {
    let Some(tool) = Tool::named(SLUG) else { return Problem::not_found().into_response() };
    match public.ops.mail_test(&MailTestId(id)).await {
        Ok((test, Some(octets))) => {
            if let Err(wait) = public.limits.take(peer.client(&headers), Instant::now()) {
                let why = "Your address has asked much in a short time. Wait a few seconds.";
                let after = Some(wait.as_secs().max(1));
                return answer::refused(
                    tool,
                    &Input::default(),
                    Format::Page,
                    StatusCode::TOO_MANY_REQUESTS,
                    why,
                    after,
                );
            }
            let format = Format::of(&Input::of_query(query).text("format"));
            answer::of_message(&site, &public, tool, octets, ops::facts_of_test(&test, false), format).await
        }
        Ok((test, None)) => site::page(&Waiting {
            id: test.id.0.clone(),
            address: test.address.to_string(),
            until: test.expires_at.to_string(),
        }),
        Err(fault) if fault.blame == Blame::Caller => {
            let why = "There is no such test: tests are kept for a week.";
            answer::refused(tool, &Input::default(), Format::Page, StatusCode::NOT_FOUND, why, None)
        }
        Err(fault) => {
            let why = answer::sentence(&fault);
            answer::refused(tool, &Input::default(), Format::Page, StatusCode::SERVICE_UNAVAILABLE, &why, None)
        }
    }
}
