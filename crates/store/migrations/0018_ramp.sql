-- How far a new mailbox has come to its daily cap; NULL: it has the whole of it. ramp_at is when its present day began.
ALTER TABLE mailbox ADD COLUMN ramp_allowance BIGINT;
ALTER TABLE mailbox ADD COLUMN ramp_day BIGINT;
ALTER TABLE mailbox ADD COLUMN ramp_at BIGINT;
ALTER TABLE mailbox ADD COLUMN ramp_turn TEXT;
CREATE INDEX mailbox_ramping ON mailbox (ramp_at, id) WHERE ramp_at IS NOT NULL;
