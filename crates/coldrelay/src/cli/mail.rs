//! `coldrelay mail`

use std::process::ExitCode;

use clap::Subcommand;
use ops::Ops;
use rules::{Fault, id::MailId};
use syntax::Address;

use crate::out::{Out, table};

#[derive(Subcommand)]
pub enum Mail {
    /// List received mail, newest first
    List {
        /// Only of this mailbox
        #[arg(long, value_name = "ADDRESS")]
        mailbox: Option<Address>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        limit: u32,
    },
    /// Print one, as it came
    Show {
        /// Its id
        id: String,
    },
}

impl Mail {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::List { mailbox, limit } => {
                let mailboxes = ops.mailboxes(None).await?;
                let only = match &mailbox {
                    None => None,
                    Some(address) => Some(find(&mailboxes, address)?),
                };
                let mails = ops.store.mails(only.map(|mailbox| &mailbox.id), limit).await?;
                out.answer(&mails, |mails| {
                    let owner = |mail: &store::Mail| {
                        let mailbox = mailboxes.iter().find(|mailbox| mailbox.id == mail.mailbox);
                        mailbox.map(|mailbox| mailbox.address.to_string()).unwrap_or_default()
                    };
                    let row = |mail: &store::Mail| {
                        let from = mail.from.as_ref().map(ToString::to_string).unwrap_or_default();
                        vec![
                            mail.id.to_string(),
                            owner(mail),
                            mail.kind.as_str().into(),
                            from,
                            mail.subject.clone(),
                            mail.received_at.to_string(),
                        ]
                    };
                    table(&["mail", "mailbox", "kind", "from", "subject", "received"], mails.iter().map(row).collect())
                });
            }
            Self::Show { id } => {
                let content = ops.store.mail_content(&MailId(id.clone())).await?;
                let content = content.ok_or_else(|| {
                    Fault::caller("mail.unknown", format!("no mail {id}: `coldrelay mail list` shows the ids"))
                })?;
                out.text(&String::from_utf8_lossy(&content));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn find<'m>(mailboxes: &'m [store::Mailbox], address: &Address) -> Result<&'m store::Mailbox, Fault> {
    let found = mailboxes.iter().find(|mailbox| mailbox.address.key() == address.key());
    found.ok_or_else(|| Fault::caller("mailbox.unknown", format!("{address} is not a mailbox here")))
}
