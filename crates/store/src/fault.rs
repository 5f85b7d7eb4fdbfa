//! What the database says, as a [`Fault`]: the one place that reads its error codes.

use rules::{Blame, Fault, Retry};

/// Turns a database error into a fault; `doing` says what was wanted.
pub(crate) fn fault(doing: &str, error: sqlx::Error) -> Fault {
    let (code, blame, retry) = classify(&error);
    let fault = Fault::new(code, blame, retry).caused_by(error).context(doing);
    match remedy(code) {
        Some(remedy) => fault.context(remedy),
        None => fault,
    }
}

/// A value in a row that this program cannot have written.
pub(crate) fn corrupt(doing: &str, what: impl std::fmt::Display) -> Fault {
    Fault::new("store.corrupt", Blame::Us, Retry::AfterChange).context(what.to_string()).context(doing)
}

/// Whether another process holds the write lock.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    code_of(error) == "store.busy"
}

/// The code of the fault that an error becomes.
pub(crate) fn code_of(error: &sqlx::Error) -> &'static str {
    classify(error).0
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
                Some(code) => (of_the_place(code).unwrap_or("store.failed"), Blame::Operator, Retry::Later),
                None => ("store.failed", Blame::Operator, Retry::Later),
            }
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::Decode(_) => {
            ("store.corrupt", Blame::Us, Retry::AfterChange)
        }
        _ => ("store.unavailable", Blame::Operator, Retry::Later),
    }
}

/// What is wrong with the place itself, and not with one change: nothing can be written until it is mended.
fn of_the_place(code: &str) -> Option<&'static str> {
    // PostgreSQL appendix A: class 53 insufficient resources, 57P0x the server shuts down or starts, 58 system error,
    // XX damaged, 25006 read-only transaction (a standby).
    if code.len() == 5 {
        return match (code.get(..2)?, code) {
            (_, "25006") => Some("store.read-only"),
            ("53" | "58", _) | (_, "57P01" | "57P02" | "57P03") => Some("store.unavailable"),
            ("XX", _) => Some("store.damaged"),
            _ => None,
        };
    }
    // SQLite: 7 NOMEM, 8 READONLY, 10 IOERR, 11 CORRUPT, 14 CANTOPEN, 26 NOTADB.
    match code.parse::<u32>().ok()? & 0xff {
        8 => Some("store.read-only"),
        11 | 26 => Some("store.damaged"),
        7 | 10 | 14 => Some("store.unavailable"),
        _ => None,
    }
}

/// What closes the latch: the change was right, and the place could not take it.
pub(crate) fn closes_the_latch(code: &str) -> bool {
    matches!(code, "store.full" | "store.read-only" | "store.damaged" | "store.unavailable" | "store.open")
}

/// What an operator does about it; `None` when the code says nothing of the place.
pub(crate) fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "store.full" => "the disk of the database is full: make room; mail is put off until then, nothing is lost",
        "store.read-only" => "the database is read-only: remount its disk for writing, or point at the primary server",
        "store.damaged" => {
            "the database file is damaged: stop coldrelay, keep a copy, and restore the last backup (or `sqlite3 .recover`)"
        }
        "store.unavailable" => "the database cannot be reached or written: look at its disk or its server",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{closes_the_latch, of_the_place};

    #[test]
    fn what_is_wrong_with_the_place_is_told_from_what_is_wrong_with_a_change() {
        let check = |code: &str, expect: Option<&str>| assert_eq!(of_the_place(code), expect, "{code}");
        check("10", Some("store.unavailable"));
        // SQLITE_IOERR_FSYNC, SQLITE_READONLY_DBMOVED, SQLITE_CORRUPT_INDEX.
        check("1034", Some("store.unavailable"));
        check("1032", Some("store.read-only"));
        check("779", Some("store.damaged"));
        check("57P01", Some("store.unavailable"));
        check("25006", Some("store.read-only"));
        check("XX001", Some("store.damaged"));
        // SQLITE_TOOBIG; syntax_error.
        check("18", None);
        check("42601", None);
        assert!(
            closes_the_latch("store.full") && !closes_the_latch("store.busy") && !closes_the_latch("store.constraint")
        );
    }
}
