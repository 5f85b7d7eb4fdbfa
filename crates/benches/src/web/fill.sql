-- Fills a store that `Store::open` has made, for the bench alone: 100 workspaces, 5,000 domains, 100,000 mailboxes, 1,000,000
-- messages of the last 14 days with a recipient and an attempt each (their bodies are left out: no list reads one), 5,000,000
-- events, 200,000 received mails, 50,000 suppressions. NOW stands for the bench's moment, in microseconds.
-- Ids are as the store makes them: UUIDv7, whose text sorts by time.
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -400000;
BEGIN;

CREATE TEMP TABLE digit AS WITH RECURSIVE d (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM d WHERE n < 9) SELECT n FROM d;
CREATE TEMP TABLE thousand AS SELECT a.n * 100 + b.n * 10 + c.n AS n FROM digit a, digit b, digit c ORDER BY 1;
CREATE TEMP TABLE first_name (n INTEGER PRIMARY KEY, name TEXT);
INSERT INTO first_name VALUES (0, 'ann'), (1, 'ben'), (2, 'cara'), (3, 'dana'), (4, 'eli'), (5, 'fay'), (6, 'gus'), (7, 'hana'),
    (8, 'ivo'), (9, 'june'), (10, 'kit'), (11, 'lea'), (12, 'max'), (13, 'nora'), (14, 'otto'), (15, 'pia'), (16, 'quin'),
    (17, 'rosa'), (18, 'sam'), (19, 'tess');

INSERT INTO workspace (id, name, created_at)
SELECT printf('018f0000-0000-7000-8000-%012x', n), printf('workspace %03d', n), NOW - 86400000000 * 400
FROM thousand WHERE n < 100;

INSERT INTO domain (id, workspace, name, egress_ip, mail_host, catch_all, dmarc_policy, publisher, created_at)
SELECT printf('018f0001-0000-7000-8000-%012x', i), printf('018f0000-0000-7000-8000-%012x', i / 50),
    printf('d%04d.example', i), printf('10.0.%d.%d', i / 250, i % 250), printf('box.d%04d.example', i), NULL, 'reject', 'embedded',
    NOW - 86400000000 * 300 + i * 1000000
FROM (SELECT a.n * 1000 + b.n AS i FROM digit a, thousand b WHERE a.n < 5 ORDER BY 1);

INSERT INTO dkim_key (domain, selector, algorithm, private_key, txt, active)
SELECT id, 'r20260101', 'rsa', x'00', 'v=DKIM1; k=rsa; p=AAAA', 1 FROM domain
UNION ALL SELECT id, 'e20260101', 'ed25519', x'00', 'v=DKIM1; k=ed25519; p=AAAA', 1 FROM domain;

INSERT INTO mailbox (id, domain, address, address_key, display, password_hash, daily_cap, created_at, suspended_at,
    words)
SELECT printf('018f0002-0000-7000-8000-%012x', i), printf('018f0001-0000-7000-8000-%012x', i / 20),
    printf('%s%d@d%04d.example', f.name, i % 977, i / 20), printf('%s%d@d%04d.example', f.name, i % 977, i / 20),
    printf('%s Doe %d', upper(substr(f.name, 1, 1)) || substr(f.name, 2), i % 977), 'hash', 50,
    NOW - 86400000000 * 200 + i * 1000000, CASE WHEN i % 500 = 7 THEN NOW - 86400000000 END,
    printf('%s%d@d%04d.example %s doe %d', f.name, i % 977, i / 20, f.name, i % 977)
FROM (SELECT a.n * 1000 + b.n AS i FROM (SELECT n FROM thousand WHERE n < 100) a, thousand b ORDER BY 1)
JOIN first_name f ON f.n = i % 20;

CREATE TEMP TABLE million AS SELECT a.n * 1000 + b.n AS k FROM thousand a, thousand b ORDER BY 1;

-- A message every 1.2 s. Mailboxes take turns, so that each has sent ten.
INSERT INTO message (id, domain, mailbox, from_address, subject, message_id, octets, envid, accepted_at, expires_at)
SELECT printf('%08x-%04x-7000-8000-%012x', (at / 1000) >> 16, (at / 1000) & 65535, k), b.domain, b.id, b.address,
    printf('Your question about order %d', k), printf('%d@%s', k, b.address), 900 + k % 500, NULL, at, at + 432000000000
FROM (SELECT k, NOW - (1000000 - k) * 1209600 AS at, (k * 7919) % 100000 AS of FROM million) m
JOIN mailbox b ON b.id = printf('018f0002-0000-7000-8000-%012x', m.of) ORDER BY k;

-- 93 in 100 are delivered, 5 bounce; of the last two days' others wait.
INSERT INTO recipient (id, message, address, to_domain, state, attempts, next_at, original, notify_failure, possible_duplicate,
    domain)
SELECT printf('%s9000-%s', substr(id, 1, 19), substr(id, 25)), id, printf('p%d@r%d.example', n % 300000, n % 2000),
    printf('r%d.example', n % 2000),
    CASE WHEN n % 100 < 93 THEN 'delivered' WHEN n % 100 < 98 OR accepted_at < NOW - 172800000000 THEN 'bounced' ELSE 'deferred' END,
    1, CASE WHEN n % 100 >= 98 AND accepted_at >= NOW - 172800000000 THEN NOW + (n % 3600) * 1000000 END, NULL, 1, 0, domain
FROM (SELECT id, domain, accepted_at, rowid AS n FROM message ORDER BY rowid);

INSERT INTO attempt (id, recipient, number, egress_ip, begun_at, next_at, ended_at, verdict, mx_host, peer, tls, stage, reply,
    enhanced, entry, class, transcript, domain)
SELECT printf('%sa000-%s', substr(r.id, 1, 19), substr(r.id, 25)), r.id, 1, '10.0.0.1', m.accepted_at + 1000000, NULL,
    m.accepted_at + 3000000, r.state, 'mx.' || r.to_domain, '192.0.2.1:25', 'TLSv1.3', 'data',
    CASE r.state WHEN 'delivered' THEN '250 2.0.0 ok' ELSE '550 5.1.1 no such user' END, NULL,
    CASE WHEN r.state <> 'delivered' THEN CASE r.rowid % 3 WHEN 0 THEN '550-5-1-1' WHEN 1 THEN '553' ELSE '552-5-2-2' END END,
    NULL, 'S: 220 mx ESMTP' || char(13, 10) || 'C: EHLO box' || char(13, 10) || 'S: 250-mx' || char(13, 10) || 'S: 250 SIZE', r.domain
FROM recipient r JOIN message m ON m.id = r.message ORDER BY r.rowid;

INSERT INTO event (at, event)
SELECT m.accepted_at, CASE f.n
    WHEN 0 THEN printf('{"kind":"message-accepted","message":"%s","from":"%s","recipients":1,"octets":900}', m.id, m.from_address)
    WHEN 1 THEN printf('{"kind":"attempt-begun","recipient":"%s9000-%s","attempt":"%sa000-%s","number":1}',
        substr(m.id, 1, 19), substr(m.id, 25), substr(m.id, 1, 19), substr(m.id, 25))
    WHEN 2 THEN printf('{"kind":"delivered","recipient":"%s9000-%s","attempt":"%sa000-%s","to":"p1@r1.example"}',
        substr(m.id, 1, 19), substr(m.id, 25), substr(m.id, 1, 19), substr(m.id, 25))
    WHEN 3 THEN CASE m.rowid % 1000 WHEN 0 THEN '{"kind":"inbound-refused","reply":"550 5.1.1 no such mailbox"}'
        ELSE printf('{"kind":"mail-received","mail":"%s","mailbox":"%s","mail_kind":"reply"}', m.id, m.mailbox) END
    ELSE '{"kind":"submission-refused","login":null,"entry":"auth-failed","reply":"535 5.7.8 no"}' END
FROM message m, digit f WHERE f.n < 5 ORDER BY m.rowid, f.n;

INSERT INTO mail (id, mailbox, kind, reverse_path, forward_path, from_address, subject, about, verdicts, octets, received_at)
SELECT id, mailbox, 'reply', 'p1@r1.example', from_address, 'p1@r1.example', 'Re: ' || subject, NULL, NULL, 700, accepted_at
FROM message WHERE rowid % 5 = 0 ORDER BY rowid;

INSERT INTO suppression (address_key, address, reason, created_at)
SELECT printf('p%d@r%d.example', k, k % 2000), printf('p%d@r%d.example', k, k % 2000), '550-5-1-1', NOW - k * 1000000
FROM million WHERE k < 50000;

INSERT INTO listing (id, subject, zone, state, codes, reason, why, since, seen_at, asked_at, ended_at)
SELECT printf('018f0003-0000-7000-8000-%012x', rowid), egress_ip, 'zen.example', CASE rowid % 1000 WHEN 1 THEN 'listed' ELSE 'clear' END,
    '[]', NULL, NULL, NOW - rowid * 1000000, NOW, NOW, NULL FROM domain;

COMMIT;
