-- How far an import of a folder of an account elsewhere came: everything up to that UID was looked at.
CREATE TABLE import_mark (
    mailbox TEXT NOT NULL REFERENCES mailbox (id),
    -- `login@host:port`
    source TEXT NOT NULL,
    folder TEXT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    PRIMARY KEY (mailbox, source, folder)
);
