-- What a search for mailboxes looks in, in lower case and in one column, along the order in which they are listed.
ALTER TABLE mailbox ADD COLUMN words TEXT NOT NULL DEFAULT '';
UPDATE mailbox SET words = LOWER(address_key || ' ' || COALESCE(display, ''));
DROP INDEX mailbox_looked_for;
CREATE INDEX mailbox_words ON mailbox (address_key, words, id);
