//! The probe, planned: who would write to whom, in which order, and how sure its answer could be. Running one takes minutes, so
//! that is done by `coldrelay probe run`.

use std::{collections::HashMap, time::Duration};

use axum::response::Response;
use ops::ProbeRequest;
use rules::access::Scope;
use serde_json::json;
use syntax::Address;

use super::{
    call::{Call, parsed, told},
    endpoint::{Endpoint, May, Verb},
    schema::{list, name, number, object, open, some, text},
};
use crate::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            Verb::Post,
            "/probes/plan",
            "plan_probe",
            "The letters of a probe and their order; nothing is sent",
            May::With(Scope::ChecksRun),
            plan,
        )
        .json(
            object(&[
                ("suspect", name("A mailbox of the domain under suspicion.")),
                ("control", name("A mailbox of an aged, clean domain that it is compared with.")),
                ("to", some("Boxes whose owners agreed.", name("An address."), 20)),
                ("repeats?", number("Letters of each arm to each box; 3 when not said.", 1, 10)),
                ("seed?", number("Decides the order.", 0, u32::MAX.into())),
            ]),
            json!({"suspect": "ann@example.com", "control": "ann@example.org", "to": ["bob@example.net"]}),
        )
        .answers(
            "The arms and the letters.",
            open(&[
                ("arms", list("Who sends, from where.", json!({"type": "object"}), 3)),
                ("letters", list("In their order.", json!({"type": "object"}), 1000)),
                ("clearest_words", text("How sure the clearest outcome would be.")),
            ]),
            json!({"arms": [], "letters": [], "seed": 1, "clearest": 0.1, "clearest_words": "…"}),
        )
        .problems(&[404]),
    ]
}

async fn plan(call: Call) -> Result<Response, Problem> {
    let address =
        |field: &str| parsed(&format!("/{field}"), Address::parse(call.json[field].as_str().unwrap_or_default()));
    let (suspect, control) = (address("suspect")?, address("control")?);
    for mailbox in [&suspect, &control] {
        call.site.ops.mailbox_within(call.workspace(), mailbox).await?;
    }
    let to = call.json["to"].as_array().into_iter().flatten().enumerate();
    let boxes =
        to.map(|(place, text)| parsed(&format!("/to/{place}"), Address::parse(text.as_str().unwrap_or_default())));
    let request = ProbeRequest {
        suspect,
        control,
        boxes: boxes.collect::<Result<_, _>>()?,
        consent: false,
        repeats: call.json["repeats"].as_u64().and_then(|repeats| u32::try_from(repeats).ok()).unwrap_or(3),
        seed: call.json["seed"].as_u64(),
        subject: String::new(),
        text: String::new(),
        wait: Duration::ZERO,
        imap: HashMap::new(),
        folder_wait: Duration::ZERO,
        earlier: Vec::new(),
    };
    told(call.site.ops.plan_probe(&request).await)
}
