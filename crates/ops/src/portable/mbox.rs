//! mbox, as mboxrd: messages behind `From ` lines, with `>` before lines that look like one. RFC 4155; the quoting is mboxrd's.

use std::io::BufRead;

use store::Mail;

use super::folder::MOST_FILE;

/// A message as mbox: LF ends lines there.
pub(super) fn written(mail: &Mail, content: &[u8]) -> Vec<u8> {
    let sender = mail.reverse_path.as_ref().map_or_else(|| String::from("MAILER-DAEMON"), ToString::to_string);
    let mut text = format!("From {sender} {}\n", asctime(&mail.received_at.rfc5322())).into_bytes();
    for line in content.split_inclusive(|octet| *octet == b'\n') {
        let (line, end) = match line.strip_suffix(b"\r\n") {
            Some(line) => (line, b"\n".as_slice()),
            None => (line, b"".as_slice()),
        };
        if is_quoted(line) {
            text.push(b'>');
        }
        text.extend_from_slice(line);
        text.extend_from_slice(end);
    }
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.push(b'\n');
    text
}

/// `Sat, 28 Nov 2026 09:00:00 +0000` as `Sat Nov 28 09:00:00 2026`.
fn asctime(date: &str) -> String {
    match date.split_whitespace().collect::<Vec<_>>().as_slice() {
        [weekday, day, month, year, time, ..] => {
            format!("{} {month} {day:>2} {time} {year}", weekday.trim_end_matches(','))
        }
        _ => String::from("Thu Jan  1 00:00:00 1970"),
    }
}

/// `From ` behind any number of `>`.
fn is_quoted(line: &[u8]) -> bool {
    let bare = line.iter().position(|octet| *octet != b'>').and_then(|at| line.get(at..));
    bare.is_some_and(|bare| bare.starts_with(b"From "))
}

/// A message, or why there is none, with the line where it begins.
pub(super) type Found = (u64, Result<Vec<u8>, String>);

/// Messages of an mbox, one after another: no more than one is in memory.
pub(super) struct Messages<R> {
    from: R,
    line: u64,
    /// The line of the `From ` that was read already.
    begins: Option<u64>,
    ended: bool,
}

impl<R: BufRead> Messages<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, line: 0, begins: None, ended: false }
    }

    /// A line with its end; none at the end of the file. A line longer than a message may be is cut, and the message refused.
    fn next_line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut bounded = std::io::Read::take(&mut self.from, MOST_FILE + 1);
        let read = bounded.read_until(b'\n', &mut line)?;
        self.line += 1;
        Ok((read > 0).then_some(line))
    }

    fn broken(&mut self, what: String) -> Option<Found> {
        self.ended = true;
        Some((self.line, Err(what)))
    }
}

impl<R: BufRead> Iterator for Messages<R> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        if self.ended {
            return None;
        }
        while self.begins.is_none() {
            match self.next_line() {
                Ok(None) => {
                    self.ended = true;
                    return None;
                }
                Ok(Some(line)) if line.starts_with(b"From ") => self.begins = Some(self.line),
                Ok(Some(line)) if line.trim_ascii().is_empty() => {}
                Ok(Some(_)) => {
                    return self.broken(String::from("a line beginning with `From ` is wanted: it is no mbox"));
                }
                Err(error) => return self.broken(error.to_string()),
            }
        }
        let begins = self.begins.take().unwrap_or(self.line);
        let (mut message, mut after_blank, mut long) = (Vec::new(), false, false);
        loop {
            match self.next_line() {
                Err(error) => return self.broken(error.to_string()),
                Ok(None) => {
                    self.ended = true;
                    break;
                }
                Ok(Some(line)) if after_blank && line.starts_with(b"From ") => {
                    self.begins = Some(self.line);
                    break;
                }
                Ok(Some(line)) => {
                    after_blank = line.trim_ascii_end().is_empty();
                    let bare = if is_quoted(&line) { line.strip_prefix(b">").unwrap_or(&line) } else { &line };
                    long = long || u64::try_from(message.len() + bare.len()).unwrap_or(u64::MAX) > MOST_FILE;
                    if !long {
                        message.extend_from_slice(bare);
                    }
                }
            }
        }
        if long {
            return Some((begins, Err(format!("longer than {MOST_FILE} octets"))));
        }
        // The blank line before the next `From ` belongs to the file.
        for end in [b"\r\n".as_slice(), b"\n"] {
            let blank = [end, end].concat();
            if message.ends_with(&blank) {
                message.truncate(message.len() - end.len());
                break;
            }
        }
        Some((begins, Ok(message)))
    }
}

#[cfg(test)]
mod tests {
    use rules::id::{MailId, MailboxId};
    use store::MailKind;
    use syntax::{Address, Timestamp};

    use super::*;

    fn mail() -> Mail {
        Mail {
            id: MailId(String::new()),
            mailbox: MailboxId(String::new()),
            kind: MailKind::Message,
            reverse_path: Address::parse("dana@client.example").ok(),
            forward_path: Address::parse("ann@example.com").unwrap(),
            from: None,
            subject: String::new(),
            about: None,
            verdicts: None,
            answers: None,
            suspicion: None,
            octets: 0,
            received_at: Timestamp::from_micros(1_795_435_200_000_000),
        }
    }

    fn read(text: &[u8]) -> Vec<Found> {
        Messages::new(text).collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let contents = [
            "Subject: a\r\n\r\nHi\r\n",
            "Subject: b\r\n\r\nFrom here on\r\n>From there\r\n\r\nFrom me\r\n\r\n\r\n",
            "Subject: empty body\r\n\r\n",
        ];
        let file: Vec<u8> = contents.iter().flat_map(|content| written(&mail(), content.as_bytes())).collect();
        assert!(file.starts_with(b"From dana@client.example "), "{}", String::from_utf8_lossy(&file));
        let found: Vec<String> = read(&file)
            .into_iter()
            .map(|(_, message)| String::from_utf8(message.unwrap()).unwrap().replace('\n', "\r\n"))
            .collect();
        assert_eq!(found, contents);
    }

    #[test]
    fn what_is_no_mbox_is_told_with_its_line() {
        let found = read(b"\nSubject: a\n\nHi\n");
        assert!(found.len() == 1 && found[0].0 == 2 && found[0].1.is_err(), "{found:?}");
        assert!(read(b"").is_empty() && read(b"\n\n").is_empty());
        let cut = read(b"From a\nSubject: x\n\nHi");
        assert_eq!(cut, [(1, Ok(b"Subject: x\n\nHi".to_vec()))]);
        let two = read(b"From a\nA: 1\n\none\n\nFrom b\nB: 2\n\ntwo\n");
        assert_eq!((two[1].0, two.len()), (6, 2));
        assert_eq!(two[0].1.as_deref().unwrap(), b"A: 1\n\none\n");
    }
}
