//! What a server offers in its reply to EHLO. RFC 5321 §4.1.1.1.

use crate::Reply;

/// Extensions that we make use of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offer {
    pub starttls: bool,
    pub pipelining: bool,
    pub eight_bit: bool,
    pub smtputf8: bool,
    pub dsn: bool,
    /// Largest message; `None` when not said or without limit.
    pub size: Option<usize>,
    pub auth_plain: bool,
    pub auth_login: bool,
}

impl Offer {
    /// Reads the lines after the first.
    pub fn read(reply: &Reply) -> Self {
        let mut offer = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace().map(str::to_ascii_uppercase);
            let keyword = words.next().unwrap_or_default();
            // Reality: `AUTH=PLAIN LOGIN`, from before the standard.
            match keyword.as_str() {
                "STARTTLS" => offer.starttls = true,
                "PIPELINING" => offer.pipelining = true,
                "8BITMIME" => offer.eight_bit = true,
                "SMTPUTF8" => offer.smtputf8 = true,
                "DSN" => offer.dsn = true,
                // RFC 1870 §4: 0 is "no fixed limit".
                "SIZE" => offer.size = words.next().and_then(|word| word.parse().ok()).filter(|size| *size > 0),
                "AUTH" => {
                    let mechanisms: Vec<String> = words.collect();
                    offer.auth_plain = mechanisms.iter().any(|one| one == "PLAIN");
                    offer.auth_login = mechanisms.iter().any(|one| one == "LOGIN");
                }
                _ => {}
            }
        }
        offer
    }
}
