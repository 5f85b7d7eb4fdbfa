use super::*;

fn spf(sources: &[&str]) -> Spf {
    Spf {
        domain: "example.com".parse().unwrap(),
        sources: sources.iter().map(|text| Source::parse(text).unwrap()).collect(),
        end: End::Fail,
    }
}

#[test]
fn a_record_is_made_from_the_senders_with_what_costs_nothing_first() {
    let answer = spf(&["google", "mx", "192.0.2.7", "a:web.example.com", "include:spf.example.net"])
        .generate(&Measured::new())
        .unwrap();
    assert_eq!(
        answer.made.records[0].value,
        "v=spf1 ip4:192.0.2.7 a:web.example.com mx include:_spf.google.com include:spf.example.net -all"
    );
    assert_eq!((answer.lookups, answer.exact), (4, false));
    let known: Vec<(u32, Known)> = answer.costs.iter().map(|cost| (cost.lookups, cost.known)).collect();
    assert_eq!(known, [(1, Known::Exactly), (1, Known::Exactly), (1, Known::Catalogue), (1, Known::AtLeast)]);
    assert_eq!(answer.made.parts.len(), 7);
}

#[test]
fn a_measured_cost_takes_the_place_of_the_catalogues() {
    let measured = Measured::from([("_spf.google.com".into(), 3), ("spf.example.net".into(), 0)]);
    let answer = spf(&["google", "include:spf.example.net"]).generate(&measured).unwrap();
    assert_eq!((answer.lookups, answer.exact), (5, true));
    assert!(!answer.made.notes.iter().any(|line| line.contains("catalogue")), "{:?}", answer.made.notes);
}

#[test]
fn too_many_look_ups_are_a_fault_that_tells_who_costs_what() {
    let wish = spf(&["mailgun", "freshdesk", "mx"]);
    let fault = wish.generate(&Measured::new()).unwrap_err();
    assert_eq!(fault.code, "generate.spf-lookups");
    let words = fault.to_string();
    for part in ["11 look-ups", "include:mailgun.org 5", "mx 1", "--flatten"] {
        assert!(words.contains(part), "{words}");
    }
    assert_eq!(wish.draft(&Measured::new()).unwrap().lookups, 11);
    let measured = Measured::from([("mailgun.org".into(), u32::MAX)]);
    assert_eq!(wish.generate(&measured).unwrap_err().code, "generate.spf-lookups");
}

#[test]
fn a_service_with_its_own_envelope_needs_no_term() {
    let answer = spf(&["mailchimp", "hubspot"]).generate(&Measured::new()).unwrap();
    assert_eq!(answer.made.records[0].value, "v=spf1 -all");
    assert!(answer.made.notes.iter().any(|line| line.starts_with("Mailchimp is left out")), "{:?}", answer.made.notes);
    let answer = spf(&["sendgrid"]).generate(&Measured::new()).unwrap();
    assert!(answer.made.warnings[0].contains("sub-domain for returns"), "{:?}", answer.made.warnings);
}

#[test]
fn what_is_wanted_twice_stands_there_once() {
    let answer = spf(&["google", "gmail", "mx", "mx:example.com", "192.0.2.1", "ip4:192.0.2.1/32"])
        .generate(&Measured::new())
        .unwrap();
    assert_eq!(answer.made.records[0].value, "v=spf1 ip4:192.0.2.1 mx include:_spf.google.com -all");
    assert_eq!(answer.made.warnings.iter().filter(|line| line.contains("twice")).count(), 3);
}

#[test]
fn odd_networks_and_ends_are_told() {
    let warned = |wish: &Spf, word: &str| {
        let made = wish.generate(&Measured::new()).unwrap().made;
        assert!(made.warnings.iter().any(|line| line.contains(word)), "{word}: {:?}", made.warnings);
    };
    warned(&spf(&["10.0.0.1"]), "private address");
    warned(&spf(&["8.0.0.0/8"]), "5.7.24");
    warned(&Spf { end: End::Neutral, ..spf(&["192.0.2.1"]) }, "?all");
    let many: Vec<String> = (0..40).map(|last| format!("192.0.2.{}", last * 2)).collect();
    warned(&spf(&many.iter().map(String::as_str).collect::<Vec<_>>()), "octets");
    warned(&spf(&["mailgun", "mandrill", "mx", "a", "salesforce"]), "all 10 look-ups");
}

#[test]
fn what_is_no_sender_is_refused_with_what_to_write() {
    for (text, why) in [
        ("gogle", "no catalogue"),
        ("mailchmp", "is it mailbox-org, mailgun, mailjet, mailchimp, mailerlite?"),
        ("include:192.0.2.1", "it is an IP"),
        ("192.0.2.1/40", "prefix length"),
        ("ip4:example.com", "no IP"),
        ("ptr", "not made here"),
        ("exists:%{i}.x.test", "not made here"),
        ("all", "not made here"),
        ("", "no catalogue"),
    ] {
        let fault = Source::parse(text).unwrap_err();
        assert!(fault.code == "generate.spf-source" && fault.to_string().contains(why), "{text}: {fault}");
    }
    assert_eq!(spf(&["example.com"]).generate(&Measured::new()).unwrap_err().code, "generate.spf-loop");
    assert!(End::parse("+all").unwrap_err().to_string().contains("everybody"));
    assert_eq!(End::parse("~all").unwrap(), End::Soft);
}

#[test]
fn every_sender_of_the_catalogue_can_be_named() {
    for sender in reference::senders() {
        assert_eq!(Source::parse(&sender.id).unwrap(), Source::Service(sender));
        assert!(spf(&[&sender.id]).generate(&Measured::new()).unwrap().lookups <= sender.lookups);
    }
}

fn networks(count: u32) -> Vec<Network> {
    // Every other address: none can be joined with its neighbour.
    (0..count)
        .map(|number| Network::parse(&std::net::Ipv4Addr::from(0xc633_6400 + number * 2).to_string()).unwrap())
        .collect()
}

#[test]
fn few_networks_fit_into_one_flat_record() {
    let kept = Kept { term: "include:x.test".into(), lookups: 2, why: "it holds a macro".into() };
    let flat = pack(&"example.com".parse().unwrap(), networks(3), vec![kept], End::Soft).unwrap();
    assert_eq!(flat.made.zone().lines().count(), 1);
    assert_eq!(
        flat.made.records[0].value,
        "v=spf1 ip4:198.51.100.0 ip4:198.51.100.2 ip4:198.51.100.4 include:x.test ~all"
    );
    assert_eq!((flat.lookups, flat.networks), (2, 3));
}

#[test]
fn many_networks_are_split_over_records_of_comfortable_length() {
    let flat = pack(&"example.com".parse().unwrap(), networks(100), Vec::new(), End::Fail).unwrap();
    assert_eq!(
        flat.made.records[0].value,
        "v=spf1 include:_spf1.example.com include:_spf2.example.com include:_spf3.example.com \
                                            include:_spf4.example.com include:_spf5.example.com -all"
    );
    assert_eq!(flat.lookups, 5);
    assert!(flat.made.records.iter().all(|record| record.value.len() <= COMFORTABLE));
    let terms: usize = flat.made.records[1..].iter().map(|record| record.value.matches("ip4:").count()).sum();
    assert_eq!(terms, 100);
    let fault = pack(&"example.com".parse().unwrap(), networks(300), Vec::new(), End::Fail).unwrap_err();
    assert_eq!(fault.code, "generate.spf-flat");
}
