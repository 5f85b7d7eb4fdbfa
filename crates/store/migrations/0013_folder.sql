-- Folders, and mails as they lie in them. A mail may lie in several: its content is kept once.

ALTER TABLE mailbox ADD COLUMN uid_validity BIGINT NOT NULL DEFAULT 1;
ALTER TABLE mailbox ADD COLUMN used_octets BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN used_mails BIGINT NOT NULL DEFAULT 0;

-- The thread is that of the first mail of it; described is 1 when mail_kept and mail_text are written.
ALTER TABLE mail ADD COLUMN thread TEXT;
ALTER TABLE mail ADD COLUMN described BIGINT NOT NULL DEFAULT 0;
CREATE INDEX mail_undescribed ON mail (mailbox, id) WHERE described = 0;
CREATE INDEX mail_thread ON mail (mailbox, thread);

-- forgotten: tombstones up to this modseq may be gone.
CREATE TABLE folder (
    id IDENTITY,
    mailbox TEXT NOT NULL REFERENCES mailbox (id),
    name TEXT NOT NULL,
    special TEXT,
    subscribed BIGINT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid_next BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    forgotten BIGINT NOT NULL,
    keywords TEXT NOT NULL,
    UNIQUE (mailbox, name)
);

-- flags: 1 seen, 2 answered, 4 flagged, 8 deleted, 16 draft. keywords: ` one two ` in order, or nothing.
CREATE TABLE entry (
    folder BIGINT NOT NULL REFERENCES folder (id),
    uid BIGINT NOT NULL,
    mail TEXT NOT NULL REFERENCES mail (id),
    flags BIGINT NOT NULL,
    keywords TEXT NOT NULL,
    modseq BIGINT NOT NULL,
    internal_at BIGINT NOT NULL,
    octets BIGINT NOT NULL,
    PRIMARY KEY (folder, uid)
);
CREATE INDEX entry_modseq ON entry (folder, modseq);
CREATE INDEX entry_mail ON entry (mail);
CREATE INDEX entry_unseen ON entry (folder, uid) WHERE (flags & 1) = 0;
CREATE INDEX entry_deleted ON entry (folder, uid) WHERE (flags & 8) <> 0;

-- What was expunged, in ranges, for clients that come back (RFC 7162); bounded.
CREATE TABLE expunged (
    folder BIGINT NOT NULL REFERENCES folder (id),
    modseq BIGINT NOT NULL,
    first_uid BIGINT NOT NULL,
    last_uid BIGINT NOT NULL,
    PRIMARY KEY (folder, modseq, first_uid)
);

-- What FETCH answers from: the header as it is, and the rest as its writer wrote it (the store does not read it).
CREATE TABLE mail_kept (
    mail TEXT PRIMARY KEY REFERENCES mail (id),
    sent_at BIGINT,
    header BLOB NOT NULL,
    kept TEXT NOT NULL
);

-- What SEARCH looks in: decoded, in lower case.
CREATE TABLE mail_text (
    mail TEXT PRIMARY KEY REFERENCES mail (id),
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    cc TEXT NOT NULL,
    bcc TEXT NOT NULL,
    subject TEXT NOT NULL,
    header TEXT NOT NULL,
    body TEXT NOT NULL
);

-- Which thread a Message-ID belongs to.
CREATE TABLE thread_name (
    mailbox TEXT NOT NULL REFERENCES mailbox (id),
    name TEXT NOT NULL,
    thread TEXT NOT NULL,
    PRIMARY KEY (mailbox, name)
);
CREATE INDEX thread_name_thread ON thread_name (mailbox, thread);

-- Every mailbox gets its folders; the mails that are there lie in INBOX, in their order.
UPDATE mailbox SET uid_validity = created_at / 1000000;
INSERT INTO folder (mailbox, name, special, subscribed, uid_validity, uid_next, modseq, forgotten, keywords)
    SELECT m.id, kind.column1, kind.column2, 1, m.uid_validity, 1, 1, 0, ''
    FROM mailbox m CROSS JOIN (VALUES ('INBOX', 'inbox'), ('Sent', 'sent'), ('Drafts', 'drafts'), ('Junk', 'junk'),
        ('Trash', 'trash'), ('Archive', 'archive')) AS kind;
INSERT INTO entry (folder, uid, mail, flags, keywords, modseq, internal_at, octets)
    SELECT f.id, ROW_NUMBER() OVER (PARTITION BY m.mailbox ORDER BY m.id), m.id, 0, '', 1, m.received_at, m.octets
    FROM mail m JOIN folder f ON f.mailbox = m.mailbox AND f.name = 'INBOX';
UPDATE folder SET uid_next = 1 + (SELECT COALESCE(MAX(e.uid), 0) FROM entry e WHERE e.folder = folder.id);
UPDATE mailbox SET
    used_octets = (SELECT COALESCE(CAST(SUM(m.octets) AS BIGINT), 0) FROM mail m WHERE m.mailbox = mailbox.id),
    used_mails = (SELECT COUNT(*) FROM mail m WHERE m.mailbox = mailbox.id);
