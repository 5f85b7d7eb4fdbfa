-- One-time addresses that test a message's deliverability: one message each, kept apart from mailboxes.
CREATE TABLE mail_test (
    id TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    arrived_at BIGINT,
    peer TEXT,
    helo TEXT,
    tls BIGINT,
    reverse_path TEXT,
    content BLOB
);
CREATE INDEX mail_test_expires ON mail_test (expires_at);
