//! What others see of us: names, addresses, certificate.

use std::time::Duration;

use check::{Finding, State};
use store::SendingDomain;
use syntax::{Domain, Timestamp};
use tokio::time::timeout;

use super::{Diagnosis, Doctor, of_fault};

/// Longest look at one domain.
const DOMAIN_LIMIT: Duration = Duration::from_secs(30);
/// A certificate that ends sooner is worth a word.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

pub(super) fn certificate(doctor: &Doctor, now: Timestamp) -> Vec<Diagnosis> {
    const ID: &str = "tls.certificate";
    let path = doctor.certificate.display();
    if !doctor.has_certificate && !doctor.certificate.exists() {
        let fix = "mail programs warn about one of our own: set `tls.certificate` and `tls.key`";
        return vec![Diagnosis::warn(ID, "no certificate is configured: `serve` makes one of its own", fix)];
    }
    let read = net::certificates(&doctor.certificate).and_then(|chain| {
        let first = chain.first().map(Vec::as_slice).unwrap_or_default();
        net::read_certificate(first)
    });
    let (certificate, from, until) = match read {
        Ok(read) => read,
        Err(fault) => {
            return vec![of_fault(ID, &fault, "`tls.certificate` must be a chain in PEM that this user may read")];
        }
    };
    let seconds = now.micros().div_euclid(1_000_000);
    let soon = seconds.saturating_add(i64::try_from(SOON.as_secs()).unwrap_or_default());
    let seen = format!("{path} is for {}, and holds until {}", certificate.names.join(", "), certificate.until);
    vec![match () {
        () if until <= seconds => Diagnosis::bad(ID, format!("{seen}: that is over"), "renew it, and restart `serve`"),
        () if from > seconds => Diagnosis::bad(ID, format!("{path} does not hold yet"), "is the clock right?"),
        () if until <= soon && doctor.has_certificate => Diagnosis::warn(ID, seen, "renew it now, and restart `serve`"),
        () if !doctor.has_certificate => {
            let fix = "mail programs warn about it: set `tls.certificate` and `tls.key`";
            Diagnosis::warn(ID, format!("{seen}; it is one of our own making"), fix)
        }
        () => Diagnosis::ok(ID, seen),
    }]
}

pub(super) async fn resolver(doctor: &Doctor) -> Vec<Diagnosis> {
    const ID: &str = "dns.resolver";
    let resolver = &doctor.checks.resolver;
    let servers: Vec<String> = resolver.servers().iter().map(ToString::to_string).collect();
    let servers = servers.join(", ");
    vec![match resolver.records(".", "NS").await {
        Ok(found) if !found.clone().records().is_empty() => Diagnosis::ok(ID, format!("{servers} answers")),
        Ok(_) => Diagnosis::warn(
            ID,
            format!("{servers} answers, and knows no servers of the root"),
            "it may serve an inner network alone: mail to the Internet needs a resolver that sees all of the DNS",
        ),
        Err(fault) => {
            of_fault(ID, &fault, "set `dns.servers` to a resolver that answers; no mail goes out without one")
                .explained("dns-failure")
        }
    }]
}

/// MX, PTR and HELO of a sending domain.
pub(super) async fn domain(doctor: &Doctor, domain: &SendingDomain) -> Vec<Diagnosis> {
    let ip = domain.egress_ip;
    let host: &Domain = &domain.mail_host;
    let checks = &doctor.checks;
    let look = async {
        let mut findings = checks.ptr(ip).await;
        findings.extend(checks.helo(host.as_str(), Some(ip)).await);
        findings.extend(checks.mx(&domain.name).await);
        findings
    };
    let about = format!("{} at {ip}", domain.name);
    let Ok(findings) = timeout(DOMAIN_LIMIT, look).await else {
        return vec![Diagnosis::unknown("domain.dns", format!("{about}: the DNS did not answer in time"))];
    };
    let mut found: Vec<Diagnosis> =
        findings.iter().filter(|one| one.state != State::Ok).map(|one| of_finding(&about, one)).collect();
    if std::net::TcpListener::bind((ip, 0)).is_err() {
        let fix = "mail of the domain leaves from this address: give it to an interface (`ip addr add`)";
        found.push(
            Diagnosis::bad("domain.source-ip", format!("{about}: {ip} is no address of this machine"), fix)
                .explained("source-ip-missing"),
        );
    }
    if found.is_empty() {
        found.push(Diagnosis::ok("domain.dns", format!("{about}: MX, reverse name and greeting agree")));
    }
    found
}

fn of_finding(about: &str, finding: &Finding) -> Diagnosis {
    let fix = finding.fix.as_ref().map(|fix| {
        let more = [fix.deed.as_ref(), fix.record.as_ref()].into_iter().flatten();
        more.fold(fix.what.clone(), |what, more| format!("{what}: {more}"))
    });
    Diagnosis {
        id: finding.id.to_owned(),
        state: finding.state,
        seen: format!("{about}: {}", finding.seen),
        fix,
        entry: finding.entry.map(str::to_owned),
    }
}
