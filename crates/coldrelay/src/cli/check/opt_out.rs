//! `coldrelay check opt-out`

use std::{io::Read as _, path::PathBuf, process::ExitCode};

use check::Nature;
use clap::{Args, ValueEnum};
use rules::{Blame, Fault, Retry};
use syntax::Message;

use super::Told;
use crate::out::Out;

/// Most octets that are read: no letter to a person comes near it.
const MAX_OCTETS: u64 = 32 * 1024 * 1024;

#[derive(Args)]
pub struct OptOut {
    /// The message (.eml); `-` is stdin
    #[arg(long, value_name = "PATH")]
    file: PathBuf,
    /// What kind of message it is; without it the words decide
    #[arg(long = "as", value_name = "KIND")]
    kind: Option<Kind>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Sent to many
    Bulk,
    /// Written to one, to sell something
    Commercial,
    /// Part of a conversation
    Conversation,
}

impl OptOut {
    pub fn run(self, out: Out) -> Result<ExitCode, Fault> {
        let octets = self.octets()?;
        let unreadable =
            |why: String| Fault::caller("message.malformed", format!("{} is no message: {why}", self.file.display()));
        let message = Message::parse(&octets).map_err(|malformed| unreadable(malformed.to_string()))?;
        if message.fields().is_empty() {
            return Err(unreadable(String::from("it has no header; save the mail with its source (.eml)")));
        }
        let kind = self.kind.map(|kind| match kind {
            Kind::Bulk => Nature::Bulk,
            Kind::Commercial => Nature::Commercial,
            Kind::Conversation => Nature::Conversation,
        });
        Ok(Told::new(self.file.display(), check::opt_out(&message, kind)).answer(out))
    }

    fn octets(&self) -> Result<Vec<u8>, Fault> {
        let mut octets = Vec::new();
        let read = if self.file.as_os_str() == "-" {
            std::io::stdin().take(MAX_OCTETS + 1).read_to_end(&mut octets)
        } else {
            std::fs::File::open(&self.file).and_then(|file| file.take(MAX_OCTETS + 1).read_to_end(&mut octets))
        };
        read.map_err(|error| {
            let what = format!("reading {}", self.file.display());
            Fault::new("file.unreadable", Blame::Operator, Retry::AfterChange).context(what).caused_by(error)
        })?;
        if u64::try_from(octets.len()).unwrap_or(u64::MAX) > MAX_OCTETS {
            let what = format!("{} is larger than {MAX_OCTETS} octets", self.file.display());
            return Err(Fault::caller("message.too-large", what));
        }
        Ok(octets)
    }
}
