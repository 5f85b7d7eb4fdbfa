-- What receivers reported of mail in our name. state: counted, duplicate, refused (not about a domain of ours), unreadable,
-- unproven. report_key is set while it is counted: of two that are the same, the second finds it taken.
CREATE TABLE report (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    report_key TEXT UNIQUE,
    domain TEXT NOT NULL,
    organization TEXT NOT NULL,
    report_id TEXT NOT NULL,
    sender TEXT,
    verified BIGINT NOT NULL,
    begins_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    recipient TEXT,
    detail TEXT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX report_domain ON report (domain, kind, begins_at);
CREATE INDEX report_begins ON report (kind, begins_at);

-- Who sent in our name, from DMARC aggregate reports that count. day: 20261123, in UTC.
CREATE TABLE report_source (
    report TEXT NOT NULL REFERENCES report (id),
    domain TEXT NOT NULL,
    day TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    header_from TEXT NOT NULL,
    authenticated_as TEXT NOT NULL,
    disposition TEXT NOT NULL,
    dkim_aligned BIGINT NOT NULL,
    spf_aligned BIGINT NOT NULL,
    messages BIGINT NOT NULL
);
CREATE INDEX report_source_day ON report_source (domain, day);
CREATE INDEX report_source_report ON report_source (report);

-- How others got on with the TLS of our MX, from TLS reports that count. result: `success`, or a result type of RFC 8460.
CREATE TABLE report_tls (
    report TEXT NOT NULL REFERENCES report (id),
    domain TEXT NOT NULL,
    day TEXT NOT NULL,
    policy TEXT NOT NULL,
    result TEXT NOT NULL,
    mx_host TEXT NOT NULL,
    sessions BIGINT NOT NULL
);
CREATE INDEX report_tls_day ON report_tls (domain, day);
CREATE INDEX report_tls_report ON report_tls (report);

-- The message that a mail answers; the flag of what speaks against it, as JSON.
ALTER TABLE mail ADD COLUMN answers TEXT;
ALTER TABLE mail ADD COLUMN suspicion TEXT;
CREATE INDEX message_by_message_id ON message (message_id);

-- NULL: our own, with its token. `<>` or an address: of a message that is passed on.
ALTER TABLE message ADD COLUMN reverse_path TEXT;

-- In which words somebody opted out, or what proved a complaint.
ALTER TABLE suppression ADD COLUMN why TEXT;

-- Rules for mail that arrives: `forward` (argument: to whom) of a mailbox, `refuse` (argument: a pattern) of a catch-all.
CREATE TABLE arriving_rule (
    id TEXT PRIMARY KEY,
    domain TEXT NOT NULL REFERENCES domain (id),
    mailbox TEXT REFERENCES mailbox (id),
    action TEXT NOT NULL,
    argument TEXT NOT NULL,
    keeps BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX arriving_rule_mailbox ON arriving_rule (mailbox);
CREATE INDEX arriving_rule_domain ON arriving_rule (domain);

ALTER TABLE mailbox ADD COLUMN quota_octets BIGINT NOT NULL DEFAULT 5368709120;
ALTER TABLE mailbox ADD COLUMN quota_mails BIGINT NOT NULL DEFAULT 1000000;
