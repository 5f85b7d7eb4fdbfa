-- One text for both databases. `migrate.rs` puts in what they spell differently: TEXT, BLOB and IDENTITY.
-- Moments are BIGINT microseconds since the epoch, yes-or-no is BIGINT 0 or 1, ids are UUIDv7 text.

CREATE TABLE workspace (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE domain (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspace (id),
    name TEXT NOT NULL UNIQUE,
    egress_ip TEXT NOT NULL UNIQUE,
    mail_host TEXT NOT NULL,
    catch_all TEXT,
    dmarc_policy TEXT NOT NULL,
    publisher TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX domain_workspace ON domain (workspace);

CREATE TABLE dkim_key (
    domain TEXT NOT NULL REFERENCES domain (id),
    selector TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    private_key BLOB NOT NULL,
    txt TEXT NOT NULL,
    active BIGINT NOT NULL,
    PRIMARY KEY (domain, selector)
);

CREATE TABLE mailbox (
    id TEXT PRIMARY KEY,
    domain TEXT NOT NULL REFERENCES domain (id),
    address TEXT NOT NULL,
    address_key TEXT NOT NULL UNIQUE,
    display TEXT,
    password_hash TEXT NOT NULL,
    daily_cap BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX mailbox_domain ON mailbox (domain);

CREATE TABLE send_as (
    mailbox TEXT NOT NULL REFERENCES mailbox (id),
    other TEXT NOT NULL REFERENCES mailbox (id),
    PRIMARY KEY (mailbox, other)
);

CREATE TABLE message (
    id TEXT PRIMARY KEY,
    domain TEXT NOT NULL REFERENCES domain (id),
    mailbox TEXT NOT NULL REFERENCES mailbox (id),
    from_address TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT NOT NULL,
    octets BIGINT NOT NULL,
    envid TEXT,
    accepted_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX message_domain ON message (domain, id);
CREATE INDEX message_accepted ON message (mailbox, accepted_at);
CREATE INDEX message_message_id ON message (mailbox, message_id);

CREATE TABLE body (
    message TEXT PRIMARY KEY REFERENCES message (id),
    content BLOB NOT NULL
);

-- next_at is set exactly while the recipient waits; during an attempt the plan stands in attempt.next_at.
CREATE TABLE recipient (
    id TEXT PRIMARY KEY,
    message TEXT NOT NULL REFERENCES message (id),
    address TEXT NOT NULL,
    to_domain TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT,
    original TEXT,
    notify_failure BIGINT NOT NULL,
    possible_duplicate BIGINT NOT NULL
);
CREATE INDEX recipient_message ON recipient (message);
CREATE INDEX recipient_due ON recipient (next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX recipient_state ON recipient (state, next_at);
CREATE INDEX recipient_to_domain ON recipient (to_domain);

CREATE TABLE attempt (
    id TEXT PRIMARY KEY,
    recipient TEXT NOT NULL REFERENCES recipient (id),
    number BIGINT NOT NULL,
    egress_ip TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    next_at BIGINT,
    ended_at BIGINT,
    verdict TEXT,
    mx_host TEXT,
    peer TEXT,
    tls TEXT,
    stage TEXT,
    reply TEXT,
    enhanced TEXT,
    entry TEXT,
    class TEXT,
    transcript TEXT NOT NULL,
    UNIQUE (recipient, number)
);
CREATE INDEX attempt_unfinished ON attempt (id) WHERE verdict IS NULL;

CREATE TABLE mail (
    id TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL REFERENCES mailbox (id),
    kind TEXT NOT NULL,
    reverse_path TEXT,
    forward_path TEXT NOT NULL,
    from_address TEXT,
    subject TEXT NOT NULL,
    about TEXT,
    verdicts TEXT,
    octets BIGINT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX mail_mailbox ON mail (mailbox, id);

CREATE TABLE mail_body (
    mail TEXT PRIMARY KEY REFERENCES mail (id),
    content BLOB NOT NULL
);

CREATE TABLE event (
    sequence IDENTITY,
    at BIGINT NOT NULL,
    event TEXT NOT NULL
);

CREATE TABLE suppression (
    address_key TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A lease that was given up keeps its row (owner NULL): the fence never falls.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    owner TEXT,
    fence BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE zone_record (
    domain TEXT NOT NULL REFERENCES domain (id),
    zone TEXT NOT NULL,
    owner TEXT NOT NULL,
    ttl BIGINT NOT NULL,
    kind TEXT NOT NULL,
    rdata TEXT NOT NULL
);
CREATE INDEX zone_record_domain ON zone_record (domain);

-- One row.
CREATE TABLE zone_version (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO zone_version (id, version) VALUES (1, 0);
