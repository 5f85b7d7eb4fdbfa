//! The contract between a protocol core and its socket.
//!
//! A core does no I/O. It is asked for its next [`Step`], the driver (`net::drive`) carries it out
//! and asks again. One driver therefore serves every protocol, and every protocol can be tested
//! by feeding it octets.

mod line;
mod proxy;

pub use line::{LineBuffer, LineFault};
pub use proxy::{
    PROXY_BEGIN, PROXY_V1_LONGEST, PROXY_V2_FIXED, PROXY_V2_LONGEST, ProxyHeader, ProxyVersion, proxy_v2_length,
    proxy_version, read_proxy_v1, read_proxy_v2,
};

/// What a core wants done next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<Q> {
    /// Write these octets, then ask for the next step.
    Send(Vec<u8>),
    /// Put this question to the house and give the answer to [`Core::answer`].
    Ask(Q),
    /// Read some octets and give them to [`Core::feed`].
    Read,
    /// Read octets of a message body; they go to [`Core::feed`] too, but are left out of transcripts.
    Body,
    /// Read some octets, or have this question answered, whichever comes first: octets go to [`Core::feed`] and the
    /// question is dropped, or the answer goes to [`Core::answer`]. For waiting that the peer may end (IDLE).
    ReadOr(Q),
    /// Flush, **drop any plaintext read but not consumed**, do the TLS handshake, then call [`Core::secured`].
    StartTls,
    /// Flush and close the connection.
    Close,
}

/// A protocol without its socket.
pub trait Core {
    /// What the core cannot decide by itself.
    type Question;
    /// What the house says to a question.
    type Answer;
    /// The next thing to be done. Called again after every step has been carried out.
    fn step(&mut self) -> Step<Self::Question>;
    /// Octets that arrived.
    fn feed(&mut self, octets: &[u8]);
    /// The house's answer to the last [`Step::Ask`].
    fn answer(&mut self, answer: Self::Answer);
    /// TLS is up; anything learned in clear is forgotten (RFC 3207 §4.2).
    fn secured(&mut self);
    /// The connection ended (peer closed, I/O error or a time limit) before the core closed it.
    fn ended(&mut self);
}
