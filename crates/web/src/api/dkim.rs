//! The DKIM keys of a domain, and their change.

use axum::response::Response;
use ops::RotationStep;
use rules::access::Scope;
use serde_json::{Value, json};

use super::{
    call::{Call, told},
    endpoint::{Endpoint, May, Verb},
    schema::{flag, list, maybe, moment, name, named, object, open, text, word},
};
use crate::problem::Problem;

const EXAMPLE: &str = "example.com";

pub(super) fn endpoints() -> Vec<Endpoint> {
    let (read, write) = (May::With(Scope::DomainsRead), May::With(Scope::DomainsWrite));
    let with_name = |endpoint: Endpoint| endpoint.path("name", name("The domain."), EXAMPLE);
    vec![
        with_name(Endpoint::new(
            Verb::Get,
            "/domains/{name}/dkim",
            "get_dkim",
            "The DKIM keys of a domain, each by a real query, and what comes next with them",
            read,
            stands,
        ))
        .answers("How they stand.", named("Rotation"), example()),
        with_name(Endpoint::new(
            Verb::Post,
            "/domains/{name}/dkim",
            "rotate_dkim",
            "One step of changing the DKIM keys: start, finish, retire (to revoke), retire (to remove)",
            write,
            rotate,
        ))
        .json(
            object(&[
                ("step", word("Which step.", &RotationStep::WORDS)),
                ("at_once?", flag("`retire` without its wait: a key is in wrong hands.")),
            ]),
            json!({"step": "start"}),
        )
        .answers("How they stand now.", named("Rotation"), example())
        .problems(&[409, 502]),
    ]
}

/// The shape of how keys stand.
pub(super) fn rotation() -> Value {
    let key = open(&[
        ("selector", text("Its selector.")),
        ("algorithm", text("`rsa` or `ed25519`.")),
        ("txt", text("The TXT value that is to be published.")),
        ("stage", text("`waiting`, `signs`, `retired` or `revoked`.")),
        ("since?", moment("Since when it is retired or revoked.")),
        ("status", text("What the DNS says: `ok`, `missing`, `different` or `unknown`.")),
    ]);
    open(&[
        ("domain", text("The domain.")),
        ("keys", list("Its keys, by selector.", key, 100)),
        ("next", word("The step that comes next.", &RotationStep::WORDS)),
        ("from", maybe(moment("When that may be done; null: at any time."))),
        ("what", text("What it means.")),
        ("notes", list("What to do by hand.", text("A note."), 100)),
    ])
}

fn example() -> Value {
    json!({
        "domain": EXAMPLE,
        "keys": [{"selector": "r20261124", "algorithm": "rsa", "txt": "v=DKIM1; k=rsa; p=…", "stage": "signs", "status": "ok"}],
        "next": "start", "from": null, "what": "Every key signs.", "notes": [],
    })
}

async fn stands(call: Call) -> Result<Response, Problem> {
    told(call.site.ops.rotation(call.workspace(), &call.domain()?).await)
}

async fn rotate(call: Call) -> Result<Response, Problem> {
    let name = call.domain()?;
    let at_once = call.json["at_once"].as_bool().unwrap_or_default();
    let step = RotationStep::parse(call.json["step"].as_str().unwrap_or_default(), at_once);
    let step = step.ok_or_else(|| Problem::invalid("`step` is start, finish or retire."))?;
    told(call.site.ops.rotate_dkim(call.workspace(), &name, step, call.who()).await)
}
