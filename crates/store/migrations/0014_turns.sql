-- What waits is taken up domain by domain, so that one domain's backlog keeps nobody else's mail back: the sending domain
-- stands beside the due time, in one index that leads to exactly the rows that are due. `recipient_due` stays for who lists what waits.
ALTER TABLE recipient ADD COLUMN domain TEXT NOT NULL DEFAULT '';
UPDATE recipient SET domain = (SELECT m.domain FROM message m WHERE m.id = recipient.message);
CREATE INDEX recipient_turn ON recipient (domain, next_at, id) WHERE next_at IS NOT NULL;
