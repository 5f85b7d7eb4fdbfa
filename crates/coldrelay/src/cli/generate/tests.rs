use clap::Parser as _;

use crate::cli::{Arguments, Command, worked};

use super::*;

fn answer(line: &[&str]) -> Result<Answer, Fault> {
    let words = ["coldrelay", "generate"].iter().chain(line);
    let Arguments { global, command } = Arguments::try_parse_from(words).unwrap();
    let Command::Generate(command) = command else { panic!("{line:?}") };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(command.answer(&global))
}

fn code(line: &[&str]) -> &'static str {
    answer(line).err().unwrap_or_else(|| panic!("{line:?} is taken")).code
}

#[test]
fn people_see_what_to_paste_what_it_means_and_what_to_beware() {
    let shown = answer(&["spf", "example.com", "google", "mx", "192.0.2.7", "--offline"]).unwrap().human;
    let expect = "\
about 2 of 10 look-ups
   1  mx
   1  include:_spf.google.com  by the catalogue, not measured

Publish: who may send for the domain
  name   example.com
  type   TXT
  TTL    3600
  value  v=spf1 ip4:192.0.2.7 mx include:_spf.google.com -all

What it means
  v=spf1                                this is an SPF record
  ip4:192.0.2.7                         the IP 192.0.2.7
  mx                                    the addresses of the mail hosts of example.com
  include:_spf.google.com               Google Workspace
  -all                                  mail from anywhere else fails

To know
  - not measured: the cost of include:_spf.google.com is the catalogue's of 2026-11-24
  - exactly one record that begins with v=spf1 may stand there: replace the old one, do not add a second";
    assert_eq!(shown, expect);
}

#[test]
fn every_generator_prints_lines_of_a_zone_file() {
    let zone = |line: &[&str]| answer(&[line, &["--zone"]].concat()).unwrap().only.unwrap();
    assert_eq!(zone(&["spf", "example.com", "--none"]), "example.com. 3600 IN TXT \"v=spf1 -all\"\n");
    assert_eq!(
        zone(&["dmarc", "example.com", "--p", "reject", "--np", "reject", "--rua", "d@example.com"]),
        "_dmarc.example.com. 3600 IN TXT \"v=DMARC1; p=reject; np=reject; rua=mailto:d@example.com\"\n"
    );
    assert_eq!(
        zone(&["tls-rpt", "bücher.example", "--rua", "t@example.com"]),
        "_smtp._tls.xn--bcher-kva.example. 3600 IN TXT \"v=TLSRPTv1; rua=mailto:t@example.com\"\n"
    );
    assert_eq!(
        zone(&["mta-sts", "example.com", "--mx", "box.example.com", "--id", "1"]),
        "_mta-sts.example.com. 3600 IN TXT \"v=STSv1; id=1;\"\n"
    );
    assert_eq!(
        zone(&["bimi", "example.com", "--decline"]),
        "default._bimi.example.com. 3600 IN TXT \"v=BIMI1; l=; a=\"\n"
    );
    assert_eq!(
        zone(&["dkim", "example.com", "--selector", "s1", "--revoke"]),
        "s1._domainkey.example.com. 3600 IN TXT \"v=DKIM1; p=\"\n"
    );
}

#[test]
fn the_policy_can_be_printed_alone() {
    let line = ["mta-sts", "example.com", "--mx", "box.example.com", "--mode", "enforce", "--policy"];
    let text = answer(&line).unwrap().only.unwrap();
    assert_eq!(text, "version: STSv1\r\nmode: enforce\r\nmx: box.example.com\r\nmax_age: 604800\r\n");
}

#[test]
fn a_private_key_is_written_once_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = std::env::temp_dir().join(format!("coldrelay-dkim-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("key.pem");
    let path = file.to_str().unwrap();
    let line = ["dkim", "example.com", "--algorithm", "ed25519", "--out", path];
    let made = answer(&line).unwrap();
    assert!(!made.human.contains("PRIVATE KEY") && !made.json.to_string().contains("PRIVATE"), "{}", made.human);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read_to_string(&file).unwrap();
    assert_eq!(code(&line), "file.exists");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    std::fs::remove_dir_all(&folder).unwrap();

    assert_eq!(code(&["dkim", "example.com"]), "generate.dkim-nowhere");
    let printed = answer(&["dkim", "example.com", "--algorithm", "ed25519", "--print-private"]).unwrap();
    assert!(printed.json["private_key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
}

#[test]
fn what_cannot_be_is_refused_with_a_clear_id() {
    for (line, expect) in [
        (["spf", "192.0.2.1", "mx", "--offline"].as_slice(), "domain.malformed"),
        (&["spf", "example.com", "--offline"], "generate.spf-nobody"),
        (&["spf", "example.com", "nobody-knows", "--offline"], "generate.spf-source"),
        (&["spf", "example.com", "mx", "--end", "+all", "--offline"], "generate.spf-end"),
        (&["spf", "example.com", "mailgun", "freshdesk", "mx", "--offline"], "generate.spf-lookups"),
        (&["dmarc", "example.com", "--p", "maybe"], "generate.dmarc-policy"),
        (&["dmarc", "example.com", "--adkim", "x"], "generate.dmarc-alignment"),
        (&["dmarc", "example.com", "--rua", "nobody"], "generate.report-uri"),
        (&["dmarc", "example.com", "--fo", "9"], "generate.dmarc-fo"),
        (&["mta-sts", "example.com", "--mx", "box.example.com", "--max-age", "0"], "generate.mta-sts-age"),
        (&["mta-sts", "example.com", "--mx", "192.0.2.1"], "generate.mta-sts-mx"),
        (&["mta-sts", "ann@example.com", "--mx", "box.example.com"], "domain.malformed"),
        (&["bimi", "example.com", "--logo", "http://example.com/l.svg"], "generate.bimi-url"),
        (&["dkim", "example.com", "--selector", "a b", "--print-private"], "generate.dkim-selector"),
        (&["dkim", "example.com", "--public-key", "/nowhere/key.pem"], "file.unreadable"),
    ] {
        assert_eq!(code(line), expect, "{line:?}");
    }
}

#[test]
fn the_catalogue_is_listed_without_a_domain() {
    let listed = answer(&["spf", "--list"]).unwrap();
    assert!(listed.human.contains("spf.protection.outlook.com"), "{}", listed.human);
    assert_eq!(listed.json.as_array().unwrap().len(), reference::senders().len());
}

#[test]
fn the_worked_examples_in_the_docs_are_what_the_generators_say() {
    worked::hold("generators.md", |line| {
        let words: Vec<&str> = line.split_whitespace().skip(2).collect();
        let answer = answer(&words).unwrap();
        answer.only.unwrap_or(answer.human)
    });
}
