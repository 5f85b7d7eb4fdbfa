//! The IMAP server over the store: IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051).
//!
//! [`words`] is the language, pure: commands read, responses written, messages taken apart and searched.
//! Everything else stands on it.

pub mod words;
