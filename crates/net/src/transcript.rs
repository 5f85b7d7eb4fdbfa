//! What was said on a connection.

/// Lines `S: …` / `C: …` / `* …` (notes: TLS, body elided, end). Passwords are redacted, bodies
/// elided, at most 64 KiB kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The text, LF after every line.
    pub text: String,
}
