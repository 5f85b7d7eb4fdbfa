-- A send that names a key is done once: the key leads to the message that was accepted for it, in the same transaction.
CREATE TABLE idempotency (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    message TEXT NOT NULL REFERENCES message (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (owner, key)
);
