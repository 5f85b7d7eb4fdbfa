//! `coldrelay explain`

use std::{path::Path, process::ExitCode};

use bounce::{Recognised, explain_text};
use clap::Args;
use rules::Fault;

use super::{mailbox::read, yes};
use crate::out::Out;

#[derive(Args)]
pub struct Explain {
    /// A reply, a log line or a whole bounce message; `-` or nothing reads stdin
    text: Vec<String>,
    /// Show an entry of the reference by its id instead
    #[arg(long, value_name = "ID", conflicts_with = "text")]
    entry: Option<String>,
}

impl Explain {
    pub fn run(self, out: Out) -> Result<ExitCode, Fault> {
        if let Some(id) = self.entry {
            let entry = reference::entry(&id)
                .ok_or_else(|| Fault::caller("entry.unknown", format!("there is no entry `{id}` in the reference")))?;
            out.answer(entry, page);
            return Ok(ExitCode::SUCCESS);
        }
        let joined = self.text.join(" ");
        let text = if joined.is_empty() || joined == "-" { read(Path::new("-"))? } else { joined };
        match explain_text(&text) {
            Some(recognised) => {
                out.answer(&recognised, explained);
                Ok(ExitCode::SUCCESS)
            }
            None => {
                out.talk("No SMTP reply was found in this text: paste the whole line with its code, as `550 5.7.1 …`.");
                Ok(yes(false))
            }
        }
    }
}

fn explained(recognised: &Recognised) -> String {
    let explanation = &recognised.explanation;
    let class = explanation.class;
    let mut lines = vec![
        format!("{} [{}]", explanation.title, explanation.entry),
        format!("who       {}", class.who),
        format!("how long  {}", class.how_long),
        format!("action    {} ({})", class.action, class.scope),
        format!("evidence  {} ({} %)", explanation.evidence.join(", "), explanation.confidence),
    ];
    if let Some(entry) = reference::entry(explanation.entry) {
        lines.push(format!("\n{}\n", entry.meaning));
        lines.extend(entry.fix.iter().enumerate().map(|(index, step)| format!("{}. {step}", index + 1)));
        lines.push(String::new());
        lines.extend(entry.sources.iter().map(|source| format!("{} <{}>", source.title, source.url)));
    }
    lines.join("\n")
}

fn page(entry: &reference::Entry) -> String {
    let mut lines =
        vec![format!("{} [{}]", entry.title, entry.id), String::new(), entry.meaning.clone(), String::new()];
    lines.push(String::from("Why it happens"));
    lines.extend(entry.causes.iter().map(|cause| format!("- {cause}")));
    lines.push(String::from("\nWhat to do"));
    lines.extend(entry.fix.iter().enumerate().map(|(index, step)| format!("{}. {step}", index + 1)));
    lines.push(format!("\nIn business mail\n{}", entry.cold_mail));
    lines.push(String::from("\nSources"));
    lines.extend(
        entry.sources.iter().map(|source| format!("- {} <{}>, verified {}", source.title, source.url, source.verified)),
    );
    lines.join("\n")
}
