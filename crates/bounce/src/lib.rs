//! Refusals understood: replies, log lines, lost connections, and messages that tell what became
//! of another message; classified from data on three independent axes.
//!
//! The match rules live in `reference`; here texts are taken apart, and it is decided which of the
//! rules that match wins. Reading order: [`explain`](fn@explain), [`explain_text`], [`Line`],
//! [`report`], [`dsn`].
//!
//! ```
//! let told = bounce::explain_line("550 5.1.1 <bob@example.test>: user unknown");
//! assert_eq!((told.reply, told.enhanced.as_deref()), (Some(550), Some("5.1.1")));
//! assert!(told.explanation.suppress);
//! ```

mod automatic;
mod codes;
mod correct;
pub mod dsn;
mod explain;
mod line;
mod mime;
pub mod report;
mod text;
mod verdicts;

pub use automatic::automatic;
pub use explain::{Explanation, RankedCause, Refusal, explain, explain_recipient};
pub use line::Line;
pub use mime::{looks_like_mail, without_tags};
pub use text::{Outcome, Recognised, Source, classify_line, explain_line, explain_message, explain_text};
