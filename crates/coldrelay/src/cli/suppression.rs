//! `coldrelay suppression`

use std::process::ExitCode;

use clap::Subcommand;
use ops::Ops;
use rules::Fault;
use syntax::Address;

use crate::out::{Out, table};

#[derive(Subcommand)]
pub enum Suppression {
    /// List addresses that are left alone
    List,
    /// Leave an address alone, from every mailbox of the installation
    Add {
        /// The address
        address: Address,
    },
    /// Take an address off the list
    Remove {
        /// The address
        address: Address,
    },
}

impl Suppression {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::List => out.answer(&ops.store.suppressions().await?, |rows| {
                let row = |row: &store::Suppression| {
                    let why = row.why.clone().unwrap_or_default();
                    vec![row.address.to_string(), row.reason.clone(), row.created_at.to_string(), why]
                };
                table(&["address", "reason", "since", "why"], rows.iter().map(row).collect())
            }),
            Self::Add { address } => {
                ops.store.suppress(&address, "manual").await?;
                out.talk(&format!("{address} is left alone from now on"));
            }
            Self::Remove { address } => {
                if !ops.store.unsuppress(&address).await? {
                    return Err(Fault::caller("suppression.unknown", format!("{address} is not on the list")));
                }
                out.talk(&format!("{address} may be written to again"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
