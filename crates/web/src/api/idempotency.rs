//! `Idempotency-Key`: a request that may be sent again and is done once.

use super::call::Call;
use crate::problem::{Problem, Wrong};

/// Longest key, in characters.
const MOST: usize = 200;

/// Whose key it is, and the key; `None` without one.
pub(super) fn key(call: &Call) -> Result<Option<(String, String)>, Problem> {
    let Some(value) = call.headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text.is_empty() || text.len() > MOST {
        let what = format!("1 to {MOST} visible ASCII characters");
        return Err(Problem::invalid("Look at the header.").wrong(vec![Wrong::parameter("Idempotency-Key", what)]));
    }
    let owner = call.caller.as_ref().map(|caller| caller.id.clone()).unwrap_or_default();
    Ok(Some((owner, text.to_owned())))
}
