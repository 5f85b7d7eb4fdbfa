-- What a search for mailboxes looks in, in lower case and in one column, along the order in which they are listed.
ALTER TABLE mailbox ADD COLUMN words TEXT NOT NULL DEFAULT '';
UPDATE mailbox SET words = LOWER(address_key || ' ' || COALESCE(display, ''));
DROP INDEX mailbox_looked_for;
CREATE INDEX mailbox_words ON mailbox (address_key, words, id);

-- What blocklists say now, the worst first; what they said before, the latest first.
CREATE INDEX listing_worst ON listing ((CASE state WHEN 'listed' THEN 0 ELSE 1 END), since DESC, zone) WHERE ended_at IS NULL;
CREATE INDEX listing_ended ON listing (ended_at DESC, zone) WHERE ended_at IS NOT NULL;
