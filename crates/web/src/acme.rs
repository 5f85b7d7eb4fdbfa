//! The file that shows a CA that a name is ours: `http://<name>/.well-known/acme-challenge/<token>`. RFC 8555 §8.3.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use store::Store;

use crate::problem::Problem;

/// Longest token that is looked up. RFC 8555 §8.1 asks for 128 bits, 22 letters; CAs use up to 64.
const LONGEST_TOKEN: usize = 256;

/// Answers while an order is under way.
pub(crate) async fn answer(State(store): State<Store>, Path(token): Path<String>) -> Response {
    let is_base64url = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    if token.len() > LONGEST_TOKEN || !token.bytes().all(is_base64url) {
        return Problem::not_found().into_response();
    }
    match store.challenge_proof(&token).await {
        Ok(Some(proof)) => ([(header::CONTENT_TYPE, "application/octet-stream")], proof.answer).into_response(),
        Ok(None) => Problem::not_found().into_response(),
        Err(fault) => {
            tracing::warn!(code = fault.code, %fault, "an answer for a CA could not be read");
            Problem::of_fault(&fault).into_response()
        }
    }
}
