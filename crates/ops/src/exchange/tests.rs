use reference::{Ground, Kind, sequencers};
use syntax::{Address, Domain};

use super::{
    read::read,
    write::{Account, columns, parts, text},
};

/// Names that break careless writers; as mailboxes have them, without blanks around.
const NAMES: [&str; 15] = [
    "Ann",
    "Ann Lee",
    "Ann  Mary  Lee",
    "Doe, \"Ann\" J.",
    "O'Neil; of Sales",
    "=HYPERLINK(\"http://x\",\"y\")",
    "+1 555",
    "-Ann -Lee",
    "@SUM(A1) =2",
    "'=quoted",
    "''@twice",
    "Zoë Müller-Łukasz 山田 🦀",
    "＝wide",
    "comma, and ; semicolon",
    "100%\\n",
];

fn account(place: usize, display: Option<&str>) -> Account {
    Account {
        address: Address::parse(&format!("m{place}+tag@example.com")).unwrap(),
        display: display.map(String::from),
        daily_cap: u32::try_from(place).unwrap() + 7,
        suspended: place % 2 == 1,
        host: Domain::parse("box.example.com").unwrap(),
        password: Some(String::from("aB3")),
    }
}

fn accounts() -> Vec<Account> {
    let mut all: Vec<Account> = (0..).zip(NAMES).map(|(place, name)| account(place, Some(name))).collect();
    all.push(account(NAMES.len(), None));
    all
}

#[test]
fn every_format_comes_back_as_it_went_out() {
    for format in sequencers() {
        let all = accounts();
        let written = text(format.kind, &columns(format, &[]).unwrap(), &all).unwrap();
        let table = read(&written);
        assert_eq!(table.bad, [], "{}: {written}", format.id);
        // The two formats of this program have the same columns.
        let told = table.format.map(|found| found.id.replace("json", "csv"));
        assert_eq!(told.as_deref(), Some(format.id.replace("json", "csv").as_str()));
        assert_eq!(table.rows.len(), all.len());
        let has = |field| format.columns.iter().any(|column| column.field == Some(field));
        for (row, account) in table.rows.iter().zip(&all) {
            assert_eq!(row.request.address, account.address, "{}", format.id);
            assert_eq!(row.request.display, account.display, "{}: {written}", format.id);
            let cap = has(reference::Field::DailyCap).then_some(account.daily_cap);
            assert_eq!(row.request.daily_cap, cap, "{}", format.id);
            assert_eq!(row.suspended, account.suspended && has(reference::Field::State), "{}", format.id);
        }
    }
}

#[test]
fn the_cap_is_carried_by_every_format_that_has_a_column_for_it() {
    let without: Vec<&str> = sequencers()
        .iter()
        .filter(|one| !one.columns.iter().any(|column| column.field == Some(reference::Field::DailyCap)))
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(without, ["lemlist", "generic"], "the documentation names these two");
}

#[test]
fn no_cell_of_a_csv_is_a_formula() {
    for format in sequencers().iter().filter(|one| one.kind == Kind::Csv) {
        let written = text(format.kind, &columns(format, &[]).unwrap(), &accounts()).unwrap();
        let mut reader = csv::Reader::from_reader(written.as_bytes());
        for record in reader.records() {
            for cell in record.unwrap().iter() {
                assert!(
                    !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']),
                    "{}: {cell}",
                    format.id
                );
            }
        }
    }
}

#[test]
fn line_breaks_stay_within_their_cell_and_are_refused_as_names() {
    for format in sequencers() {
        let broken = [account(0, Some("Ann\nLee")), account(1, Some("Ben\r\nX: y")), account(2, Some("Cy"))];
        let table = read(&text(format.kind, &columns(format, &[]).unwrap(), &broken).unwrap());
        let (rows, bad) = (table.rows, table.bad);
        assert_eq!((rows.len(), bad.len()), (1, 2), "{}: {bad:?}", format.id);
        assert!(bad.iter().all(|row| row.what.contains("line break") && row.cell.starts_with('m')), "{bad:?}");
        assert_eq!(rows[0].request.display.as_deref(), Some("Cy"));
    }
}

#[test]
fn a_name_is_parted_so_that_its_parts_make_it_again() {
    for name in NAMES {
        let (first, last) = parts(name);
        assert_eq!([first.trim(), last.trim()].join(" ").trim(), name, "{first}|{last}");
    }
    assert_eq!(parts("Ann Mary Lee"), ("Ann", "Mary Lee"));
    assert_eq!(parts("Ann"), ("Ann", ""));
}

#[test]
fn the_columns_are_those_asked_for_in_their_order() {
    let format = reference::sequencer("instantly").unwrap();
    let chosen = columns(format, &[String::from("imap host"), String::from(" Email ")]).unwrap();
    assert_eq!(
        text(format.kind, &chosen, &[account(1, None)]).unwrap(),
        "IMAP Host,Email\nbox.example.com,m1+tag@example.com\n"
    );
    let fault = columns(format, &[String::from("e-mail")]).unwrap_err();
    assert!(fault.code == "export.field" && fault.to_string().contains("First Name, Last Name"), "{fault}");
}

#[test]
fn a_file_of_a_vendor_says_exactly_its_columns() {
    let header = |id: &str| {
        let format = reference::sequencer(id).unwrap();
        text(format.kind, &columns(format, &[]).unwrap(), &[account(4, Some("Ann Lee"))]).unwrap()
    };
    assert_eq!(
        header("instantly"),
        "Email,First Name,Last Name,IMAP Username,IMAP Password,IMAP Host,IMAP Port,SMTP Username,SMTP Password,SMTP Host,\
         SMTP Port,Daily Limit,Warmup Enabled,Warmup Limit,Warmup Increment\n\
         m4+tag@example.com,Ann,Lee,m4+tag@example.com,aB3,box.example.com,993,m4+tag@example.com,aB3,box.example.com,465,11,\
         FALSE,,\n"
    );
    assert_eq!(
        header("emailbison"),
        "Name,Email,Password,IMAP Server,IMAP Port,SMTP Server,SMTP Port,Daily Limit,SMTP Secure,IMAP Secure\n\
         Ann Lee,m4+tag@example.com,aB3,box.example.com,993,box.example.com,465,11,true,true\n"
    );
    assert_eq!(reference::sequencer("lemlist").unwrap().basis, Ground::Vendor);
}

#[test]
fn files_of_other_hands_are_read() {
    let one = |text: &str| {
        let mut table = read(text);
        assert_eq!(table.bad, [], "{text}");
        let row = table.rows.remove(0);
        (row.request.address.to_string(), row.request.display.unwrap_or_default(), row.request.daily_cap)
    };
    let ann = (String::from("ann@example.com"), String::from("Ann Lee"), Some(9));
    assert_eq!(one("\u{feff}EMAIL, first name ,Last Name,daily limit\nann@example.com, Ann , Lee,9\n"), ann);
    assert_eq!(one("address;display;daily_cap\r\nann@example.com;Ann Lee;9\r\n"), ann);
    assert_eq!(one("{\"from_email\": \"ann@example.com\", \"from_name\": \"Ann Lee\", \"max_email_per_day\": 9}"), ann);
    assert_eq!(one("address,display,password,host\nann@example.com,,x,y\n").1, "");
}

#[test]
fn every_bad_line_is_named() {
    let lines = |text: &str| read(text).bad.iter().map(|row| row.line).collect::<Vec<_>>();
    assert_eq!(
        lines("address,display,daily_cap\nann@example.com,\"Doe, Ann\",30\nnobody,x,\nben@example.com,,many\n"),
        [3, 4]
    );
    assert_eq!(lines("mail\nann@example.com\n"), [1]);
    assert_eq!(lines("[{\"address\": \"a@b.example\"}, 7, {\"display\": \"x\"}]"), [2, 3]);
    assert_eq!(lines("[{\n\"address\": }]"), [2]);
    assert_eq!(lines(""), [1]);
    let long = format!("address,display\nann@example.com,{}\n", "x".repeat(201));
    assert!(read(&long).bad[0].what.contains("longer than 200"));
}
