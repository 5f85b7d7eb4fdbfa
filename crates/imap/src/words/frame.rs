//! Whole commands found in a stream of octets: lines, literals, continuations. RFC 9051 §2.2.1, §4.3, RFC 7888.

use std::ops::Range;

use super::flag::is_atom_octet;

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
    /// Octets of `waiting` that were searched and hold no line end.
    searched: usize,
    frame: Frame,
    state: State,
}

/// Where in a command the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a line of text.
    Line,
    /// A literal was announced; leave is wanted.
    Asking(usize),
    /// So many octets of a literal are missing.
    Literal(usize),
    /// The rest of an over-long line is dropped up to its end.
    Dropping,
    /// What comes is not looked at any more.
    Closed,
}

/// `~{5+}` at the end of a line.
struct Announcement {
    at: usize,
    octets: u64,
    eight_bit: bool,
    asks: bool,
}

/// Longest announcement that is looked for at the end of a dropped line.
const MAX_ANNOUNCEMENT: usize = 32;
/// Longest tag that is repeated; our own bound.
const MAX_TAG: usize = 100;

impl Frames {
    /// An empty reader.
    pub fn new(limits: Limits) -> Self {
        Self { limits, waiting: Vec::new(), searched: 0, frame: Frame::default(), state: State::Line }
    }

    /// Other limits for the commands that follow: larger ones after login.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Octets that arrived.
    pub fn feed(&mut self, octets: &[u8]) {
        if self.state != State::Closed {
            self.waiting.extend_from_slice(octets);
        }
    }

    /// What the stream has come to. Asked again after each event but [`Event::Read`].
    pub fn next_event(&mut self) -> Event {
        loop {
            let event = match self.state {
                State::Line => self.read_line(),
                State::Literal(missing) => self.read_literal(missing),
                State::Dropping => self.drop_line(),
                State::Asking(octets) => Some(Event::Continue { octets }),
                State::Closed => Some(Event::Read),
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    /// Leave for the literal of [`Event::Continue`] was given.
    pub fn accept(&mut self) {
        if let State::Asking(octets) = self.state {
            self.state = State::Literal(octets);
        }
    }

    /// The literal of [`Event::Continue`] is refused: the command is dropped. Gives its tag for the answer.
    pub fn refuse(&mut self) -> Option<String> {
        let tag = tag_of(&self.frame.octets);
        self.begin();
        tag
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
        if self.state != State::Dropping {
            match self.take_line(self.limits.line)? {
                Some(line) => return Some(Ok(without_end(&line).to_vec())),
                None => self.state = State::Dropping,
            }
        }
        matches!(self.drop_line(), Some(Event::Refused(_))).then_some(Err(FrameFault::LineTooLong))
    }

    /// Whether nothing waits and no command is begun.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.frame.octets.is_empty()
    }

    /// Forgets everything that waits: at STARTTLS (RFC 9051 §6.2.1).
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.searched = 0;
        self.begin();
    }

    fn begin(&mut self) -> Frame {
        self.state = State::Line;
        std::mem::take(&mut self.frame)
    }

    /// Octets of the command outside its literals.
    fn text_octets(&self) -> usize {
        self.frame.octets.len().saturating_sub(self.literal_octets())
    }

    fn literal_octets(&self) -> usize {
        self.frame.literals.iter().map(|literal| literal.octets.len()).sum()
    }

    fn read_line(&mut self) -> Option<Event> {
        let room = self.limits.line.saturating_sub(self.text_octets());
        let Some(line) = self.take_line(room) else { return Some(Event::Read) };
        let Some(line) = line else {
            self.state = State::Dropping;
            return None;
        };
        let text = without_end(&line);
        if text.is_empty() && self.frame.octets.is_empty() {
            // Reality: clients that end a literal with a line end of their own, and then the command with another.
            return None;
        }
        let Some(announced) = announcement(text) else {
            self.frame.octets.extend_from_slice(text);
            return Some(self.whole());
        };
        let start = self.frame.octets.len();
        self.frame.octets.extend_from_slice(&line);
        self.announce(&announced, start)
    }

    /// A literal is to come: is it taken?
    fn announce(&mut self, announced: &Announcement, start: usize) -> Option<Event> {
        let is_append = self.frame.octets.split(|octet| *octet == b' ').nth(1).is_some_and(is_append);
        let total = if is_append { self.limits.append } else { self.limits.literal };
        let mut limit = total.saturating_sub(self.literal_octets());
        if !announced.asks {
            limit = limit.min(self.limits.unasked);
        }
        if self.frame.literals.len() >= self.limits.literals {
            return Some(self.refused(FrameFault::TooManyLiterals, !announced.asks));
        }
        let Some(octets) = usize::try_from(announced.octets).ok().filter(|octets| *octets <= limit) else {
            let fault = FrameFault::LiteralTooLarge { octets: announced.octets, limit };
            return Some(self.refused(fault, !announced.asks));
        };
        let from = self.frame.octets.len();
        self.frame.literals.push(Literal {
            announced: start + announced.at,
            octets: from..from,
            eight_bit: announced.eight_bit,
        });
        self.state = if announced.asks { State::Asking(octets) } else { State::Literal(octets) };
        None
    }

    fn read_literal(&mut self, missing: usize) -> Option<Event> {
        let here = missing.min(self.waiting.len());
        self.frame.octets.extend(self.waiting.drain(..here));
        self.searched = 0;
        let end = self.frame.octets.len();
        self.frame.literals.last_mut().into_iter().for_each(|literal| literal.octets.end = end);
        if here < missing {
            self.state = State::Literal(missing - here);
            return Some(Event::Read);
        }
        self.state = State::Line;
        None
    }

    fn whole(&mut self) -> Event {
        let has_nul = |literal: &Literal| {
            !literal.eight_bit
                && self.frame.octets.get(literal.octets.clone()).is_some_and(|octets| octets.contains(&0))
        };
        match self.frame.literals.iter().any(has_nul) {
            true => self.refused(FrameFault::Nul, false),
            false => Event::Command(self.begin()),
        }
    }

    fn drop_line(&mut self) -> Option<Event> {
        let end = self.find_end();
        let text = without_end(self.waiting.get(..end.unwrap_or(self.waiting.len())).unwrap_or_default());
        let goes_on = announcement(text).is_some_and(|announced| !announced.asks);
        if self.frame.octets.is_empty() {
            // For the tag.
            self.frame.octets.extend(self.waiting.iter().take(MAX_TAG + 1));
        }
        let keep = if end.is_some() { 0 } else { self.waiting.len().min(MAX_ANNOUNCEMENT) };
        self.waiting.drain(..end.unwrap_or(self.waiting.len() - keep));
        self.searched = keep;
        match end {
            Some(_) => Some(self.refused(FrameFault::LineTooLong, goes_on)),
            None => Some(Event::Read),
        }
    }

    fn refused(&mut self, fault: FrameFault, close: bool) -> Event {
        let tag = tag_of(&self.begin().octets);
        if close {
            self.clear();
            self.state = State::Closed;
        }
        Event::Refused(Refusal { tag, fault, close })
    }

    /// The next line with its end; `None` when there is none yet, `Some(None)` when it is longer than `room`.
    fn take_line(&mut self, room: usize) -> Option<Option<Vec<u8>>> {
        match self.find_end() {
            Some(end) if end > room => Some(None),
            Some(end) => {
                self.searched = 0;
                Some(Some(self.waiting.drain(..end).collect()))
            }
            None => (self.waiting.len() > room).then_some(None),
        }
    }

    /// Offset behind the LF of the first line. Reality: scripts and old clients end lines with LF alone.
    fn find_end(&mut self) -> Option<usize> {
        let found = self.waiting.get(self.searched..)?.iter().position(|octet| *octet == b'\n');
        let end = found.map(|index| self.searched + index + 1);
        self.searched = end.map_or(self.waiting.len(), |end| end - 1);
        end
    }
}

/// The tag with which a command begins.
pub(crate) fn tag_of(octets: &[u8]) -> Option<String> {
    let end = octets.iter().position(|octet| !is_tag_octet(*octet)).unwrap_or(octets.len());
    let tag = octets.get(..end).filter(|tag| !tag.is_empty() && tag.len() <= MAX_TAG)?;
    let is_whole = octets.get(end).is_none_or(|octet| matches!(octet, b' ' | b'\r' | b'\n'));
    is_whole.then(|| String::from_utf8(tag.to_vec()).ok()).flatten()
}

/// `tag` of RFC 9051 §9: ASTRING-CHAR but `+`.
fn is_tag_octet(octet: u8) -> bool {
    (is_atom_octet(octet) || octet == b']') && octet != b'+'
}

fn is_append(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"APPEND")
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// `{5}`, `{5+}`, `~{5}` at the end of a line. RFC 7888 §8, RFC 3516 §7.
fn announcement(text: &[u8]) -> Option<Announcement> {
    let inner = text.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|octet| *octet == b'{')?;
    let digits = inner.get(open + 1..)?;
    let (digits, asks) = digits.strip_suffix(b"+").map_or((digits, true), |digits| (digits, false));
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let octets = std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX);
    let eight_bit = inner.get(..open)?.ends_with(b"~");
    Some(Announcement { at: open - usize::from(eight_bit), octets, eight_bit, asks })
}

#[cfg(test)]
mod tests;
