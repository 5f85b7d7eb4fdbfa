//! `coldrelay config`

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use rules::Fault;

use crate::{
    config::{SETTINGS, listed, load, sample},
    out::{Out, table},
};

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Print a commented sample with every setting and its default (--json: a list)
    Describe {
        /// As a table
        #[arg(long)]
        table: bool,
    },
    /// Check the file; every mistake is told at once
    Check {
        /// The file [default: --config]
        file: Option<PathBuf>,
    },
}

impl ConfigCommand {
    pub fn run(self, path: Option<PathBuf>, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::Describe { table: true } if !out.json => {
                out.text(&table(&["setting", "type", "default", "meaning"], listed()));
            }
            Self::Describe { .. } => out.answer(&SETTINGS, |_| sample()),
            Self::Check { file } => {
                let path = file.or(path);
                load(path.as_deref())?;
                match path {
                    Some(path) => out.talk(&format!("{} is in order", path.display())),
                    None => out.talk("there is no configuration file: every setting has its default"),
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
