//! `coldrelay rule`

use std::process::ExitCode;

use clap::Subcommand;
use ops::Ops;
use rules::Fault;
use store::{ArrivingRule, RuleAction};
use syntax::{Address, Domain};

use crate::out::{Out, table};

#[derive(Subcommand)]
pub enum Rule {
    /// List the rules for mail that arrives
    List,
    /// Pass the mail of a mailbox on to another address, sealed with ARC, under a sender of ours (SRS)
    Forward {
        /// The mailbox
        mailbox: Address,
        /// To whom
        #[arg(long, value_name = "ADDRESS")]
        to: Address,
        /// Keep it in the mailbox too; replies, bounces and reports are kept in any case
        #[arg(long)]
        keep: bool,
    },
    /// Keep local parts like this from the catch-all of a domain
    Refuse {
        /// The domain
        domain: Domain,
        /// The local part; `*` stands for any letters
        pattern: String,
    },
    /// Take a rule away
    Remove {
        /// Its id
        id: String,
    },
}

impl Rule {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::List => list(ops, out).await?,
            Self::Forward { mailbox, to, keep } => {
                let rule = ops.forward(&mailbox, &to, keep).await?;
                out.answer(&rule, |rule| format!("{}: mail of {mailbox} is passed on to {to}", rule.id));
            }
            Self::Refuse { domain, pattern } => {
                let rule = ops.refuse(&domain, &pattern).await?;
                out.answer(&rule, |rule| format!("{}: the catch-all of {domain} takes no {pattern}", rule.id));
            }
            Self::Remove { id } => {
                ops.remove_rule(&id).await?;
                out.talk(&format!("the rule {id} is gone"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(ops: &Ops, out: Out) -> Result<(), Fault> {
    let domains = ops.store.domains(None).await?;
    let mailboxes = ops.mailboxes(None).await?;
    out.answer(&ops.store.rules(None).await?, |rules| {
        let row = |rule: &ArrivingRule| {
            let mailbox = mailboxes.iter().find(|mailbox| Some(&mailbox.id) == rule.mailbox.as_ref());
            let domain = domains.iter().find(|domain| domain.id == rule.domain);
            let of = mailbox.map(|mailbox| mailbox.address.to_string());
            let of = of.or_else(|| domain.map(|domain| format!("catch-all of {}", domain.name))).unwrap_or_default();
            let does = match &rule.action {
                RuleAction::Forward { to, keep: true } => format!("pass on to {to}, and keep"),
                RuleAction::Forward { to, keep: false } => format!("pass on to {to}"),
                RuleAction::Refuse { pattern } => format!("refuse {pattern}"),
            };
            vec![rule.id.to_string(), of, does, rule.created_at.to_string()]
        };
        table(&["rule", "of", "does", "since"], rules.iter().map(row).collect())
    });
    Ok(())
}
