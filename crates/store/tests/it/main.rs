//! One suite, run on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken expectation fails the test; the lints know only functions marked #[test]"
)]

mod arriving;
mod asked;
mod backups;
mod callouts;
mod certificates;
mod desk;
mod dkim;
mod domains;
mod faults;
mod folders;
mod house;
mod listings;
mod load;
mod mail;
mod opening;
mod proofs;
mod queue;
mod ramps;
mod reports;
mod settling;
mod sharing;
mod tests_by_mail;
mod together;
mod webhooks;

/// Makes a test for each database of every function named.
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $test() { super::$test(crate::house::Place::sqlite()).await })+
        }
        mod on_postgresql {
            $(#[tokio::test] async fn $test() { super::$test(crate::house::Place::postgresql()).await })+
        }
    };
}
pub(crate) use on_both_databases;
