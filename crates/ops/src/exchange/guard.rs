//! Cells that no spreadsheet runs.

/// What a spreadsheet would take for the beginning of a formula, full-width forms among them. OWASP CSV Injection, 2026.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A cell that no spreadsheet runs: with `'` before it, which [`unguarded`] takes away.
pub(super) fn guarded(cell: &str) -> String {
    if is_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// The cell as it was.
pub(super) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

/// Also behind apostrophes: a cell that was guarded before is guarded once more, so that each reading takes one away.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(FORMULA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_cell_is_no_formula_and_reads_back_as_it_was() {
        for cell in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''@x", "＝1", "Ann", "O'Neil", "'quoted'", ""]
        {
            let written = guarded(cell);
            assert!(!written.starts_with(FORMULA), "{written}");
            assert_eq!(unguarded(&written), cell);
        }
        assert_eq!(guarded("Ann = Bob"), "Ann = Bob");
    }
}
