//! What several crates' tests need: a private PostgreSQL, a CA that speaks ACME, a name server with bad habits, an SMTP host with a script. Never a dependency of the product.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot set up its world must stop")]

pub mod http_host;
pub mod nameserver;
pub mod pebble;
pub mod postgres;
pub mod smtp_host;
