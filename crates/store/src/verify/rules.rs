//! What must be true of the rows, as questions for those of which it is not. One text for both databases.

/// A rule.
pub(super) struct Rule {
    /// Stable id.
    pub id: &'static str,
    /// What must be true.
    pub what: &'static str,
    /// The schema from which on it holds.
    pub since: i64,
    /// Selects `found`: the rows of which it is not true.
    pub broken: &'static str,
}

/// All of them.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "message-has-content",
        what: "every message has its content",
        since: 1,
        broken: "SELECT m.id AS found FROM message m WHERE NOT EXISTS (SELECT 1 FROM body b WHERE b.message = m.id)",
    },
    Rule {
        id: "message-has-recipients",
        what: "every message has recipients",
        since: 1,
        broken: "SELECT m.id AS found FROM message m \
                 WHERE NOT EXISTS (SELECT 1 FROM recipient r WHERE r.message = m.id)",
    },
    Rule {
        id: "recipient-state",
        what: "every recipient is in a known state",
        since: 1,
        broken: "SELECT id AS found FROM recipient WHERE state NOT IN \
                 ('queued', 'deferred', 'sending', 'in_doubt', 'delivered', 'bounced', 'dropped')",
    },
    Rule {
        id: "recipient-waits",
        what: "a recipient has a next time exactly while it waits",
        since: 1,
        broken: "SELECT id AS found FROM recipient \
                 WHERE (next_at IS NOT NULL) <> (state IN ('queued', 'deferred', 'in_doubt'))",
    },
    Rule {
        id: "recipient-sending",
        what: "an attempt is under way for every recipient that is being sent to",
        since: 1,
        broken: "SELECT r.id AS found FROM recipient r WHERE r.state = 'sending' \
                 AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.recipient = r.id AND a.verdict IS NULL)",
    },
    Rule {
        id: "recipient-domain",
        what: "a recipient waits in the turn of its message's domain",
        since: 14,
        broken: "SELECT r.id AS found FROM recipient r JOIN message m ON m.id = r.message WHERE r.domain <> m.domain",
    },
    Rule {
        id: "attempt-count",
        what: "as many attempts are there as a recipient counts",
        since: 1,
        broken: "SELECT r.id AS found FROM recipient r \
                 WHERE r.attempts > (SELECT COUNT(*) FROM attempt a WHERE a.recipient = r.id)",
    },
    Rule {
        id: "attempt-number",
        what: "attempts are numbered from 1 without a gap",
        since: 1,
        broken: "SELECT recipient AS found FROM attempt GROUP BY recipient \
                 HAVING MIN(number) <> 1 OR MAX(number) <> COUNT(*)",
    },
    Rule {
        id: "mail-has-content",
        what: "every mail has its content",
        since: 1,
        broken: "SELECT m.id AS found FROM mail m WHERE NOT EXISTS (SELECT 1 FROM mail_body b WHERE b.mail = m.id)",
    },
    Rule {
        id: "mail-lies-somewhere",
        what: "every mail lies in a folder",
        since: 13,
        broken: "SELECT m.id AS found FROM mail m WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.mail = m.id)",
    },
    Rule {
        id: "mail-described",
        what: "what FETCH and SEARCH answer from is there for every mail that is said to have it",
        since: 13,
        broken: "SELECT m.id AS found FROM mail m WHERE m.described = 1 AND (NOT EXISTS \
                 (SELECT 1 FROM mail_kept k WHERE k.mail = m.id) OR NOT EXISTS (SELECT 1 FROM mail_text t WHERE t.mail = m.id))",
    },
    Rule {
        id: "mailbox-has-inbox",
        what: "every mailbox has its INBOX",
        since: 13,
        broken: "SELECT b.id AS found FROM mailbox b \
                 WHERE NOT EXISTS (SELECT 1 FROM folder f WHERE f.mailbox = b.id AND f.name = 'INBOX')",
    },
    Rule {
        id: "mailbox-use",
        what: "a mailbox counts the mails and octets that it holds",
        since: 13,
        broken: "SELECT b.id AS found FROM mailbox b LEFT JOIN (SELECT mailbox, COUNT(*) AS mails, SUM(octets) AS octets \
                 FROM mail GROUP BY mailbox) AS held ON held.mailbox = b.id \
                 WHERE b.used_mails <> COALESCE(held.mails, 0) OR b.used_octets <> COALESCE(held.octets, 0)",
    },
    Rule {
        id: "entry-uid-below-next",
        what: "every UID is from 1 on and below the next one of its folder",
        since: 13,
        broken: "SELECT f.name || ' of ' || f.mailbox || ', UID ' || CAST(e.uid AS TEXT) AS found \
                 FROM entry e JOIN folder f ON f.id = e.folder WHERE e.uid < 1 OR e.uid >= f.uid_next",
    },
    Rule {
        id: "entry-modseq",
        what: "no change of a mail is later than the last change of its folder",
        since: 13,
        broken: "SELECT f.name || ' of ' || f.mailbox || ', UID ' || CAST(e.uid AS TEXT) AS found \
                 FROM entry e JOIN folder f ON f.id = e.folder WHERE e.modseq < 1 OR e.modseq > f.modseq",
    },
    Rule {
        id: "entry-size",
        what: "a folder tells the size that the mail has",
        since: 13,
        broken: "SELECT f.name || ' of ' || f.mailbox || ', UID ' || CAST(e.uid AS TEXT) AS found FROM entry e \
                 JOIN folder f ON f.id = e.folder JOIN mail m ON m.id = e.mail WHERE e.octets <> m.octets",
    },
    Rule {
        id: "entry-owner",
        what: "a mail lies in folders of its own mailbox",
        since: 13,
        broken: "SELECT f.name || ' of ' || f.mailbox || ', UID ' || CAST(e.uid AS TEXT) AS found FROM entry e \
                 JOIN folder f ON f.id = e.folder JOIN mail m ON m.id = e.mail WHERE f.mailbox <> m.mailbox",
    },
    Rule {
        id: "folder-numbers",
        what: "UIDVALIDITY, the next UID and the modseqs of a folder are in their range",
        since: 13,
        broken: "SELECT f.name || ' of ' || f.mailbox AS found FROM folder f WHERE f.uid_validity NOT BETWEEN 1 AND 4294967295 \
                 OR f.uid_next NOT BETWEEN 1 AND 4294967296 OR f.modseq < 1 OR f.forgotten < 0 OR f.forgotten > f.modseq",
    },
    Rule {
        id: "expunged-uids",
        what: "what was expunged from a folder is not in it any more",
        since: 13,
        broken: "SELECT f.name || ' of ' || f.mailbox || ', UID ' || CAST(e.uid AS TEXT) AS found FROM expunged x \
                 JOIN entry e ON e.folder = x.folder AND e.uid BETWEEN x.first_uid AND x.last_uid \
                 JOIN folder f ON f.id = e.folder",
    },
    Rule {
        id: "expunged-modseq",
        what: "nothing was expunged later than the last change of its folder",
        since: 13,
        broken: "SELECT f.name || ' of ' || f.mailbox AS found FROM expunged x JOIN folder f ON f.id = x.folder \
                 WHERE x.modseq > f.modseq OR x.first_uid > x.last_uid OR x.last_uid >= f.uid_next",
    },
    Rule {
        id: "dkim-key",
        what: "every DKIM key has its private half and its record",
        since: 1,
        broken: "SELECT selector AS found FROM dkim_key WHERE LENGTH(private_key) = 0 OR LENGTH(txt) = 0",
    },
    Rule {
        id: "webhook-delivery-waits",
        what: "a webhook's delivery has a next time exactly while it waits",
        since: 9,
        broken: "SELECT id AS found FROM webhook_delivery WHERE (next_at IS NOT NULL) <> (ended_at IS NULL)",
    },
    Rule {
        id: "report-counted",
        what: "a report that counts is counted once",
        since: 10,
        broken: "SELECT id AS found FROM report WHERE (report_key IS NOT NULL) <> (state = 'counted')",
    },
    Rule {
        id: "zone-version",
        what: "the version of the zones is there",
        since: 1,
        broken: "SELECT 'zone_version' AS found WHERE NOT EXISTS (SELECT 1 FROM zone_version WHERE id = 1)",
    },
];
