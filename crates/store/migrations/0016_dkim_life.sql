-- When a DKIM key ceased to sign, and since when it is published as revoked. A key that never signed has neither.
ALTER TABLE dkim_key ADD COLUMN retired_at BIGINT;
ALTER TABLE dkim_key ADD COLUMN revoked_at BIGINT;
