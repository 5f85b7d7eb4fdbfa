//! The SMTP server: MX and submission. Policy is decided by `rules`, sessions are `smtp::server`,
//! sockets are `net`; this crate is the house that answers the questions.
//!
//! Reading order: [`Inbound`], then `submission` (mail that our users send) and `mx` (mail that comes in:
//! `addressee` answers RCPT, `arrival` takes the message, `notification` reads the bounces, `receiver_report` the
//! reports, `answer` the replies; `suspect` flags, `pass_on` forwards).

mod addressee;
mod answer;
mod arrival;
mod mx;
mod notification;
mod pass_on;
mod proof;
mod receiver_report;
mod replies;
mod room;
mod session;
mod settings;
mod start;
mod submission;
mod suspect;
mod trace;
mod tried;

pub use addressee::{ROLES, TEST_PREFIX};
pub use proof::{Issued, Pass, Passes};
pub use settings::Settings;
pub use start::{Inbound, Listeners, bind};
pub use suspect::{Listings, Rspamd};
