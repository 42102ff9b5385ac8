//! JSON of strangers: bounded, and read one field at a time.

use kernel::{Refusal, codes};
use serde_json::{Map, Value};

/// Objects and arrays within one another.
pub const JSON_DEPTH_MAX: usize = 64;

/// Why a body is no JSON that is read here.
pub(super) fn parse(body: &[u8]) -> Result<Value, String> {
    if depth(body) > JSON_DEPTH_MAX {
        return Err(format!("the JSON is nested deeper than {JSON_DEPTH_MAX} levels"));
    }
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// The body as an object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let value = parse(body).map_err(|error| malformed(format!("The body is no JSON: {error}.")))?;
    match value {
        Value::Object(object) => Ok(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(malformed("The body is no JSON object.".to_owned()))
        }
    }
}

pub(super) fn malformed(detail: String) -> Refusal {
    Refusal::new(&codes::MALFORMED, detail)
}

/// How deep the brackets go, whether they fit or not.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let (mut quoted, mut escaped) = (false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A field's text, unless it is blank.
pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

/// A field's text, or what a number or a truth value is written as.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A field that is an object.
pub(super) fn inner<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    object.get(name)?.as_object()
}

/// A field that is an array.
pub(super) fn items<'a>(object: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    object.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// True if a value says nothing.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// These fields as JSON text, without those that say nothing; empty if none is left.
pub(super) fn details<'a>(fields: impl IntoIterator<Item = (&'a str, Option<&'a Value>)>) -> String {
    let said = |(name, value): (&str, Option<&Value>)| {
        value.filter(|value| !is_empty(value)).map(|value| (name.to_owned(), value.clone()))
    };
    let fields: Map<String, Value> = fields.into_iter().filter_map(said).collect();
    if fields.is_empty() { String::new() } else { Value::Object(fields).to_string() }
}
