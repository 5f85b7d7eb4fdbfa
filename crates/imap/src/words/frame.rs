//! Whole commands found in a stream of octets: lines, literals, continuations. RFC 9051 §2.2.1, §4.3, RFC 7888.

use std::ops::Range;

/// Bounds of what one command may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most octets of a command outside its literals.
    pub line: usize,
    /// Most octets of one literal, and of all literals of a command that is no APPEND.
    pub literal: usize,
    /// Most octets of an APPEND's literals.
    pub append: usize,
    /// Most octets of a literal that is sent without being asked for (`{n+}`): 4096 for LITERAL-, `append` for LITERAL+.
    pub unasked: usize,
    /// Most literals of one command.
    pub literals: usize,
}

/// One command: everything that was sent, literals with their announcements included, without the last CRLF.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// All octets.
    pub octets: Vec<u8>,
    /// Where the literals stand, in order.
    pub literals: Vec<Literal>,
}

/// A literal in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Where its announcement (`{5}`, `~{5+}`) begins.
    pub announced: usize,
    /// Its octets; they begin behind the CRLF of the announcement.
    pub octets: Range<usize>,
    /// `~{…}`: may hold NUL.
    pub eight_bit: bool,
}

/// What the stream has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// More octets are needed.
    Read,
    /// The client waits for leave to send a literal. The core sends `+` and calls [`Frames::accept`], or answers with
    /// NO and calls [`Frames::refuse`]. Until then the event is told again.
    Continue {
        /// Octets that it wants to send.
        octets: usize,
    },
    /// A command is whole.
    Command(Frame),
    /// A command was dropped.
    Refused(Refusal),
}

/// A command that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its tag, when it has one.
    pub tag: Option<String>,
    /// Why.
    pub fault: FrameFault,
    /// The client is already sending what is not wanted, and nobody can tell where it ends for good: after the answer the
    /// connection has to be closed.
    pub close: bool,
}

/// Why a command cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameFault {
    /// Longer than [`Limits::line`].
    LineTooLong,
    /// A literal (or all of them together) larger than its limit.
    LiteralTooLarge {
        /// What the client announced.
        octets: u64,
        /// What is taken.
        limit: usize,
    },
    /// More literals than [`Limits::literals`].
    TooManyLiterals,
    /// A NUL in a literal that is not `~{…}`.
    Nul,
}

/// The reader. Holds at most one command within its limits, and what was fed since.
#[derive(Debug)]
pub struct Frames {
    limits: Limits,
    waiting: Vec<u8>,
    frame: Frame,
}

impl Frames {
    /// An empty reader.
    pub fn new(limits: Limits) -> Self {
        Self { limits, waiting: Vec::new(), frame: Frame::default() }
    }

    /// Other limits for the commands that follow: larger ones after login.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Octets that arrived.
    pub fn feed(&mut self, octets: &[u8]) {
        self.waiting.extend_from_slice(octets);
    }

    /// What the stream has come to. Asked again after each event but [`Event::Read`].
    pub fn next_event(&mut self) -> Event {
        Event::Read
    }

    /// Leave for the literal of [`Event::Continue`] was given.
    pub fn accept(&mut self) {}

    /// The literal of [`Event::Continue`] is refused: the command is dropped. Gives its tag for the answer.
    pub fn refuse(&mut self) -> Option<String> {
        None
    }

    /// The command so far, while [`Event::Continue`] is told: for a look at `APPEND mailbox` before its octets.
    pub fn so_far(&self) -> &Frame {
        &self.frame
    }

    /// A line outside any command, without its line end: an answer to AUTHENTICATE, or `DONE`. `None` when there is no
    /// whole line yet.
    ///
    /// # Errors
    /// [`FrameFault::LineTooLong`]; the line is dropped.
    pub fn line(&mut self) -> Option<Result<Vec<u8>, FrameFault>> {
        None
    }

    /// Whether nothing waits and no command is begun.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.frame.octets.is_empty()
    }

    /// Forgets everything that waits: at STARTTLS (RFC 9051 §6.2.1).
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.frame = Frame::default();
    }
}
