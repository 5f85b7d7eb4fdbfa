//! `coldrelay check spf`

use std::{
    net::IpAddr,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use auth::{MAX_LOOKUPS, MAX_VOIDS, SpfQuery, SpfReport, Verdict};
use check::State;
use clap::Args;
use rules::Fault;

use super::{Asking, Told, code, domain::domain_of};
use crate::{cli::Global, out::Out};

#[derive(Args)]
pub struct Spf {
    /// The domain in the envelope sender; instead of --mail-from
    domain: Option<String>,
    /// The IP that sends; without it the record alone is looked at
    #[arg(long, value_name = "IP")]
    ip: Option<IpAddr>,
    /// The HELO or EHLO argument
    #[arg(long, value_name = "NAME")]
    helo: Option<String>,
    /// The envelope sender; empty for the null sender
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// The receiver's name, for %{r}
    #[arg(long, value_name = "NAME", default_value = "unknown")]
    receiver: String,
    #[command(flatten)]
    asking: Asking,
}

impl Spf {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let checks = self.asking.checks(global)?;
        let Some(ip) = self.ip else {
            let name = self.domain.as_deref().or(self.mail_from.as_deref().and_then(|from| from.rsplit('@').next()));
            let domain = domain_of(name.ok_or_else(nothing)?)?;
            return Ok(Told::new(&domain, checks.spf_record(&domain).await).answer(out));
        };
        let report = checks.spf_report(&self.query(ip)?).await;
        out.answer(&report, shown);
        Ok(code(match report.result {
            Verdict::Pass => State::Ok,
            Verdict::TempError => State::Unknown,
            _ => State::Bad,
        }))
    }

    fn query(&self, ip: IpAddr) -> Result<SpfQuery, Fault> {
        let mail_from = match (&self.mail_from, &self.domain) {
            (Some(from), _) => Some(from.clone()),
            (None, Some(domain)) => Some(format!("postmaster@{domain}")),
            (None, None) => None,
        };
        let helo = self.helo.clone().or_else(|| self.domain.clone());
        if helo.is_none() && mail_from.as_deref().unwrap_or_default().is_empty() {
            return Err(nothing());
        }
        Ok(SpfQuery {
            ip,
            helo: helo.unwrap_or_default(),
            mail_from,
            receiver: self.receiver.clone(),
            at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        })
    }
}

fn nothing() -> Fault {
    Fault::caller("spf.nothing", "whose SPF? Name a domain, or give --mail-from or --helo")
}

/// The result, then the tree of what was looked at.
fn shown(report: &SpfReport) -> String {
    let by = report.matched.as_ref().map(|term| format!(", by `{term}`")).unwrap_or_default();
    let mut lines = vec![format!("{} for {}{by}", report.result.as_str(), report.domain)];
    lines.extend(report.problem.iter().map(|problem| format!("{} [{}]", problem.message, problem.id)));
    lines.extend(report.explanation.iter().map(|text| format!("the domain explains: {text}")));
    lines.push(format!("{} of {MAX_LOOKUPS} look-ups, {} of {MAX_VOIDS} void look-ups", report.lookups, report.voids));
    lines.push(String::new());
    for step in &report.trace {
        let indent = "  ".repeat(usize::try_from(step.depth).unwrap_or(0));
        let count = if step.asked.is_empty() || step.term.is_empty() {
            String::new()
        } else {
            format!("  (look-up {})", step.lookups)
        };
        let is_record = step.outcome == "record";
        let term = if is_record { format!("{}: {}", step.domain, step.term) } else { format!("  {}", step.term) };
        let outcome = if is_record { String::new() } else { format!("  → {}", step.outcome) };
        lines.push(format!("{indent}{term}{outcome}{}", if is_record { String::new() } else { count }));
        if !is_record {
            for (question, answers) in step.asked.iter().zip([step.answers.join(", ")]) {
                lines.push(format!("{indent}    {question}: {answers}"));
            }
        }
    }
    lines.join("\n")
}
