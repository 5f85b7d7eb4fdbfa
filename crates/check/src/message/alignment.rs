//! Whether SPF and DKIM pass for the organisation of the domain in From. RFC 9989 §4.4; RFC 7489 §3.1 for older receivers.

use auth::{DmarcWalk, Verdict, Verdicts, organizational_domain};
use rules::Fault;
use syntax::Domain;

use super::{Letter, Signature};
use crate::{Checks, Finding, Kind, State};

const DMARC: Kind = Kind::outbound("dmarc.alignment", "dmarc", "RFC 9989 §4.4, §5.3");
const SPF: Kind = Kind::outbound("spf.alignment", "dmarc", "RFC 9989 §4.4.2");
const DKIM: Kind = Kind::outbound("dkim.alignment", "dmarc", "RFC 9989 §4.4.1");

pub(crate) const KINDS: &[&Kind] = &[&DMARC, &SPF, &DKIM];

/// What alignment comes to.
pub(crate) struct Aligned {
    pub verdict: Verdict,
    pub findings: Vec<Finding>,
}

pub(crate) fn unknown(fault: &Fault) -> Finding {
    DMARC.unknown(fault)
}

/// Whether a domain belongs to the one in From: by the tree walk, and by the public-suffix list.
struct Kinship {
    walk: bool,
    suffix: bool,
}

impl Checks {
    pub(crate) async fn alignment(
        &self,
        letter: &Letter<'_>,
        from: &Domain,
        walk: &DmarcWalk,
        verdicts: &Verdicts,
        signatures: &[Signature],
    ) -> Aligned {
        let record = walk.record();
        let strict = |of: fn(&auth::DmarcRecord) -> bool| record.is_some_and(of);
        let mut findings = Vec::new();
        let (mut by_walk, mut by_suffix, mut unknown) = (false, false, None);
        if letter.knows_envelope()
            && let Some(domain) = letter.spf_domain()
        {
            match self.kinship(from, walk, &domain, strict(|record| record.strict_spf)).await {
                Ok(kin) => {
                    let passes = verdicts.spf == Verdict::Pass;
                    by_walk |= passes && kin.walk;
                    by_suffix |= passes && kin.suffix;
                    findings.push(told(
                        &SPF,
                        &format!("SPF ({} for {domain})", verdicts.spf.as_str()),
                        from,
                        passes,
                        &kin,
                    ));
                }
                Err(fault) => unknown = Some(fault),
            }
        }
        for signature in signatures.iter().filter(|signature| signature.verdict == Verdict::Pass) {
            let Ok(domain) = Domain::parse(&signature.domain) else { continue };
            match self.kinship(from, walk, &domain, strict(|record| record.strict_dkim)).await {
                Ok(kin) => {
                    by_walk |= kin.walk;
                    by_suffix |= kin.suffix;
                    findings.push(told(&DKIM, &format!("DKIM (pass for {domain})"), from, true, &kin));
                }
                Err(fault) => unknown = Some(fault),
            }
        }
        let verdict = verdict(record.is_some(), by_walk, unknown.is_some());
        findings.insert(0, summary(from, by_walk, by_suffix, unknown.as_ref()));
        Aligned { verdict, findings }
    }

    async fn kinship(&self, from: &Domain, walk: &DmarcWalk, domain: &Domain, strict: bool) -> Result<Kinship, Fault> {
        if domain == from {
            return Ok(Kinship { walk: true, suffix: true });
        }
        if strict {
            return Ok(Kinship { walk: false, suffix: false });
        }
        let organization = organizational_domain(&self.resolver, domain).await?;
        Ok(Kinship {
            walk: organization == walk.walk.organizational,
            suffix: domain.registrable().is_some() && domain.registrable() == from.registrable(),
        })
    }
}

fn verdict(has_record: bool, passes: bool, is_unknown: bool) -> Verdict {
    match (has_record, passes, is_unknown) {
        (_, true, _) => Verdict::Pass,
        (_, false, true) => Verdict::TempError,
        (true, false, false) => Verdict::Fail,
        (false, false, false) => Verdict::None,
    }
}

fn told(kind: &'static Kind, what: &str, from: &Domain, passes: bool, kin: &Kinship) -> Finding {
    match (passes, kin.walk, kin.suffix) {
        (true, true, true) => kind.ok(format!("{what} is aligned with {from}")),
        // One aligned pass is enough; the summary says whether there is one.
        (true, false, false) => kind.ok(format!("{what} belongs to another organisation than {from}")),
        (true, walk, _) => kind.ok(format!(
            "{what} is aligned with {from} only {}",
            if walk { "by the tree walk (RFC 9989)" } else { "by the public-suffix list (RFC 7489)" }
        )),
        (false, ..) => kind.ok(format!("{what} does not count for {from}")),
    }
}

fn summary(from: &Domain, by_walk: bool, by_suffix: bool, unknown: Option<&Fault>) -> Finding {
    match (by_walk, by_suffix, unknown) {
        (true, true, _) => DMARC.ok(format!("the message passes DMARC for {from}")),
        (_, _, Some(fault)) => DMARC.found(State::Unknown, format!("could not look: {fault}")),
        (true, false, _) => DMARC.warn(format!(
            "the message passes DMARC for {from} by the tree walk (RFC 9989), and fails at older receivers"
        )),
        (false, true, _) => DMARC.bad(format!(
            "the message fails DMARC for {from} by the tree walk (RFC 9989), though older receivers let it pass"
        )),
        (false, false, _) => DMARC.bad(format!("neither SPF nor DKIM passes for {from}: the message fails DMARC")),
    }
}
