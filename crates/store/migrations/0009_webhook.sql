-- Endpoints that events are posted to. The secret is kept as it is: a signature cannot be made from a hash.
-- cursor: the sequence of the last event that was looked at for it. old_secrets: JSON, those that hold for a while yet.
CREATE TABLE webhook (
    id TEXT PRIMARY KEY,
    workspace TEXT REFERENCES workspace (id),
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    events TEXT NOT NULL,
    secret TEXT NOT NULL,
    old_secrets TEXT NOT NULL,
    cursor BIGINT NOT NULL,
    failing_since BIGINT,
    disabled_at BIGINT,
    disabled_why TEXT,
    created_at BIGINT NOT NULL
);

-- next_at is set exactly while it waits. sequence is NULL for a test. log: JSON, the last attempts.
CREATE TABLE webhook_delivery (
    id TEXT PRIMARY KEY,
    webhook TEXT NOT NULL REFERENCES webhook (id),
    sequence BIGINT,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT,
    log TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    UNIQUE (webhook, sequence)
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_at, webhook) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_delivery_next ON webhook_delivery (webhook, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_delivery_list ON webhook_delivery (webhook, id);
CREATE INDEX webhook_delivery_ended ON webhook_delivery (ended_at) WHERE ended_at IS NOT NULL;
