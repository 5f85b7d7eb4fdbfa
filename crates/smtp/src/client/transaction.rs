//! One delivery, followed from MAIL to the reply to the final dot.

use std::collections::VecDeque;

use super::{Delivery, Outcome, RecipientOutcome, offer::Offer};
use crate::{Enhanced, Reply, Stage, server::xtext};

/// Content up to this many octets is written together with its final dot. Of what is larger the dot comes by itself, so that a
/// host that leaves before all of it was written surely has not got the message.
const AT_ONCE: usize = 64 * 1024;
/// What ends the content. RFC 5321 §4.1.1.4.
const FINAL_DOT: &[u8] = b".\r\n";

/// A command whose reply is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Rset,
    Mail,
    Rcpt(usize),
    Data,
    Message,
}

/// A delivery under way.
#[derive(Debug)]
pub(super) struct Transaction {
    delivery: Delivery,
    outcomes: Vec<Option<RecipientOutcome>>,
    accepted: Vec<bool>,
    mail_refused: bool,
    pipelining: bool,
    to_send: VecDeque<(Expect, String)>,
    expecting: VecDeque<Expect>,
    dot_sent: bool,
    /// The content is being written; the final dot comes when it has been.
    dot_waits: bool,
    /// The server ended the message by itself: it was taken or refused after the final dot.
    completed: bool,
}

impl Transaction {
    /// Prepares a delivery. `Err` when what the server offers cannot carry it: nothing is sent then.
    pub fn new(delivery: Delivery, offer: &Offer, needs_rset: bool) -> Result<Self, Outcome> {
        if let Some(reply) = cannot_carry(&delivery, offer) {
            let refused = RecipientOutcome::Refused { stage: Stage::Mail, reply };
            return Err(Outcome { recipients: vec![refused; delivery.recipients.len()] });
        }
        let mut to_send = VecDeque::new();
        if needs_rset {
            to_send.push_back((Expect::Rset, String::from("RSET\r\n")));
        }
        to_send.push_back((Expect::Mail, mail(&delivery, offer)));
        for (index, recipient) in delivery.recipients.iter().enumerate() {
            to_send.push_back((Expect::Rcpt(index), format!("RCPT TO:<{recipient}>\r\n")));
        }
        to_send.push_back((Expect::Data, String::from("DATA\r\n")));
        let count = delivery.recipients.len();
        Ok(Self {
            delivery,
            outcomes: vec![None; count],
            accepted: vec![false; count],
            mail_refused: false,
            pipelining: offer.pipelining,
            to_send,
            expecting: VecDeque::new(),
            dot_sent: false,
            dot_waits: false,
            completed: false,
        })
    }

    /// What is to be written now.
    pub fn send(&mut self) -> Vec<u8> {
        let mut out = String::new();
        while self.expecting.is_empty() || self.pipelining {
            let Some((expect, line)) = self.to_send.pop_front() else { break };
            if expect == Expect::Data && !self.pipelining && !self.accepted.contains(&true) {
                break;
            }
            out.push_str(&line);
            self.expecting.push_back(expect);
        }
        out.into_bytes()
    }

    /// The final dot, once the content before it has been written.
    pub fn final_dot(&mut self) -> Option<Vec<u8>> {
        let waits = std::mem::take(&mut self.dot_waits);
        self.dot_sent |= waits;
        waits.then(|| FINAL_DOT.to_vec())
    }

    /// Whether the reply that comes next lets the content go.
    pub fn expects_data(&self) -> bool {
        self.expecting.front() == Some(&Expect::Data)
    }

    /// Whether every reply has come.
    pub fn is_done(&self) -> bool {
        self.expecting.is_empty() && self.to_send.is_empty()
    }

    /// Whether the server ended the transaction, so that no RSET is needed before the next.
    pub fn is_completed(&self) -> bool {
        self.completed
    }

    /// Takes a reply; what is to be written because of it.
    pub fn reply(&mut self, reply: Reply) -> Vec<u8> {
        match self.expecting.pop_front() {
            Some(Expect::Mail) if !reply.is_completion() => {
                self.mail_refused = true;
                if !self.pipelining {
                    self.to_send.clear();
                }
                self.refuse_rest(Stage::Mail, &reply);
            }
            Some(Expect::Rcpt(index)) => self.recipient(index, reply),
            Some(Expect::Data) => return self.data(&reply),
            Some(Expect::Message) => self.message(&reply),
            _ => {}
        }
        Vec::new()
    }

    /// The server closes (421): everything undecided ends with its reply.
    pub fn closing(&mut self, reply: &Reply) -> Outcome {
        let stage = self.stage();
        self.refuse_rest(stage, reply);
        self.outcome()
    }

    /// The connection ended: everything undecided is lost, or in doubt once the final dot was sent.
    pub fn lost(&mut self) -> Outcome {
        let stage = self.stage();
        for (outcome, accepted) in self.outcomes.iter_mut().zip(&self.accepted) {
            let in_doubt = self.dot_sent && *accepted;
            outcome.get_or_insert(if in_doubt { RecipientOutcome::InDoubt } else { RecipientOutcome::Lost(stage) });
        }
        self.outcome()
    }

    /// One outcome a recipient.
    pub fn outcome(&mut self) -> Outcome {
        let lost = RecipientOutcome::Lost(self.stage());
        Outcome { recipients: self.outcomes.iter().map(|one| one.clone().unwrap_or_else(|| lost.clone())).collect() }
    }

    fn stage(&self) -> Stage {
        match self.expecting.front() {
            Some(Expect::Rcpt(_)) => Stage::Rcpt,
            Some(Expect::Data) => Stage::Data,
            Some(Expect::Message) => Stage::Message,
            _ => Stage::Mail,
        }
    }

    fn recipient(&mut self, index: usize, reply: Reply) {
        if self.mail_refused {
            return;
        }
        match (reply.is_completion(), self.accepted.get_mut(index), self.outcomes.get_mut(index)) {
            (true, Some(accepted), _) => *accepted = true,
            (false, _, Some(outcome)) => *outcome = Some(RecipientOutcome::Refused { stage: Stage::Rcpt, reply }),
            _ => {}
        }
        let is_last = index + 1 == self.accepted.len();
        if is_last && !self.pipelining && !self.accepted.contains(&true) {
            self.to_send.clear();
        }
    }

    fn data(&mut self, reply: &Reply) -> Vec<u8> {
        if reply.code != 354 {
            self.refuse_rest(Stage::Data, reply);
            return Vec::new();
        }
        self.expecting.push_back(Expect::Message);
        if self.mail_refused || !self.accepted.contains(&true) {
            // RFC 2920 §3.1: the server wants content although nobody was accepted: an empty message.
            return b".\r\n".to_vec();
        }
        let mut content = stuffed(&self.delivery.content);
        if content.len() > AT_ONCE {
            self.dot_waits = true;
        } else {
            self.dot_sent = true;
            content.extend_from_slice(FINAL_DOT);
        }
        content
    }

    fn message(&mut self, reply: &Reply) {
        self.completed = true;
        for (outcome, accepted) in self.outcomes.iter_mut().zip(&self.accepted) {
            if outcome.is_none() && *accepted {
                *outcome = Some(match reply.is_completion() {
                    true => RecipientOutcome::Accepted(reply.clone()),
                    false => RecipientOutcome::Refused { stage: Stage::Message, reply: reply.clone() },
                });
            }
        }
    }

    fn refuse_rest(&mut self, stage: Stage, reply: &Reply) {
        for outcome in &mut self.outcomes {
            outcome.get_or_insert_with(|| RecipientOutcome::Refused { stage, reply: reply.clone() });
        }
    }
}

fn needs_utf8(delivery: &Delivery) -> bool {
    let paths = delivery.reverse_path.iter().chain(&delivery.recipients);
    paths.into_iter().any(|address| !address.is_ascii())
}

/// CR without LF, or LF without CR.
fn has_bare_line_end(content: &[u8]) -> bool {
    let mut previous = 0;
    for octet in content {
        if (*octet == b'\n') != (previous == b'\r') {
            return true;
        }
        previous = *octet;
    }
    previous == b'\r'
}

/// Why the server cannot take it, worded as the server would.
fn cannot_carry(delivery: &Delivery, offer: &Offer) -> Option<Reply> {
    if has_bare_line_end(&delivery.content) {
        // What other hosts take for a line end they may take for the end of the message: it never leaves.
        let text = "The message holds a bare CR or LF, and nothing that does is sent (see bare-line-end)";
        return Some(Reply::new(550, Enhanced::new(5, 6, 0), text));
    }
    if needs_utf8(delivery) && !offer.smtputf8 {
        // RFC 6531 §3.5
        return Some(Reply::new(
            550,
            Enhanced::new(5, 6, 7),
            "The host does not offer SMTPUTF8, which an address here needs",
        ));
    }
    let size = offer.size.filter(|size| delivery.content.len() > *size)?;
    let text = format!("The message is larger than the {size} octets that the host offers to take");
    Some(Reply::new(552, Enhanced::new(5, 3, 4), text))
}

fn mail(delivery: &Delivery, offer: &Offer) -> String {
    let path = delivery.reverse_path.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut line = format!("MAIL FROM:<{path}>");
    if offer.size.is_some() {
        line.push_str(&format!(" SIZE={}", delivery.content.len()));
    }
    if offer.eight_bit && !delivery.content.is_ascii() {
        line.push_str(" BODY=8BITMIME");
    }
    if needs_utf8(delivery) {
        line.push_str(" SMTPUTF8");
    }
    if let Some(envid) = delivery.envid.as_ref().filter(|_| offer.dsn) {
        line.push_str(&format!(" RET=HDRS ENVID={}", xtext(envid)));
    }
    line.push_str("\r\n");
    line
}

/// Dots at line starts doubled; it ends with CRLF. RFC 5321 §4.5.2.
fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 64);
    let mut at_start = true;
    for octet in content {
        if at_start && *octet == b'.' {
            out.push(b'.');
        }
        out.push(*octet);
        at_start = *octet == b'\n';
    }
    if !out.ends_with(b"\r\n") && !out.is_empty() {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use syntax::Address;

    use super::*;
    use crate::server::content;

    fn delivery(content: &[u8]) -> Delivery {
        let recipients = vec![Address::parse("dana@b.test").unwrap()];
        Delivery { reverse_path: None, recipients, content: content.to_vec(), envid: None }
    }

    /// What is written once the server lets the content go.
    fn written(content: &[u8]) -> Option<Vec<u8>> {
        let mut transaction = Transaction::new(delivery(content), &Offer::default(), false).ok()?;
        for code in [250, 250] {
            transaction.send();
            transaction.reply(Reply::bare(code, "ok"));
        }
        transaction.send();
        let mut out = transaction.reply(Reply::bare(354, "go"));
        out.extend(transaction.final_dot().unwrap_or_default());
        Some(out)
    }

    #[test]
    fn no_bare_line_end_ever_leaves() {
        let ends = ["\n", "\r", "\r\r\n", "\n\r\n", "\r\n\n", "\n\r", "\0\n", "\n\0"];
        for first in ends {
            for last in ends.into_iter().chain(["\r\n", ""]) {
                for content in
                    [format!("a{first}.{last}b\r\n"), format!("a\r\n.{first}{last}"), format!("{first}.{last}")]
                {
                    // Two halves may make a whole.
                    if content.replace("\r\n", "").contains(['\r', '\n']) {
                        assert_eq!(written(content.as_bytes()), None, "{content:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn whatever_lines_begin_with_the_other_side_reads_the_same_message_and_one_end() {
        let large = ".\r\n".repeat(AT_ONCE);
        for content in ["", ".\r\n", "..\r\n.\r\n", "a\r\n.\r\nMAIL FROM:<>\r\n", "\r\n.\r\n.\r\n", "a", ".", &large] {
            let out = written(content.as_bytes()).unwrap();
            let mut reader = content::Reader::new(usize::MAX);
            assert_eq!(reader.read(&out), Some(out.len()), "{content:?}: its end is the end");
            let ended = if content.is_empty() || content.ends_with("\r\n") {
                content.to_owned()
            } else {
                format!("{content}\r\n")
            };
            assert_eq!(reader.finish(), content::Content::Whole(ended.into_bytes()), "{content:?}");
        }
    }
}
