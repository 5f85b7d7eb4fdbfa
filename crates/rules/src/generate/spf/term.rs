//! One source as a term of the record, with its cost.

use reference::{EnvelopePath, Sender};
use syntax::Domain;

use super::{Generated, Known, Measured, Source, Spf};
use crate::Fault;

/// A term, what it means, and its look-ups where it needs any.
pub(super) struct Term {
    pub text: String,
    pub means: String,
    pub cost: Option<(u32, Known)>,
}

impl Spf {
    /// The term of a source; none for a service that needs none.
    pub(super) fn term(
        &self,
        source: &Source,
        measured: &Measured,
        made: &mut Generated,
    ) -> Result<Option<Term>, Fault> {
        Ok(Some(match source {
            Source::Network(network) => {
                network.beware().into_iter().for_each(|line| made.warn(line));
                Term { text: network.term(), means: network.means(), cost: None }
            }
            Source::Addresses(name) => self.hosts("a", "the addresses of", name.as_ref()),
            Source::MailHosts(name) => self.hosts("mx", "the addresses of the mail hosts of", name.as_ref()),
            Source::Include(name) => self.include(name, format!("whoever may send for {name}"), measured, None)?,
            Source::Service(sender) => return self.service(sender, measured, made),
        }))
    }

    /// `a`, `mx:example.net`: one look-up, by the standard.
    fn hosts(&self, term: &str, what: &str, name: Option<&Domain>) -> Term {
        let other = name.filter(|name| **name != self.domain).map(|name| format!(":{name}"));
        Term {
            text: format!("{term}{}", other.unwrap_or_default()),
            means: format!("{what} {}", name.unwrap_or(&self.domain)),
            cost: Some((1, Known::Exactly)),
        }
    }

    fn service(&self, sender: &Sender, measured: &Measured, made: &mut Generated) -> Result<Option<Term>, Fault> {
        let include = sender.include.as_deref().map(crate::generate::domain).transpose()?;
        let Some(include) = include.filter(|_| sender.path != EnvelopePath::Theirs) else {
            made.note(format!(
                "{} is left out: its mail bears an envelope sender that is not {}, so nothing here would be looked at. Set up \
                 its DKIM for the domain; DMARC passes by that ({})",
                sender.name, self.domain, sender.source
            ));
            return Ok(None);
        };
        if sender.path == EnvelopePath::Sub {
            made.warn(format!(
                "{} is needed here only while its mail bears {} itself in the envelope: with the set-up that it advises (a \
                 sub-domain for returns) leave it out and save its look-ups ({})",
                sender.name, self.domain, sender.source
            ));
        }
        self.include(&include, sender.name.clone(), measured, Some(sender.lookups)).map(Some)
    }

    fn include(
        &self,
        name: &Domain,
        means: String,
        measured: &Measured,
        catalogue: Option<u32>,
    ) -> Result<Term, Fault> {
        if *name == self.domain {
            let what = format!("the record of {name} would include itself: name whoever else sends");
            return Err(Fault::caller("generate.spf-loop", what));
        }
        let known = || reference::senders().iter().find(|one| one.include.as_deref() == Some(name.as_str()));
        let cost = match (measured.get(name.as_str()), catalogue.or_else(|| known().map(|one| one.lookups))) {
            (Some(below), _) => (below.saturating_add(1), Known::Measured),
            (None, Some(lookups)) => (lookups, Known::Catalogue),
            (None, None) => (1, Known::AtLeast),
        };
        Ok(Term { text: format!("include:{name}"), means, cost: Some(cost) })
    }
}
