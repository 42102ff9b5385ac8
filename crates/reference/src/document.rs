//! YAML or JSON, within bounds.

use serde_json::Value;

use crate::ReferenceError;

/// How deep YAML may nest. Reading a level takes up to 25 KB of stack when not optimised, and a thread has 2 MB.
const MAX_NESTING: usize = 48;

/// How many values a document may hold after its aliases are expanded.
const MAX_NODES: usize = 1_000_000;

/// How many values may come out of aliases: enough for shared parameters, too few for a bomb.
const MAX_ALIASED_NODES: usize = 100_000;

/// How many bytes of text a document may hold after its aliases are expanded.
const MAX_SCALAR_BYTES: usize = 16 * 1024 * 1024;

/// Reads a document whose root is a map.
pub(crate) fn read(text: &str) -> Result<Value, ReferenceError> {
    let value: Value = if text.trim_start().starts_with('{') { read_json(text)? } else { read_yaml(text)? };
    if value.is_object() {
        return Ok(value);
    }
    Err(ReferenceError::new(Some(1), "the definition has to be a map of keys and values"))
}

fn read_json(text: &str) -> Result<Value, ReferenceError> {
    serde_json::from_str(text).map_err(|error| {
        let line = u64::try_from(error.line()).ok().filter(|line| *line > 0);
        ReferenceError::new(line, format!("not valid JSON: {error}"))
    })
}

fn read_yaml(text: &str) -> Result<Value, ReferenceError> {
    let mut budget = serde_saphyr::Budget::default();
    budget.max_depth = MAX_NESTING;
    budget.max_nodes = MAX_NODES;
    budget.max_events = MAX_NODES * 3;
    budget.max_documents = 1;
    budget.max_total_scalar_bytes = MAX_SCALAR_BYTES;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = MAX_ALIASED_NODES;
    // YAML 1.2, as the specifications want it: `NO` and `on` are strings.
    options.strict_booleans = true;
    options.non_finite_float_policy = serde_saphyr::NonFiniteFloatPolicy::AsString;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
        ReferenceError::new(line, format!("not valid YAML: {}", error.without_snippet()))
    })
}

/// The short text under a key: a name, a title. Empty where there is none. Numbers and booleans count as text, since
/// YAML makes `1.0` of a version.
pub(crate) fn text(value: &Value, key: &str) -> String {
    value.get(key).map(plain).unwrap_or_default()
}

/// A scalar as it was written.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => short(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null => "null".to_owned(),
        Value::Array(_) | Value::Object(_) => short(&value.to_string()),
    }
}

/// The truth under a key.
pub(crate) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// The entries of the map under a key.
pub(crate) fn entries<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

/// The items of the list under a key.
pub(crate) fn items<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A name, cut where nobody reads on. References can repeat a name any number of times, so its length has to be bounded.
pub(crate) fn short(name: &str) -> String {
    const MAX_CHARS: usize = 300;
    match name.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}…", name.split_at(at).0),
        None => name.to_owned(),
    }
}
