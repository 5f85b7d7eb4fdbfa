//! Shapes of JSON: written down once, for the document and for holding requests against them.
//!
//! A shape is a JSON Schema (draft 2020-12, as OpenAPI 3.1 has it) of the few words that are used here; [`faults`] is
//! what a request is held against, so that the document cannot promise what the program refuses.

use serde_json::{Map, Value, json};

use crate::problem::Wrong;

/// Most faults that one answer tells.
const MOST: usize = 50;
/// No control characters: the only pattern that is in use, so that no engine for patterns is needed.
const ONE_LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

/// Text.
pub(super) fn text(what: &str) -> Value {
    json!({"type": "string", "description": what, "maxLength": 4096})
}

/// Text of at most so many characters.
pub(super) fn text_within(what: &str, most: usize) -> Value {
    json!({"type": "string", "description": what, "maxLength": most})
}

/// Text that is not empty.
pub(super) fn name(what: &str) -> Value {
    json!({"type": "string", "description": what, "minLength": 1, "maxLength": 320})
}

/// A name: one line of at most so many characters.
pub(super) fn title(what: &str, most: usize) -> Value {
    json!({"type": "string", "description": what, "minLength": 1, "maxLength": most, "pattern": ONE_LINE})
}

/// Text of one line, that may be empty.
pub(super) fn line(what: &str, most: usize) -> Value {
    json!({"type": "string", "description": what, "maxLength": most, "pattern": ONE_LINE})
}

/// One of these words.
pub(super) fn word(what: &str, words: &[&str]) -> Value {
    json!({"type": "string", "description": what, "enum": words})
}

/// A moment. RFC 3339, UTC.
pub(super) fn moment(what: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": what})
}

/// A whole number.
pub(super) fn number(what: &str, least: u64, most: u64) -> Value {
    json!({"type": "integer", "description": what, "minimum": least, "maximum": most})
}

/// Yes or no.
pub(super) fn flag(what: &str) -> Value {
    json!({"type": "boolean", "description": what})
}

/// A list of at most so many.
pub(super) fn list(what: &str, item: Value, most: usize) -> Value {
    json!({"type": "array", "description": what, "items": item, "maxItems": most})
}

/// A list of at least one.
pub(super) fn some(what: &str, item: Value, most: usize) -> Value {
    json!({"type": "array", "description": what, "items": item, "minItems": 1, "maxItems": most})
}

/// That, or null.
pub(super) fn maybe(mut shape: Value) -> Value {
    if shape.get("$ref").is_some() {
        return json!({"anyOf": [shape, {"type": "null"}]});
    }
    if let Some(object) = shape.as_object_mut()
        && let Some(kind) = object.get("type").cloned()
    {
        object.insert("type".into(), json!([kind, "null"]));
    }
    shape
}

/// A shape that has a name in the document.
pub(super) fn named(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// An object of a request: these fields and no others; a name with `?` behind it may be left out.
pub(super) fn object(fields: &[(&str, Value)]) -> Value {
    let mut shape = open(fields);
    if let Some(object) = shape.as_object_mut() {
        object.insert("additionalProperties".into(), json!(false));
    }
    shape
}

/// An object of an answer: fields may be added to it later.
pub(super) fn open(fields: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (field, shape) in fields {
        let bare = field.trim_end_matches('?');
        if bare == *field {
            required.push(bare);
        }
        properties.insert(bare.to_owned(), shape.clone());
    }
    json!({"type": "object", "properties": properties, "required": required})
}

/// What is wrong with a value, and where.
pub(super) fn faults(shape: &Value, value: &Value) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    look(shape, value, "", &mut wrong);
    wrong.truncate(MOST);
    wrong
}

fn look(shape: &Value, value: &Value, at: &str, wrong: &mut Vec<Wrong>) {
    if wrong.len() >= MOST {
        return;
    }
    if !is_of_type(shape, value) {
        wrong.push(Wrong::at(at, format!("expected {}", types(shape).join(" or "))));
        return;
    }
    match value {
        Value::Object(fields) => look_at_object(shape, fields, at, wrong),
        Value::Array(items) => look_at_list(shape, items, at, wrong),
        Value::String(text) => wrong.extend(text_fault(shape, text).map(|what| Wrong::at(at, what))),
        Value::Number(number) => wrong.extend(number_fault(shape, number).map(|what| Wrong::at(at, what))),
        Value::Null | Value::Bool(_) => {}
    }
}

fn look_at_object(shape: &Value, fields: &Map<String, Value>, at: &str, wrong: &mut Vec<Wrong>) {
    let known = shape.get("properties").and_then(Value::as_object);
    for (field, value) in fields {
        let here = format!("{at}/{}", field.replace('~', "~0").replace('/', "~1"));
        match known.and_then(|known| known.get(field)) {
            Some(shape) => look(shape, value, &here, wrong),
            None if shape.get("additionalProperties") == Some(&Value::Bool(false)) => {
                let names: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                wrong.push(Wrong::at(&here, format!("this field is not known; known are {}", names.join(", "))));
            }
            None => {}
        }
    }
    let required = shape.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for field in required.filter(|field| !fields.contains_key(*field)) {
        wrong.push(Wrong::at(&format!("{at}/{field}"), "this field is missing"));
    }
}

fn look_at_list(shape: &Value, items: &[Value], at: &str, wrong: &mut Vec<Wrong>) {
    let bound = |word: &str| shape.get(word).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
    if let Some(most) = bound("maxItems").filter(|most| items.len() > *most) {
        wrong.push(Wrong::at(at, format!("at most {most} items, here are {}", items.len())));
        return;
    }
    if let Some(least) = bound("minItems").filter(|least| items.len() < *least) {
        wrong.push(Wrong::at(at, format!("at least {least} items")));
    }
    if let Some(shape) = shape.get("items") {
        for (place, item) in items.iter().enumerate() {
            look(shape, item, &format!("{at}/{place}"), wrong);
        }
    }
}

/// What is wrong with text; also for parameters.
pub(super) fn text_fault(shape: &Value, text: &str) -> Option<String> {
    let bound = |word: &str| shape.get(word).and_then(Value::as_u64);
    let long = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    if let Some(words) = shape.get("enum").and_then(Value::as_array)
        && !words.iter().any(|word| word == text)
    {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return Some(format!("use one of {}", words.join(", ")));
    }
    if let Some(most) = bound("maxLength").filter(|most| long > *most) {
        return Some(format!("at most {most} characters, here are {long}"));
    }
    if shape.get("pattern").is_some_and(|pattern| pattern == ONE_LINE)
        && let Some(place) = text.chars().position(char::is_control)
    {
        return Some(format!("one line, without control characters: there is one at character {}", place + 1));
    }
    bound("minLength").filter(|least| long < *least).map(|least| match least {
        1 => String::from("it is empty"),
        least => format!("at least {least} characters, here are {long}"),
    })
}

fn number_fault(shape: &Value, number: &serde_json::Number) -> Option<String> {
    let bound = |word: &str| shape.get(word).and_then(Value::as_u64);
    let (Some(least), Some(most)) = (bound("minimum"), bound("maximum")) else { return None };
    match number.as_u64() {
        Some(number) if (least..=most).contains(&number) => None,
        _ => Some(format!("a whole number from {least} to {most}")),
    }
}

fn types(shape: &Value) -> Vec<&str> {
    match shape.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_of_type(shape: &Value, value: &Value) -> bool {
    let types = types(shape);
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    types.is_empty() || types.contains(&kind) || (kind == "integer" && types.contains(&"number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value, expect: &[&str]) {
        let shape = object(&[
            ("from", name("Who")),
            ("to", some("Whom", name("One"), 2)),
            ("cap?", maybe(number("Cap", 1, 10))),
            ("kind?", word("Kind", &["a", "b"])),
        ]);
        let found: Vec<String> = faults(&shape, &value).into_iter().filter_map(|wrong| wrong.pointer).collect();
        assert_eq!(found, expect, "{value}");
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        check(json!({"from": "a", "to": ["b"]}), &[]);
        check(json!({"from": "a", "to": ["b"], "cap": null, "kind": "b"}), &[]);
        check(json!([]), &["#"]);
        check(json!({"to": []}), &["#/to", "#/from"]);
        check(json!({"from": "", "to": ["b", 1]}), &["#/from", "#/to/1"]);
        check(json!({"from": "a", "to": ["b"], "cap": 11, "kind": "c"}), &["#/cap", "#/kind"]);
        check(json!({"from": "a", "to": ["b"], "cap": -1.5, "x/y": 1}), &["#/cap", "#/x~1y"]);
    }
}
