//! DNS: records, resolver, authoritative server, zone plan, diff and text, publishers.

mod asker;
mod authority;
mod diff;
mod look;
mod plan;
pub mod publish;
mod record;
mod resolver;
mod text;

pub use asker::Asker;
pub use authority::Authority;
pub use diff::{Change, diff};
pub use look::Look;
pub use plan::{DkimRecord, Plan, plan, reverse_name, reverse_zone, zones};
pub use record::{Data, Record, Zone};
pub use resolver::{Found, Resolver};
pub use text::{read_zone, write_zone};
