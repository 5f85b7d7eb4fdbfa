//! How many mailboxes, domains and IPs a number of mails a day needs, and how the ramp gets there. Every assumption is an
//! input, and every line of the arithmetic is shown.

use crate::Fault;

/// Mails from one primary domain in a day from which Gmail, Yahoo and Microsoft apply their rules for bulk senders.
/// Gmail, 2026-03; Microsoft, 2025-04.
pub const BULK_MAILS: u64 = 5000;
/// Largest number that is taken for any input: far beyond one-to-one mail.
const MOST: u64 = 1_000_000_000;

/// What is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizing {
    /// Mails on a working day, all mailboxes together.
    pub mails_per_day: u64,
    /// Mails that one warm mailbox sends in a day.
    #[serde(default = "mails_per_mailbox")]
    pub mails_per_mailbox: u64,
    /// Mailboxes of one domain.
    #[serde(default = "mailboxes_per_domain")]
    pub mailboxes_per_domain: u64,
    /// Domains that share one IP.
    #[serde(default = "domains_per_ip")]
    pub domains_per_ip: u64,
    /// Weeks from the first mail to the full number.
    #[serde(default = "ramp_weeks")]
    pub ramp_weeks: u64,
    /// Mails that a new mailbox sends in a day of its first week.
    #[serde(default = "first_week")]
    pub first_week: u64,
    /// Days of a week on which mail is sent.
    #[serde(default = "days_per_week")]
    pub days_per_week: u64,
}

const fn mails_per_mailbox() -> u64 {
    20
}
const fn mailboxes_per_domain() -> u64 {
    5
}
const fn domains_per_ip() -> u64 {
    1
}
const fn ramp_weeks() -> u64 {
    4
}
const fn first_week() -> u64 {
    4
}
const fn days_per_week() -> u64 {
    5
}

impl Sizing {
    /// With our defaults: 20 mails a mailbox, 5 mailboxes a domain, an IP a domain, 4 weeks from 4 mails, 5 days a week. They are
    /// ours, not anybody's rule.
    pub fn new(mails_per_day: u64) -> Self {
        Self {
            mails_per_day,
            mails_per_mailbox: mails_per_mailbox(),
            mailboxes_per_domain: mailboxes_per_domain(),
            domains_per_ip: domains_per_ip(),
            ramp_weeks: ramp_weeks(),
            first_week: first_week(),
            days_per_week: days_per_week(),
        }
    }
}

/// One line of the arithmetic.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// What it comes to: `mailboxes`.
    pub what: &'static str,
    /// How: `200 mails ÷ 20 a mailbox, rounded up`.
    pub how: String,
    /// The number.
    pub value: u64,
}

/// One week of the ramp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Week {
    /// From 1.
    pub week: u64,
    /// Mails of one mailbox in a day.
    pub per_mailbox: u64,
    /// Mails of all in a day.
    pub per_day: u64,
}

/// What is needed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Sized {
    /// What was assumed, every input.
    pub assumed: Sizing,
    /// Mailboxes.
    pub mailboxes: u64,
    /// Domains.
    pub domains: u64,
    /// Dedicated IPs.
    pub ips: u64,
    /// Mails in a month of 52/12 weeks, once warm.
    pub mails_per_month: u64,
    /// The arithmetic.
    pub lines: Vec<Line>,
    /// Week by week up to the full number.
    pub ramp: Vec<Week>,
    /// What to beware.
    pub warnings: Vec<String>,
}

/// What that many mails need.
///
/// # Errors
/// `sizing.number`: an input of 0 or beyond reason, or that contradicts another.
pub fn size(assumed: Sizing) -> Result<Sized, Fault> {
    check(&assumed)?;
    let Sizing { mails_per_day, mails_per_mailbox, mailboxes_per_domain, domains_per_ip, days_per_week, .. } = assumed;
    let mailboxes = mails_per_day.div_ceil(mails_per_mailbox);
    let domains = mailboxes.div_ceil(mailboxes_per_domain);
    let ips = domains.div_ceil(domains_per_ip);
    let mails_per_month = mails_per_day * days_per_week * 52 / 12;
    let line = |what, how: String, value| Line { what, how, value };
    let lines = vec![
        line(
            "mailboxes",
            format!("{mails_per_day} mails a day ÷ {mails_per_mailbox} a mailbox, rounded up"),
            mailboxes,
        ),
        line("domains", format!("{mailboxes} mailboxes ÷ {mailboxes_per_domain} a domain, rounded up"), domains),
        line("IPs", format!("{domains} domains ÷ {domains_per_ip} an IP, rounded up"), ips),
        line(
            "mails a month",
            format!("{mails_per_day} a day × {days_per_week} days a week × 52 ÷ 12, rounded down"),
            mails_per_month,
        ),
    ];
    let ramp = ramp(&assumed, mailboxes);
    Ok(Sized { warnings: warnings(&assumed, domains), assumed, mailboxes, domains, ips, mails_per_month, lines, ramp })
}

fn check(assumed: &Sizing) -> Result<(), Fault> {
    let fault = |what: String| Fault::caller("sizing.number", what);
    let inputs = [
        ("mails per day", assumed.mails_per_day, MOST),
        ("mails per mailbox", assumed.mails_per_mailbox, MOST),
        ("mailboxes per domain", assumed.mailboxes_per_domain, MOST),
        ("domains per IP", assumed.domains_per_ip, MOST),
        ("ramp weeks", assumed.ramp_weeks, 104),
        ("mails in the first week", assumed.first_week, MOST),
        ("days per week", assumed.days_per_week, 7),
    ];
    match inputs.iter().find(|(_, value, most)| *value == 0 || value > most) {
        Some((name, value, most)) => {
            Err(fault(format!("{name}: {value} cannot be; a number from 1 to {most} is wanted")))
        }
        None if assumed.first_week > assumed.mails_per_mailbox => Err(fault(format!(
            "a new mailbox would send {} a day and a warm one {}: the ramp leads upwards",
            assumed.first_week, assumed.mails_per_mailbox
        ))),
        None => Ok(()),
    }
}

/// The same step each week; the full number in the week after the last.
fn ramp(assumed: &Sizing, mailboxes: u64) -> Vec<Week> {
    let step = assumed.mails_per_mailbox - assumed.first_week;
    let weeks = (0..=assumed.ramp_weeks).map(|week| {
        let per_mailbox = assumed.first_week + step * week / assumed.ramp_weeks;
        Week { week: week + 1, per_mailbox, per_day: (per_mailbox * mailboxes).min(assumed.mails_per_day) }
    });
    weeks.collect()
}

fn warnings(assumed: &Sizing, domains: u64) -> Vec<String> {
    let mut warnings = Vec::new();
    let per_domain = assumed.mails_per_day.div_ceil(domains);
    if per_domain >= BULK_MAILS {
        warnings.push(format!(
            "{per_domain} mails a day from one domain: from {BULK_MAILS} on Gmail, Yahoo and Microsoft apply their rules for bulk senders, \
             Gmail for ever"
        ));
    }
    if assumed.mails_per_mailbox > 50 {
        warnings.push(String::from("more than 50 mails a day are no longer what one person writes and answers"));
    }
    if assumed.ramp_weeks < 2 {
        warnings.push(String::from(
            "a ramp of less than two weeks looks like a new spammer's: receivers slow it down or refuse",
        ));
    }
    if assumed.mailboxes_per_domain > 20 {
        warnings.push(String::from("reputation is the domain's: one bad mailbox stops all of a domain with many"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arithmetic_is_rounded_up_and_shown() {
        let sized = size(Sizing::new(201)).unwrap();
        assert_eq!((sized.mailboxes, sized.domains, sized.ips, sized.mails_per_month), (11, 3, 3, 4355));
        assert_eq!(sized.lines[0].how, "201 mails a day ÷ 20 a mailbox, rounded up");
        let caps: Vec<u64> = sized.ramp.iter().map(|week| week.per_mailbox).collect();
        assert_eq!(caps, [4, 8, 12, 16, 20]);
        assert_eq!(sized.ramp.last().unwrap().per_day, 201);
    }

    #[test]
    fn the_ramp_only_rises_and_ends_at_what_is_wanted() {
        for (mails, cap, first, weeks) in [(1000, 4, 1, 6), (7, 3, 3, 1), (50, 20, 7, 3)] {
            let wish = Sizing { mails_per_mailbox: cap, first_week: first, ramp_weeks: weeks, ..Sizing::new(mails) };
            let ramp = size(wish).unwrap().ramp;
            assert!(ramp.windows(2).all(|pair| pair[0].per_day <= pair[1].per_day), "{ramp:?}");
            assert_eq!(ramp.last().unwrap().per_day, mails);
        }
    }

    #[test]
    fn numbers_that_cannot_be_are_named() {
        for (wrong, word) in [
            (Sizing::new(0), "mails per day: 0"),
            (Sizing { mailboxes_per_domain: 0, ..Sizing::new(9) }, "mailboxes per domain"),
            (Sizing { days_per_week: 8, ..Sizing::new(9) }, "from 1 to 7"),
            (Sizing { first_week: 21, ..Sizing::new(9) }, "leads upwards"),
            (Sizing::new(u64::MAX), "from 1 to 1000000000"),
        ] {
            let fault = size(wrong).unwrap_err();
            assert!(fault.code == "sizing.number" && fault.to_string().contains(word), "{fault}");
        }
    }

    #[test]
    fn what_receivers_take_for_bulk_is_told() {
        let wish = Sizing { mails_per_mailbox: 100, mailboxes_per_domain: 150, ramp_weeks: 1, ..Sizing::new(15_000) };
        let warnings = size(wish).unwrap().warnings;
        assert_eq!(warnings.len(), 4, "{warnings:?}");
        assert!(warnings[0].starts_with("15000 mails a day from one domain"));
    }
}
