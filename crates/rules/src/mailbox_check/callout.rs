//! How a callout goes and what its replies say.
//!
//! The address and two strangers at its domain are asked about in random order on one connection. Only a refusal of the
//! recipient itself, at RCPT, for good, means no; greylisting, rates, lists and policies mean unknown, and that nothing more
//! is asked.

use bounce::{Refusal, explain};
use reference::{Category, Says, Stance, Who, mail_domains};
use smtp::{Reply, Stage, client::callout::Heard};
use syntax::Address;

use super::{Answer, By, Verdict};
use crate::Chance;

/// Strangers asked about beside the address: one may exist by accident, two hardly.
pub const STRANGERS: usize = 2;
/// Least letters of a stranger's local part: a name of three letters may well exist.
const LETTERS: usize = 10;

/// The first of these MX hosts' owners that is never asked, and why.
pub fn never_asked<'h>(hosts: impl IntoIterator<Item = &'h str>) -> Option<&'static Stance> {
    let stances = hosts.into_iter().filter_map(|host| mail_domains().stance(host));
    stances.into_iter().find(|stance| stance.says == Says::Never)
}

/// What one reply to RCPT says about the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It is taken.
    Takes,
    /// It is there, and full.
    Full,
    /// There is no such mailbox, or it is closed for good.
    NoMailbox,
    /// Nothing about the mailbox: enough was asked.
    Stop(Stop),
}

/// Why nothing more is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// In words, without final stop.
    pub reason: String,
    /// A sign of policy: this host is left alone for a day.
    pub policy: bool,
    /// The entry of the reference that explains it.
    pub entry: Option<&'static str>,
}

impl Stop {
    /// For a reason that is no sign of policy.
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), policy: false, entry: None }
    }
}

/// What was heard, judged.
pub fn judge(heard: &Heard, host: &str) -> Said {
    let (stage, reply) = match heard {
        Heard::Said(stage, reply) => (*stage, reply),
        Heard::Lost(stage) => {
            return Said::Stop(Stop::because(format!("the connection to {host} was lost at {}", stage.as_str())));
        }
    };
    match (stage, reply.is_positive()) {
        (Stage::Rcpt, true) => Said::Takes,
        (_, true) => Said::Stop(Stop::because(format!("{host} said at {}: {reply}", stage.as_str()))),
        (_, false) => refusal(stage, reply, host),
    }
}

fn refusal(stage: Stage, reply: &Reply, host: &str) -> Said {
    let explained = explain(&Refusal { stage, reply: Some(reply), mx_host: Some(host), fault: None });
    // X.7.n is a word about security or policy, whatever the text beside it.
    let is_policy_code = reply.enhanced.is_some_and(|code| code.subject == 7);
    if stage == Stage::Rcpt && !is_policy_code && explained.class.who == Who::Recipient {
        match explained.category {
            Category::InvalidRecipient | Category::InactiveMailbox if reply.is_permanent() && explained.suppress => {
                return Said::NoMailbox;
            }
            // 4.3.1 and 452 without words are the host's own disk.
            Category::Quota if reply.enhanced.is_some_and(|code| (code.subject, code.detail) == (2, 2)) => {
                return Said::Full;
            }
            _ => {}
        }
    }
    let greylisted = explained.category == Category::Greylisted;
    let reputation = matches!(explained.class.who, Who::SenderReputation | Who::Policy | Who::Us);
    let hint = if greylisted { "; it puts strangers off: ask again after some minutes from the same IP" } else { "" };
    Said::Stop(Stop {
        reason: format!("{host} said at {}: {reply}{hint}", stage.as_str()),
        policy: !greylisted && (is_policy_code || reputation || reply.code == 421),
        entry: Some(explained.entry),
    })
}

/// Whom an [`Interview`] asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whom {
    Mailbox,
    Stranger,
}

/// One callout, question by question.
#[derive(Debug)]
pub struct Interview {
    host: String,
    waiting: Vec<(Whom, Address)>,
    asked: Option<Whom>,
    mailbox: Option<(Said, String)>,
    taken: usize,
    refused: usize,
    stop: Option<Stop>,
}

impl Interview {
    /// About that address, at that host.
    pub fn new(address: &Address, host: &str, chance: &mut Chance) -> Self {
        let mut waiting = vec![(Whom::Mailbox, address.clone())];
        waiting.extend((0..STRANGERS).filter_map(|_| stranger(address, chance)).map(|one| (Whom::Stranger, one)));
        chance.shuffle(&mut waiting);
        Self { host: host.to_owned(), waiting, asked: None, mailbox: None, taken: 0, refused: 0, stop: None }
    }

    /// The next address to be asked about; `None` when enough is known, or it must stop.
    pub fn ask(&mut self) -> Option<Address> {
        if self.stop.is_some() || self.taken >= STRANGERS || matches!(self.mailbox, Some((Said::NoMailbox, _))) {
            return None;
        }
        // One stranger that is refused shows that the host does not take everybody.
        let (refused, taken) = (self.refused, self.taken);
        self.waiting.retain(|(whom, _)| *whom == Whom::Mailbox || refused == 0 || taken > 0);
        let (whom, address) = self.waiting.pop()?;
        self.asked = Some(whom);
        Some(address)
    }

    /// Takes what was heard.
    pub fn heard(&mut self, heard: &Heard) {
        let said = judge(heard, &self.host);
        if let Said::Stop(stop) = said {
            self.stop.get_or_insert(stop);
            return;
        }
        match (self.asked.take(), said) {
            (Some(Whom::Mailbox), said) => self.mailbox = Some((said, words(heard))),
            (Some(Whom::Stranger), Said::NoMailbox) => self.refused += 1,
            (Some(Whom::Stranger), _) => self.taken += 1,
            (None, _) => {}
        }
    }

    /// Why it stopped, if it did.
    pub fn stop(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// What it all says.
    pub fn verdict(&self) -> Verdict {
        let host = &self.host;
        let stance = mail_domains().stance(host).filter(|stance| stance.says == Says::AnswersLater);
        let unknown = |reason: String| Verdict::new(Answer::Unknown, By::Callout, reason);
        let (said, words) = match (&self.mailbox, &self.stop) {
            (Some((said, words)), _) => (said, words),
            (None, Some(stop)) => return unknown(stop.reason.clone()),
            (None, None) => return self.takes_everybody(stance),
        };
        match (said, self.taken, self.refused) {
            (Said::NoMailbox, 0, _) => self.no(words).with_catch_all(Answer::No),
            (Said::NoMailbox, ..) => self.no(words),
            (_, 0, 1..) => {
                let full = if *said == Said::Full { ", and is full now" } else { "" };
                let reason = format!("{host} takes it{full}, and refuses strangers: {words}");
                Verdict::new(Answer::Yes, By::Callout, reason).with_catch_all(Answer::No)
            }
            (_, STRANGERS.., _) => self.takes_everybody(stance),
            (_, 1.., 1..) => unknown(format!("{host} takes it, takes one stranger and refuses another")),
            (_, _, 0) => {
                let why = self.stop.as_ref().map_or("it was not asked further", |stop| stop.reason.as_str());
                unknown(format!("{host} takes it, but whether it takes everybody could not be seen: {why}"))
            }
        }
    }

    fn no(&self, words: &str) -> Verdict {
        Verdict::new(Answer::No, By::Callout, format!("{} refused the address itself: {words}", self.host))
    }

    fn takes_everybody(&self, stance: Option<&Stance>) -> Verdict {
        let host = &self.host;
        match stance {
            Some(stance) => {
                let reason = format!("{host} takes strangers too, which says nothing there: {}", stance.why);
                Verdict::new(Answer::Unknown, By::Callout, reason)
            }
            None => {
                let reason = format!("{host} takes every address: two that nobody has were taken as well");
                Verdict::new(Answer::Unknown, By::Callout, reason).with_catch_all(Answer::Yes)
            }
        }
    }
}

fn words(heard: &Heard) -> String {
    match heard {
        Heard::Said(_, reply) => reply.to_string(),
        Heard::Lost(stage) => format!("lost at {}", stage.as_str()),
    }
}

/// An address at the same domain that hardly exists: letters for letters, digits for digits, the signs where they are.
fn stranger(address: &Address, chance: &mut Chance) -> Option<Address> {
    let mut letter = |from: u8, count: usize| char::from(from + u8::try_from(chance.below(count)).unwrap_or(0));
    let mut local = String::new();
    for one in address.local().chars() {
        local.push(match one {
            '0'..='9' => letter(b'0', 10),
            'A'..='Z' | 'a'..='z' => letter(b'a', 26),
            sign if sign.is_ascii_punctuation() => sign,
            _ => letter(b'a', 26),
        });
    }
    while local.len() < LETTERS {
        local.push(letter(b'a', 26));
    }
    Address::new(&local, address.domain().clone()).ok().filter(|found| found.key() != address.key())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "mx.example.test";

    fn said(line: &str) -> Heard {
        Heard::Said(Stage::Rcpt, Reply::parse(line).unwrap())
    }

    #[test]
    fn only_a_refusal_of_the_recipient_itself_means_that_there_is_no_mailbox() {
        for line in [
            "550 5.1.1 <ann@example.test>: Recipient address rejected: User unknown in local recipient table",
            "550 No such user here",
            "550 5.1.1 The email account that you tried to reach does not exist",
            "550 5.2.1 The email account that you tried to reach is disabled",
        ] {
            assert_eq!(judge(&said(line), HOST), Said::NoMailbox, "{line}");
        }
        for line in [
            "550 5.7.1 <ann@example.test>: User unknown",
            "550 5.7.1 Access denied",
            "550 no",
            "554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using zen.spamhaus.org",
            "450 4.1.1 user unknown",
            "451 4.7.1 Greylisting in action, please come back later",
            "421 4.7.0 Too many connections",
            "452 4.3.1 Insufficient system storage",
            "550 5.7.1 relaying denied",
            "554 no SMTP service here",
            "503 5.5.1 MAIL first",
            "550 5.7.1 Requested action not taken: message refused SC-002",
        ] {
            assert!(matches!(judge(&said(line), HOST), Said::Stop(_)), "{line}: {:?}", judge(&said(line), HOST));
        }
        assert_eq!(judge(&said("452 4.2.2 The email account is over quota"), HOST), Said::Full);
        assert_eq!(judge(&said("552 5.2.2 Mailbox full"), HOST), Said::Full);
        let mail = Heard::Said(Stage::Mail, Reply::parse("550 5.1.1 user unknown").unwrap());
        assert!(matches!(judge(&mail, HOST), Said::Stop(_)), "MAIL is not about the recipient");
    }

    #[test]
    fn a_sign_of_policy_is_told_from_greylisting_and_from_an_accident() {
        let policy = |line| match judge(&said(line), HOST) {
            Said::Stop(stop) => stop.policy,
            other => panic!("{line}: {other:?}"),
        };
        assert!(policy("550 5.7.1 Access denied"));
        assert!(policy("421 4.7.0 Too many connections from your IP"));
        assert!(policy("451 4.7.500 Server busy. Please try again later from [192.0.2.1]"));
        assert!(!policy("450 4.2.0 <ann@example.test>: Recipient address rejected: Greylisted"));
        assert!(!policy("451 4.3.0 Temporary lookup failure"));
        assert!(!matches!(judge(&Heard::Lost(Stage::Rcpt), HOST), Said::Stop(Stop { policy: true, .. })));
    }

    /// Interviews a host that answers so for the address and for strangers, over many orders: exists, catch-all, the most
    /// questions.
    fn interview(host: &str, mailbox: &str, stranger: &str) -> Vec<(Answer, Answer, usize)> {
        let address = Address::parse("ann.lee7@example.test").unwrap();
        let run = |seed| {
            let mut interview = Interview::new(&address, host, &mut Chance::new(seed));
            let mut questions = 0;
            while let Some(asked) = interview.ask() {
                questions += 1;
                interview.heard(&said(if asked == address { mailbox } else { stranger }));
            }
            let verdict = interview.verdict();
            assert_eq!(verdict.by, By::Callout);
            (verdict.exists, verdict.catch_all, questions)
        };
        (0..64).map(run).collect()
    }

    #[test]
    fn replies_become_three_valued_answers() {
        let no = "550 5.1.1 user unknown";
        for (host, mailbox, stranger, exists, catch_all) in [
            (HOST, "250 ok", no, Answer::Yes, Answer::No),
            (HOST, "552 5.2.2 Mailbox full", no, Answer::Yes, Answer::No),
            (HOST, no, no, Answer::No, Answer::No),
            (HOST, "250 ok", "250 ok", Answer::Unknown, Answer::Yes),
            ("example-test.mail.protection.outlook.com", "250 ok", "250 ok", Answer::Unknown, Answer::Unknown),
            (
                "example-test.mail.protection.outlook.com",
                "250 ok",
                "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found",
                Answer::Yes,
                Answer::No,
            ),
            (HOST, "450 4.2.0 Greylisted", "450 4.2.0 Greylisted", Answer::Unknown, Answer::Unknown),
            (HOST, "250 ok", "550 5.7.1 no", Answer::Unknown, Answer::Unknown),
        ] {
            for (found, everybody, questions) in interview(host, mailbox, stranger) {
                assert_eq!((found, everybody), (exists, catch_all), "{mailbox} / {stranger}");
                assert!(questions <= 3);
            }
        }
    }

    #[test]
    fn nothing_is_asked_after_a_sign_of_policy() {
        assert!(interview(HOST, "550 5.7.1 no", "550 5.7.1 no").iter().all(|(.., questions)| *questions == 1));
    }

    #[test]
    fn the_order_is_not_always_the_same() {
        let address = Address::parse("ann@example.test").unwrap();
        let first = |seed| Interview::new(&address, HOST, &mut Chance::new(seed)).ask().unwrap() == address;
        assert!((0..32).any(first) && !(0..32).all(first));
    }

    #[test]
    fn a_stranger_has_the_shape_of_the_address_and_another_name() {
        let address = Address::parse("ann.lee-77@example.test").unwrap();
        let found = stranger(&address, &mut Chance::new(5)).unwrap();
        let shape = |text: &str| -> String {
            text.chars()
                .map(|one| {
                    if one.is_ascii_digit() {
                        '0'
                    } else if one.is_ascii_alphabetic() {
                        'a'
                    } else {
                        one
                    }
                })
                .collect()
        };
        assert_eq!(shape(found.local()), shape(address.local()));
        assert_ne!(found, address);
        assert_eq!(found.domain(), address.domain());
        assert_eq!(
            stranger(&Address::parse("jo@example.test").unwrap(), &mut Chance::new(5)).unwrap().local().len(),
            LETTERS
        );
    }

    #[test]
    fn whoever_forbids_callouts_is_not_asked() {
        let hosts = ["mx.example.test", "hotmail-com.olc.protection.outlook.com"];
        assert_eq!(never_asked(hosts).map(|stance| stance.provider.as_str()), Some("outlook"));
        assert_eq!(never_asked(["mx.example.test", "mta5.am0.yahoodns.net"]), None);
    }
}
