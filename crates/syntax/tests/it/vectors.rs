//! Addresses and From fields from RFCs, other validators' tests and bug reports: `tests/vectors/*.tsv`.

use syntax::{Inspection, Severity, inspect_address, inspect_from};

/// Undoes the escapes of the files.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.extend(letter.to_string().into_bytes());
            continue;
        }
        match letters.next().unwrap() {
            'r' => out.push(b'\r'),
            'n' => out.push(b'\n'),
            't' => out.push(b'\t'),
            'x' => out.push(u8::from_str_radix(&letters.by_ref().take(2).collect::<String>(), 16).unwrap()),
            'u' => {
                let hex: String = letters.by_ref().skip(1).take_while(|letter| *letter != '}').collect();
                let letter = char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap();
                out.extend(letter.to_string().into_bytes());
            }
            letter => out.push(u8::try_from(letter).unwrap()),
        }
    }
    out
}

fn verdict(told: &Inspection) -> &'static str {
    match told.faults.iter().map(|fault| fault.severity).max() {
        None => "valid",
        Some(severity) => severity.as_str(),
    }
}

/// Fields that do not fit, one line each.
fn wrong(line: &str, inspect: fn(&[u8]) -> Inspection) -> Option<String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [expect, id, under, input, source] = columns[..] else { panic!("not five columns: {line}") };
    assert!(!source.is_empty(), "no source: {line}");
    let octets = unescape(input);
    let told = inspect(&octets);
    let seen = verdict(&told);
    let fits = seen == expect || (expect == "valid" && seen == "note");
    assert_eq!(told.valid, seen != "error", "{line}");
    let under = unescape(under);
    let there = id == "-"
        || told.faults.iter().any(|fault| {
            fault.id == id
                && octets[fault.start..fault.end] == under[..]
                && (expect == "note" || fault.severity == severity(expect))
        });
    let faults: Vec<String> = told
        .faults
        .iter()
        .map(|fault| format!("{}[{}] {:?}", fault.severity.as_str(), fault.id, told.input.get(fault.start..fault.end)))
        .collect();
    (!fits || !there).then(|| format!("{expect} {id} {input}\n    {seen}: {}", faults.join(", ")))
}

fn severity(word: &str) -> Severity {
    match word {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        _ => Severity::Note,
    }
}

fn check(file: &str, least: usize, inspect: fn(&[u8]) -> Inspection) {
    let lines: Vec<&str> = file.lines().filter(|line| !line.starts_with('#')).collect();
    let wrong: Vec<String> = lines.iter().filter_map(|line| wrong(line, inspect)).collect();
    assert!(wrong.is_empty(), "{} of {} are judged otherwise:\n{}", wrong.len(), lines.len(), wrong.join("\n"));
    assert!(lines.len() >= least, "only {}", lines.len());
}

#[test]
fn addresses_are_judged_as_their_sources_say() {
    check(include_str!("../vectors/addresses.tsv"), 150, inspect_address);
}

#[test]
fn from_fields_are_judged_as_their_sources_say() {
    check(include_str!("../vectors/from.tsv"), 90, inspect_from);
}
