//! The causes of a refusal, confirmed or ruled out by live checks.

use bounce::Explanation;
use check::{Checks, Facts, Finding, State};

/// Runs the checks that the causes name, each once, and puts the causes into a new order: those that
/// are confirmed first, those that are ruled out last. Gives the findings.
pub async fn verify(checks: &Checks, explanation: &mut Explanation, facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for cause in &explanation.causes {
        if findings.iter().any(|finding| finding.check == cause.check) {
            continue;
        }
        for finding in checks.run(cause.check, facts).await {
            // A check of a whole domain finds again what a single one has found.
            if findings.iter().all(|known| (known.id, &known.seen) != (finding.id, &finding.seen)) {
                findings.push(finding);
            }
        }
    }
    for cause in &mut explanation.causes {
        let of_this = findings.iter().filter(|finding| finding.check == cause.check);
        if let Some(finding) = of_this.max_by_key(|finding| finding.state) {
            cause.evidence = Some(finding.seen.clone());
        }
    }
    let worst =
        |check: &str| findings.iter().filter(|finding| finding.check == check).map(|finding| finding.state).max();
    let place = |check: &str| match worst(check) {
        Some(State::Bad) => 0,
        Some(State::Ok) => 2,
        Some(State::Warn | State::Unknown) | None => 1,
    };
    explanation.causes.sort_by_key(|cause| place(cause.check));
    findings
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Duration};

    use dns::Resolver;
    use syntax::Domain;

    use super::*;

    #[tokio::test]
    async fn a_check_that_cannot_look_confirms_and_rules_out_nothing() {
        // Nobody answers there: every look-up fails.
        let nobody: SocketAddr = ([127, 0, 0, 1], 9).into();
        let checks = Checks::new(Resolver::new(&[nobody], Duration::from_millis(50), false).unwrap()).unwrap();
        let told = bounce::explain_line("550 5.7.25 192.0.2.5 has no reverse DNS");
        let mut explanation = told.explanation;
        let before: Vec<&str> = explanation.causes.iter().map(|cause| cause.id).collect();
        let facts = Facts { ip: Some([192, 0, 2, 5].into()), domain: Domain::parse("a.test").ok(), ..Facts::default() };
        let findings = verify(&checks, &mut explanation, &facts).await;
        assert!(!findings.is_empty() && findings.iter().all(|finding| finding.state == State::Unknown), "{findings:?}");
        assert_eq!(explanation.causes.iter().map(|cause| cause.id).collect::<Vec<_>>(), before);
    }

    #[tokio::test]
    async fn what_is_confirmed_comes_first_and_what_is_ruled_out_last() {
        let zone =
            "a.test TXT \"v=spf1 ip4:192.0.2.5 -all\"\n_dmarc.a.test TXT \"v=DMARC1; p=none; rua=mailto:d@a.test\"";
        let server = testkit::nameserver::Zones::text(zone).apex("a.test").serve().await;
        let checks = Checks::new(server.resolver()).unwrap();
        let line = "550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to \
                    authenticate with either SPF or DKIM. - gsmtp";
        let mut explanation = bounce::explain_line(line).explanation;
        let facts = Facts {
            ip: Some([192, 0, 2, 5].into()),
            domain: Domain::parse("a.test").ok(),
            selector: Some("s1".into()),
            ..Facts::default()
        };
        verify(&checks, &mut explanation, &facts).await;
        let order: Vec<&str> = explanation.causes.iter().map(|cause| cause.check).collect();
        let place = |check: &str| order.iter().position(|one| *one == check).unwrap();
        // There is no DKIM key, and SPF passes.
        assert_eq!(place("dkim"), 0, "{order:?}");
        assert!(place("spf") > place("dkim"), "{order:?}");
        let evidence =
            |check: &str| explanation.causes.iter().find(|cause| cause.check == check).unwrap().evidence.clone();
        assert!(evidence("dkim").unwrap().contains("no DKIM key"), "{:?}", evidence("dkim"));
        assert!(evidence("spf").unwrap().contains("pass"), "{:?}", evidence("spf"));
    }
}
