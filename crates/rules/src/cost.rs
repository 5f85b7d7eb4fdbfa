//! What mailboxes cost: at a price a mailbox, on one's own server with one's own hours, and at the large providers. Every
//! assumption is an input; what is not published anywhere is marked as ours.

mod tiers;

use crate::{Fault, money::Cents};

pub use tiers::{Tier, Tiers};

/// Largest number of mailboxes, domains and IPs that is taken.
const MOST: u64 = 100_000_000;

/// What is assumed. Prices in cents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Costing {
    /// Mailboxes.
    pub mailboxes: u64,
    /// Domains with us or on one's own server.
    pub domains: u64,
    /// Dedicated IPs.
    pub ips: u64,
    /// Price a mailbox, hosted.
    pub tiers: Tiers,
    /// One domain a year.
    pub domain_year: Cents,
    /// One IP a month.
    pub ip_month: Cents,
    /// One server a month.
    pub server_month: Cents,
    /// Servers.
    pub servers: u64,
    /// Hours of work to set it up, once.
    pub setup_hours: u64,
    /// Hours of work a month.
    pub admin_hours: u64,
    /// One hour of work.
    pub hour: Cents,
    /// Months over which the set-up is spread.
    pub months: u64,
    /// Google Workspace, one user a month.
    pub google_month: Cents,
    /// Mailboxes a domain that is used there.
    pub google_per_domain: u64,
    /// Microsoft 365, one user a month.
    pub microsoft_month: Cents,
    /// Mailboxes a domain that is used there.
    pub microsoft_per_domain: u64,
}

impl Costing {
    /// With our defaults, and the published tiers.
    pub fn new(mailboxes: u64, domains: u64, ips: u64) -> Self {
        Self {
            mailboxes,
            domains,
            ips,
            tiers: Tiers::published(),
            domain_year: Cents(1200),
            ip_month: Cents(300),
            server_month: Cents(2000),
            servers: 1,
            setup_hours: 8,
            admin_hours: 4,
            hour: Cents(6000),
            months: 12,
            google_month: Cents(700),
            google_per_domain: 2,
            microsoft_month: Cents(700),
            microsoft_per_domain: 5,
        }
    }

    /// Every assumption with what it rests on; one that is not the default was given.
    pub fn assumptions(&self) -> Vec<Assumption> {
        let defaults = Self::new(self.mailboxes, self.domains, self.ips).listed();
        let given = self.listed().into_iter().zip(defaults).map(|(one, default)| match one == default {
            true => one,
            false => Assumption { basis: "given", ..one },
        });
        given.collect()
    }

    fn listed(&self) -> Vec<Assumption> {
        let one = |name, value: String, basis| Assumption { name, value, basis };
        let ours = "ours: put in your own";
        vec![
            one("mailboxes", self.mailboxes.to_string(), "your plan"),
            one("domains", self.domains.to_string(), "your plan"),
            one("ips", self.ips.to_string(), "your plan"),
            one(
                "tiers",
                self.tiers_shown(),
                "$1.00 and $0.55 are published by the hosted product; where the price falls between is ours",
            ),
            one("minimum", self.tiers.minimum().to_string(), "published by the hosted product, a month"),
            one("domain-year", self.domain_year.to_string(), ours),
            one("ip-month", self.ip_month.to_string(), ours),
            one("server-month", self.server_month.to_string(), ours),
            one("servers", self.servers.to_string(), ours),
            one("setup-hours", self.setup_hours.to_string(), ours),
            one("admin-hours", self.admin_hours.to_string(), "ours, a month: put in your own"),
            one("hour", self.hour.to_string(), ours),
            one("months", self.months.to_string(), "ours: the set-up is spread over them"),
            one(
                "google-month",
                self.google_month.to_string(),
                "Business Starter, annual plan: workspace.google.com/pricing, 2026-09-20",
            ),
            one("google-per-domain", self.google_per_domain.to_string(), "practice among senders of cold mail"),
            one("microsoft-month", self.microsoft_month.to_string(), "ours, for Business Basic: look it up"),
            one("microsoft-per-domain", self.microsoft_per_domain.to_string(), "practice among senders of cold mail"),
        ]
    }

    fn tiers_shown(&self) -> String {
        self.tiers.tiers().iter().map(|tier| format!("{}:{}", tier.from, tier.price)).collect::<Vec<_>>().join(" ")
    }
}

/// One input as it was taken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Assumption {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What its default rests on.
    pub basis: &'static str,
}

/// One line of a sum.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Item {
    /// How: `50 mailboxes × $1.00 × 12`.
    pub how: String,
    /// Cents a year.
    pub year: Cents,
}

/// One way to have the mailboxes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Way {
    /// `hosted`, `self-hosted`, `google-workspace`, `microsoft-365`.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// The sum, line by line.
    pub items: Vec<Item>,
    /// Cents a year.
    pub year: Cents,
    /// Cents a month, rounded up.
    pub month: Cents,
    /// Cents a mailbox a month, rounded up.
    pub mailbox: Cents,
}

/// The comparison.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Costed {
    /// Every input, and what its default rests on.
    pub assumed: Vec<Assumption>,
    /// The ways, as they stand above.
    pub ways: Vec<Way>,
    /// What the sums do not say.
    pub notes: Vec<String>,
}

/// What each way costs.
///
/// # Errors
/// `cost.number`: an input of 0 or beyond reason; `money.overflow`
pub fn compare(costing: &Costing) -> Result<Costed, Fault> {
    check(costing)?;
    let ways = vec![
        hosted(costing)?,
        self_hosted(costing)?,
        elsewhere(costing, "google-workspace", "Google Workspace", costing.google_month, costing.google_per_domain)?,
        elsewhere(costing, "microsoft-365", "Microsoft 365", costing.microsoft_month, costing.microsoft_per_domain)?,
    ];
    Ok(Costed { assumed: costing.assumptions(), ways, notes: notes(costing)? })
}

fn check(costing: &Costing) -> Result<(), Fault> {
    let least_one = [
        ("mailboxes", costing.mailboxes),
        ("domains", costing.domains),
        ("ips", costing.ips),
        ("servers", costing.servers),
        ("months", costing.months),
        ("google-per-domain", costing.google_per_domain),
        ("microsoft-per-domain", costing.microsoft_per_domain),
    ];
    let also_none = [("setup-hours", costing.setup_hours), ("admin-hours", costing.admin_hours)];
    let wrong = least_one.iter().find(|(_, value)| *value == 0 || *value > MOST).map(|found| (found, 1));
    let wrong = wrong.or_else(|| also_none.iter().find(|(_, value)| *value > MOST).map(|found| (found, 0)));
    match wrong {
        Some(((name, value), least)) => {
            let what = format!("{name}: {value} cannot be; a number from {least} to {MOST} is wanted");
            Err(Fault::caller("cost.number", what))
        }
        None => Ok(()),
    }
}

fn hosted(costing: &Costing) -> Result<Way, Fault> {
    let tier = costing.tiers.of(costing.mailboxes);
    let month = tier.price.times(costing.mailboxes)?;
    let minimum = costing.tiers.minimum();
    let mailboxes = if month < minimum {
        let how = format!(
            "{} mailboxes × {} = {month}, less than the minimum: {minimum} × 12",
            costing.mailboxes, tier.price
        );
        Item { how, year: minimum.times(12)? }
    } else {
        let how = format!(
            "{} × {} (the price from {} on) × 12",
            counted(costing.mailboxes, "mailbox"),
            tier.price,
            tier.from
        );
        Item { how, year: month.times(12)? }
    };
    way("hosted", "Hosted, by the mailbox", vec![mailboxes, domains(costing, costing.domains)?], costing)
}

fn self_hosted(costing: &Costing) -> Result<Way, Fault> {
    let Costing { servers, server_month, ips, ip_month, admin_hours, setup_hours, hour, months, .. } = costing;
    let items = vec![
        Item {
            how: format!("{} × {server_month} × 12", counted(*servers, "server")),
            year: server_month.times(*servers)?.times(12)?,
        },
        Item { how: format!("{} × {ip_month} × 12", counted(*ips, "IP")), year: ip_month.times(*ips)?.times(12)? },
        domains(costing, costing.domains)?,
        Item {
            how: format!("{} of work × {hour} × 12", counted(*admin_hours, "hour")),
            year: hour.times(*admin_hours)?.times(12)?,
        },
        Item {
            how: format!(
                "{} to set it up × {hour}, spread over {}, × 12",
                counted(*setup_hours, "hour"),
                counted(*months, "month")
            ),
            year: hour.times(*setup_hours)?.times(12)?.part(*months),
        },
    ];
    way("self-hosted", "ColdRelay on your own server", items, costing)
}

fn elsewhere(
    costing: &Costing,
    id: &'static str,
    name: &'static str,
    month: Cents,
    per_domain: u64,
) -> Result<Way, Fault> {
    let mailboxes = costing.mailboxes;
    let users = Item {
        how: format!("{} × {month} × 12", counted(mailboxes, "user")),
        year: month.times(mailboxes)?.times(12)?,
    };
    let needed = mailboxes.div_ceil(per_domain);
    let mut domains = domains(costing, needed)?;
    domains.how.push_str(&format!(" ({per_domain} mailboxes a domain)"));
    way(id, name, vec![users, domains], costing)
}

fn domains(costing: &Costing, count: u64) -> Result<Item, Fault> {
    let price = costing.domain_year;
    Ok(Item { how: format!("{} × {price} a year", counted(count, "domain")), year: price.times(count)? })
}

/// `1 server`, `2 servers`, `3 mailboxes`.
fn counted(count: u64, one: &str) -> String {
    let ending = match (count, one.ends_with('x')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {one}{ending}")
}

fn way(id: &'static str, name: &'static str, items: Vec<Item>, costing: &Costing) -> Result<Way, Fault> {
    let year = items.iter().try_fold(Cents(0), |sum, item| sum.plus(item.year))?;
    let mailbox = year.part(costing.mailboxes.saturating_mul(12));
    Ok(Way { id, name, items, year, month: year.part(12), mailbox })
}

fn notes(costing: &Costing) -> Result<Vec<String>, Fault> {
    let mut notes = Vec::new();
    let now = costing.tiers.of(costing.mailboxes).price.times(costing.mailboxes)?.max(costing.tiers.minimum());
    for tier in costing.tiers.tiers().iter().filter(|tier| tier.from > costing.mailboxes) {
        let then = tier.price.times(tier.from)?.max(costing.tiers.minimum());
        if then < now {
            notes.push(format!(
                "hosted, {} mailboxes cost {then} a month, less than these {}",
                tier.from, costing.mailboxes
            ));
        }
    }
    notes.push(String::from(
        "on your own server the software costs nothing; the hours do, and they hardly grow with the mailboxes: that is why it pays \
         only from some number on",
    ));
    notes.push(String::from(
        "not in the sums: taxes, the sequencer, lists of addresses, your own time to write and answer; what a cap on sending allows \
         differs: Workspace and Microsoft 365 are not made for cold mail, and suspend accounts",
    ));
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(costed: &Costed, id: &str) -> String {
        costed.ways.iter().find(|way| way.id == id).unwrap().month.to_string()
    }

    #[test]
    fn every_way_is_summed_over_a_year() {
        let costed = compare(&Costing::new(50, 10, 10)).unwrap();
        // (50 × 1.00 × 12 + 10 × 12) ÷ 12
        assert_eq!(month(&costed, "hosted"), "$60.00");
        // (20 × 12 + 10 × 3 × 12 + 120 + 4 × 60 × 12 + 8 × 60) ÷ 12
        assert_eq!(month(&costed, "self-hosted"), "$340.00");
        // (50 × 7 × 12 + 25 × 12) ÷ 12
        assert_eq!(month(&costed, "google-workspace"), "$375.00");
        assert_eq!(month(&costed, "microsoft-365"), "$360.00");
        assert_eq!(costed.ways[0].mailbox, Cents(120));
        assert_eq!(costed.assumed.len(), 17);
        assert!(costed.assumed.iter().all(|one| one.basis != "given"));
        let given = compare(&Costing { hour: Cents(1), ..Costing::new(50, 10, 10) }).unwrap().assumed;
        assert_eq!(given.iter().filter(|one| one.basis == "given").map(|one| one.name).collect::<Vec<_>>(), ["hour"]);
    }

    #[test]
    fn the_minimum_holds_and_the_price_falls_with_the_number() {
        let hosted =
            |mailboxes| compare(&Costing::new(mailboxes, 1, 1)).unwrap().ways[0].items[0].year.part(12).to_string();
        assert_eq!(hosted(1), "$50.00");
        assert_eq!(hosted(49), "$50.00");
        assert_eq!(hosted(51), "$51.00");
        assert_eq!(hosted(99), "$99.00");
        assert_eq!(hosted(100), "$85.00");
        assert_eq!(hosted(500), "$350.00");
        assert_eq!(hosted(2000), "$1,100.00");
    }

    #[test]
    fn a_larger_number_that_costs_less_is_told() {
        let notes = compare(&Costing::new(95, 1, 1)).unwrap().notes;
        assert_eq!(notes[0], "hosted, 100 mailboxes cost $85.00 a month, less than these 95");
        assert!(!compare(&Costing::new(30, 1, 1)).unwrap().notes[0].starts_with("hosted"));
    }

    #[test]
    fn numbers_that_cannot_be_are_named_and_sums_never_wrap() {
        for (wrong, code) in [
            (Costing::new(0, 1, 1), "cost.number"),
            (Costing { months: 0, ..Costing::new(1, 1, 1) }, "cost.number"),
            (Costing { admin_hours: u64::MAX, ..Costing::new(1, 1, 1) }, "cost.number"),
            (Costing::new(u64::MAX, 1, 1), "cost.number"),
            (Costing { hour: Cents(u64::MAX), ..Costing::new(1, 1, 1) }, "money.overflow"),
            (Costing { google_month: Cents(u64::MAX / 12), ..Costing::new(2, 1, 1) }, "money.overflow"),
        ] {
            assert_eq!(compare(&wrong).unwrap_err().code, code);
        }
    }
}
