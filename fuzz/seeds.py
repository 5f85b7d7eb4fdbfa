#!/usr/bin/env python3
"""Writes the seeds of fuzz/corpus from what the house tests with: fixtures, vectors, transcripts, the sample file.

Run it from the root of the house after one of these has changed: `python3 fuzz/seeds.py`. The same files come out each
time; what the fuzzer found (names of 40 hexadecimal digits) is left alone. src/script.rs says what the marks mean.
"""
import json
import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRATES = ROOT / "crates"
CORPUS = ROOT / "fuzz" / "corpus"
PACKET, ANSWER, END = b"\xff", b"\xfe", b"\xfc"


def seed(target, name, octets):
    if isinstance(octets, str):
        octets = octets.encode()
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-")).write_bytes(octets)


def unescaped(text):
    """`\\r`, `\\n`, `\\t`, `\\\\`, `\\xNN`, `\\u{…}` as the vectors write them."""
    def one(found):
        mark = found.group(1)
        if mark.startswith("x"):
            return chr(int(mark[1:], 16)).encode("latin-1")
        if mark.startswith("u"):
            return chr(int(mark[2:-1], 16)).encode()
        return {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}[mark]
    pieces = re.split(r"(\\(?:x[0-9A-Fa-f]{2}|u\{[0-9A-Fa-f]+\}|[rnt\\]))", text)
    return b"".join(one(re.match(r"\\(.*)", piece)) if index % 2 else piece.encode() for index, piece in enumerate(pieces))


def replies():
    for index, path in enumerate(sorted((CRATES / "reference/content").glob("*.toml"))):
        lines = [fixture.get("line", "") for fixture in tomllib.loads(path.read_text()).get("fixture", [])]
        for line in lines[:1]:
            if line and index % 3 == 0:
                seed("explain_line", path.stem, line)
            if re.match(r"[245]\d\d[ -]", line) and index % 4 == 1:
                seed("smtp_reply", path.stem, line)
    seed("smtp_reply", "several-lines", "550-5.7.26 This mail\r\n550 5.7.26 is blocked\r\n")
    seed("smtp_reply", "a-code-on-one-line", "421-busy\n421 4.7.0 later")


def smtp_server():
    for path in sorted((CRATES / "smtp/tests/transcripts/server").glob("*.smtp")):
        bits, answers, said = 1, b"", b""
        for line in path.read_text().splitlines():
            if line.startswith("# "):
                name, _, value = line[2:].partition(": ")
                bit = {"starttls": 1, "implicit-tls": 2, "auth": 4}.get(name, 0)
                bits = (bits | bit) if value == "on" else (bits & ~bit)
                bits |= 8 if name == "enhanced" and value == "off" else 0
            elif line.startswith("? "):
                told = line.rpartition(" => ")[2]
                kind = 3 if told.startswith("close") else 4 if told == "drop" else {"5": 1, "4": 2}.get(told[:1], 0)
                answers += ANSWER + bytes([kind])
            elif line.startswith("C: "):
                said += line[3:].encode() + b"\r\n" + PACKET
            elif line.startswith("C| "):
                said += unescaped(line[3:]) + PACKET
            elif line == "! ended":
                said += END
        seed("smtp_server", path.stem, bytes([bits]) + answers + said)
        for number, line in enumerate(re.findall(r"^C: (.*)$", path.read_text(), re.M)):
            if number % 3 == 0 and len(line) < 600:
                seed("smtp_command", line[:40], line)
    for line in [
        "MAIL FROM:<ann@a.test> SIZE=100 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ314159+2B1 AUTH=<>",
        "RCPT TO:<@one.test,@two.test:\"dana q\"@b.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;dana+40b.test",
        "RCPT TO:<j\u00fcrgen@b\u00fccher.example> NOTIFY=NEVER",
        "RCPT TO: <Postmaster>",
        "BDAT 10 LAST",
    ]:
        seed("smtp_command", line[:40], line)


def smtp_client():
    for path in sorted((CRATES / "smtp/tests/transcripts/client").glob("*.smtp")):
        text = path.read_text()
        tls = {"never": 0, "required": 2, "implicit": 3}.get("".join(re.findall(r"^# tls: (.*)$", text, re.M)), 1)
        bits = tls | (4 if re.search(r"^# login:", text, re.M) else 0)
        said = b""
        for line in text.splitlines():
            if line.startswith("S: "):
                said += line[3:].encode() + b"\r\n" + PACKET
            elif line.startswith("S| "):
                said += unescaped(line[3:]) + PACKET
            elif line == "! ended":
                said += END
        seed("smtp_client", path.stem, bytes([bits]) + said)


def imap():
    for path in sorted((CRATES / "imap/tests/transcripts").glob("*.imap")):
        said = b"".join(line[3:].encode() + b"\r\n" for line in path.read_text().splitlines() if line.startswith("C: "))
        seed("imap_command", path.stem, b"\x00" + said[:2000])
        for number in range(0, min(len(said), 6000), 2000):
            seed("imap_session", f"{path.stem}-{number // 2000}", b"\x00" + said[number:number + 2000])
    commands = re.findall(r"^C: (.*)$", (CRATES / "imap/tests/vectors/commands.txt").read_text(), re.M)
    for number in range(0, len(commands), 12):
        said = b"".join(unescaped(line) + b"\r\n" + PACKET for line in commands[number:number + 12])
        seed("imap_session", f"commands-{number // 12:02}", b"\x00" + said)


def messages():
    mails = sorted((CRATES / "bounce/tests/vectors/dsn").glob("*.eml")) + sorted((CRATES / "imap/tests/vectors").glob("*.eml"))
    mails += sorted((CRATES / "report/tests/vectors").glob("*.eml"))
    for path in mails:
        mail = path.read_bytes()
        if len(mail) <= 8192:
            seed("mime", path.name, mail)
            seed("imap_structure", path.name, mail)
        for number, part in enumerate(re.findall(rb"message/delivery-status[^\n]*\n(?:[^\n]+\n)*\r?\n(.*?)\r?\n--", mail, re.S)):
            seed("dsn", f"{path.stem}-{number}", part + b"\r\n")
        header = re.split(rb"\r?\n\r?\n", mail)[0].decode("utf-8", "replace")
        unfolded = re.sub(r"\r?\n[ \t]+", " ", header)
        for number, value in enumerate(re.findall(r"^(?:Received|Authentication-Results): *(.*)$", unfolded, re.M | re.I)):
            seed("trace", f"{path.stem}-{number}", value.strip())
    for path in mails[:5]:
        seed("explain_message", path.name, path.read_bytes())
    source = (CRATES / "syntax/src/trace.rs").read_text()
    for number, text in enumerate(re.findall(r"= \"((?:from|by|mx\.b)[^\"]*(?:\\.[^\"]*)*)\";", source)):
        seed("trace", f"unit-{number}", text.replace('\\"', '"').replace("\\\n", ""))


def words():
    for name, target in [("addresses.tsv", "address"), ("from.tsv", "inspect_from")]:
        rows = [line.split("\t") for line in (CRATES / "syntax/tests/vectors" / name).read_text().splitlines()]
        rows = [row for row in rows if len(row) >= 4]
        for number, row in enumerate(rows):
            if target == "address" and number % 2 == 0:
                seed(target, f"{number:03}", unescaped(row[3]))
    for text in ["example.com.", "b\u00fccher.example", "_dmarc.a.test", "xn--bcher-kva.example", "[192.0.2.1]"]:
        seed("address", f"domain-{text}", text)
    for text in [
        "2026-11-23T22:54:50.120Z", "2026-11-23T22:54:50+05:30", "Mon, 23 Nov 2026 22:54:50 +0000",
        "23 Nov 2026 14:54:50 -0800 (PST)", "Thu, 13 Feb 69 23:32 EST", " 7-Feb-1994 22:43:04 -0800", "29-Feb-2024",
        "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
    ]:
        seed("date", text, text)


def records():
    vectors = json.loads((CRATES / "auth/tests/vectors/rfc7208.json").read_text())
    texts = sorted(set(re.findall(r'"(v=spf1[^"\\]*)"', json.dumps(vectors))), key=lambda text: (len(text), text))
    for number, text in enumerate(texts[::3]):
        seed("auth_record", f"spf-{number:03}", text)
    source = (CRATES / "auth/src/dmarc/record.rs").read_text()
    for number, text in enumerate(sorted(set(re.findall(r'"(v ?= ?DMARC1[^"]*)"', source, re.I)))):
        seed("auth_record", f"dmarc-{number:02}", text)
    policy = "version: STSv1\r\nmode: enforce\r\nmx: mail.a.test\r\nmx: *.a.test\r\nmax_age: 604800\r\n"
    seed("auth_record", "mta-sts", policy)
    unit = re.search(r'const TEXT: &str = "\\\n(.*?)\n";', (CRATES / "dns/src/text.rs").read_text(), re.S)
    seed("zone", "unit", "example.com\n" + unit.group(1).replace('\\"', '"') + "\n")
    seed("zone", "signed", "a.test\n@ MX 0 .\nsel._domainkey TXT \"v=DKIM1; k=rsa; \" \"p=MIIB\"\n_25._tcp.box TLSA 3 1 1 00ff\n")
    seed("zone", "root", ".\n$TTL 60\na.test. NS ns.a.test.\nns.a.test. A 192.0.2.53\n1.2.0.192.in-addr.arpa. PTR box.a.test.\n")


def config():
    sample = (ROOT / "docs/config.sample.toml").read_text()
    sections = re.split(r"(?=^\[)", sample, flags=re.M)
    for section in sections:
        lines = [line[1:] if re.match(r"#[a-z]", line) else line for line in section.splitlines()]
        lines = [line for line in lines if line and not line.startswith(("#", " "))]
        name = re.match(r"\[(.*)\]", section)
        seed("config", name.group(1) if name else "top", "\n".join(lines) + "\n")
    seed("config", "mistakes", 'hostnam = "x"\n[relay]\nmx_port = 99999\nretry_s = "soon"\n[colour]\nred = 1\n')


def imports():
    catalogue = tomllib.loads((CRATES / "reference/catalogue/sequencers.toml").read_text())
    for one in catalogue["sequencer"]:
        cells = {"address": "ann@a.test", "display": "Doe, Ann", "first-name": "Ann", "last-name": "Doe", "daily-cap": "40",
                 "password": "secret", "state": "active"}
        row = [cells.get(column.get("field"), "x") for column in one["columns"]]
        heads = [column["header"] for column in one["columns"]]
        quoted = [f'"{cell}"' if "," in cell else cell for cell in row]
        seed("import", one["id"], ",".join(heads) + "\n" + ",".join(quoted) + "\n")
    seed("import", "objects", json.dumps([{"address": "ann@a.test", "display": "Ann", "daily_cap": 40}]))
    seed("import", "semicolons", "\ufeffaddress;display\nann@a.test;'=1+1\nghost;x\n")


for write in [imports, replies, smtp_server, smtp_client, imap, messages, words, records, config]:
    write()
