//! What the dashboard shows and does, each deed within the rows of one workspace (`None`: all of the installation).
//!
//! What belongs to another workspace is as unknown as what does not exist.

mod bounces;
mod import;
mod inbox;
mod live;
mod mailboxes;
mod overview;
mod things;

pub use bounces::BounceCause;
pub use import::{Imported, RowFault};
pub use inbox::{Attachment, Opened};
pub use live::Verified;
pub use mailboxes::MailboxView;
pub use overview::Overview;
pub use things::DomainView;

/// A cell that a spreadsheet would take for a formula begins with an apostrophe; import takes that off again.
/// OWASP CSV Injection, 2026.
pub(crate) fn guarded(cell: &str) -> String {
    if is_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// Takes off what [`guarded`] put on.
pub(crate) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::{guarded, unguarded};

    #[test]
    fn a_formula_is_guarded_and_comes_back_unchanged() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "Ann", "'quoted", ""] {
            assert_eq!(unguarded(&guarded(cell)), cell);
            assert!(!guarded(cell).starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
        assert_eq!(guarded("Ann"), "Ann");
    }
}
