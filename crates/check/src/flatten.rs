//! What senders cost in SPF, measured in the DNS; and an SPF record flattened: networks instead of look-ups.

use auth::{Directive, Mechanism, Qualifier, SpfSurvey, survey_spf};
use rules::{
    Blame, Fault, Retry,
    generate::spf::{End, Flat, Kept, Measured, Network, Spf, SpfMade, pack},
};
use syntax::Domain;
use tokio::task::JoinSet;

use crate::Checks;

impl Checks {
    /// The record from the senders in use, every include measured. What cannot be measured is told as a warning, and counted
    /// by the catalogue.
    ///
    /// # Errors
    /// As [`Spf::generate`].
    pub async fn generate_spf(&self, wish: &Spf) -> Result<SpfMade, Fault> {
        let (measured, told) = self.measure(wish).await?;
        let mut answer = wish.generate(&measured)?;
        answer.made.warnings.splice(0..0, told);
        Ok(answer)
    }

    /// The record from the senders in use, flat: without their look-ups.
    ///
    /// # Errors
    /// As [`Checks::flatten_record`].
    pub async fn flatten_spf(&self, wish: &Spf) -> Result<Flat, Fault> {
        let draft = wish.draft(&Measured::new())?;
        let record = draft.made.records.first().map(|record| record.value.clone()).unwrap_or_default();
        self.flatten_record(&wish.domain, &record).await
    }

    /// The record that stands in the DNS, flat, with the look-ups that it needs now.
    ///
    /// # Errors
    /// `generate.spf-none` when there is no record, or several; as [`Checks::flatten_record`].
    pub async fn flatten_published(&self, domain: &Domain) -> Result<(u32, Flat), Fault> {
        let survey = survey_spf(&self.resolver, domain.as_str()).await;
        match &survey.record {
            Some(record) => Ok((survey.lookups, self.flatten_record(domain, record).await?)),
            None if survey.problems.is_empty() => {
                let what = format!("{domain} has not exactly one SPF record: name its senders to make one");
                Err(Fault::caller("generate.spf-none", what))
            }
            None => Err(not_looked(domain.as_str(), &survey)),
        }
    }

    /// That record, flat. Terms that hang on the client (macros, `exists`, `ptr`), or that take addresses out, stay.
    ///
    /// # Errors
    /// `generate.spf-flat` for a record that cannot be flattened without changing its meaning; `generate.spf-lookup` when a part of it
    /// could not be read: flat, it would leave out who sends by it.
    pub async fn flatten_record(&self, domain: &Domain, record: &str) -> Result<Flat, Fault> {
        let parsed = auth::parse_spf(record)
            .map_err(|bad| cannot(domain, &format!("in its record, `{}` is wrong: {}", bad.term, bad.why)))?;
        let mut flat = Parts { end: None, networks: Vec::new(), kept: Vec::new() };
        for directive in &parsed.directives {
            self.take(domain, directive, &mut flat).await?;
            if flat.end.is_some() {
                break;
            }
        }
        if let Some(target) = parsed.redirect.as_ref().filter(|_| flat.end.is_none()) {
            let name = target.fixed().ok_or_else(|| cannot(domain, "its redirect= holds macros"))?;
            let survey = self.include(domain, name, &mut flat).await?;
            flat.end = survey.end.and_then(end_of);
        }
        if parsed.explanation.is_some() {
            let why = String::from("the explanation is the client's");
            let term = record.split(' ').find(|term| term.to_ascii_lowercase().starts_with("exp="));
            flat.kept.extend(term.map(|term| Kept { term: term.to_owned(), lookups: 0, why }));
        }
        pack(domain, flat.networks, flat.kept, flat.end.unwrap_or(End::Neutral))
    }

    /// One term of the record.
    async fn take(&self, domain: &Domain, directive: &Directive, flat: &mut Parts) -> Result<(), Fault> {
        if directive.mechanism == Mechanism::All {
            let end = end_of(sign(directive.qualifier));
            flat.end = Some(end.ok_or_else(|| cannot(domain, "it ends in `+all`: everybody may send"))?);
            return Ok(());
        }
        if directive.qualifier != Qualifier::Pass {
            let what = format!("`{}` takes addresses out of what follows: their order matters", directive.text);
            return Err(cannot(domain, &what));
        }
        let term = directive.text.trim_start_matches('+');
        match &directive.mechanism {
            Mechanism::Include(target) => match target.fixed() {
                Some(name) => self.include(domain, name, flat).await.map(|_| ()),
                None => {
                    flat.keep(term, 1, "it holds a macro, which hangs on the client");
                    Ok(())
                }
            },
            Mechanism::Ip4(..) | Mechanism::Ip6(..) => {
                flat.networks.push(network(domain, term)?);
                Ok(())
            }
            Mechanism::A(target, lengths) | Mechanism::Mx(target, lengths) => {
                let name = target.as_ref().map_or(Some(domain.as_str()), |target| target.fixed());
                let is_mx = matches!(directive.mechanism, Mechanism::Mx(..));
                match name {
                    Some(name) => self.addresses(name, is_mx, (lengths.v4, lengths.v6), flat).await,
                    None => {
                        flat.keep(term, 1, "it holds a macro, which hangs on the client");
                        Ok(())
                    }
                }
            }
            Mechanism::Ptr(_) | Mechanism::Exists(_) | Mechanism::All => {
                flat.keep(term, 1, "it hangs on the client");
                Ok(())
            }
        }
    }

    /// Networks of an include, or the include itself where they do not say the same.
    async fn include(&self, domain: &Domain, name: &str, flat: &mut Parts) -> Result<SpfSurvey, Fault> {
        let survey = survey_spf(&self.resolver, name).await;
        if survey.record.is_none() && survey.problems.is_empty() {
            return Err(cannot(domain, &format!("{name}, which it includes, has not exactly one SPF record")));
        }
        if !survey.problems.is_empty() {
            return Err(not_looked(name, &survey));
        }
        let why = match (survey.passes_all, survey.dynamic.first(), survey.exceptions.first()) {
            (true, _, _) => return Err(cannot(domain, &format!("{name}, which it includes, lets everybody send"))),
            (_, Some(term), _) => Some(format!("`{term}` in it hangs on the client")),
            (_, _, Some(term)) => Some(format!("`{term}` in it takes addresses out")),
            _ => None,
        };
        match why {
            Some(why) => flat.keep(&format!("include:{name}"), survey.lookups.saturating_add(1), &why),
            None => {
                for term in &survey.networks {
                    flat.networks.push(network(domain, term)?);
                }
            }
        }
        Ok(survey)
    }

    async fn addresses(&self, name: &str, is_mx: bool, lengths: (u8, u8), flat: &mut Parts) -> Result<(), Fault> {
        let hosts: Vec<String> = if is_mx {
            let hosts = self.resolver.mx(name).await.map_err(|fault| fault.context("flattening"))?.records();
            hosts.into_iter().map(|(_, host)| host).filter(|host| host != ".").collect()
        } else {
            vec![name.to_owned()]
        };
        for host in hosts {
            let found = self.resolver.addresses(&host).await.map_err(|fault| fault.context("flattening"))?;
            for ip in found.records() {
                let length = if ip.is_ipv4() { lengths.0 } else { lengths.1 };
                flat.networks.extend(Network::parse(&format!("{ip}/{length}")));
            }
        }
        Ok(())
    }

    /// What each include needs below itself, and what is wrong with some.
    async fn measure(&self, wish: &Spf) -> Result<(Measured, Vec<String>), Fault> {
        let draft = wish.draft(&Measured::new())?;
        let includes = draft.costs.iter().filter_map(|cost| cost.term.strip_prefix("include:"));
        let mut asking = JoinSet::new();
        for (place, name) in includes.map(str::to_owned).enumerate() {
            let resolver = self.resolver.clone();
            asking.spawn(async move { (place, survey_spf(&resolver, &name).await, name) });
        }
        let mut surveys: Vec<(usize, SpfSurvey, String)> = asking.join_all().await;
        surveys.sort_by_key(|(place, ..)| *place);
        let (mut measured, mut told) = (Measured::new(), Vec::new());
        for (_, survey, name) in surveys {
            match survey.problems.first() {
                Some(problem) => told.push(format!("include:{name} could not be measured: {problem}")),
                None if survey.record.is_none() => {
                    told.push(format!(
                        "{name} has not exactly one SPF record: an include of it is an error at every receiver"
                    ));
                }
                None => {
                    measured.insert(name.clone(), survey.lookups);
                }
            }
            if survey.passes_all {
                told.push(format!("{name} lets everybody send (`+all`), and with it your domain would"));
            }
        }
        Ok((measured, told))
    }
}

/// What a flat record is packed from.
struct Parts {
    end: Option<End>,
    networks: Vec<Network>,
    kept: Vec<Kept>,
}

impl Parts {
    fn keep(&mut self, term: &str, lookups: u32, why: &str) {
        self.kept.push(Kept { term: term.to_owned(), lookups, why: why.to_owned() });
    }
}

fn network(domain: &Domain, term: &str) -> Result<Network, Fault> {
    Network::parse(term).map_err(|why| cannot(domain, &why))
}

fn cannot(domain: &Domain, why: &str) -> Fault {
    Fault::caller("generate.spf-flat", format!("the SPF record of {domain} cannot be flattened: {why}"))
}

fn not_looked(name: &str, survey: &SpfSurvey) -> Fault {
    Fault::new("generate.spf-lookup", Blame::Peer, Retry::Later).context(format!(
        "the SPF record of {name} could not be read in full, and flat it would leave out who sends by it: {}",
        survey.problems.join("; ")
    ))
}

fn sign(qualifier: Qualifier) -> char {
    match qualifier {
        Qualifier::Pass => '+',
        Qualifier::Fail => '-',
        Qualifier::SoftFail => '~',
        Qualifier::Neutral => '?',
    }
}

fn end_of(sign: char) -> Option<End> {
    match sign {
        '-' => Some(End::Fail),
        '~' => Some(End::Soft),
        '?' => Some(End::Neutral),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
