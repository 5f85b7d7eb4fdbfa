-- What ended, by the sending domain: a tenant's lists and counts go along their domains, not along what everybody sent.
ALTER TABLE attempt ADD COLUMN domain TEXT NOT NULL DEFAULT '';
UPDATE attempt SET domain = (SELECT r.domain FROM recipient r WHERE r.id = attempt.recipient);
CREATE INDEX attempt_domain_ended ON attempt (domain, verdict, ended_at) WHERE verdict IS NOT NULL;
CREATE INDEX recipient_domain_ended ON recipient (domain, state, message) WHERE state = 'delivered' OR state = 'bounced';

-- How many messages a mailbox submitted lately is asked for with each of them: the index alone answers.
DROP INDEX message_accepted;
CREATE INDEX message_accepted ON message (mailbox, accepted_at, id, reverse_path);
