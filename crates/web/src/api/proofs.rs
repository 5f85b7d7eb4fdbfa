//! Pairing proofs: asked for, looked at, overridden.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use rules::{
    access::Scope,
    id::{MailboxId, ProofId},
};
use serde_json::{Value, json};
use store::Pairing;
use syntax::Address;

use super::{
    call::{Call, parsed, told},
    endpoint::{Endpoint, May, Verb},
    schema::{list, maybe, moment, name, named, object, open, some, text, text_within, title},
};
use crate::problem::Problem;

const ADDRESS: &str = "ann@example.com";
const EXAMPLE: &str = "0193a1b2-0000-7000-8000-000000000007";
/// Mailboxes of one request.
const MOST: usize = 200;
/// Ended proofs that are kept of a mailbox, and some under way.
const HISTORY: u32 = 20;
/// Longest reason of an override, in characters.
const MAX_REASON: usize = 120;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let (read, write) = (May::With(Scope::MailboxesRead), May::With(Scope::MailboxesWrite));
    let with_address = |endpoint: Endpoint| endpoint.path("address", name("The mailbox."), ADDRESS);
    let asked = || open(&[("address", text("The mailbox.")), ("proof", text("Id of its proof."))]);
    vec![
        with_address(Endpoint::new(
            Verb::Get,
            "/mailboxes/{address}/pairing",
            "get_pairing",
            "Where a mailbox stands by its proofs, and the last one",
            read,
            standing,
        ))
        .answers("Where it stands.", named("Pairing"), standing_example()),
        with_address(Endpoint::new(
            Verb::Post,
            "/mailboxes/{address}/pairing/override",
            "override_proof",
            "Let a mailbox send although its proof failed, until one passes",
            write,
            override_it,
        ))
        .json(
            object(&[("reason", title("Why; it goes into the audit log.", MAX_REASON))]),
            json!({"reason": "The other side is moving its MX."}),
        )
        .answers("Where it stands now.", named("Pairing"), standing_example()),
        with_address(Endpoint::new(
            Verb::Get,
            "/mailboxes/{address}/proofs",
            "list_proofs",
            "The proofs of a mailbox, newest first",
            read,
            history,
        ))
        .answers(
            "The last ones.",
            open(&[("items", list("Proofs.", named("PairingProof"), 100))]),
            json!({"items": [example()]}),
        ),
        with_address(Endpoint::new(
            Verb::Post,
            "/mailboxes/{address}/proofs",
            "ask_for_proof",
            "Ask for a proof; one that is under way is not begun anew",
            write,
            ask,
        ))
        .status(202)
        .answers("It is made by the running server.", asked(), json!({"address": ADDRESS, "proof": EXAMPLE})),
        Endpoint::new(
            Verb::Post,
            "/proofs",
            "ask_for_proofs",
            "Ask for the proofs of many mailboxes; all or none",
            write,
            ask_many,
        )
        .json(object(&[("addresses", some("Mailboxes.", name("An address."), MOST))]), json!({"addresses": [ADDRESS]}))
        .answers(
            "One a mailbox, in their order.",
            open(&[("items", list("Asked for.", asked(), MOST))]),
            json!({"items": [{"address": ADDRESS, "proof": EXAMPLE}]}),
        )
        .problems(&[404]),
        Endpoint::new(Verb::Get, "/proofs/{id}", "get_proof", "One proof with its steps", read, one)
            .path("id", text_within("The proof's id.", 100), EXAMPLE)
            .answers("The proof; `ended_at` is null while it is under way.", named("PairingProof"), example()),
    ]
}

/// The shape of a proof.
pub(super) fn proof() -> Value {
    open(&[
        ("id", text("Id.")),
        ("mailbox", text("Id of the mailbox.")),
        ("address", text("Its address.")),
        ("reason", text("`demand` or `schedule`.")),
        ("asked_at", moment("When it was asked for.")),
        ("begun_at", maybe(moment("When it was begun."))),
        ("ended_at", maybe(moment("When it ended."))),
        ("outcome", maybe(text("`passed`, `failed` or `unknown`."))),
        ("finding", maybe(text("The step that it failed for: `proof.reply`."))),
        ("steps", list("What was looked at, each with its evidence.", json!({"type": "object"}), 100)),
    ])
}

/// The shape of where a mailbox stands.
pub(super) fn pairing() -> Value {
    open(&[
        ("mailbox", text("Id of the mailbox.")),
        (
            "passed",
            json!({"type": ["boolean", "null"], "description": "Whether its last decided proof passed; null: none was decided."}),
        ),
        ("finding", maybe(text("The step that it failed for."))),
        ("entry", maybe(text("The entry that explains it."))),
        ("decided_at", maybe(moment("When that was."))),
        (
            "overridden",
            json!({"type": ["object", "null"], "description": "Whose word lets it send all the same: when, who, why."}),
        ),
        ("due_at", maybe(moment("When the next is due."))),
        ("open", maybe(text("Id of the proof under way."))),
        ("last", maybe(named("PairingProof"))),
    ])
}

fn example() -> Value {
    json!({
        "id": EXAMPLE, "mailbox": "0193a1b2-0000-7000-8000-000000000002", "address": ADDRESS, "reason": "demand",
        "asked_at": "2026-11-24T09:00:00Z", "begun_at": null, "ended_at": null, "outcome": null, "finding": null,
        "correspondent": null, "steps": [],
    })
}

fn standing_example() -> Value {
    json!({
        "mailbox": "0193a1b2-0000-7000-8000-000000000002", "passed": null, "finding": null, "entry": null,
        "decided_at": null, "overridden": null, "due_at": "2026-11-24T09:00:00Z", "open": EXAMPLE, "last": null,
    })
}

async fn own(call: &Call) -> Result<MailboxId, Problem> {
    Ok(call.site.ops.mailbox_within(call.workspace(), &call.address()?).await?.id)
}

async fn stands(call: &Call, id: &MailboxId) -> Result<Response, Problem> {
    let found = call.site.ops.pairings(call.workspace(), std::slice::from_ref(id)).await?.remove(id);
    // A mailbox from before there were proofs has no row of its own.
    let none = || json!({"mailbox": id, "passed": null, "finding": null, "entry": null, "decided_at": null, "overridden": null, "due_at": null, "open": null, "last": null});
    let told = |pairing: Pairing| serde_json::to_value(pairing).unwrap_or_default();
    Ok(Json(found.map_or_else(none, told)).into_response())
}

async fn standing(call: Call) -> Result<Response, Problem> {
    let id = own(&call).await?;
    stands(&call, &id).await
}

async fn override_it(call: Call) -> Result<Response, Problem> {
    let id = own(&call).await?;
    let reason = call.json["reason"].as_str().unwrap_or_default();
    call.site.ops.override_proof(call.workspace(), &id, call.who(), reason).await?;
    stands(&call, &id).await
}

async fn history(call: Call) -> Result<Response, Problem> {
    let id = own(&call).await?;
    let items = call.site.ops.proof_history(call.workspace(), &id, HISTORY).await?;
    Ok(Json(json!({"items": items})).into_response())
}

async fn ask(call: Call) -> Result<Response, Problem> {
    let address = call.address()?;
    let asked = asked_for(&call, &[address]).await?.pop().unwrap_or_default();
    let place = format!("{}/proofs/{}", super::BASE, asked["proof"].as_str().unwrap_or_default());
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(asked)).into_response())
}

async fn ask_many(call: Call) -> Result<Response, Problem> {
    let rows = call.json["addresses"].as_array().into_iter().flatten().enumerate();
    let read = |(place, text): (usize, &Value)| {
        parsed(&format!("/addresses/{place}"), Address::parse(text.as_str().unwrap_or_default()))
    };
    let addresses = rows.map(read).collect::<Result<Vec<_>, _>>()?;
    let items = asked_for(&call, &addresses).await?;
    Ok(Json(json!({"items": items})).into_response())
}

async fn asked_for(call: &Call, addresses: &[Address]) -> Result<Vec<Value>, Problem> {
    let mut ids = Vec::with_capacity(addresses.len());
    for address in addresses {
        ids.push(call.site.ops.mailbox_within(call.workspace(), address).await?.id);
    }
    let proofs = call.site.ops.request_proofs(call.workspace(), &ids).await?;
    Ok(addresses.iter().zip(proofs).map(|(address, proof)| json!({"address": address, "proof": proof})).collect())
}

async fn one(call: Call) -> Result<Response, Problem> {
    let ops = &call.site.ops;
    let id = ProofId(call.part("id").to_owned());
    let found = ops.proofs_of_ids(std::slice::from_ref(&id)).await?.pop().ok_or_else(Problem::not_found)?;
    ops.mailbox_within(call.workspace(), &found.address).await?;
    told(Ok(found))
}
