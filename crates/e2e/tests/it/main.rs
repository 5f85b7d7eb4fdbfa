//! One binary of end-to-end tests. Each test has a house, a DNS and peers of its own, on loopback, on free ports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod backup;
mod blocklists;
mod bombs;
mod browser;
mod certificates;
mod checks;
mod contract;
mod doors;
mod explain;
mod faults;
mod haproxy;
mod imap;
mod import;
mod inbound;
mod lab;
mod messages;
mod postfix;
mod proof;
mod records;
mod relay;
mod replies;
mod reports;
mod service;
mod submission;
mod support;
mod tools;
mod updates;
mod webhooks;
