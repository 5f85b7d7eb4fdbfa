//! The shapes that have names in the document. Answers may gain fields; what stands here stays.

use serde_json::{Value, json};

use super::schema::{flag, list, maybe, moment, named, number, open, text};

/// All of them, by name.
pub(super) fn schemas() -> Value {
    json!({
        "Problem": problem(),
        "Domain": domain(),
        "DomainReport": open(&[
            ("domain", named("Domain")),
            ("planned", list("Records that are planned.", json!({"type": "object"}), 1000)),
            ("changes", list("What differs, or was changed.", json!({"type": ["object", "string"]}), 1000)),
            ("zone_text", text("The planned records as zone files.")),
            ("notes", list("What to know besides.", text("A note."), 100)),
        ]),
        "Proof": open(&[
            ("name", text("Owner and type.")),
            ("planned", list("Planned.", text("A value."), 100)),
            ("found", list("Answered.", text("A value."), 100)),
            ("status", text("`ok`, `missing`, `different` or `unknown`.")),
            ("entry", maybe(text("The entry that explains it."))),
            ("fix", maybe(text("What to do."))),
        ]),
        "Mailbox": mailbox(),
        "Credentials": open(&[
            ("address", text("Address: also the login.")),
            ("display", maybe(text("Display name."))),
            ("password", text("Shown once.")),
            ("host", text("Host of submission and IMAP.")),
        ]),
        "RowResult": open(&[
            ("address", text("The row's address.")),
            ("ok", flag("Whether it was made.")),
            ("credentials?", named("Credentials")),
            ("code?", text("Why not: a stable id.")),
            ("detail?", text("Why not, in words.")),
        ]),
        "Message": message(),
        "Why": open(&[
            ("message", named("Message")),
            ("recipients", list("Each with its attempts.", json!({"type": "object"}), 1000)),
        ]),
        "Moment": open(&[("at", moment("When.")), ("what", text("What happened."))]),
        "Conversation": open(&[
            ("recipient", text("To whom.")),
            ("number", number("Which try.", 1, u32::MAX.into())),
            ("transcript", text("The conversation, the content left out.")),
        ]),
        "Suppression": open(&[
            ("address", text("Address.")),
            ("reason", text("An entry's id, `opt-out` or `manual`.")),
            ("created_at", moment("Since when.")),
        ]),
        "Event": open(&[
            ("sequence", number("Rises; gaps are possible.", 0, i64::MAX.unsigned_abs())),
            ("at", moment("When.")),
            ("event", open(&[("kind", text("What kind: `message-accepted`."))])),
        ]),
        "Finding": finding(),
        "Findings": open(&[
            ("about", text("What was looked at.")),
            ("state", text("The worst state.")),
            ("findings", list("What was found.", named("Finding"), 1000)),
        ]),
        "Report": open(&[
            ("about", text("What was looked at.")),
            ("state", text("The worst state.")),
            ("grade", json!({"type": ["object", "null"], "description": "What the findings come to."})),
            ("predicted", list("What large receivers would answer.", json!({"type": "object"}), 100)),
            ("findings", list("Everything found.", named("Finding"), 1000)),
        ]),
        "Inspection": open(&[
            ("valid", flag("Whether it may be sent so.")),
            ("faults", list("Every fault, with its place.", json!({"type": "object"}), 1000)),
        ]),
        "Recognised": open(&[
            ("source", text("What it was taken for.")),
            ("format", text("The form it was read from.")),
            ("recipients", list("What became of each.", json!({"type": "object"}), 10_000)),
        ]),
        "EntryRow": open(&[
            ("id", text("Id.")),
            ("title", text("One line.")),
            ("summary", text("What it is.")),
            ("codes", text("Its codes.")),
            ("provider", maybe(text("Whose variant it is."))),
        ]),
        "Entry": open(&[("id", text("Id.")), ("title", text("One line.")), ("summary", text("What it is."))]),
    })
}

fn problem() -> Value {
    open(&[
        ("type", text("The page that explains it, or `about:blank`.")),
        ("title", text("What kind of problem.")),
        ("status", number("The HTTP status.", 400, 599)),
        ("detail", text("What is wrong, and what next.")),
        ("code", text("A stable id: `mailbox.exists`.")),
        (
            "errors?",
            list(
                "What is wrong where.",
                open(&[
                    ("detail", text("What.")),
                    ("pointer?", text("Where in the JSON: `#/to/0`.")),
                    ("parameter?", text("Which parameter.")),
                    ("line?", number("Which line of a CSV.", 0, i64::MAX.unsigned_abs())),
                ]),
                10_000,
            ),
        ),
    ])
}

fn domain() -> Value {
    open(&[
        ("name", text("Name.")),
        ("egress_ip", text("The IP that it sends from.")),
        ("mail_host", text("Its mail host.")),
        ("catch_all", maybe(text("Where mail for unknown names goes."))),
        ("dmarc_policy", text("`none`, `quarantine` or `reject`.")),
        ("publisher", text("How its records are published.")),
        ("selectors", list("DKIM selectors.", text("A selector."), 100)),
        ("created_at", maybe(moment("When it was made; null when only planned."))),
    ])
}

fn mailbox() -> Value {
    open(&[
        ("id", text("Id.")),
        ("domain", text("Id of its domain.")),
        ("workspace", text("Id of its workspace.")),
        ("address", text("Address.")),
        ("display", maybe(text("Display name."))),
        ("daily_cap", number("Messages in 24 hours.", 0, u32::MAX.into())),
        ("created_at", moment("When it was made.")),
        ("suspended_at", maybe(moment("Since when it is suspended."))),
    ])
}

fn message() -> Value {
    open(&[
        ("id", text("Id.")),
        ("domain", text("Id of the sending domain.")),
        ("mailbox", text("Id of the mailbox.")),
        ("from", text("From.")),
        ("subject", json!({"type": "string", "description": "Subject."})),
        ("message_id", text("Message-ID.")),
        ("octets", number("Size.", 0, i64::MAX.unsigned_abs())),
        ("accepted_at", moment("When it was accepted.")),
        ("expires_at", moment("When it comes back if it was not delivered.")),
        (
            "recipients",
            list(
                "Each with its state.",
                open(&[
                    ("address", text("To whom.")),
                    (
                        "state",
                        text("`queued`, `deferred`, `sending`, `in_doubt`, `delivered`, `bounced` or `dropped`."),
                    ),
                    ("attempts", number("Tries so far.", 0, u32::MAX.into())),
                    ("next_at", maybe(moment("The next try."))),
                ]),
                10_000,
            ),
        ),
    ])
}

fn finding() -> Value {
    open(&[
        ("id", text("`spf.too-many-lookups`.")),
        ("check", text("Which check.")),
        ("state", text("`ok`, `unknown`, `warn` or `bad`.")),
        ("side", text("`outbound` or `inbound`.")),
        ("seen", json!({"type": "string", "description": "What was seen."})),
        ("evidence", list("What it rests on.", json!({"type": "object"}), 10_000)),
        ("rule", text("What says so.")),
        ("fix", json!({"type": ["object", "null"], "description": "What to do."})),
        ("entry", maybe(text("The entry that explains it."))),
    ])
}
