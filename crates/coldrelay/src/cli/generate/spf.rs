//! `coldrelay generate spf`

use clap::Args;
use rules::{
    Fault,
    generate::{
        self, Generated,
        spf::{Cost, End, Flat, Known, MAX_LOOKUPS, Measured, Source, SpfMade},
    },
};

use super::{Answer, Shape};
use crate::{
    cli::{Global, check::Asking},
    out::table,
};

#[derive(Args)]
pub struct Spf {
    /// The domain in the envelope sender
    #[arg(required_unless_present = "list")]
    domain: Option<String>,
    /// Who sends: a service (`google`, `microsoft365`, see --list), an include: domain, an IP or network, `a`, `mx`
    senders: Vec<String>,
    /// Nobody sends for the domain
    #[arg(long, conflicts_with = "senders")]
    none: bool,
    /// What happens to mail from elsewhere: fail, soft or neutral
    #[arg(long, value_name = "WORD", default_value = "fail", allow_hyphen_values = true)]
    end: String,
    /// Networks instead of look-ups; without senders: the record that stands in the DNS
    #[arg(long, conflicts_with = "offline")]
    flatten: bool,
    /// Measure nothing: take the catalogue's numbers
    #[arg(long)]
    offline: bool,
    /// List the services that are known
    #[arg(long, conflicts_with_all = ["domain", "flatten"])]
    list: bool,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    shape: Shape,
}

/// A published record, and what became of it.
#[derive(serde::Serialize)]
struct Flattened {
    /// Look-ups that it needs now.
    lookups_before: u32,
    #[serde(flatten)]
    flat: Flat,
}

impl Spf {
    pub async fn answer(self, global: &Global) -> Result<Answer, Fault> {
        if self.list {
            return listed(self.shape);
        }
        let domain = generate::domain(self.domain.as_deref().unwrap_or_default())?;
        let sources = self.senders.iter().map(|text| Source::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let nobody = sources.is_empty() && !self.none;
        let wish = generate::spf::Spf { domain, sources, end: End::parse(&self.end)? };
        if self.flatten && nobody {
            let (lookups_before, flat) = self.asking.checks(global)?.flatten_published(&wish.domain).await?;
            let more = format!("{lookups_before} look-ups now, {}\n\n", flat_told(&flat));
            return Answer::new(&Flattened { lookups_before, flat: flat.clone() }, &flat.made, &more, self.shape);
        }
        if nobody {
            let what =
                format!("who sends for {}? Name the senders (--list shows the known ones), or say --none", wish.domain);
            return Err(Fault::caller("generate.spf-nobody", what));
        }
        if self.flatten {
            let flat = self.asking.checks(global)?.flatten_spf(&wish).await?;
            return Answer::new(&flat, &flat.made, &format!("{}\n\n", flat_told(&flat)), self.shape);
        }
        let answer = if self.offline || self.none {
            wish.generate(&Measured::new())?
        } else {
            self.asking.checks(global)?.generate_spf(&wish).await?
        };
        Answer::new(&answer, &answer.made, &costs(&answer), self.shape)
    }
}

fn flat_told(flat: &Flat) -> String {
    format!(
        "{} of {MAX_LOOKUPS} when flat, {} networks in {} records",
        flat.lookups,
        flat.networks,
        flat.made.records.len()
    )
}

fn costs(answer: &SpfMade) -> String {
    let about = if answer.exact { "" } else { "about " };
    let mut text = format!("{about}{} of {MAX_LOOKUPS} look-ups\n", answer.lookups);
    for Cost { term, lookups, known } in &answer.costs {
        let known = match known {
            Known::Exactly => "",
            Known::Measured => "  measured now",
            Known::Catalogue => "  by the catalogue, not measured",
            Known::AtLeast => "  or more, not measured",
        };
        text.push_str(&format!("  {lookups:>2}  {term}{known}\n"));
    }
    text.push('\n');
    text
}

/// The catalogue.
fn listed(shape: Shape) -> Result<Answer, Fault> {
    let row = |one: &reference::Sender| {
        let path = match one.path {
            reference::EnvelopePath::Yours => "the domain itself",
            reference::EnvelopePath::Sub => "a sub-domain, when set up as advised",
            reference::EnvelopePath::Theirs => "the service's own: no include needed",
        };
        let lookups = if one.include.is_some() { one.lookups.to_string() } else { String::new() };
        vec![one.id.clone(), one.name.clone(), one.include.clone().unwrap_or_default(), lookups, path.to_owned()]
    };
    let rows = reference::senders().iter().map(row).collect();
    let human = table(&["sender", "name", "include", "look-ups", "envelope sender"], rows);
    let mut answer = Answer::new(&reference::senders(), &Generated::default(), "", shape)?;
    answer.human = format!("{human}\nlook-ups as last seen, {}", reference::senders_verified());
    Ok(answer)
}
