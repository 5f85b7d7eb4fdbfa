//! What the database says, as a [`Fault`]: the one place that reads its error codes.

use rules::{Blame, Fault, Retry};

/// Turns a database error into a fault; `doing` says what was wanted.
pub(crate) fn fault(doing: &str, error: sqlx::Error) -> Fault {
    let (code, blame, retry) = classify(&error);
    Fault::new(code, blame, retry).caused_by(error).context(doing)
}

/// A value in a row that this program cannot have written.
pub(crate) fn corrupt(doing: &str, what: impl std::fmt::Display) -> Fault {
    Fault::new("store.corrupt", Blame::Us, Retry::AfterChange).context(what.to_string()).context(doing)
}

/// Whether another process holds the write lock.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    classify(error).0 == "store.busy"
}

fn classify(error: &sqlx::Error) -> (&'static str, Blame, Retry) {
    match error {
        sqlx::Error::Database(error) => {
            if error.is_unique_violation() || error.is_foreign_key_violation() || error.is_check_violation() {
                return ("store.constraint", Blame::Us, Retry::AfterChange);
            }
            match error.code().as_deref() {
                // SQLite: primary code in the low octet, https://www.sqlite.org/rescode.html (5 BUSY, 6 LOCKED,
                // 13 FULL). PostgreSQL appendix A: 55P03 lock_not_available, 40P01 deadlock, 57014 timeout, 53100
                // disk_full.
                Some("5" | "6" | "261" | "262" | "517" | "773" | "55P03" | "40P01" | "57014") => {
                    ("store.busy", Blame::Operator, Retry::Later)
                }
                Some("13" | "53100") => ("store.full", Blame::Operator, Retry::Later),
                _ => ("store.failed", Blame::Operator, Retry::Later),
            }
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::Decode(_) => {
            ("store.corrupt", Blame::Us, Retry::AfterChange)
        }
        _ => ("store.unavailable", Blame::Operator, Retry::Later),
    }
}
