-- Pairing proofs: round trips that prove a mailbox. The evidence stays in `steps` when the mails of a proof are gone.
CREATE TABLE proof (
    id TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL REFERENCES mailbox (id),
    reason TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    begun_at BIGINT,
    ended_at BIGINT,
    outcome TEXT,
    finding TEXT,
    steps TEXT NOT NULL,
    correspondent TEXT,
    correspondent_key TEXT,
    message TEXT
);
CREATE INDEX proof_mailbox ON proof (mailbox, id);
-- One at a time for each mailbox.
CREATE UNIQUE INDEX proof_open ON proof (mailbox) WHERE ended_at IS NULL;
CREATE INDEX proof_waiting ON proof (id) WHERE ended_at IS NULL AND begun_at IS NULL;
CREATE INDEX proof_correspondent ON proof (correspondent_key) WHERE correspondent_key IS NOT NULL;
CREATE INDEX proof_message ON proof (message) WHERE message IS NOT NULL;

-- Mails that a proof under way expects, known by their Message-ID. They lie here and in no mailbox.
CREATE TABLE proof_letter (
    message_id TEXT PRIMARY KEY,
    proof TEXT NOT NULL REFERENCES proof (id),
    arrived_at BIGINT,
    mailbox TEXT,
    peer TEXT,
    helo TEXT,
    tls BIGINT,
    reverse_path TEXT,
    verdicts TEXT,
    content BLOB
);
CREATE INDEX proof_letter_proof ON proof_letter (proof);

-- Where each mailbox stands, by its last proof that was decided; and when the next is due.
CREATE TABLE proof_standing (
    mailbox TEXT PRIMARY KEY REFERENCES mailbox (id),
    due_at BIGINT NOT NULL,
    passed BIGINT,
    finding TEXT,
    decided_at BIGINT,
    overridden_at BIGINT,
    overridden_by TEXT,
    override_reason TEXT
);
CREATE INDEX proof_standing_due ON proof_standing (due_at);
INSERT INTO proof_standing (mailbox, due_at) SELECT id, 0 FROM mailbox;
