//! A probe for people.

use ops::{ArmReport, ProbePlan, ProbeReport, Quoted};
use rules::probe::Measure;

use crate::out::table;

pub fn plan(plan: &ProbePlan) -> String {
    let arms = plan.arms.iter().map(|arm| vec![arm.role.as_str().to_owned(), arm.from.to_string(), arm.ip.to_string()]);
    let letters = plan.letters.iter().enumerate().map(|(place, letter)| {
        let arm = plan.arms.get(letter.arm);
        vec![
            (place + 1).to_string(),
            letter.round.to_string(),
            arm.map(|arm| arm.role.as_str().to_owned()).unwrap_or_default(),
            letter.to.to_string(),
        ]
    });
    format!(
        "{}\n{}\nseed        {}\nat best     if every receiver blocks the suspect (each is asked once) and takes the control: {}",
        table(&["arm", "from", "IP"], arms.collect()),
        table(&["letter", "round", "arm", "to"], letters.collect()),
        plan.seed,
        plan.clearest_words,
    )
}

pub fn report(report: &ProbeReport) -> String {
    let verdict = &report.verdict;
    let measure = match verdict.measure {
        Measure::Smtp => "whether the hosts took the letters",
        Measure::Folder => "whether the letters lay in the inbox",
    };
    let headers = ["arm", "from", "IP", "taken", "refused", "put off", "not counted", "inbox", "junk", "fails (95 %)"];
    let mut lines = vec![table(&headers, report.arms.iter().map(row).collect())];
    if !report.replies.is_empty() {
        lines.push(String::from("what was said"));
        lines.extend(report.replies.iter().map(quoted));
        lines.push(String::new());
    }
    lines.push(format!("compared    {measure}"));
    lines.push(format!("verdict     {}", verdict.words));
    lines.extend(report.receivers.iter().map(|one| format!("  at {}: {}", one.receiver, one.verdict.words)));
    lines.push(format!("by chance   {} (p = {:.4})", verdict.chance, verdict.p));
    if let Some(noise) = verdict.noise {
        lines.push(format!("A/A         the control against itself: p = {:.4}", noise.p));
    }
    lines.push(format!("seed        {}", report.seed));
    lines.extend(report.unread.iter().map(|why| format!("unread      {why}")));
    lines.extend(report.caveats.iter().map(|caveat| format!("bear in mind: {caveat}")));
    lines.join("\n")
}

fn row(arm: &ArmReport) -> Vec<String> {
    let (from, to) = arm.failing;
    vec![
        arm.arm.role.as_str().to_owned(),
        arm.arm.from.to_string(),
        arm.arm.ip.to_string(),
        arm.accepted.to_string(),
        arm.refused.to_string(),
        arm.put_off.to_string(),
        arm.uncounted.to_string(),
        arm.inbox.to_string(),
        arm.junk.to_string(),
        format!("{:.0} to {:.0} %", from * 100.0, to * 100.0),
    ]
}

fn quoted(quoted: &Quoted) -> String {
    let entry = match (&quoted.entry, quoted.title) {
        (Some(entry), Some(title)) => format!("\n            {title} [coldrelay explain {entry}]"),
        _ => String::new(),
    };
    let times = if quoted.count == 1 { String::from("once") } else { format!("{} times", quoted.count) };
    format!("  to the {}, {times}: {}{entry}", quoted.role.as_str().replace('_', " "), quoted.reply)
}
