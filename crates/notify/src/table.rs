//! Every metric, once: what the registry describes, and `docs/metrics.md`, are made from this.

/// What moves and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only rises, from 0 at the start of the process.
    Counter,
    /// Is what it is now.
    Gauge,
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name, with the unit.
    pub name: &'static str,
    /// How it moves.
    pub kind: MetricKind,
    /// Its labels, each with what it holds; all are of closed lists.
    pub labels: &'static [(&'static str, &'static str)],
    /// What it counts or tells.
    pub meaning: &'static str,
    /// When somebody should be woken or look; empty: it is for looking at.
    pub alert: &'static str,
}

const fn counter(
    name: &'static str,
    labels: &'static [(&'static str, &'static str)],
    meaning: &'static str,
    alert: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Counter, labels, meaning, alert }
}

const fn gauge(
    name: &'static str,
    labels: &'static [(&'static str, &'static str)],
    meaning: &'static str,
    alert: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Gauge, labels, meaning, alert }
}

const ENTRY: (&str, &str) = ("entry", "id of the reference's entry, `other` for one that it does not know");
const WHO: (&str, &str) = ("who", "whose matter it is: recipient, sender_reputation, content, policy, us, network");

/// Recipients that wait.
pub const QUEUE_DEPTH: &str = "coldrelay_queue_depth";
/// Whether new mail is put off.
pub const SHEDDING: &str = "coldrelay_shedding";
/// Memory.
pub const MEMORY: &str = "coldrelay_memory_bytes";
/// Room on the disk.
pub const DISK_FREE: &str = "coldrelay_disk_free_bytes";
/// Time of a commit.
pub const COMMIT: &str = "coldrelay_commit_seconds";

/// All of them, in the order of the documentation.
pub const METRICS: &[Metric] = &[
    gauge(
        QUEUE_DEPTH,
        &[],
        "Recipients that wait for an attempt.",
        "it rises for an hour: look at what defers (`coldrelay queue list`)",
    ),
    gauge(
        SHEDDING,
        &[("pressure", "what is short: memory, disk, commit")],
        "1 while new mail is put off because that is short, else 0.",
        "it is 1: mail of others waits at their place; make room, or see docs/operations.md",
    ),
    gauge(MEMORY, &[], "Memory that this process uses (resident).", "it comes near the mark, `load.memory_mib`"),
    gauge(
        DISK_FREE,
        &[],
        "Room on the disk of the data folder.",
        "less than twice `load.disk_free_mib`: the disk is full within hours",
    ),
    gauge(
        COMMIT,
        &[],
        "Time of a commit, on average over the last second; that of one under way when it is longer.",
        "over 0.5 for minutes: the disk or the database is overloaded",
    ),
    counter("coldrelay_messages_total", &[], "Messages accepted for relay.", ""),
    counter(
        "coldrelay_submission_refusals_total",
        &[ENTRY],
        "Refusals at submission.",
        "a jump: a sequencer is set up wrongly, or somebody guesses",
    ),
    counter(
        "coldrelay_attempts_total",
        &[],
        "Delivery attempts begun.",
        "none for an hour while the queue is not empty",
    ),
    counter("coldrelay_deliveries_total", &[], "Recipients delivered.", ""),
    counter(
        "coldrelay_deferrals_total",
        &[ENTRY, WHO],
        "Failed attempts that are followed by another.",
        "many with who=\"sender_reputation\" or who=\"us\": stop and look, before they become bounces",
    ),
    counter(
        "coldrelay_bounces_total",
        &[ENTRY, WHO, ("late", "true when a notification told it after delivery")],
        "Recipients failed for good.",
        "more than 2 in 100 of deliveries and bounces over a day; any with who=\"us\"",
    ),
    counter(
        "coldrelay_doubts_total",
        &[],
        "Attempts of which nobody knows whether they delivered: each may bring a second copy.",
        "they rise without a crash or restart: a receiver cuts connections",
    ),
    counter("coldrelay_drops_total", &[], "Recipients dropped by an operator.", ""),
    counter(
        "coldrelay_mails_total",
        &[("kind", "message, reply, bounce, auto, report")],
        "Mails received into mailboxes.",
        "",
    ),
    counter("coldrelay_inbound_refusals_total", &[("code", "the reply code, or `other`")], "Refusals at the MX.", ""),
    counter("coldrelay_replies_total", &[], "Replies to messages of ours.", ""),
    counter("coldrelay_opt_outs_total", &[], "Times that somebody asked to be left alone.", ""),
    counter(
        "coldrelay_suppressions_total",
        &[("reason", "opt-out, complaint, manual, or the entry of the bounce")],
        "Addresses suppressed.",
        "",
    ),
    counter(
        "coldrelay_complaints_total",
        &[("proven", "true when it is proven to be about a message of ours")],
        "Complaints.",
        "more than 1 in 1,000 deliveries with proven=\"true\": Gmail and Yahoo ask for less than 3",
    ),
    counter(
        "coldrelay_reports_total",
        &[
            ("kind", "dmarc-aggregate, dmarc-failure, tls, complaint"),
            ("state", "counted, duplicate, refused, unreadable, unproven"),
        ],
        "Reports of receivers.",
        "",
    ),
    counter(
        "coldrelay_listing_changes_total",
        &[("zone", "the blocklist"), ("now", "what it says now: listed, clear, refused, …")],
        "Changes of what blocklists say of our IPs and domains.",
        "any with now=\"listed\" of a list that matters (`coldrelay check blocklist`)",
    ),
    counter(
        "coldrelay_proofs_total",
        &[("outcome", "passed, failed"), ("finding", "the step that failed, or none")],
        "Changes of pairing proofs: one that passes again, one that fails or fails for another reason.",
        "any with outcome=\"failed\": that mailbox cannot send",
    ),
    counter(
        "coldrelay_load_changes_total",
        &[("pressure", "memory, disk, commit"), ("shedding", "true when it begins, false when it is over")],
        "Times that new mail began to be put off because something is short, and that it was over.",
        "",
    ),
    counter(
        "coldrelay_certificate_orders_total",
        &[("outcome", "issued, failed")],
        "Orders for certificates, by how they ended.",
        "outcome=\"failed\" for days: the certificate runs out (`coldrelay cert list`)",
    ),
    counter("coldrelay_domains_total", &[], "Domains added.", ""),
    counter("coldrelay_publications_total", &[], "Times that a domain's records were published.", ""),
    counter("coldrelay_mailboxes_total", &[], "Mailboxes added.", ""),
];

/// `docs/metrics.md`.
pub fn document() -> String {
    let mut text = String::from(
        "# Metrics\n\
         `serve` tells these at `/metrics` of `listen.http`, in Prometheus text. Made from one table, `crates/notify/src/table.rs`: \
         `COLDRELAY_REGENERATE=1 cargo test -p coldrelay-notify`.\n\n\
         Counters begin at 0 with the process: use `rate()` and `increase()`. No label holds an address, a domain of others, or any text \
         that a peer can choose, so that the number of series is bounded. Besides these, watch `/readyz` (200, or 503 with why) and the \
         expiry of the certificate (`coldrelay doctor`).\n\n\
         | metric | type | labels | meaning | alert when |\n|---|---|---|---|---|\n",
    );
    for Metric { name, kind, labels, meaning, alert } in METRICS {
        let kind = match kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
        };
        let labels: Vec<String> = labels.iter().map(|(label, holds)| format!("`{label}`: {holds}")).collect();
        let (labels, alert) = (labels.join("<br>"), if alert.is_empty() { "–" } else { alert });
        text.push_str(&format!("| `{name}` | {kind} | {labels} | {meaning} | {alert} |\n"));
    }
    text
}
