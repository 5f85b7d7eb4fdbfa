-- SMTP callouts: the cap of a day counts them, an answer is not asked for twice, and a host that answered with a policy is left
-- alone. A callout without an answer was cut off.
CREATE TABLE callout (
    id TEXT PRIMARY KEY,
    address_key TEXT NOT NULL,
    to_domain TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    mx_host TEXT NOT NULL,
    mailbox_exists TEXT,
    catch_all TEXT,
    reason TEXT,
    policy BIGINT NOT NULL
);
CREATE INDEX callout_begun ON callout (begun_at);
CREATE INDEX callout_to_domain ON callout (to_domain, begun_at);
