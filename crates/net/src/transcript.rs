//! What was said on a connection, fit to be shown: passwords redacted, content elided, bounded.

use std::sync::{Arc, Mutex, PoisonError};

/// Most octets of text that are kept.
const LIMIT: usize = 64 * 1024;
/// Most octets of one line that are kept.
const LINE: usize = 1024;

/// Lines `S: …` / `C: …` / `* …` (notes: TLS, end), LF after every line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The text.
    pub text: String,
    client: Vec<u8>,
    server: Vec<u8>,
    hiding: Hiding,
    cut: bool,
}

/// A transcript that is read while it is being written: whoever answers questions wants to keep what was said so far.
/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    transcript: Transcript,
    tls: Option<String>,
    /// Nothing is written down.
    silent: bool,
}

impl Log {
    /// A log that keeps nothing of what is said: for protocols that say much, and people's mail.
    pub fn silent() -> Self {
        Self(Arc::new(Mutex::new(Kept { silent: true, ..Kept::default() })))
    }

    /// The text so far, from that octet on.
    pub fn since(&self, mark: usize) -> String {
        self.kept(|kept| kept.transcript.text.get(mark..).unwrap_or_default().to_owned())
    }

    /// Octets of text so far.
    pub fn mark(&self) -> usize {
        self.kept(|kept| kept.transcript.text.len())
    }

    /// TLS version and cipher, once there is TLS.
    pub fn tls(&self) -> Option<String> {
        self.kept(|kept| kept.tls.clone())
    }

    /// Adds a note.
    pub fn note(&self, text: &str) {
        self.kept(|kept| kept.transcript.note(text));
    }

    pub(crate) fn set_tls(&self, description: String) {
        self.note(&format!("TLS: {description}"));
        self.kept(|kept| kept.tls = Some(description));
    }

    pub(crate) fn write(&self, write: impl FnOnce(&mut Transcript)) {
        self.kept(|kept| {
            if !kept.silent {
                write(&mut kept.transcript);
            }
        });
    }

    pub(crate) fn transcript(&self) -> Transcript {
        self.kept(|kept| kept.transcript.clone())
    }

    fn kept<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What of the client's octets must not be shown next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Hiding {
    #[default]
    Nothing,
    /// A line of an AUTH exchange.
    Secret,
    /// Content until the final dot; so many octets so far.
    Content(usize),
    /// So many counted octets still to come, of so many.
    Chunk(usize, usize),
}

impl Transcript {
    /// Something to be known that was not said by either side.
    pub fn note(&mut self, text: &str) {
        self.add("*", text);
    }

    /// Octets of the server.
    pub fn server(&mut self, octets: &[u8]) {
        self.server.extend_from_slice(octets);
        while let Some(line) = take_line(&mut self.server) {
            self.hiding = match (line.get(..3), self.hiding) {
                (Some("334"), _) => Hiding::Secret,
                (Some("354"), _) => Hiding::Content(0),
                (_, Hiding::Secret) => Hiding::Nothing,
                (_, hiding) => hiding,
            };
            self.add("S:", &line);
        }
        self.server.truncate(LIMIT);
    }

    /// Octets of the client.
    pub fn client(&mut self, octets: &[u8]) {
        self.client.extend_from_slice(octets);
        loop {
            let went_on = match self.hiding {
                Hiding::Content(count) => self.hide_content(count),
                Hiding::Chunk(remaining, whole) => self.hide_chunk(remaining, whole),
                _ => self.client_line(),
            };
            if !went_on {
                return;
            }
        }
    }

    fn client_line(&mut self) -> bool {
        let Some(line) = take_line(&mut self.client) else { return false };
        let mut words = line.split_ascii_whitespace();
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        match (self.hiding, verb.as_str(), words.next()) {
            (Hiding::Secret, _, _) => {
                self.hiding = Hiding::Nothing;
                self.add("C:", "[redacted]");
            }
            (_, "AUTH", Some(mechanism)) if words.next().is_some() => {
                self.add("C:", &format!("AUTH {mechanism} [redacted]"));
            }
            (_, "BDAT", Some(count)) => {
                let count = count.parse().unwrap_or(0);
                self.hiding = Hiding::Chunk(count, count);
                self.add("C:", &line);
            }
            _ => self.add("C:", &line),
        }
        true
    }

    fn hide_content(&mut self, count: usize) -> bool {
        let end = find(&self.client, b"\r\n.\r\n").map(|at| at + 5);
        let end = end.or_else(|| (count == 0 && self.client.starts_with(b".\r\n")).then_some(3));
        match end {
            Some(end) => {
                self.client.drain(..end);
                self.hiding = Hiding::Nothing;
                self.add("C:", &format!("[content, {} octets]", count + end));
                true
            }
            None => {
                // Keep what may be the beginning of the end.
                let dropped = self.client.len().saturating_sub(4);
                self.client.drain(..dropped);
                self.hiding = Hiding::Content(count + dropped);
                false
            }
        }
    }

    fn hide_chunk(&mut self, remaining: usize, whole: usize) -> bool {
        let here = remaining.min(self.client.len());
        self.client.drain(..here);
        if here < remaining {
            self.hiding = Hiding::Chunk(remaining - here, whole);
            return false;
        }
        self.hiding = Hiding::Nothing;
        self.add("C:", &format!("[chunk, {whole} octets]"));
        true
    }

    fn add(&mut self, who: &str, line: &str) {
        if self.text.len() > LIMIT {
            if !std::mem::replace(&mut self.cut, true) {
                self.text.push_str("* the rest is not kept\n");
            }
            return;
        }
        let clean: String =
            line.chars().take(LINE).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        self.text.push_str(&format!("{who} {clean}\n"));
    }
}

fn take_line(octets: &mut Vec<u8>) -> Option<String> {
    let end = octets.iter().position(|octet| *octet == b'\n')?;
    let line: Vec<u8> = octets.drain(..=end).collect();
    Some(String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
}

fn find(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_content_are_not_kept() {
        let mut transcript = Transcript::default();
        transcript.server(b"220 hi\r\n");
        transcript.client(b"AUTH PLAIN c2VjcmV0\r\n");
        transcript.server(b"334 UGFzc3dvcmQ6\r\n");
        transcript.client(b"c2VjcmV0\r\n");
        transcript.server(b"235 ok\r\n");
        transcript.client(b"DATA\r\n");
        transcript.server(b"354 go\r\n");
        transcript.client(b"Subject: secret\r\n\r\nbo");
        transcript.client(b"dy\r\n.\r");
        transcript.client(b"\nQUIT\r\n");
        let expect = "S: 220 hi\nC: AUTH PLAIN [redacted]\nS: 334 UGFzc3dvcmQ6\nC: [redacted]\nS: 235 ok\nC: DATA\nS: 354 go\n\
                      C: [content, 28 octets]\nC: QUIT\n";
        assert_eq!(transcript.text, expect);
    }

    #[test]
    fn chunks_are_counted() {
        let mut transcript = Transcript::default();
        transcript.client(b"BDAT 5 LAST\r\nsec");
        transcript.client(b"reQUIT\r\n");
        assert_eq!(transcript.text, "C: BDAT 5 LAST\nC: [chunk, 5 octets]\nC: QUIT\n");
    }

    #[test]
    fn a_transcript_is_bounded() {
        let mut transcript = Transcript::default();
        for _ in 0..100_000 {
            transcript.server(b"250 again and again\r\n");
        }
        assert!(transcript.text.len() < LIMIT + 100);
        assert!(transcript.text.ends_with("* the rest is not kept\n"));
    }
}
