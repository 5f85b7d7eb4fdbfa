//! `coldrelay generate`: records for the DNS, in a form to paste.

mod bimi;
mod dkim;
mod dmarc;
mod mta_sts;
mod show;
mod spf;
mod tls_rpt;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use rules::{Fault, generate::Generated};

use super::Global;
use crate::out::Out;

#[derive(Subcommand)]
pub enum Generate {
    /// The SPF record, from the senders in use; its look-ups counted, or flattened away
    Spf(spf::Spf),
    /// A DKIM key and its record, or the record of a key
    Dkim(dkim::Dkim),
    /// The DMARC record (RFC 9989)
    Dmarc(dmarc::Dmarc),
    /// The MTA-STS record and policy
    MtaSts(mta_sts::MtaSts),
    /// The record that asks for TLS reports
    TlsRpt(tls_rpt::TlsRpt),
    /// The BIMI record
    Bimi(bimi::Bimi),
}

/// What is printed.
#[derive(Args, Clone, Copy, Default)]
pub struct Shape {
    /// Print only the lines of a zone file
    #[arg(long)]
    zone: bool,
}

/// An answer in each of its forms.
pub struct Answer {
    json: serde_json::Value,
    human: String,
    /// Instead of both, when it was asked for.
    only: Option<String>,
}

impl Answer {
    /// `value` is what programs read, `made` what is published, `more` what people read above it.
    fn new<T: serde::Serialize>(value: &T, made: &Generated, more: &str, shape: Shape) -> Result<Self, Fault> {
        let json = serde_json::to_value(value)
            .map_err(|error| Fault::new("answer.json", rules::Blame::Us, rules::Retry::AfterChange).caused_by(error))?;
        let human = format!("{more}{}", show::generated(made));
        Ok(Self { json, human, only: shape.zone.then(|| made.zone()) })
    }
}

impl Generate {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let answer = self.answer(global).await?;
        match &answer.only {
            Some(text) => out.text(text),
            None => out.answer(&answer.json, |_| answer.human.clone()),
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn answer(self, global: &Global) -> Result<Answer, Fault> {
        match self {
            Self::Spf(spf) => spf.answer(global).await,
            Self::Dkim(dkim) => dkim.answer(),
            Self::Dmarc(dmarc) => dmarc.answer(),
            Self::MtaSts(mta_sts) => mta_sts.answer(global).await,
            Self::TlsRpt(tls_rpt) => tls_rpt.answer(),
            Self::Bimi(bimi) => bimi.answer(),
        }
    }
}

#[cfg(test)]
mod tests;
