//! The catalogue of blocklists holds together.

use std::collections::BTreeSet;

use super::*;

#[test]
fn the_file_is_read_and_no_zone_stands_twice() {
    let read: File = toml::from_str(include_str!("../../catalogue/blocklists.toml")).unwrap();
    let zones: BTreeSet<&str> = read.blocklist.iter().map(Blocklist::zone).collect();
    assert_eq!(zones.len(), read.blocklist.len(), "a zone stands twice");
    let names: BTreeSet<&str> = read.blocklist.iter().map(|list| list.name.as_str()).collect();
    assert_eq!(names.len(), read.blocklist.len(), "a name stands twice");
    let asked = read.blocklist.iter().filter(|list| list.status != Status::Dead).count();
    assert!(asked >= 60, "{asked} zones to ask");
}

#[test]
fn every_zone_is_a_domain_with_a_status_a_date_and_a_source() {
    for list in blocklists() {
        let zone = list.zone();
        assert_eq!(syntax::Domain::parse(zone).unwrap().as_str(), zone);
        assert!(!list.kinds.is_empty() && !list.name.is_empty() && !list.source.is_empty(), "{zone}");
        let parts: Vec<&str> = list.date.split('-').collect();
        let number = |part: &&str| part.parse::<u16>().is_ok();
        assert!(parts.iter().all(number) && parts[0].len() == 4 && parts.len() <= 3, "{zone}: {}", list.date);
        assert!(list.status == Status::Dead || parts.len() >= 2, "{zone}: the month in which that was so");
        assert_eq!(list.key.is_some(), list.zone != zone, "{zone}: a key stands as {{key}} in the zone");
    }
}

#[test]
fn every_list_that_counts_says_what_its_answers_mean_and_where_to_go() {
    for list in blocklists().iter().filter(|list| list.status != Status::Dead) {
        let zone = list.zone();
        assert!(!list.codes.is_empty(), "{zone}: no return code");
        let told = list.delist.as_deref().is_some_and(|page| page.starts_with("https://"));
        assert!(told || list.weight == Weight::White, "{zone}: no page");
        let stops = list.first.as_deref().is_some_and(|text| text.ends_with('.'));
        assert!(stops || list.weight != Weight::Major, "{zone}: what must be stopped first");
        assert!(list.codes.iter().all(|code| !code.meaning.is_empty() && !code.meaning.ends_with('.')), "{zone}");
    }
}

#[test]
fn no_zone_takes_a_refusal_for_a_listing() {
    // 127.0.0.1, 127.255.255.x, 127.0.1.255 and what is outside 127/8 are never listings.
    let never = ["127.0.0.1", "127.255.255.252", "127.255.255.254", "127.255.255.255", "127.0.1.255", "192.0.2.1"];
    for list in blocklists() {
        for answer in never.map(|text| text.parse().unwrap()) {
            // A bit alone may look like a refusal: `check` believes the refusal.
            for code in list.meanings(answer).into_iter().filter(|code| !code.code.as_str().contains('&')) {
                let means = code.means(list.weight);
                assert!(matches!(means, Means::Refused | Means::Good), "{}: {answer} is {means:?}", list.zone());
            }
        }
    }
}

#[test]
fn parts_and_replacements_name_zones_that_exist_and_are_whole() {
    for list in blocklists() {
        for parent in list.part_of.iter().chain(&list.replaces) {
            let whole = blocklist(parent).unwrap_or_else(|| panic!("{}: no zone {parent}", list.zone()));
            assert!(whole.part_of.is_none() && whole.zone() != list.zone(), "{}", list.zone());
            assert!(list.kinds.iter().all(|kind| whole.takes(*kind)), "{}: {parent} takes less", list.zone());
        }
    }
}

#[test]
fn codes_are_exact_ranges_and_bits() {
    let holds = |code: &str, answer: &str| Code::parse(code).unwrap().holds(answer.parse().unwrap());
    assert!(holds("127.0.0.2", "127.0.0.2") && !holds("127.0.0.2", "127.0.0.3"));
    assert!(holds("127.0.1.102-106", "127.0.1.106") && !holds("127.0.1.102-106", "127.0.1.107"));
    assert!(holds("127.0.*.3", "127.0.14.3") && !holds("127.0.*.3", "127.0.14.2"));
    assert!(holds("127.0.0.&8", "127.0.0.10") && !holds("127.0.0.&8", "127.0.0.7"));
    for wrong in ["", "127.0.0", "127.0.0.256", "127.0.0.9-2", "127.0.0.&3", "127.0.0.2.1", "x"] {
        assert_eq!(Code::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn spamhaus_answers_mean_what_spamhaus_says() {
    let says = |zone: &str, answer: &str| {
        let list = blocklist(zone).unwrap();
        let codes = list.meanings(answer.parse().unwrap());
        codes.iter().map(|code| code.means(list.weight)).collect::<Vec<_>>()
    };
    assert_eq!(says("zen.spamhaus.org", "127.0.0.2"), [Means::Bad]);
    assert_eq!(says("zen.spamhaus.org", "127.0.0.10"), [Means::Minor], "PBL is no record of abuse");
    assert_eq!(says("dbl.spamhaus.org", "127.0.1.104"), [Means::Bad]);
    assert_eq!(says("multi.surbl.org", "127.0.0.72"), [Means::Bad, Means::Bad]);
    assert_eq!(says("hostkarma.junkemailfilter.com", "127.0.0.5"), [Means::Info], "NOBL is no listing");
    assert_eq!(says("list.dnswl.org", "127.0.10.2"), [Means::Refused]);
    assert_eq!(says("rep.mailspike.net", "127.0.0.14"), [Means::Info]);
}

#[test]
fn a_key_is_asked_with_and_never_shown() {
    let list = blocklist("zen.dq.spamhaus.net").unwrap();
    assert_eq!(list.asked(None), None);
    assert_eq!(list.asked(Some("abc")).as_deref(), Some("abc.zen.dq.spamhaus.net"));
    assert_eq!(list.zone(), "zen.dq.spamhaus.net");
    assert_eq!(blocklist("ZEN.spamhaus.org.").unwrap().asked(None).as_deref(), Some("zen.spamhaus.org"));
}

#[test]
fn test_points_are_those_of_the_rfc_unless_the_list_says_otherwise() {
    let points = |zone: &str| blocklist(zone).unwrap().test_points();
    assert_eq!(points("bl.spamcop.net"), (Some("2.0.0.127"), Some("1.0.0.127")));
    assert_eq!(points("bl.ipv6.spameatingmonkey.net"), (Some(MAPPED_LISTED), Some(MAPPED_CLEAR)));
    assert_eq!(points("dbl.spamhaus.org"), (Some("dbltest.com"), Some("invalid")));
}
