//! What each tool does. Every one is a thin face of `ops`, `check` or a pure crate.

mod lookup;
mod message;
mod pasted;
mod record;

use rules::Fault;
use serde_json::Value;

use super::{Public, answer::Sink, input::Input, tools::Tool};
use crate::Site;

pub(crate) use lookup::conclusions;
pub(crate) use message::told as message_told;

/// Runs it. What is told on the way is for people, what is given at the end for programs.
///
/// # Errors
/// What the tool cannot make sense of, before anything is told; a failure on the way.
pub(crate) async fn run(tool: &Tool, input: &Input, site: &Site, public: &Public, sink: &Sink) -> Result<Value, Fault> {
    let checks = &site.checks;
    match tool.slug {
        "email-deliverability-test" => lookup::domain(input, checks, sink).await,
        "blacklist-checker" => lookup::blocklist(input, checks, sink).await,
        "mx-lookup" => lookup::mx(input, checks, sink).await,
        "live-checks" => lookup::live(input, checks, sink).await,
        "mailbox-checker" => lookup::mailbox(input, checks, sink).await,
        "from-validator" => pasted::from(input, sink),
        "bounce-decoder" => pasted::bounce(input, checks, sink).await,
        "email-header-analyzer" => message::analyze(input, checks, sink).await,
        "can-spam-checker" => message::can_spam(input, sink),
        "spf-generator" => record::spf(input, checks, sink).await,
        "dkim-generator" => record::dkim(input, sink).await,
        "dmarc-generator" => record::dmarc(input, sink),
        "cost-calculator" => record::cost(input, public, sink),
        _ => Err(Fault::caller("tool.unknown", "there is no such tool")),
    }
}

/// As programs read it.
fn value(told: &impl serde::Serialize) -> Result<Value, Fault> {
    serde_json::to_value(told)
        .map_err(|error| Fault::new("json", rules::Blame::Us, rules::Retry::Later).caused_by(error))
}
