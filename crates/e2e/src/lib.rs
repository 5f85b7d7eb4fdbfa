//! End-to-end tests: our binary against real peers from Debian (Postfix's tools, swaks, smtplib, dig, BIND, dkimpy,
//! PostgreSQL). A peer that is missing fails its test, with the name of the package. See `tests/it`.
