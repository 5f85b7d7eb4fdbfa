//! Reports of receivers: whether they are about us, what they count, and what a complaint proves.

use auth::{Verdict, Verdicts};
use report::{Aggregate, Feedback, Kind, Report, TlsReport, Unreadable};
use rules::{
    Fault,
    complaint::{Evidence, Proof, weigh},
    id::RecipientId,
    token,
};
use store::{ArrivingReport, Complaint, NewReport, ReportState};
use syntax::{Address, Domain, Timestamp};

use crate::{addressee::Addressee, settings::VERIFY_LIMIT, start::Shared};

mod counted;

/// Incidents that one feedback report may stand for.
const MAX_INCIDENTS: u64 = 1000;
/// Labels of a name that are looked up for a domain of ours.
const MAX_LABELS: usize = 10;

/// Local parts that reports go to: as our DNS records say, and as RFC 2142 does.
const EXPECTING: [&str; 4] = ["reports", "postmaster", "abuse", "dmarc"];

/// Whether reports go to this address.
pub(crate) fn is_expected(addressee: &Addressee) -> bool {
    EXPECTING.iter().any(|local| addressee.forward_path.local().eq_ignore_ascii_case(local))
}

/// The report as it is to be stored.
pub(crate) async fn judge(
    shared: &Shared,
    found: Result<Report, Unreadable>,
    verdicts: &Verdicts,
    addressees: &[&Addressee],
) -> Result<ArrivingReport, Fault> {
    let now = shared.store.clock().now();
    let blank = NewReport {
        kind: Kind::DmarcAggregate,
        state: ReportState::Counted,
        reason: None,
        key: String::new(),
        domain: String::new(),
        organization: String::new(),
        report_id: String::new(),
        sender: verdicts.from_domain.clone(),
        verified: verdicts.author_is_proved(),
        begins_at: now,
        ends_at: now,
        messages: 0,
        failures: 0,
        recipient: None,
        detail: "{}".to_owned(),
        sources: Vec::new(),
        tls: Vec::new(),
    };
    let report = match found {
        Err(unreadable) => self::unreadable(blank, &unreadable),
        Ok(Report::Aggregate(aggregate)) => self::aggregate(shared, blank, *aggregate, now).await?,
        Ok(Report::Tls(tls)) => self::tls(shared, blank, *tls, now).await?,
        Ok(Report::Feedback(feedback)) if feedback.auth_failure.is_some() => {
            failure(shared, blank, &feedback, now).await?
        }
        Ok(Report::Feedback(feedback)) => return complaint(shared, blank, &feedback, addressees, now).await,
    };
    Ok(ArrivingReport { report, complaint: None })
}

fn unreadable(blank: NewReport, unreadable: &Unreadable) -> NewReport {
    let problem = &unreadable.problem;
    NewReport {
        kind: unreadable.kind,
        state: ReportState::Unreadable,
        reason: Some(format!("{problem} ({})", problem.id())),
        ..blank
    }
}

/// The sending domain of ours that a name is, or is within.
async fn ours(shared: &Shared, name: &str) -> Result<Option<Domain>, Fault> {
    let mut name = Domain::parse(name).ok();
    for _ in 0..MAX_LABELS {
        let Some(this) = name else { return Ok(None) };
        if shared.store.domain(&this).await?.is_some() {
            return Ok(Some(this));
        }
        name = this.parent();
    }
    Ok(None)
}

fn refused(report: NewReport, domain: &str) -> NewReport {
    let reason = Some(format!("`{domain}` is no domain of ours"));
    NewReport { state: ReportState::Refused, reason, sources: Vec::new(), tls: Vec::new(), ..report }
}

async fn aggregate(shared: &Shared, blank: NewReport, report: Aggregate, now: Timestamp) -> Result<NewReport, Fault> {
    let named = report.policy.domain.clone();
    let domain = ours(shared, &named).await?;
    let is_ours = |name: &str| match (&domain, Domain::parse(name)) {
        (Some(domain), Ok(name)) => name.is_within(domain),
        _ => name.is_empty(),
    };
    let records: Vec<&report::Record> = report.records.iter().filter(|record| is_ours(&record.header_from)).collect();
    let sources = counted::sources(&records);
    let messages = sources.iter().fold(0_u64, |sum, source| sum.saturating_add(source.messages));
    let passed = sources.iter().filter(|source| source.dkim_aligned || source.spf_aligned);
    let failures = messages.saturating_sub(passed.fold(0, |sum, source| sum.saturating_add(source.messages)));
    let (begins_at, ends_at) = counted::period(report.begins_at, report.ends_at, now);
    let new = NewReport {
        kind: Kind::DmarcAggregate,
        key: counted::key(&report.organization, &report.report_id, begins_at, &named),
        domain: domain.as_ref().map_or(named.clone(), Domain::to_string),
        organization: report.organization.clone(),
        report_id: report.report_id.clone(),
        begins_at,
        ends_at,
        messages,
        failures,
        detail: counted::detail(&report),
        sources,
        ..blank
    };
    Ok(if domain.is_some() { new } else { refused(new, &named) })
}

async fn tls(shared: &Shared, blank: NewReport, report: TlsReport, now: Timestamp) -> Result<NewReport, Fault> {
    let mut domain = None;
    let mut policies = Vec::new();
    for policy in &report.policies {
        if let Some(found) = ours(shared, &policy.domain).await? {
            if domain.as_ref().is_some_and(|domain| *domain != found) {
                // RFC 8460 §4.4: a report is about one policy domain.
                continue;
            }
            domain = Some(found);
            policies.push(policy);
        }
    }
    let named = report.policies.first().map(|policy| policy.domain.clone()).unwrap_or_default();
    let tls = counted::sessions(&policies);
    let sum = |failed: bool| {
        let counts = tls.iter().filter(|row| (row.result != "success") == failed).map(|row| row.sessions);
        counts.fold(0_u64, u64::saturating_add)
    };
    let (failures, successes) = (sum(true), sum(false));
    let (begins_at, ends_at) = counted::period(report.begins_at, report.ends_at, now);
    let new = NewReport {
        kind: Kind::Tls,
        key: counted::key(&report.organization, &report.report_id, begins_at, &named),
        domain: domain.as_ref().map_or(named.clone(), Domain::to_string),
        organization: report.organization.clone(),
        report_id: report.report_id.clone(),
        begins_at,
        ends_at,
        messages: failures.saturating_add(successes),
        failures,
        detail: serde_json::to_string(&report).unwrap_or_default(),
        tls,
        ..blank
    };
    Ok(if domain.is_some() { new } else { refused(new, &named) })
}

async fn failure(shared: &Shared, blank: NewReport, feedback: &Feedback, now: Timestamp) -> Result<NewReport, Fault> {
    let named = feedback.domains.first().cloned().or_else(|| feedback.from_domain()).unwrap_or_default();
    let domain = ours(shared, &named).await?;
    let incidents = feedback.incidents.clamp(1, MAX_INCIDENTS);
    let new = of_feedback(blank, Kind::DmarcFailure, feedback, &named, domain.as_ref(), now);
    let new = NewReport { messages: incidents, failures: incidents, ..new };
    Ok(if domain.is_some() { new } else { refused(new, &named) })
}

async fn complaint(
    shared: &Shared,
    blank: NewReport,
    feedback: &Feedback,
    addressees: &[&Addressee],
    now: Timestamp,
) -> Result<ArrivingReport, Fault> {
    let (evidence, rows) = evidence(shared, feedback, addressees).await?;
    let named = feedback.from_domain().or_else(|| feedback.domains.first().cloned()).unwrap_or_default();
    let domain = ours(shared, &named).await?;
    let new = of_feedback(blank, Kind::Complaint, feedback, &named, domain.as_ref(), now);
    let of_row = |address: &Address| {
        rows.iter().find(|(_, known)| known.key() == address.key()).map(|(recipient, _)| recipient.clone())
    };
    let (of, recipient, proven, why) = match weigh(&evidence) {
        Proof::Of(address, why) => {
            let recipient = of_row(&address);
            (Some((address, feedback.kind.is_complaint())), recipient, true, why)
        }
        Proof::OfMessage(why) => (None, None, true, why),
        Proof::Unproven(why) => (None, None, false, why),
    };
    let report = NewReport {
        state: if proven { ReportState::Counted } else { ReportState::Unproven },
        reason: Some(why.to_owned()),
        messages: 1,
        failures: u64::from(feedback.kind.is_complaint()),
        recipient: recipient.clone(),
        ..new
    };
    Ok(ArrivingReport { report, complaint: Some(Complaint { of, recipient, proven, why: why.to_owned() }) })
}

/// What is known here of the message, and the recipient rows that it may be about.
async fn evidence(
    shared: &Shared,
    feedback: &Feedback,
    addressees: &[&Addressee],
) -> Result<(Evidence, Vec<(RecipientId, Address)>), Fault> {
    let mut rows = Vec::new();
    let mut by_token = None;
    // A report that comes to the return path itself proves as much as one that names it.
    for about in addressees.iter().filter_map(|addressee| addressee.about.as_ref()) {
        by_token = Some(about.address.clone());
        rows.push((about.recipient.clone(), about.address.clone()));
    }
    for path in feedback.return_paths() {
        let Some((recipient, _)) = token::read_return_path(&shared.key, &path) else { continue };
        if let Some((row, _)) = shared.store.recipient(&recipient).await? {
            by_token = Some(row.address.clone());
            rows.push((row.id, row.address));
        }
    }
    let messages = match feedback.message_id() {
        Some(id) => shared.store.messages_named(&id).await?,
        None => Vec::new(),
    };
    let of_messages: Vec<(RecipientId, Address)> =
        messages.into_iter().flat_map(|message| message.recipients).map(|row| (row.id, row.address)).collect();
    let recipients = of_messages.iter().map(|(_, address)| address.clone()).collect();
    rows.extend(of_messages);
    let signed_by_us = by_token.is_none() && signed_by_us(shared, &feedback.returned).await?;
    Ok((Evidence { by_token, recipients, signed_by_us, named: feedback.recipients.clone() }, rows))
}

/// Whether a signature of a domain of ours verifies on what came back.
async fn signed_by_us(shared: &Shared, returned: &[u8]) -> Result<bool, Fault> {
    let verifying = shared.verifier.dkim(returned);
    // What cannot be verified in time proves nothing.
    let signatures = tokio::time::timeout(VERIFY_LIMIT, verifying).await.unwrap_or_default();
    for signature in signatures.iter().filter(|signature| signature.verdict == Verdict::Pass) {
        if ours(shared, &signature.domain).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn of_feedback(
    blank: NewReport,
    kind: Kind,
    feedback: &Feedback,
    named: &str,
    domain: Option<&Domain>,
    now: Timestamp,
) -> NewReport {
    let at = feedback.arrived_at.unwrap_or(0);
    let (begins_at, ends_at) = counted::period(at, at, now);
    let message_id = feedback.message_id().unwrap_or_default();
    let source = feedback.source_ip.map(|ip| ip.to_string()).unwrap_or_default();
    let recipients: Vec<String> = feedback.recipients.iter().map(ToString::to_string).collect();
    let detail = serde_json::json!({
        "feedback": feedback.kind,
        "reporter": feedback.reporter,
        "source_ip": feedback.source_ip,
        "message_id": message_id,
        "domains": feedback.domains,
        "recipients": recipients,
        "incidents": feedback.incidents,
        "auth_failure": feedback.auth_failure,
    });
    NewReport {
        kind,
        key: format!("{}\n{message_id}\n{source}\n{at}\n{}", feedback.reporter, recipients.join(" ")),
        domain: domain.map_or_else(|| named.to_owned(), Domain::to_string),
        organization: feedback.reporter.clone(),
        report_id: message_id,
        begins_at,
        ends_at,
        detail: detail.to_string(),
        ..blank
    }
}
