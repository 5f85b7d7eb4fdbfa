//! What a plan comes to.

use axum::response::Response;
use rules::{
    cost::{Costing, compare},
    sizing::size,
};
use serde_json::json;

use super::{
    call::{Call, told},
    endpoint::{Endpoint, May, Verb},
    schema::{number, object, open},
};
use crate::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let made = open(&[]);
    let count = |what: &str| number(what, 1, 1_000_000_000);
    let priced = |what: &str| number(what, 1, 100_000_000);
    vec![
        Endpoint::new(
            Verb::Post,
            "/calculate/sizing",
            "calculate_sizing",
            "Mailboxes, domains and IPs that a number of mails needs",
            May::AnyCaller,
            sizing,
        )
        .json(
            object(&[
                ("mails_per_day", count("Mails on a working day.")),
                ("mails_per_mailbox?", count("Mails of one warm mailbox in a day.")),
                ("mailboxes_per_domain?", count("Mailboxes of one domain.")),
                ("domains_per_ip?", count("Domains that share an IP.")),
                ("ramp_weeks?", number("Weeks to the full number.", 1, 104)),
                ("first_week?", count("Mails of a new mailbox in a day of its first week.")),
                ("days_per_week?", number("Days of a week on which mail is sent.", 1, 7)),
            ]),
            json!({"mails_per_day": 500}),
        )
        .answers(
            "The numbers, with how they came about.",
            made.clone(),
            json!({"mailboxes": 25, "domains": 5, "ips": 5}),
        ),
        Endpoint::new(
            Verb::Post,
            "/calculate/cost",
            "calculate_cost",
            "What a plan costs in each way of running it",
            May::AnyCaller,
            cost,
        )
        .json(
            object(&[("mailboxes", priced("Mailboxes.")), ("domains", priced("Domains.")), ("ips", priced("IPs."))]),
            json!({"mailboxes": 25, "domains": 5, "ips": 5}),
        )
        .answers("Each way, item by item, in cents.", made, json!({"ways": []})),
    ]
}

async fn sizing(call: Call) -> Result<Response, Problem> {
    told(size(call.read()?))
}

/// A plan.
#[derive(serde::Deserialize)]
struct Plan {
    mailboxes: u64,
    domains: u64,
    ips: u64,
}

async fn cost(call: Call) -> Result<Response, Problem> {
    let plan: Plan = call.read()?;
    told(compare(&Costing::new(plan.mailboxes, plan.domains, plan.ips)))
}
