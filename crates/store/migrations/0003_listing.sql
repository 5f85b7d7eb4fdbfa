-- What blocklists said of our own IPs and domains: one row for each time in which a list said the same.
CREATE TABLE listing (
    id TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    zone TEXT NOT NULL,
    state TEXT NOT NULL,
    codes TEXT NOT NULL,
    reason TEXT,
    why TEXT,
    since BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE UNIQUE INDEX listing_now ON listing (subject, zone) WHERE ended_at IS NULL;
CREATE INDEX listing_history ON listing (subject, since);
