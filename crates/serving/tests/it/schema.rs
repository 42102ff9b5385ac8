//! Answers against the protocol's own description, as far as JSON Schema's words occur in it.

use std::{fs, path::PathBuf, sync::OnceLock};

use serde_json::{Value, json};

/// The description of the protocol, mended where it contradicts itself:
/// - the kinds of values are `oneOf`, though a value without constraints matches any of them, and an integer is a number;
/// - the reasons lack `DEFAULT`, though the list that they refer to has it, and flagd sends it.
pub(crate) fn openapi() -> Option<&'static Value> {
    static OPENAPI: OnceLock<Option<Value>> = OnceLock::new();
    OPENAPI.get_or_init(read).as_ref()
}

fn read() -> Option<Value> {
    let folder = std::env::var_os("MAINSTAY_CORPORA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"), PathBuf::from);
    let Ok(text) = fs::read_to_string(folder.join("ofrep/openapi.yaml")) else {
        println!("skipped: no ofrep/openapi.yaml in {}", folder.display());
        return None;
    };
    let mut openapi: Value = serde_saphyr::from_str(&text).unwrap();
    let success = &mut openapi["components"]["schemas"]["evaluationSuccess"]["allOf"];
    success[0]["properties"]["reason"]["enum"].as_array_mut().unwrap().push(json!("DEFAULT"));
    let kinds = success[1]["oneOf"].take();
    success[1] = json!({ "anyOf": kinds });
    Some(openapi)
}

/// Asserts that an answer of this operation is as described.
pub(crate) fn validate(path: &str, status: u16, body: &Value) {
    let Some(openapi) = openapi() else { return };
    let response = &openapi["paths"][path]["post"]["responses"][status.to_string()];
    assert!(response.is_object(), "{path} has no answer {status}");
    let schema = &response["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{path} {status} has no body");
    if let Err(why) = check(openapi, schema, body, "") {
        panic!("{path} {status}: {why} in {body:#}");
    }
}

/// Asserts that a value is as the named schema says.
pub(crate) fn validate_component(name: &str, value: &Value) {
    let Some(openapi) = openapi() else { return };
    if let Err(why) = check(openapi, &openapi["components"]["schemas"][name], value, "") {
        panic!("{name}: {why} in {value:#}");
    }
}

const KNOWN: [&str; 21] = [
    "$ref",
    "type",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "enum",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "minimum",
    "pattern",
    "description",
    "example",
    "format",
    "default",
    "contentMediaType",
    "contentSchema",
    "examples",
    "title",
];

fn check(root: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    for word in schema.as_object().unwrap().keys() {
        assert!(KNOWN.contains(&word.as_str()), "the test does not know the schema's word {word}");
    }
    if let Some(pointer) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(pointer.trim_start_matches('#')).unwrap_or_else(|| panic!("{pointer}"));
        check(root, target, value, place)?;
    }
    let fails = |what: String| if what.is_empty() { Ok(()) } else { Err(format!("{place}: {what}")) };
    if let Some(kind) = schema.get("type").and_then(Value::as_str) {
        let good = match kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            other => panic!("type {other}"),
        };
        fails(if good { String::new() } else { format!("not of type {kind}") })?;
    }
    if let Some(known) = schema.get("enum").and_then(Value::as_array) {
        fails(if known.contains(value) { String::new() } else { format!("{value} is none of {known:?}") })?;
    }
    if let (Some(minimum), Some(number)) = (schema.get("minimum").and_then(Value::as_f64), value.as_f64()) {
        fails(if number >= minimum { String::new() } else { format!("below {minimum}") })?;
    }
    if let (Some(pattern), Some(text)) = (schema.get("pattern").and_then(Value::as_str), value.as_str()) {
        assert_eq!(pattern, "^/");
        fails(if text.starts_with('/') { String::new() } else { format!("not {pattern}") })?;
    }
    check_parts(root, schema, value, place)?;
    let branches = |word: &str| {
        let list = schema.get(word).and_then(Value::as_array)?;
        Some(list.iter().map(|branch| check(root, branch, value, place)).collect::<Vec<_>>())
    };
    branches("allOf").unwrap_or_default().into_iter().collect::<Result<Vec<_>, _>>()?;
    if let Some(results) = branches("oneOf") {
        let good = results.iter().filter(|result| result.is_ok()).count();
        fails(if good == 1 { String::new() } else { format!("{good} of oneOf match: {results:?}") })?;
    }
    if let Some(results) = branches("anyOf") {
        fails(if results.iter().any(Result::is_ok) { String::new() } else { format!("no anyOf: {results:?}") })?;
    }
    if let Some(not) = schema.get("not") {
        fails(if check(root, not, value, place).is_err() { String::new() } else { "matches `not`".to_owned() })?;
    }
    Ok(())
}

fn check_parts(root: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        for (i, item) in list.iter().enumerate() {
            check(root, items, item, &format!("{place}/{i}"))?;
        }
    }
    let Some(fields) = value.as_object() else { return Ok(()) };
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            return Err(format!("{place}: no {name}"));
        }
    }
    let known = schema.get("properties").and_then(Value::as_object);
    for (name, field) in fields {
        let own = known.and_then(|known| known.get(name));
        if let Some(schema) = own.or_else(|| schema.get("additionalProperties").filter(|more| more.is_object())) {
            check(root, schema, field, &format!("{place}/{name}"))?;
        }
    }
    Ok(())
}

#[test]
fn a_wrong_answer_is_found() {
    let Some(openapi) = openapi() else { return };
    let wrong = |name: &str, value: Value| {
        let schema = &openapi["components"]["schemas"][name];
        assert!(check(openapi, schema, &value, "").is_err(), "{name} takes {value}");
    };
    wrong("evaluationSuccess", json!({ "key": "a" }));
    wrong("evaluationSuccess", json!({ "key": "a", "reason": "WHY" }));
    wrong("evaluationSuccess", json!({ "key": "a", "reason": "STATIC", "metadata": { "deep": {} } }));
    wrong("evaluationFailure", json!({ "key": "a", "errorCode": "FLAG_NOT_FOUND" }));
    wrong("eventStream", json!({ "type": "sse" }));
    wrong("eventStream", json!({ "type": "sse", "url": "x", "endpoint": { "requestUri": "/" } }));
    wrong("eventStream", json!({ "type": "sse", "endpoint": { "requestUri": "here" } }));
}
