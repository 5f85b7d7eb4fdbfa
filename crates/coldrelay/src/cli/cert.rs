//! `coldrelay cert`

use std::{process::ExitCode, time::Duration};

use clap::Subcommand;
use ops::{CertificateView, Ops};
use rules::{Blame, Fault, Retry, certificate::BREATH};
use tokio::time::Instant;

use crate::{
    exit,
    out::{Out, table},
};

/// Between two looks into the store.
const LOOK: Duration = Duration::from_millis(200);
/// How long nothing may happen before `serve` is taken for not running.
const SILENCE: Duration = Duration::from_secs(15);
/// Longest wait for one order: longer than `serve` gives it.
const STANDSTILL: Duration = Duration::from_secs(10 * 60);

#[derive(Subcommand)]
#[command(after_help = "Exit codes: 0 given, 1 an order failed, 5 nobody orders now")]
pub enum Cert {
    /// List the certificates that are wanted, with how they stand and what went wrong
    List,
    /// Order those that are missing or have ended now, without waiting for their time
    Order {
        /// Names or domains
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Order new ones in place of those that are there; these stay until the new ones are given
    Renew {
        /// Names or domains
        #[arg(required_unless_present = "all", value_name = "NAME")]
        names: Vec<String>,
        /// Every one
        #[arg(long, conflicts_with = "names")]
        all: bool,
    },
}

impl Cert {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::List => {
                out.answer(&ops.certificates().await?, |views| shown(views));
                Ok(ExitCode::SUCCESS)
            }
            Self::Order { names } => {
                let meant = ops.certificates_meant(&names).await?;
                let (valid, missing): (Vec<_>, Vec<_>) = meant.into_iter().partition(|view| view.state == "valid");
                for view in valid {
                    let name = &view.certificate.name;
                    out.talk(&format!("{name} is valid: `coldrelay cert renew {name}` orders another"));
                }
                order(ops, missing, out).await
            }
            Self::Renew { names, all } => {
                let meant = if all { ops.certificates().await? } else { ops.certificates_meant(&names).await? };
                order(ops, meant, out).await
            }
        }
    }
}

/// Asks, waits until every order has ended, and shows how.
async fn order(ops: &Ops, before: Vec<CertificateView>, out: Out) -> Result<ExitCode, Fault> {
    if before.is_empty() {
        out.answer(&before, |_| String::from("nothing is to be ordered"));
        return Ok(ExitCode::SUCCESS);
    }
    ops.ask_for_certificates(&before).await?;
    let (mut ended, mut since) = (usize::MAX, Instant::now());
    let after = loop {
        let now = ops.certificates().await?;
        let now: Vec<CertificateView> = before.iter().filter_map(|old| same(&now, old)).collect();
        let done = before.iter().zip(&now).filter(|(old, new)| has_ended(old, new)).count();
        if ended != done {
            (ended, since) = (done, Instant::now());
            out.progress(done, now.len());
        }
        if done == now.len() {
            break now;
        }
        // Whatever is asked for twice in a minute waits for its end.
        let is_in_hand =
            before.iter().zip(&now).any(|(old, new)| new.certificate.asked_at.is_none() && !has_ended(old, new));
        if since.elapsed() > if is_in_hand { STANDSTILL } else { SILENCE + BREATH } {
            return Err(nobody_orders(&now));
        }
        tokio::time::sleep(LOOK).await;
    };
    out.answer(&after, |views| shown(views));
    let failed = after.iter().any(|view| view.certificate.problem.is_some());
    Ok(ExitCode::from(if failed { exit::NO } else { exit::OK }))
}

fn same(views: &[CertificateView], old: &CertificateView) -> Option<CertificateView> {
    views.iter().find(|view| view.certificate.name == old.certificate.name).cloned()
}

fn has_ended(old: &CertificateView, new: &CertificateView) -> bool {
    let (old, new) = (&old.certificate, &new.certificate);
    let given = new.problem.is_none() && new.tried_at != old.tried_at && new.not_after != old.not_after;
    new.asked_at.is_none() && (given || new.failures != old.failures)
}

fn nobody_orders(views: &[CertificateView]) -> Fault {
    let next =
        views.iter().filter(|view| view.certificate.asked_at.is_some()).map(|view| view.certificate.due_at).min();
    let next = next.map(|at| format!(" (the next is due at {at})")).unwrap_or_default();
    Fault::new("certificate.not-ordered", Blame::Operator, Retry::Later).context(format!(
        "asked for, and not ordered yet{next}: is `coldrelay serve` running with `acme.directory`, and may the CA be asked \
         again already? After a limit or a failure of the CA nothing is asked for a while. It stays asked for"
    ))
}

/// One line a certificate, and below the table what went wrong.
fn shown(views: &[CertificateView]) -> String {
    if views.is_empty() {
        return String::from("no certificate is wanted: set `acme.directory`, and run `coldrelay serve`");
    }
    let row = |view: &CertificateView| {
        let one = &view.certificate;
        let end = one.not_after.map(|end| end.to_string()).unwrap_or_default();
        vec![one.name.clone(), view.state.to_owned(), end, one.due_at.to_string(), one.names.len().to_string()]
    };
    let rows = table(&["name", "state", "until", "ordered next", "names"], views.iter().map(row).collect());
    let problems = views.iter().filter_map(|view| {
        let one = &view.certificate;
        let (code, problem) = (one.problem_code.as_deref()?, one.problem.as_deref()?);
        Some(format!("{}: {} order(s) failed; the last: {problem} [{code}]", one.name, one.failures))
    });
    std::iter::once(rows).chain(problems).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use store::Certificate;
    use syntax::Timestamp;

    use super::*;

    fn view(failures: u32, not_after: Option<i64>) -> CertificateView {
        let certificate = Certificate {
            name: "box.example.com".into(),
            names: vec!["box.example.com".into()],
            not_before: None,
            not_after: not_after.map(Timestamp::from_micros),
            due_at: Timestamp::from_micros(0),
            asked_at: None,
            tried_at: Some(Timestamp::from_micros(i64::from(failures) + not_after.unwrap_or(0))),
            failures,
            problem_code: (failures > 0).then(|| "acme.challenge-failed".into()),
            problem: (failures > 0).then(|| "the CA could not see it".into()),
        };
        CertificateView { certificate, state: if not_after.is_some() { "valid" } else { "none" } }
    }

    #[test]
    fn an_order_has_ended_when_it_was_given_or_failed_once_more() {
        assert!(has_ended(&view(0, None), &view(0, Some(9))));
        assert!(has_ended(&view(1, None), &view(2, None)));
        assert!(has_ended(&view(2, Some(9)), &view(0, Some(19))), "a success sets the failures back");
        assert!(!has_ended(&view(1, Some(9)), &view(1, Some(9))));
        let mut asked = view(0, Some(9));
        asked.certificate.asked_at = Some(Timestamp::from_micros(1));
        assert!(!has_ended(&view(0, None), &asked));
    }

    #[test]
    fn what_went_wrong_stands_below_the_table() {
        let text = shown(&[view(3, None)]);
        for part in
            ["box.example.com", "none", "3 order(s) failed", "the CA could not see it", "[acme.challenge-failed]"]
        {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(shown(&[]).contains("acme.directory"));
    }
}
