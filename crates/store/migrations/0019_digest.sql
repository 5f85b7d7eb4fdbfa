-- SHA-256 of a content as it was accepted, in hex: `coldrelay verify` holds the content against it. NULL for what is older.
ALTER TABLE body ADD COLUMN digest TEXT;
ALTER TABLE mail_body ADD COLUMN digest TEXT;
