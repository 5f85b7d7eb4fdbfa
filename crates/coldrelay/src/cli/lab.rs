//! `coldrelay lab`

use std::{process::ExitCode, sync::Arc};

use clap::Args;
use lab::{Delivery, FaultStory, Hostile, Invitation, Options, ProofStory, Report};
use rules::Fault;

use super::serve::{log, stopped};
use crate::{
    clock::SystemClock,
    out::{Out, table, talk},
};

#[derive(Args)]
pub struct Lab {
    /// Tell the story and exit, instead of serving until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Where the dashboard is served; port 0 is a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    http: std::net::SocketAddr,
}

impl Lab {
    pub async fn run(self, out: Out) -> Result<ExitCode, Fault> {
        // Only what went wrong: the report tells the rest.
        log("error,hickory_server=off", false);
        let quiet = out.quiet;
        let progress = Box::new(move |text: &str| {
            if !quiet {
                talk(text);
            }
        });
        let lab = lab::Lab::start(Options { clock: Arc::new(SystemClock), http: self.http, progress }).await?;
        let (report, invitation) = lab.story().await?;
        out.answer(&report, shown);
        if !self.once {
            if out.json {
                out.json_line(&invitation);
            }
            out.talk(&invited(&invitation));
            stopped().await?;
        }
        lab.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

fn shown(report: &Report) -> String {
    let parts = [
        String::from("What became of the mail"),
        deliveries(&report.deliveries),
        String::from("\nWhy it was refused, and what to do"),
        refusals(&report.deliveries),
        String::from("\nHow misuse of the house was answered"),
        hostile(&report.refused),
        String::from("\nFaults that were planted, found and repaired"),
        faults(&report.faults),
        String::from("\nPairing proofs of mailboxes, and what their submission said"),
        proofs(report.proofs.iter().chain(report.faults.iter().flat_map(|story| &story.proofs))),
        summary(report),
    ];
    parts.join("\n")
}

fn deliveries(deliveries: &[Delivery]) -> String {
    let row = |delivery: &Delivery| {
        vec![
            delivery.receiver.clone(),
            delivery.sender.to_string(),
            delivery.recipient.to_string(),
            delivery.status.clone(),
            delivery.attempts.to_string(),
            short(delivery.reply.as_deref().unwrap_or("(no reply)"), 60),
            delivery.entry.clone().unwrap_or_default(),
        ]
    };
    let headers = ["receiver", "from", "to", "status", "tries", "last reply", "entry of the last refusal"];
    table(&headers, deliveries.iter().map(row).collect())
}

/// Each entry once, with its class and its first step.
fn refusals(deliveries: &[Delivery]) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for refusal in deliveries.iter().flat_map(|delivery| &delivery.refusals) {
        if rows.iter().any(|row| row.first() == Some(&refusal.entry)) {
            continue;
        }
        rows.push(vec![
            refusal.entry.clone(),
            short(&refusal.title, 70),
            format!("{}, {}, {}", refusal.who, refusal.how_long, refusal.action),
            short(&refusal.fix, 100),
        ]);
    }
    table(&["entry", "what it means", "who, how long, action", "first step"], rows)
}

fn hostile(refused: &[Hostile]) -> String {
    let row = |hostile: &Hostile| {
        let reply = hostile.refusal.reply.as_deref().unwrap_or("(no reply)");
        vec![hostile.attempt.clone(), hostile.door.into(), short(reply, 80), hostile.refusal.entry.clone()]
    };
    table(&["attempt", "at", "answer", "entry"], refused.iter().map(row).collect())
}

fn faults(faults: &[FaultStory]) -> String {
    let row = |story: &FaultStory| {
        vec![
            story.fault.clone(),
            story.domain.to_string(),
            short(&story.before, 40),
            story.findings.join(" "),
            format!("{} of {}", story.forecasts.iter().filter(|one| one.is_right()).count(), story.forecasts.len()),
            story.drift.to_string(),
            story.repair.clone(),
            short(&story.after, 40),
        ]
    };
    table(
        &["fault", "domain", "before", "check domain finds", "predicted right", "drift", "repair", "after"],
        faults.iter().map(row).collect(),
    )
}

fn proofs<'r>(proofs: impl Iterator<Item = &'r ProofStory>) -> String {
    let row = |proof: &ProofStory| {
        vec![
            proof.mailbox.to_string(),
            proof.outcome.map_or("not ended", |outcome| outcome.as_str()).to_owned(),
            proof.finding.map(|step| step.finding().to_owned()).unwrap_or_default(),
            short(proof.submission.as_deref().unwrap_or_default(), 90),
        ]
    };
    table(&["mailbox", "proof", "fails for", "submission"], proofs.map(row).collect())
}

fn summary(report: &Report) -> String {
    let proved: usize = report.domains.iter().map(|domain| domain.proved).sum();
    let records: usize = report.domains.iter().map(|domain| domain.records).sum();
    format!(
        "\n{} domains ({proved} of {records} record sets proved by real queries), {} mailboxes, {} replies and {} bounces received, {} of {} faults repaired.",
        report.domains.len(),
        report.mailboxes.len(),
        report.replies_received,
        report.bounces_received,
        report.faults.iter().filter(|story| story.fixed).count(),
        report.faults.len()
    )
}

fn invited(invitation: &Invitation) -> String {
    let Invitation { sign_in, api_key, submission, submissions, imap, imaps, dns, mx_port, login, password } =
        invitation;
    let api = sign_in.split_once("/sign-in/").map_or("", |(home, _)| home);
    format!(
        "\nThe lab keeps serving until Ctrl-C. Open the dashboard, signed in by this link (once, within the hour):\n\
         \x20 {sign_in}\n\
         or play along:\n\
         \x20 curl -H 'Authorization: Bearer {api_key}' {api}/api/v1/domains\n\
         \x20 swaks --server {submission} --tls --auth PLAIN --auth-user {login} --auth-password {password} \\\n\
         \x20       --from {login} --to dana@greylisting.test\n\
         \x20 dig -p {} @{} acme-mail.test TXT\n\
         \x20 curl -k imaps://{imaps}/INBOX -u {login}:{password} -X 'FETCH 1:* ENVELOPE'\n\
         Submission over TLS is at {submissions}, IMAP with STARTTLS at {imap}; every MX is on port {mx_port}.",
        dns.port(),
        dns.ip()
    )
}

/// At most so many characters.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}
