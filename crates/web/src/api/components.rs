//! The shapes that have names in the document. Answers may gain fields; what stands here stays.

use serde_json::{Value, json};

use super::{
    dkim, proofs, reports,
    schema::{flag, list, maybe, moment, named, number, open, text, word},
};

/// All of them, by name.
pub(super) fn schemas() -> Value {
    json!({
        "Problem": problem(),
        "ReceivedReport": reports::received(),
        "ReportSummary": reports::summary_shape(),
        "DmarcTally": reports::tally(),
        "Rotation": dkim::rotation(),
        "Pairing": proofs::pairing(),
        "PairingProof": proofs::proof(),
        "Workspace": open(&[
            ("id", text("Id.")),
            ("name", text("Its name.")),
            ("created_at", moment("When it was made.")),
        ]),
        "DomainState": open(&[
            ("name", text("The domain.")),
            ("state", text("The last step that is done: `created`, `keys`, `published`, `proved` or `active`.")),
            (
                "steps",
                list(
                    "Every step in its order.",
                    open(&[
                        ("step", text("Its word.")),
                        ("done", flag("Whether it is done.")),
                        ("what", text("How far it is.")),
                        ("next", maybe(text("What to do when it is not done."))),
                    ]),
                    10,
                ),
            ),
        ]),
        "Ip": ip(&[]),
        "IpReport": ip(&[("ptr", json!({"type": "object", "description": "Reverse DNS as it is now: state and findings."}))]),
        "Listing": listing(),
        "Mail": mail(),
        "MailTest": open(&[
            ("id", text("Id.")),
            ("address", text("Where the message is to be mailed.")),
            ("expires_at", moment("Until when it takes a message.")),
            ("arrived", json!({"type": ["object", "null"], "description": "How the message came."})),
        ]),
        "Key": open(&[
            ("id", text("Id.")),
            ("name", text("What it is for.")),
            ("prefix", text("How it begins.")),
            ("scopes", list("What it may do.", text("A right."), 100)),
            ("workspace", maybe(text("The only workspace that it sees."))),
            ("created_by", text("Who made it.")),
            ("created_at", moment("When.")),
            ("used_at", maybe(moment("When last used, to a minute."))),
            ("revoked_at", maybe(moment("Since when it is worth nothing."))),
        ]),
        "Account": open(&[
            ("id", text("Id.")),
            ("login", text("What is typed to sign in.")),
            ("name", text("Shown.")),
            ("role", text("`viewer`, `operator` or `owner`.")),
            ("workspace", maybe(text("The only workspace that is seen."))),
            ("created_at", moment("When it was made.")),
            ("disabled_at", maybe(moment("Since when it cannot sign in."))),
            ("totp_on", flag("Whether a code is asked for too.")),
        ]),
        "Webhook": open(&[
            ("id", text("Id.")),
            ("workspace", maybe(text("Whose events; null: of the whole installation."))),
            ("url", text("Where events are posted.")),
            ("description", json!({"type": "string", "description": "What it is for."})),
            ("events", list("Patterns.", text("A pattern."), 1000)),
            ("disabled_at", maybe(moment("Since when it is off."))),
            ("disabled_why", maybe(text("`operator`, `gone` or `failing`."))),
            ("failing_since", maybe(moment("Since when it has taken nothing."))),
            ("created_at", moment("When it was made.")),
        ]),
        "Delivery": open(&[
            ("id", text("Id.")),
            ("webhook", text("Id of the webhook.")),
            ("name", text("The event's public name: `message.delivered`.")),
            ("body", json!({"type": "string", "description": "What is posted."})),
            ("state", text("`waiting`, `delivered` or `failed`.")),
            ("attempts", number("Attempts since it was queued or replayed.", 0, u32::MAX.into())),
            ("next_at", maybe(moment("When the next is due."))),
            ("log", list("The last attempts.", json!({"type": "object"}), 1000)),
            ("created_at", moment("When it was queued.")),
            ("ended_at", maybe(moment("When it was delivered or failed."))),
        ]),
        "Audit": open(&[
            ("id", text("Id.")),
            ("at", moment("When.")),
            ("who", text("Who.")),
            ("what", text("What: `api-key.add`.")),
            ("about", text("What it was done to.")),
            ("workspace", maybe(text("Where."))),
        ]),
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

fn ip(more: &[(&str, Value)]) -> Value {
    let mut fields = vec![
        ("ip", text("The IP.")),
        ("domain", text("The domain that sends from it.")),
        ("mailboxes", number("Mailboxes of that domain.", 0, u32::MAX.into())),
        ("listings", list("What blocklists say of it.", named("Listing"), 1000)),
    ];
    fields.extend_from_slice(more);
    open(&fields)
}

fn listing() -> Value {
    open(&[
        ("subject", text("The IP or domain.")),
        ("zone", text("The list.")),
        ("state", text("`listed`, `clear`, `refused`, `dead` or `unknown`.")),
        ("codes", list("The codes of its answer.", text("A code."), 100)),
        ("reason", maybe(text("The reason that it gave."))),
        ("since", moment("Since when.")),
        ("asked_at", moment("When the list was asked last.")),
        ("ended_at", maybe(moment("When another state began."))),
    ])
}

fn mail() -> Value {
    open(&[
        ("id", text("Id.")),
        ("mailbox", text("Id of the mailbox.")),
        ("kind", text("`message`, `reply`, `bounce` or `auto`.")),
        ("reverse_path", maybe(text("The sender on the envelope."))),
        ("forward_path", text("To whom it came.")),
        ("from", maybe(text("From."))),
        ("subject", json!({"type": "string", "description": "Subject."})),
        ("octets", number("Size.", 0, i64::MAX.unsigned_abs())),
        ("received_at", moment("When it came.")),
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
        ("ramp", maybe(ramp())),
    ])
}

fn ramp() -> Value {
    let turns = rules::ramp::Turn::ALL.map(rules::ramp::Turn::as_str);
    open(&[
        ("day", number("Day of the ramp, from 1.", 0, u32::MAX.into())),
        ("allowance", number("Messages that it may submit in 24 hours now.", 0, u32::MAX.into())),
        ("since", moment("When that day began.")),
        ("turn", word("What the day before led to.", &turns)),
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
