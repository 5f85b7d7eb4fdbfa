//! Whatever a file of mailboxes holds, of whichever sequencer: each row is taken or told why not, and what was taken is
//! written and read again as the same.
#![no_main]

use syntax::Address;

/// As `ops` has it, which the module below names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxRequest {
    pub address: Address,
    pub display: Option<String>,
    pub daily_cap: Option<u32>,
}

/// The module of `ops` itself, without all that `ops` stands on.
#[path = "../../crates/ops/src/exchange"]
#[allow(dead_code, unreachable_pub)]
mod exchange {
    mod guard;
    pub mod read;

    pub fn table(text: &str) -> read::Table {
        read::read(text)
    }

    pub fn guarded(cell: &str) -> String {
        guard::guarded(cell)
    }
}

// The reference is read before the clock of the first input runs.
libfuzzer_sys::fuzz_target!(init: drop(exchange::table("address\nann@a.test\n")), |text: &str| {
    let table = exchange::table(text);
    for bad in &table.bad {
        assert!(!bad.what.is_empty() && !format!("{bad:?}").is_empty());
    }
    let passwords = table.rows.iter().filter_map(|row| table.passwords.of(&row.request.address));
    assert!(passwords.map(str::len).max().unwrap_or(0) <= text.len());
    assert_eq!(exchange::read::file_passwords(text).is_ok(), table.bad.is_empty());
    let again = exchange::table(&written(&table));
    assert!(again.bad.is_empty(), "{:?}", again.bad);
    let requests = |table: &exchange::read::Table| table.rows.iter().map(|row| row.request.clone()).collect::<Vec<_>>();
    assert_eq!(requests(&again), requests(&table));
});

fn written(table: &exchange::read::Table) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["address", "display", "daily_cap"]).expect("a row");
    for row in &table.rows {
        let MailboxRequest { address, display, daily_cap } = &row.request;
        let cells = [
            address.to_string(),
            display.clone().unwrap_or_default(),
            daily_cap.map(|cap| cap.to_string()).unwrap_or_default(),
        ];
        writer.write_record(cells.map(|cell| exchange::guarded(&cell))).expect("a row");
    }
    String::from_utf8(writer.into_inner().expect("a text")).expect("a text")
}
