//! `coldrelay check mail`: a one-time address of this installation, and the report on the message that comes to it.

use std::{process::ExitCode, time::Duration};

use check::MessageFacts;
use clap::Args;
use rules::{Fault, id::MailTestId};
use store::MailTest;
use syntax::Domain;
use tokio::time::{Instant, sleep};

use super::{Asking, code, message};
use crate::{cli::Global, exit, out::Out};

/// How often the store is asked whether the message is there.
const PERIOD: Duration = Duration::from_millis(500);

#[derive(Args)]
pub struct Mail {
    /// The domain of this installation that takes the message; without it the first one
    #[arg(long, value_name = "DOMAIN")]
    at: Option<Domain>,
    /// The test of that id, made earlier
    #[arg(long, value_name = "ID", conflicts_with = "at")]
    id: Option<String>,
    /// Longest wait for the message, in seconds; 0 only makes the address
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    wait: u64,
    /// As a sender of bulk: 5,000 messages a day to one provider; its rules then hold
    #[arg(long)]
    bulk: bool,
    /// Ask no blocklists
    #[arg(long)]
    no_blocklists: bool,
    #[command(flatten)]
    asking: Asking,
}

/// What is known while the message is not there.
#[derive(serde::Serialize)]
struct Waiting {
    id: MailTestId,
    address: String,
    expires_at: String,
}

impl Mail {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let ops = global.ops().await?;
        let test = match &self.id {
            Some(id) => ops.mail_test(&MailTestId(id.clone())).await?.0,
            None => ops.new_mail_test(self.at.as_ref()).await?,
        };
        if self.wait > 0 || test.arrived.is_some() {
            out.talk(&format!("Mail your message to {} (test {}).", test.address, test.id.0));
        }
        let until = Instant::now() + Duration::from_secs(self.wait);
        loop {
            if let (test, Some(octets)) = ops.mail_test(&test.id).await? {
                let facts = MessageFacts { blocklists: !self.no_blocklists, ..ops::facts_of_test(&test, self.bulk) };
                let told = self.asking.checks(global)?.message(&octets, &facts).await?;
                out.answer(&told, message::shown);
                return Ok(code(told.report.state));
            }
            if Instant::now() >= until {
                return Ok(self.not_there(&test, out));
            }
            sleep(PERIOD).await;
        }
    }

    fn not_there(&self, test: &MailTest, out: Out) -> ExitCode {
        let waiting =
            Waiting { id: test.id.clone(), address: test.address.to_string(), expires_at: test.expires_at.to_string() };
        out.answer(&waiting, |waiting| {
            format!(
                "{}\nNo message has come yet. It takes one until {}; then: coldrelay check mail --id {}",
                waiting.address, waiting.expires_at, waiting.id.0
            )
        });
        ExitCode::from(if self.wait == 0 { exit::OK } else { exit::LATER })
    }
}
