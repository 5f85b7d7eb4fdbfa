//! The OpenAPI 3.1 document, made from the endpoints, and a page to read it without a script.

use askama::Template;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    BASE,
    call::Call,
    components,
    endpoint::{Body, Endpoint, May, Verb},
    endpoints as every,
};
use crate::{problem::Problem, site};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(Verb::Get, "/openapi.json", "get_document", "This document", May::Everybody, json_document)
            .answers("OpenAPI 3.1.", json!({"type": "object"}), json!({"openapi": "3.1.0"})),
        Endpoint::new(Verb::Get, "/docs", "read_document", "This document as a page", May::Everybody, page)
            .answers("A page that needs no script.", json!({"type": "string"}), json!("<!doctype html>…"))
            .media("text/html"),
    ]
}

/// The document.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in every() {
        let path = paths.entry(endpoint.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(endpoint.verb.as_str().to_owned(), operation(&endpoint));
        }
    }
    let about = "Every deed of ColdRelay over HTTP. Send a key as `Authorization: Bearer …`. Lists go on with `after`; \
                 problems are RFC 9457; unknown fields and parameters are refused.";
    json!({
        "openapi": "3.1.0",
        "info": {"title": "ColdRelay", "version": "1", "description": about, "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"}},
        "servers": [{"url": BASE}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": components::schemas(),
            "headers": header_components(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key, shown once when it is made."}},
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "description": access(endpoint),
        "tags": [tag(endpoint)],
        "responses": responses(endpoint),
    });
    let Some(fields) = operation.as_object_mut() else { return operation };
    if endpoint.may == May::Everybody {
        fields.insert("security".into(), json!([]));
    }
    if let Some(scope) = endpoint.may.scope() {
        fields.insert("x-scope".into(), json!(scope.as_str()));
    }
    if !endpoint.parameters.is_empty() {
        let one = |parameter: &super::endpoint::Parameter| {
            json!({
                "name": parameter.name, "in": parameter.place, "required": parameter.required,
                "schema": parameter.shape, "example": parameter.example,
                "description": parameter.shape["description"],
            })
        };
        fields.insert("parameters".into(), endpoint.parameters.iter().map(one).collect());
    }
    match &endpoint.body {
        Body::None => {}
        Body::Json { shape, example } => {
            let content = json!({"application/json": {"schema": shape, "example": example}});
            fields.insert("requestBody".into(), json!({"required": true, "content": content}));
        }
        Body::Octets { media, example } => {
            let content = json!({*media: {"schema": {"type": "string", "minLength": 1}, "example": example}});
            fields.insert("requestBody".into(), json!({"required": true, "content": content}));
        }
    }
    operation
}

fn access(endpoint: &Endpoint) -> String {
    match endpoint.may {
        May::Everybody => String::from("Needs no key."),
        May::AnyCaller => String::from("Needs a key of any scope."),
        May::With(scope) => format!("Needs a key with the scope `{scope}`."),
    }
}

/// The first part of its path.
fn tag(endpoint: &Endpoint) -> &'static str {
    endpoint.path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

fn responses(endpoint: &Endpoint) -> Value {
    let mut responses = Map::new();
    let mut good = json!({"description": endpoint.answer.what, "headers": headers(endpoint, endpoint.answer.status)});
    if endpoint.answer.status != 204 {
        let content =
            json!({endpoint.answer.media: {"schema": endpoint.answer.shape, "example": endpoint.answer.example}});
        good["content"] = content;
    }
    responses.insert(endpoint.answer.status.to_string(), good);
    if has_tag(endpoint) {
        let same = json!({"description": "It is the same as before.", "headers": headers(endpoint, 304)});
        responses.insert("304".into(), same);
    }
    for status in endpoint.every_problem() {
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        let content = json!({"application/problem+json": {"schema": schema}});
        let problem = json!({"description": meaning(status), "content": content, "headers": headers(endpoint, status)});
        responses.insert(status.to_string(), problem);
    }
    Value::Object(responses)
}

fn has_tag(endpoint: &Endpoint) -> bool {
    endpoint.parameters.iter().any(|parameter| parameter.name == "If-None-Match")
}

/// The headers that an answer always has.
fn headers(endpoint: &Endpoint, status: u16) -> Value {
    let mut names = vec!["X-Request-Id", "RateLimit", "RateLimit-Policy"];
    match status {
        200 | 304 if has_tag(endpoint) => names.push("ETag"),
        202 => names.push("Location"),
        401 => names.push("WWW-Authenticate"),
        429 => names.push("Retry-After"),
        _ => {}
    }
    let named = |name: &str| (name.to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    Value::Object(names.into_iter().map(named).collect())
}

fn header_components() -> Value {
    let header = |what: &str, shape: &str| json!({"description": what, "required": true, "schema": {"type": shape}});
    json!({
        "X-Request-Id": header("Yours, or one made for this request: it stands in the log.", "string"),
        "RateLimit": header("Requests that are left, and seconds: draft-ietf-httpapi-ratelimit-headers.", "string"),
        "RateLimit-Policy": header("Requests in so many seconds.", "string"),
        "ETag": header("The tag of this state: for If-None-Match and If-Match.", "string"),
        "Location": header("Where to see what becomes of it.", "string"),
        "WWW-Authenticate": header("How to say who asks.", "string"),
        "Retry-After": header("Seconds after which to go on.", "integer"),
    })
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The body cannot be read.",
        401 => "No key, or one that is not known.",
        403 => "The key may not do that.",
        404 => "There is no such thing, or it is of another workspace.",
        412 => "It has changed since it was read.",
        409 => "It is there already, or stands for something else.",
        413 => "The body is too large.",
        415 => "The body is of another type.",
        422 => "Something in the request is not as it should be; `errors` says what and where.",
        429 => "Too many requests; Retry-After says when to go on.",
        502 => "Another host did not answer as it should.",
        503 => "Not now: try again.",
        _ => "A defect of the program.",
    }
}

async fn json_document(_: Call) -> Result<Response, Problem> {
    Ok(Json(document()).into_response())
}

/// The page.
#[derive(Template)]
#[template(path = "api/docs.html")]
struct Page {
    operations: Vec<Operation>,
}

struct Operation {
    id: &'static str,
    method: String,
    path: String,
    summary: &'static str,
    access: String,
    parameters: Vec<(String, String, String)>,
    body: String,
    answer: String,
    status: u16,
    problems: String,
}

async fn page(_: Call) -> Result<Response, Problem> {
    let operations = every().iter().map(shown).collect();
    Ok(site::page(&Page { operations }))
}

fn shown(endpoint: &Endpoint) -> Operation {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let parameter = |parameter: &super::endpoint::Parameter| {
        let what = parameter.shape["description"].as_str().unwrap_or_default().to_owned();
        (parameter.name.to_owned(), parameter.place.to_owned(), what)
    };
    let problems: Vec<String> =
        endpoint.every_problem().iter().map(|status| format!("{status}: {}", meaning(*status))).collect();
    Operation {
        id: endpoint.id,
        method: endpoint.verb.as_str().to_ascii_uppercase(),
        path: format!("{BASE}{}", endpoint.path),
        summary: endpoint.summary,
        access: access(endpoint),
        parameters: endpoint.parameters.iter().map(parameter).collect(),
        body: match &endpoint.body {
            Body::None => String::new(),
            Body::Json { example, .. } => pretty(example),
            Body::Octets { example, .. } => (*example).to_owned(),
        },
        answer: if endpoint.answer.status == 204 { String::new() } else { pretty(&endpoint.answer.example) },
        status: endpoint.answer.status,
        problems: problems.join(" "),
    }
}
