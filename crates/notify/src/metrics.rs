//! Counters in Prometheus text form.

use std::{fmt, sync::Arc};

use metrics::{Label, counter, describe_counter, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use rules::{
    event::Event,
    load::{Pressure, Reading},
};

use crate::table::{COMMIT, DISK_FREE, MEMORY, METRICS, Metric, MetricKind, QUEUE_DEPTH, SHEDDING};

/// The registry. Cheap to clone. Not a global: two houses in one process do not mix.
#[derive(Clone)]
pub struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

impl Metrics {
    /// An empty registry with every metric described.
    pub fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        with_local_recorder(&recorder, || {
            for Metric { name, kind, meaning, .. } in METRICS {
                match kind {
                    MetricKind::Counter => describe_counter!(*name, *meaning),
                    MetricKind::Gauge => describe_gauge!(*name, *meaning),
                }
            }
            gauge!(QUEUE_DEPTH).set(0.0);
        });
        Self { recorder: Arc::new(recorder), handle }
    }

    /// Moves the metrics of an event.
    pub fn count(&self, event: &Event) {
        let (name, labels) = moves(event);
        with_local_recorder(&*self.recorder, || counter!(name, labels).increment(1));
    }

    /// Sets the gauge of waiting recipients.
    pub fn set_queue_depth(&self, waiting: u64) {
        with_local_recorder(&*self.recorder, || gauge!(QUEUE_DEPTH).set(float(waiting)));
    }

    /// Sets what was measured of memory, disk and commits; what could not be measured stays as it was.
    pub fn set_load(&self, reading: &Reading) {
        with_local_recorder(&*self.recorder, || {
            if let Some(octets) = reading.memory {
                gauge!(MEMORY).set(float(octets));
            }
            if let Some(octets) = reading.disk {
                gauge!(DISK_FREE).set(float(octets));
            }
            if let Some(time) = reading.commit {
                gauge!(COMMIT).set(time.as_secs_f64());
            }
        });
    }

    /// Sets whether new mail is put off because that is short.
    pub fn set_shedding(&self, pressure: Pressure, shedding: bool) {
        let labels = vec![Label::new("pressure", pressure.as_str())];
        with_local_recorder(&*self.recorder, || gauge!(SHEDDING, labels).set(if shedding { 1.0 } else { 0.0 }));
    }

    /// Prometheus text exposition.
    pub fn render(&self) -> String {
        self.handle.render()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn float(number: u64) -> f64 {
    number as f64
}

/// The counter that an event moves, with its labels.
fn moves(event: &Event) -> (&'static str, Vec<Label>) {
    match event {
        Event::DomainAdded { .. } => ("coldrelay_domains_total", vec![]),
        Event::DomainPublished { .. } => ("coldrelay_publications_total", vec![]),
        Event::MailboxAdded { .. } => ("coldrelay_mailboxes_total", vec![]),
        Event::MessageAccepted { .. } => ("coldrelay_messages_total", vec![]),
        Event::SubmissionRefused { entry, .. } => {
            ("coldrelay_submission_refusals_total", vec![Label::new("entry", known_entry(entry))])
        }
        Event::AttemptBegun { .. } => ("coldrelay_attempts_total", vec![]),
        Event::Delivered { .. } => ("coldrelay_deliveries_total", vec![]),
        Event::Deferred { entry, class, .. } => (
            "coldrelay_deferrals_total",
            vec![Label::new("entry", known_entry(entry)), Label::new("who", class.who.as_str())],
        ),
        Event::Bounced { entry, class, late, .. } => (
            "coldrelay_bounces_total",
            vec![
                Label::new("entry", known_entry(entry)),
                Label::new("who", class.who.as_str()),
                Label::new("late", if *late { "true" } else { "false" }),
            ],
        ),
        Event::InDoubt { .. } => ("coldrelay_doubts_total", vec![]),
        Event::Dropped { .. } => ("coldrelay_drops_total", vec![]),
        Event::MailReceived { mail_kind, .. } => {
            ("coldrelay_mails_total", vec![Label::new("kind", known_kind(mail_kind))])
        }
        Event::InboundRefused { reply } => {
            ("coldrelay_inbound_refusals_total", vec![Label::new("code", reply_code(reply))])
        }
        Event::Suppressed { reason, .. } => {
            ("coldrelay_suppressions_total", vec![Label::new("reason", known_reason(reason))])
        }
        Event::MailboxProofPassed { .. } => {
            ("coldrelay_proofs_total", vec![Label::new("outcome", "passed"), Label::new("finding", "none")])
        }
        Event::MailboxProofFailed { finding, .. } => {
            ("coldrelay_proofs_total", vec![Label::new("outcome", "failed"), Label::new("finding", finding.finding())])
        }
        Event::ListingChanged { zone, now, .. } => {
            let zone = reference::blocklist(zone).map_or("other", reference::Blocklist::zone);
            ("coldrelay_listing_changes_total", vec![Label::new("zone", zone), Label::new("now", now.as_str())])
        }
        Event::CertificateIssued { .. } => {
            ("coldrelay_certificate_orders_total", vec![Label::new("outcome", "issued")])
        }
        Event::CertificateFailed { .. } => {
            ("coldrelay_certificate_orders_total", vec![Label::new("outcome", "failed")])
        }
        Event::ReplyReceived { .. } => ("coldrelay_replies_total", vec![]),
        Event::RecipientOptedOut { .. } => ("coldrelay_opt_outs_total", vec![]),
        Event::ReportReceived { report_kind, state, .. } => (
            "coldrelay_reports_total",
            vec![
                Label::new("kind", one_of(&["dmarc-aggregate", "dmarc-failure", "tls", "complaint"], report_kind)),
                Label::new("state", one_of(&["counted", "duplicate", "refused", "unreadable", "unproven"], state)),
            ],
        ),
        Event::LoadChanged { pressure, shedding, .. } => (
            "coldrelay_load_changes_total",
            vec![
                Label::new("pressure", pressure.as_str()),
                Label::new("shedding", if *shedding { "true" } else { "false" }),
            ],
        ),
        Event::ComplaintReceived { proven, .. } => {
            ("coldrelay_complaints_total", vec![Label::new("proven", if *proven { "true" } else { "false" })])
        }
    }
}

/// The id of an entry; `other` when the reference has no such entry, so that the number of series is bounded.
fn known_entry(id: &str) -> &'static str {
    reference::entry(id).map_or("other", |entry| entry.id.as_str())
}

fn known_reason(reason: &str) -> &'static str {
    match reason {
        "opt-out" => "opt-out",
        "manual" => "manual",
        "complaint" => "complaint",
        entry => known_entry(entry),
    }
}

fn known_kind(kind: &str) -> &'static str {
    one_of(&["message", "reply", "bounce", "auto", "report"], kind)
}

/// A word of a closed list, so that the number of series is bounded.
fn one_of(known: &[&'static str], word: &str) -> &'static str {
    known.iter().find(|known| **known == word).copied().unwrap_or("other")
}

fn reply_code(reply: &str) -> String {
    let code = reply.get(..3).and_then(|code| code.parse::<u16>().ok());
    code.filter(|code| (400..600).contains(code)).map_or_else(|| "other".to_owned(), |code| code.to_string())
}
