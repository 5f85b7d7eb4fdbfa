//! `coldrelay generate mta-sts`

use clap::Args;
use dns::Found;
use rules::{
    Clock as _, Fault,
    generate::{
        self,
        mta_sts::{Mode, mode, mx_pattern},
    },
};
use syntax::Domain;

use super::{Answer, Shape};
use crate::{
    cli::{Global, check::Asking},
    clock::SystemClock,
};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

#[derive(Args)]
pub struct MtaSts {
    /// The domain that receives mail
    domain: String,
    /// What senders do: testing, enforce or none
    #[arg(long, value_name = "WORD", default_value = "testing")]
    mode: String,
    /// A host that may take the mail, `*.` for its first label; without one the DNS is asked for the MX
    #[arg(long, value_name = "HOST")]
    mx: Vec<String>,
    /// Seconds for which senders keep the policy
    #[arg(long, value_name = "SECONDS", default_value_t = 604_800, allow_negative_numbers = true)]
    max_age: u64,
    /// Changes with every change of the policy [default: made from the time]
    #[arg(long, value_name = "LETTERS")]
    id: Option<String>,
    /// Print only the policy's text
    #[arg(long, conflicts_with = "zone")]
    policy: bool,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    shape: Shape,
}

impl MtaSts {
    pub async fn answer(self, global: &Global) -> Result<Answer, Fault> {
        let domain = generate::domain(&self.domain)?;
        let mode = mode(&self.mode)?;
        let mx = match self.mx.as_slice() {
            [] if mode != Mode::None => self.ask(&domain, global).await?,
            named => named.iter().map(|text| mx_pattern(text)).collect::<Result<_, _>>()?,
        };
        let id = self.id.clone().unwrap_or_else(new_id);
        let wish = generate::mta_sts::MtaSts { domain, mode, mx, max_age: self.max_age, id };
        let made = wish.generate()?;
        let mut answer = Answer::new(&made, &made, "", self.shape)?;
        if self.policy {
            answer.only = Some(wish.policy());
        }
        Ok(answer)
    }

    async fn ask(&self, domain: &Domain, global: &Global) -> Result<Vec<String>, Fault> {
        let found = self.asking.resolver(global)?.mx(domain.as_str()).await?;
        let hosts = match found {
            Found::Records(hosts) => hosts,
            Found::NoData | Found::NoSuchName => Vec::new(),
        };
        let hosts: Vec<String> = hosts.into_iter().map(|(_, host)| host).filter(|host| host != ".").collect();
        if hosts.is_empty() {
            let what = format!("{domain} has no MX in the DNS: name the hosts that take its mail with --mx");
            return Err(Fault::caller("generate.mta-sts-mx", what));
        }
        hosts.iter().map(|host| mx_pattern(host)).collect()
    }
}

/// The day and the second of the day: rises with every call that is a second later.
fn new_id() -> String {
    let now = SystemClock.now();
    format!("{}{:05}", now.day(), now.micros().rem_euclid(DAY) / 1_000_000)
}
