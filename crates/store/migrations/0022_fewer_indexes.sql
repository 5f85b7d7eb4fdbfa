-- Each index is written with each message, and these answered nothing that another does not: Message-IDs have
-- message_by_message_id, states have recipient_state_message, what is due has recipient_due and recipient_turn.
DROP INDEX message_message_id;
DROP INDEX message_message_id_alone;
DROP INDEX recipient_state;
-- How many messages of a day were of proofs is counted along it: ids rise with time.
CREATE INDEX proof_mailbox_message ON proof (mailbox, message) WHERE message IS NOT NULL;
