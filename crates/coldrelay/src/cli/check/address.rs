//! `coldrelay check address`

use std::{ffi::OsString, process::ExitCode};

use clap::Args;
use rules::Fault;
use syntax::inspect_address;

use super::from::Reading;
use crate::out::Out;

#[derive(Args)]
pub struct Address {
    /// The address; `-` or nothing reads stdin. With --batch a file
    #[arg(value_name = "ADDRESS", allow_hyphen_values = true)]
    address: Option<OsString>,
    #[command(flatten)]
    reading: Reading,
}

impl Address {
    pub fn run(self, out: Out) -> Result<ExitCode, Fault> {
        self.reading.run(self.address, inspect_address, out)
    }
}
