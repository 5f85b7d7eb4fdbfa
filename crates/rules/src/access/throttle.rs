//! How long to wait after sign-ins that failed.

use std::time::Duration;

/// Whose failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One login, whether there is such an account or not.
    Login,
    /// One IP, behind which there may be an office.
    Ip,
}

/// Failures are forgotten after that much rest.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest wait.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How long after the last of so many failures the next try is not looked at: nothing for the first few, which are slips of
/// the hand, then 1 s, doubled with each. OWASP Authentication Cheat Sheet, "Login Throttling", 2026.
pub fn wait_after(subject: Subject, failures: u32) -> Duration {
    let free = match subject {
        Subject::Login => 4,
        Subject::Ip => 20,
    };
    match failures.checked_sub(free + 1) {
        None => Duration::ZERO,
        Some(more) => Duration::from_secs(1_u64.checked_shl(more.min(32)).unwrap_or(u64::MAX)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_ends_growing() {
        let waits: Vec<u64> = (0..9).map(|failures| wait_after(Subject::Login, failures).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8]);
        assert_eq!(wait_after(Subject::Ip, 20), Duration::ZERO);
        assert_eq!(wait_after(Subject::Ip, 22), Duration::from_secs(2));
        assert_eq!(wait_after(Subject::Login, u32::MAX), LONGEST);
    }
}
