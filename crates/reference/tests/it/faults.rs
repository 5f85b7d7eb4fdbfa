//! What the From validator finds, each explained by an entry.

use reference::{entry, finding};

#[test]
fn every_fault_of_a_from_field_or_address_has_its_entry() {
    for kind in syntax::fault_kinds() {
        assert!(finding(kind.id).is_some(), "no entry names the finding {}", kind.id);
        for verdict in kind.verdicts {
            assert!(entry(verdict.entry).is_some(), "{}: no entry {}", kind.id, verdict.entry);
        }
    }
}
