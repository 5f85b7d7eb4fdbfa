-- Certificates that a CA gives by ACME: what is wanted, what is there, and when it is ordered next.
CREATE TABLE certificate (
    -- The first of its names.
    name TEXT PRIMARY KEY,
    -- All of them, with a space between two.
    names TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    asked_at BIGINT,
    tried_at BIGINT,
    failures BIGINT NOT NULL,
    problem_code TEXT,
    problem TEXT,
    -- PEM; absent until the first was given.
    chain TEXT,
    private_key TEXT,
    not_before BIGINT,
    not_after BIGINT,
    -- Rises with every certificate given: 0 before.
    revision BIGINT NOT NULL
);
CREATE INDEX certificate_due ON certificate (due_at);
CREATE INDEX certificate_tried ON certificate (tried_at);
CREATE INDEX certificate_revision ON certificate (revision);

-- A CA: our account there, and until when it is asked nothing.
CREATE TABLE acme_ca (
    directory TEXT PRIMARY KEY,
    credentials TEXT,
    paused_until BIGINT
);

-- What answers the challenges of an order under way.
CREATE TABLE acme_proof (
    token TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    answer TEXT NOT NULL,
    record TEXT NOT NULL
);
