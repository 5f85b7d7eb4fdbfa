//! `coldrelay send`

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use ops::{Composed, Ops};
use rules::Fault;
use syntax::Address;

use super::mailbox::read;
use crate::out::Out;

#[derive(Args)]
pub struct Send {
    /// One of your mailboxes
    #[arg(long, value_name = "ADDRESS")]
    from: Address,
    /// Recipient; may be given more than once
    #[arg(long, required = true, value_name = "ADDRESS")]
    to: Vec<Address>,
    /// Subject
    #[arg(long, value_name = "TEXT")]
    subject: String,
    /// Text of the message
    #[arg(long, value_name = "TEXT", conflicts_with = "text_file")]
    text: Option<String>,
    /// File with the text; `-` is stdin
    #[arg(long, value_name = "FILE", default_value = "-")]
    text_file: PathBuf,
}

#[derive(serde::Serialize)]
struct Sent {
    message: String,
}

impl Send {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        let text = match self.text {
            Some(text) => text,
            None => read(&self.text_file)?,
        };
        let message = ops.send(Composed { from: self.from, to: self.to, subject: self.subject, text }).await?;
        out.answer(&Sent { message: message.0 }, |sent| {
            format!("accepted as {}; `coldrelay queue why {}` tells what becomes of it", sent.message, sent.message)
        });
        Ok(ExitCode::SUCCESS)
    }
}
