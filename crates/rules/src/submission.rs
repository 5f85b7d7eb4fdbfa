//! What may be submitted. Each refusal is a reply whose text names its reference entry.

use smtp::{Enhanced, Reply};
use syntax::{Address, Kind, Message, parse_from};

use crate::proof::{Hindrance, Required, Standing};

/// Messages that a mailbox may submit in 24 hours, unless it is told otherwise.
// Practice of cold-mail senders, 2026: 30 to 50 a mailbox a day after the ramp.
pub const DAILY_CAP: u32 = 50;
/// Longest header, in octets. Practice: Postfix's `header_size_limit` for one field is 102400.
pub const MAX_HEADER_OCTETS: usize = 128 * 1024;

/// What the decision rests on.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The authenticated mailbox.
    pub mailbox: Address,
    /// Addresses it may send as (itself included), all real mailboxes.
    pub grants: Vec<Address>,
    /// Messages accepted from it in the last 24 hours.
    pub accepted_today: u32,
    /// Its daily cap.
    pub daily_cap: u32,
}

/// A refusal: the reply and the id of its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Reply to be sent.
    pub reply: Reply,
    /// Entry id, also named in the reply's text.
    pub entry: &'static str,
}

impl Caller {
    fn may_send_as(&self, address: &Address) -> bool {
        self.grants.iter().any(|granted| granted.key() == address.key())
    }
}

/// May this caller use this reverse-path? The null reverse-path is refused on submission.
///
/// # Errors
/// [`Refused`]: `from-not-owned` (553 5.7.1), `null-sender-on-submission` (550 5.1.7), `daily-cap` (450 4.7.1).
pub fn check_mail(caller: &Caller, reverse_path: Option<&Address>) -> Result<(), Refused> {
    let Some(reverse_path) = reverse_path else { return Err(null_sender()) };
    if !caller.may_send_as(reverse_path) {
        return Err(envelope_not_owned(caller, reverse_path));
    }
    if caller.accepted_today >= caller.daily_cap {
        return Err(daily_cap(caller));
    }
    Ok(())
}

/// May this mailbox send, as its pairing proof stands?
///
/// # Errors
/// [`Refused`]: 550 5.7.1 with the entry of the step that failed, or `pairing-proof-missing`.
pub fn check_proof(mailbox: &Address, standing: &Standing, required: Required) -> Result<(), Refused> {
    let (why, entry) = match standing.may_send(required) {
        Ok(()) => return Ok(()),
        Err(Hindrance::Failed(step)) => (format!("its pairing proof failed ({})", step.finding()), step.entry()),
        Err(Hindrance::NeverProved) => (String::from("it has no pairing proof yet"), "pairing-proof-missing"),
    };
    let text = format!("<{mailbox}> may not send: {why}; coldrelay mailbox verify {mailbox} proves it again");
    Err(refuse(550, Enhanced::new(5, 7, 1), text, entry))
}

/// May mail go to this recipient? `suppressed` is the reason for which the address is left alone.
///
/// # Errors
/// [`Refused`]: `recipient-suppressed` (550 5.7.1).
pub fn check_recipient(address: &Address, suppressed: Option<&str>) -> Result<(), Refused> {
    match suppressed {
        None => Ok(()),
        Some(reason) => Err(refuse(
            550,
            Enhanced::new(5, 7, 1),
            format!("<{address}> is on the suppression list ({reason}) and is left alone"),
            "recipient-suppressed",
        )),
    }
}

/// May this message be sent: exactly one From field, one address in it, granted; header bounded?
///
/// # Errors
/// [`Refused`]: `header-too-long`, `from-missing`, `from-two-fields`, `from-two-addresses`, `from-malformed` (553 5.1.7),
/// `from-not-owned` (550 5.7.1).
pub fn check_message(caller: &Caller, message: &Message<'_>) -> Result<Address, Refused> {
    if message.header_octets() > MAX_HEADER_OCTETS {
        return Err(header_too_long());
    }
    let mut fields = message.all("From");
    let Some(field) = fields.next() else { return Err(from_missing()) };
    if fields.next().is_some() {
        return Err(from_two_fields());
    }
    let from = parse_from(&field.value()).map_err(|malformed| match malformed.kind {
        Kind::TwoAddresses => from_two_addresses(),
        _ => from_malformed(malformed),
    })?;
    if !caller.may_send_as(&from.address) {
        return Err(from_not_owned(caller, &from.address));
    }
    Ok(from.address)
}

/// The refusal of a header that cannot be read.
pub fn header_malformed(malformed: syntax::Malformed) -> Refused {
    let text = format!("The header cannot be read: {malformed}");
    refuse(554, Enhanced::new(5, 6, 0), text, "header-malformed")
}

fn refuse(code: u16, enhanced: Enhanced, text: impl std::fmt::Display, entry: &'static str) -> Refused {
    Refused { reply: Reply::new(code, enhanced, format!("{text} (see {entry})")), entry }
}

fn null_sender() -> Refused {
    let text = "A submission needs a sender address; the null sender is for notifications between hosts";
    refuse(550, Enhanced::new(5, 1, 7), text, "null-sender-on-submission")
}

// RFC 5321 §4.2.2: 553 is "mailbox name not allowed", the code for the envelope; RFC 3463 §3.8: X.7.1 is "not authorized".
fn envelope_not_owned(caller: &Caller, address: &Address) -> Refused {
    let text = format!("<{}> may not send as <{address}>: use an address of a mailbox of your own", caller.mailbox);
    refuse(553, Enhanced::new(5, 7, 1), text, "from-not-owned")
}

fn from_not_owned(caller: &Caller, address: &Address) -> Refused {
    let text = format!(
        "The From header names <{address}>, which <{}> may not send as: use a mailbox of your own",
        caller.mailbox
    );
    refuse(550, Enhanced::new(5, 7, 1), text, "from-not-owned")
}

fn daily_cap(caller: &Caller) -> Refused {
    let text = format!("<{}> has sent its {} messages of 24 hours, try again later", caller.mailbox, caller.daily_cap);
    refuse(450, Enhanced::new(4, 7, 1), text, "daily-cap")
}

fn header_too_long() -> Refused {
    let text = format!("The header is longer than {MAX_HEADER_OCTETS} octets");
    refuse(552, Enhanced::new(5, 3, 4), text, "header-too-long")
}

fn from_missing() -> Refused {
    let text = "There is no From header field: add one with the address of your mailbox";
    refuse(550, Enhanced::new(5, 6, 0), text, "from-missing")
}

fn from_two_fields() -> Refused {
    let text = "There is more than one From header field: leave one (RFC 5322 section 3.6)";
    refuse(550, Enhanced::new(5, 6, 0), text, "from-two-fields")
}

fn from_two_addresses() -> Refused {
    let text = "The From header holds more than one address: leave the one you write as";
    refuse(550, Enhanced::new(5, 6, 0), text, "from-two-addresses")
}

fn from_malformed(malformed: syntax::Malformed) -> Refused {
    let text = format!("The From header is malformed: {malformed}; write Name <local@domain>");
    refuse(553, Enhanced::new(5, 1, 7), text, "from-malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        let address = |text| Address::parse(text).unwrap();
        Caller {
            mailbox: address("ann@example.com"),
            grants: vec![address("ann@example.com"), address("sales@example.com")],
            accepted_today: 0,
            daily_cap: 2,
        }
    }

    fn check(header: &str, expect: Result<&str, (u16, &str)>) {
        let octets = format!("{header}To: x@y.test\r\n\r\nbody\r\n");
        let found = check_message(&caller(), &Message::parse(octets.as_bytes()).unwrap());
        let found = found.map(|address| address.to_string()).map_err(|refused| {
            assert!(refused.reply.text().ends_with(&format!("(see {})", refused.entry)), "{}", refused.reply);
            (refused.reply.code, refused.entry)
        });
        assert_eq!(found, expect.map(String::from), "{header:?}");
    }

    #[test]
    fn one_granted_from_passes() {
        check("From: Ann <ann@example.com>\r\n", Ok("ann@example.com"));
        check("FROM: SALES@example.com\r\n", Ok("SALES@example.com"));
    }

    #[test]
    fn any_other_from_is_refused_with_its_reason() {
        check("", Err((550, "from-missing")));
        check("From: ann@example.com\r\nFrom: ann@example.com\r\n", Err((550, "from-two-fields")));
        check("From: ann@example.com, ben@example.com\r\n", Err((550, "from-two-addresses")));
        check("From: Ann ann@example.com>\r\n", Err((553, "from-malformed")));
        check("From: ghost@example.com\r\n", Err((550, "from-not-owned")));
        check(
            &format!("X: {}\r\nFrom: ann@example.com\r\n", "x".repeat(MAX_HEADER_OCTETS)),
            Err((552, "header-too-long")),
        );
    }

    #[test]
    fn the_envelope_is_held_to_the_same_rule() {
        let address = |text| Address::parse(text).unwrap();
        let entry = |caller: &Caller, path: Option<&Address>| check_mail(caller, path).map_err(|refused| refused.entry);
        assert_eq!(entry(&caller(), Some(&address("Ann@example.com"))), Ok(()));
        assert_eq!(entry(&caller(), Some(&address("ghost@example.com"))), Err("from-not-owned"));
        assert_eq!(entry(&caller(), None), Err("null-sender-on-submission"));
        let capped = Caller { accepted_today: 2, ..caller() };
        assert_eq!(entry(&capped, Some(&address("ann@example.com"))), Err("daily-cap"));
    }

    #[test]
    fn a_mailbox_whose_proof_failed_is_told_for_what_and_where_to_read_on() {
        let mailbox = Address::parse("ann@example.com").unwrap();
        let failed = Standing { passed: Some(false), finding: Some(crate::proof::Step::Mx), overridden: false };
        let refused = check_proof(&mailbox, &failed, Required::Failed).unwrap_err();
        assert_eq!((refused.reply.code, refused.entry), (550, "mx-record-wrong"));
        assert!(refused.reply.text().contains("(proof.mx)"), "{}", refused.reply);
        assert!(refused.reply.text().ends_with("(see mx-record-wrong)"), "{}", refused.reply);
        assert_eq!(check_proof(&mailbox, &Standing::default(), Required::Failed), Ok(()));
        let refused = check_proof(&mailbox, &Standing::default(), Required::Always).unwrap_err();
        assert_eq!(refused.entry, "pairing-proof-missing");
    }

    #[test]
    fn a_suppressed_recipient_is_left_alone() {
        let address = Address::parse("x@y.test").unwrap();
        assert_eq!(check_recipient(&address, None), Ok(()));
        assert_eq!(check_recipient(&address, Some("opt-out")).unwrap_err().entry, "recipient-suppressed");
    }
}
