//! Ends the process at a named moment, for the crash campaign (`cargo xtask crash`).
//!
//! A build with optimisation does not have this: it holds no name of the variable and never looks at it, so nothing in the
//! environment of an installation can bring a crash about. See `docs/crash.md`.

use rules::{Fault, moment::Moments};

/// `moment` or `moment:n`: the process ends when the moment comes for the n-th time.
#[cfg(debug_assertions)]
const VARIABLE: &str = "COLDRELAY_CRASH_AT";

/// What the environment asks for; nobody is told of moments when it asks for nothing.
///
/// # Errors
/// `config.invalid`: there is no such moment.
#[cfg(debug_assertions)]
pub fn moments() -> Result<Moments, Fault> {
    use std::sync::atomic::{AtomicU64, Ordering};

    use rules::{Blame, Retry, moment};

    let Ok(wish) = std::env::var(VARIABLE) else { return Ok(Moments::default()) };
    let (name, count) = wish.split_once(':').unwrap_or((wish.as_str(), "1"));
    let (Some(wanted), Ok(count)) = (moment::ALL.iter().find(|one| **one == name), count.parse::<u64>()) else {
        return Err(Fault::new("config.invalid", Blame::Operator, Retry::AfterChange)
            .context(format!("{VARIABLE} is `{wish}`: use moment:n with one of {}", moment::ALL.join(", "))));
    };
    let reached = AtomicU64::new(0);
    Ok(Moments::watched(move |moment| {
        if moment == *wanted && reached.fetch_add(1, Ordering::SeqCst) + 1 == count {
            // Like SIGKILL: nothing is flushed, nothing is dropped, no other thread goes on.
            std::process::abort();
        }
    }))
}

/// Nobody is told of moments.
///
/// # Errors
/// None.
#[cfg(not(debug_assertions))]
pub fn moments() -> Result<Moments, Fault> {
    Ok(Moments::default())
}
