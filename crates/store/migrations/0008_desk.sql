-- Indexes for the lists of the dashboard.
CREATE INDEX message_accepted_at ON message (accepted_at);
CREATE INDEX message_from ON message (from_address, id);
CREATE INDEX recipient_address ON recipient (address);
CREATE INDEX recipient_state_message ON recipient (state, message);
CREATE INDEX attempt_ended ON attempt (verdict, ended_at);
CREATE INDEX listing_since ON listing (since);
