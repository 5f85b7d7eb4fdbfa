//! The openspf suite for RFC 7208, every case, over UDP and TCP.

use std::{collections::BTreeMap, time::Duration};

use auth::{SpfQuery, Verdict, evaluate_spf};
use dns::{Data, Record, Resolver};
use serde::Deserialize;
use testkit::nameserver::{Habit, Nameserver, Zones};

#[derive(Deserialize)]
struct Suite {
    scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    scenario: String,
    tests: Vec<Case>,
    zones: BTreeMap<String, Vec<(String, String)>>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    helo: String,
    ip: String,
    mail_from: Option<String>,
    /// Any of these is right.
    result: Vec<String>,
    explanation: Option<String>,
}

fn suite() -> Suite {
    serde_json::from_str(include_str!("../vectors/rfc7208.json")).unwrap()
}

impl Scenario {
    async fn serve(&self) -> Nameserver {
        let mut records = Vec::new();
        let mut silent = Vec::new();
        for (name, entries) in &self.zones {
            let name = name.trim_end_matches('.');
            for (kind, value) in entries {
                match kind.as_str() {
                    "TIMEOUT" => silent.push(name.to_owned()),
                    "TXT" => records.push(Record::new(name, 60, Data::Txt(value.clone()))),
                    kind => records.push(Record::new(name, 60, Data::parse(kind, value).unwrap())),
                }
            }
        }
        let zones = Zones::records(records);
        silent.iter().fold(zones, |zones, name| zones.habit(name, Habit::SilentElse)).serve().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_the_suite_gives_a_permitted_result() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for scenario in suite().scenarios {
        let server = scenario.serve().await;
        let resolver = Resolver::new(&[server.address], Duration::from_millis(150), false).unwrap();
        for case in &scenario.tests {
            cases += 1;
            let query = SpfQuery {
                ip: case.ip.parse().unwrap(),
                helo: case.helo.clone(),
                mail_from: case.mail_from.clone(),
                receiver: String::from("receiver.example"),
                at: 1_795_435_200,
            };
            let report = evaluate_spf(&resolver, &query).await;
            let permitted = case.result.iter().any(|result| result == report.result.as_str());
            let explained = match (&case.explanation, report.result) {
                (Some(expected), Verdict::Fail) if expected != "DEFAULT" => {
                    report.explanation.as_ref() == Some(expected)
                }
                (Some(_), Verdict::Fail) => report.explanation.is_none(),
                _ => true,
            };
            if !permitted || !explained {
                wrong.push(format!(
                    "{}, {}: {:?} and {:?} expected, {} and {:?} found, {:?}",
                    scenario.scenario,
                    case.name,
                    case.result,
                    case.explanation,
                    report.result.as_str(),
                    report.explanation,
                    report.problem
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(cases, 203);
}
