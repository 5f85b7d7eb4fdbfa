-- Indexes for lists and counts over a large store.
CREATE INDEX message_accepted_by ON message (accepted_at, mailbox);
DROP INDEX message_accepted_at;
CREATE INDEX message_message_id_alone ON message (message_id);
CREATE INDEX mailbox_suspended ON mailbox (address_key) WHERE suspended_at IS NOT NULL;
CREATE INDEX mailbox_looked_for ON mailbox (address_key, display, id);
CREATE INDEX mailbox_domain_key ON mailbox (domain, address_key);
-- The kind is the first field of every event; its first eight letters tell most of them apart.
CREATE INDEX event_kind ON event ((SUBSTR(event, 10, 8)), sequence);
