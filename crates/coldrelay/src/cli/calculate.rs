//! `coldrelay calculate`: what a plan needs and what it costs. Every assumption is an option, and is told.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use rules::{
    Fault,
    cost::{Costed, Costing, Tier, Tiers, Way, compare},
    money::Cents,
    sizing::{Sized, Sizing, size},
};

use super::Global;
use crate::{
    config::Config,
    out::{Out, table},
};

#[derive(Subcommand)]
pub enum Calculate {
    /// Mailboxes, domains, IPs and the ramp for a number of mails a day
    Sizing(SizingArgs),
    /// What mailboxes cost: hosted, on your own server, at Google and Microsoft
    Cost(Box<CostArgs>),
}

#[derive(Args)]
pub struct SizingArgs {
    /// Mails on a working day, all mailboxes together
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    mails_per_day: u64,
    #[command(flatten)]
    assumed: Assumed,
}

/// What a plan assumes.
#[derive(Args)]
pub struct Assumed {
    /// Mails that one warm mailbox sends in a day
    #[arg(long, value_name = "NUMBER", default_value_t = 20, allow_negative_numbers = true)]
    mails_per_mailbox: u64,
    /// Mailboxes of one domain
    #[arg(long, value_name = "NUMBER", default_value_t = 5, allow_negative_numbers = true)]
    mailboxes_per_domain: u64,
    /// Domains that share one IP
    #[arg(long, value_name = "NUMBER", default_value_t = 1, allow_negative_numbers = true)]
    domains_per_ip: u64,
    /// Weeks from the first mail to the full number
    #[arg(long, value_name = "NUMBER", default_value_t = 4, allow_negative_numbers = true)]
    ramp_weeks: u64,
    /// Mails that a new mailbox sends in a day of its first week
    #[arg(long, value_name = "NUMBER", default_value_t = 4, allow_negative_numbers = true)]
    first_week: u64,
    /// Days of a week on which mail is sent
    #[arg(long, value_name = "NUMBER", default_value_t = 5, allow_negative_numbers = true)]
    days_per_week: u64,
}

impl Assumed {
    fn of(&self, mails_per_day: u64) -> Sizing {
        Sizing {
            mails_per_day,
            mails_per_mailbox: self.mails_per_mailbox,
            mailboxes_per_domain: self.mailboxes_per_domain,
            domains_per_ip: self.domains_per_ip,
            ramp_weeks: self.ramp_weeks,
            first_week: self.first_week,
            days_per_week: self.days_per_week,
        }
    }
}

#[derive(Args)]
pub struct CostArgs {
    /// Mailboxes; without it they are sized from --mails-per-day
    #[arg(long, value_name = "NUMBER", required_unless_present = "mails_per_day", allow_negative_numbers = true)]
    mailboxes: Option<u64>,
    /// Mails on a working day, to size the plan from
    #[arg(long, value_name = "NUMBER", conflicts_with = "mailboxes", allow_negative_numbers = true)]
    mails_per_day: Option<u64>,
    /// Domains [default: as many as the mailboxes need]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    domains: Option<u64>,
    /// Dedicated IPs [default: as many as the domains need]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    ips: Option<u64>,
    #[command(flatten)]
    assumed: Assumed,
    /// Price of a hosted mailbox, from so many on: mailboxes:price [default: cost.tiers]
    #[arg(long, value_name = "TIER", value_delimiter = ',', value_parser = Tier::parse)]
    tiers: Vec<Tier>,
    /// The least that a month of hosted mailboxes costs [default: cost.minimum]
    #[arg(long, value_name = "MONEY", allow_negative_numbers = true)]
    minimum: Option<Cents>,
    /// One domain a year
    #[arg(long, value_name = "MONEY", default_value = "12.00", allow_negative_numbers = true)]
    domain_year: Cents,
    /// One IP a month
    #[arg(long, value_name = "MONEY", default_value = "3.00", allow_negative_numbers = true)]
    ip_month: Cents,
    /// One server a month
    #[arg(long, value_name = "MONEY", default_value = "20.00", allow_negative_numbers = true)]
    server_month: Cents,
    /// Servers
    #[arg(long, value_name = "NUMBER", default_value_t = 1, allow_negative_numbers = true)]
    servers: u64,
    /// Hours to set it up, once
    #[arg(long, value_name = "HOURS", default_value_t = 8, allow_negative_numbers = true)]
    setup_hours: u64,
    /// Hours of work a month
    #[arg(long, value_name = "HOURS", default_value_t = 4, allow_negative_numbers = true)]
    admin_hours: u64,
    /// One hour of work
    #[arg(long, value_name = "MONEY", default_value = "60.00", allow_negative_numbers = true)]
    hour: Cents,
    /// Months over which the set-up is spread
    #[arg(long, value_name = "NUMBER", default_value_t = 12, allow_negative_numbers = true)]
    months: u64,
    /// Google Workspace, one user a month
    #[arg(long, value_name = "MONEY", default_value = "7.00", allow_negative_numbers = true)]
    google_month: Cents,
    /// Mailboxes a domain there
    #[arg(long, value_name = "NUMBER", default_value_t = 2, allow_negative_numbers = true)]
    google_per_domain: u64,
    /// Microsoft 365, one user a month
    #[arg(long, value_name = "MONEY", default_value = "7.00", allow_negative_numbers = true)]
    microsoft_month: Cents,
    /// Mailboxes a domain there
    #[arg(long, value_name = "NUMBER", default_value_t = 5, allow_negative_numbers = true)]
    microsoft_per_domain: u64,
}

impl Calculate {
    pub fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::Sizing(args) => out.answer(&args.sized()?, sized),
            Self::Cost(args) => out.answer(&args.costed(&global.config()?)?, costed),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl SizingArgs {
    fn sized(&self) -> Result<Sized, Fault> {
        size(self.assumed.of(self.mails_per_day))
    }
}

impl CostArgs {
    fn costed(&self, config: &Config) -> Result<Costed, Fault> {
        let (mailboxes, domains, ips) = self.plan()?;
        let tiers = if self.tiers.is_empty() { config.cost_tiers.clone() } else { self.tiers.clone() };
        compare(&Costing {
            mailboxes,
            domains,
            ips,
            tiers: Tiers::new(tiers, self.minimum.unwrap_or(config.cost_minimum))?,
            domain_year: self.domain_year,
            ip_month: self.ip_month,
            server_month: self.server_month,
            servers: self.servers,
            setup_hours: self.setup_hours,
            admin_hours: self.admin_hours,
            hour: self.hour,
            months: self.months,
            google_month: self.google_month,
            google_per_domain: self.google_per_domain,
            microsoft_month: self.microsoft_month,
            microsoft_per_domain: self.microsoft_per_domain,
        })
    }

    /// Mailboxes, domains and IPs: as given, else as many as are needed.
    fn plan(&self) -> Result<(u64, u64, u64), Fault> {
        let per_mailbox = self.assumed.mails_per_mailbox;
        let mails = match (self.mailboxes, self.mails_per_day) {
            (Some(mailboxes), _) => mailboxes.saturating_mul(per_mailbox.max(1)),
            (None, mails) => mails.unwrap_or_default(),
        };
        let needed = size(self.assumed.of(mails))?;
        let domains = self.domains.unwrap_or(needed.domains);
        let ips = self.ips.unwrap_or_else(|| domains.div_ceil(self.assumed.domains_per_ip.max(1)));
        Ok((self.mailboxes.unwrap_or(needed.mailboxes), domains, ips))
    }
}

fn sized(sized: &Sized) -> String {
    let lines = sized.lines.iter().map(|line| vec![line.what.to_owned(), line.value.to_string(), line.how.clone()]);
    let weeks = sized.ramp.iter().map(|week| {
        let name =
            if week.week > sized.assumed.ramp_weeks { format!("{} on", week.week) } else { week.week.to_string() };
        vec![name, week.per_mailbox.to_string(), week.per_day.to_string()]
    });
    let mut blocks = vec![
        table(&["needed", "number", "how"], lines.collect()),
        table(&["week", "mails a mailbox a day", "mails a day"], weeks.collect()),
    ];
    blocks.extend(sized.warnings.iter().map(|line| format!("! {line}")));
    blocks.push(String::from("Every number above is an option: `coldrelay calculate sizing --help`. The defaults are ours, and nobody's rule."));
    blocks.join("\n")
}

fn costed(costed: &Costed) -> String {
    let row =
        |way: &Way| vec![way.name.to_owned(), way.month.to_string(), way.year.to_string(), way.mailbox.to_string()];
    let mut blocks =
        vec![table(&["way", "a month", "a year", "a mailbox a month"], costed.ways.iter().map(row).collect())];
    for way in &costed.ways {
        let items: String =
            way.items.iter().map(|item| format!("  {:>12}  {}\n", item.year.to_string(), item.how)).collect();
        blocks.push(format!("{}, a year\n{items}  {:>12}  together", way.name, way.year.to_string()));
    }
    blocks.push(table(
        &["assumed", "value", "what it rests on"],
        costed.assumed.iter().map(|one| vec![one.name.to_owned(), one.value.clone(), one.basis.to_owned()]).collect(),
    ));
    blocks.extend(costed.notes.iter().map(|line| format!("- {line}")));
    blocks.join("\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Arguments, Command, worked};

    /// What people read for that command line.
    fn shown(line: &str) -> String {
        let arguments = Arguments::try_parse_from(line.split_whitespace()).unwrap();
        let Command::Calculate(command) = arguments.command else { panic!("{line}") };
        match command {
            Calculate::Sizing(args) => sized(&args.sized().unwrap()),
            Calculate::Cost(args) => costed(&args.costed(&crate::config::load(None).unwrap()).unwrap()),
        }
    }

    #[test]
    fn the_worked_examples_in_the_docs_are_what_the_calculators_say() {
        worked::hold("calculators.md", shown);
    }

    #[test]
    fn the_options_and_the_library_have_the_same_defaults() {
        let line = "coldrelay calculate cost --mailboxes 50";
        let Command::Calculate(Calculate::Cost(args)) = Arguments::try_parse_from(line.split(' ')).unwrap().command
        else {
            panic!()
        };
        let found = args.costed(&crate::config::load(None).unwrap()).unwrap();
        assert_eq!(found, compare(&Costing::new(50, 10, 10)).unwrap());
        let line = "coldrelay calculate sizing --mails-per-day 77";
        let Command::Calculate(Calculate::Sizing(args)) = Arguments::try_parse_from(line.split(' ')).unwrap().command
        else {
            panic!()
        };
        assert_eq!(args.assumed.of(77), Sizing::new(77));
    }

    #[test]
    fn numbers_that_are_none_are_refused_at_the_command_line() {
        for line in [
            "coldrelay calculate sizing --mails-per-day -5",
            "coldrelay calculate sizing --mails-per-day many",
            "coldrelay calculate sizing --mails-per-day 99999999999999999999",
            "coldrelay calculate cost --mailboxes 5 --hour -1",
            "coldrelay calculate cost --mailboxes 5 --tiers cheap",
            "coldrelay calculate cost",
        ] {
            assert!(Arguments::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
        let line = "coldrelay calculate cost --mailboxes 18446744073709551615";
        let Command::Calculate(Calculate::Cost(args)) = Arguments::try_parse_from(line.split(' ')).unwrap().command
        else {
            panic!()
        };
        assert_eq!(args.costed(&crate::config::load(None).unwrap()).unwrap_err().code, "sizing.number");
    }
}
