//! What the dashboard shows and does, each deed within the rows of one workspace (`None`: all of the installation).
//!
//! What belongs to another workspace is as unknown as what does not exist.

mod bounces;
mod import;
mod inbox;
mod live;
mod mailboxes;
mod overview;
mod things;

pub use bounces::BounceCause;
pub use import::Imported;
pub use inbox::{Attachment, Opened};
pub use live::Verified;
pub use mailboxes::MailboxView;
pub use overview::Overview;
pub use things::DomainView;
