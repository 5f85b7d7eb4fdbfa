//! Every sample reply leads to its entry. `bounce` decides; the content is what is tested.

use bounce::Refusal;
use smtp::{Reply, Stage};

#[derive(serde::Deserialize)]
struct Samples {
    sample: Vec<Sample>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    reply: Option<String>,
    fault: Option<String>,
    stage: Stage,
    mx_host: Option<String>,
    entry: String,
    class: [String; 3],
    source: String,
}

fn samples() -> Vec<Sample> {
    toml::from_str::<Samples>(include_str!("../vectors/replies.toml")).unwrap().sample
}

#[test]
fn every_sample_leads_to_its_entry_and_class() {
    let mut wrong = Vec::new();
    for sample in samples() {
        let reply =
            sample.reply.as_deref().map(|text| Reply::parse(text).unwrap_or_else(|| panic!("no reply: {text}")));
        let explanation = bounce::explain(&Refusal {
            stage: sample.stage,
            reply: reply.as_ref(),
            mx_host: sample.mx_host.as_deref(),
            fault: sample.fault.as_deref(),
        });
        let class = explanation.class;
        let found = [class.who.as_str(), class.how_long.as_str(), class.action.as_str()];
        if explanation.entry != sample.entry || found != sample.class {
            let said = sample.reply.or(sample.fault).unwrap_or_default();
            wrong.push(format!(
                "{said:?}\n  wanted {} {:?}\n  found  {} {found:?} by {:?}",
                sample.entry, sample.class, explanation.entry, explanation.evidence
            ));
        }
        assert!(!explanation.evidence.is_empty() && !explanation.fix.is_empty());
    }
    assert!(wrong.is_empty(), "{} samples:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_sample_names_its_source_and_every_remote_entry_has_a_sample() {
    let samples = samples();
    assert!(samples.len() >= 60, "{}", samples.len());
    assert!(samples.iter().all(|sample| !sample.source.is_empty()));
    let seen: std::collections::HashSet<&str> = samples.iter().map(|sample| sample.entry.as_str()).collect();
    // `552-5-2-3` and the like stand for themselves: one enhanced code, one entry.
    let by_code_alone = ["552-5-2-3", "421-4-7-0", "550-5-7-1", "local-error"];
    let with_rules = reference::all().iter().filter(|entry| !entry.rules.is_empty());
    let missing: Vec<&str> = with_rules
        .map(|entry| entry.id.as_str())
        .filter(|id| !seen.contains(id) && !by_code_alone.contains(id))
        .collect();
    assert!(missing.is_empty(), "no sample for {missing:?}");
}

#[test]
fn only_a_refusal_of_the_address_itself_suppresses() {
    for sample in samples().into_iter().filter(|sample| sample.class[1] != "for_good" || sample.class[0] != "recipient")
    {
        let entry = reference::entry(&sample.entry).unwrap();
        assert!(!entry.suppress, "{} suppresses", sample.entry);
    }
}
