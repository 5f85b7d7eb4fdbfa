-- A suspended mailbox keeps its mail, cannot log in, and takes no mail.
ALTER TABLE mailbox ADD COLUMN suspended_at BIGINT;
