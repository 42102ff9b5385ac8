//! What a flag's definition must be, besides its rule.

use serde_json::{Map, Value};

use crate::{
    Problem,
    limits::{DEPTH_MAX, VARIANTS_MAX, is_shallow},
    problem::step,
};

/// The fields of a flag.
const FIELDS: [&str; 5] = ["state", "variants", "defaultVariant", "targeting", "metadata"];

/// Checks all but the rule of a flag, and the variants it names.
pub(crate) fn check(definition: &Value, problems: &mut Vec<Problem>) {
    let Value::Object(fields) = definition else {
        problems.push(Problem::error("", "a flag is an object with state and variants"));
        return;
    };
    state(fields.get("state"), problems);
    variants(fields.get("variants"), problems);
    default_variant(fields, problems);
    if let Some(metadata) = fields.get("metadata") {
        self::metadata(metadata, "/metadata", problems);
    }
    for name in fields.keys().filter(|name| !FIELDS.contains(&name.as_str())) {
        let problem = Problem::warning(step("", name), format!("a flag has no field '{name}'"));
        problems.push(problem.did_you_mean(name, FIELDS));
    }
}

fn state(state: Option<&Value>, problems: &mut Vec<Problem>) {
    match state.map(Value::as_str) {
        None => problems.push(Problem::error("", "state is missing: ENABLED or DISABLED")),
        Some(Some("ENABLED" | "DISABLED")) => {}
        Some(other) => {
            let problem = Problem::error("/state", "state is either ENABLED or DISABLED");
            problems.push(problem.did_you_mean(other.unwrap_or_default(), ["ENABLED", "DISABLED"]));
        }
    }
}

fn variants(variants: Option<&Value>, problems: &mut Vec<Problem>) {
    let Some(variants) = variants else {
        return problems.push(Problem::error("", "variants are missing"));
    };
    let Value::Object(variants) = variants else {
        return problems.push(Problem::error("/variants", "variants are an object of names and values"));
    };
    if variants.is_empty() {
        problems.push(Problem::error("/variants", "a flag has at least one variant"));
    }
    if variants.len() > VARIANTS_MAX {
        let message = format!("a flag has at most {VARIANTS_MAX} variants, and this has {}", variants.len());
        return problems.push(Problem::error("/variants", message));
    }
    let kind = variants.values().next().map(kind_of).unwrap_or_default();
    for (name, value) in variants {
        let place = || step("/variants", name);
        let own = kind_of(value);
        if name.is_empty() {
            problems.push(Problem::warning(place(), "a variant has a name"));
        }
        if !KINDS.contains(&own) {
            problems
                .push(Problem::warning(place(), format!("a variant is no {own}: it is one of {}", KINDS.join(", "))));
        } else if own != kind {
            let message = format!("all variants are of one type, but this is a {own} and the first a {kind}");
            problems.push(Problem::warning(place(), message));
        }
        if !is_shallow(value) {
            problems.push(Problem::error(place(), format!("the value is nested deeper than {DEPTH_MAX} levels")));
        }
    }
}

/// What a variant may be.
const KINDS: [&str; 4] = ["boolean", "number", "text", "object"];

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn default_variant(fields: &Map<String, Value>, problems: &mut Vec<Problem>) {
    match fields.get("defaultVariant") {
        None | Some(Value::Null) => {}
        Some(Value::String(name)) => {
            let variants = fields.get("variants").and_then(Value::as_object);
            if let Some(variants) = variants
                && !name.is_empty()
                && !variants.contains_key(name)
            {
                let problem = Problem::error("/defaultVariant", format!("there is no variant '{name}'"));
                problems.push(problem.did_you_mean(name, variants.keys().map(String::as_str)));
            }
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            problems.push(Problem::error("/defaultVariant", "defaultVariant is a variant's name, or null"));
        }
    }
}

/// Metadata are flat: SDKs hand them on as text, numbers and booleans.
pub(crate) fn metadata(metadata: &Value, pointer: &str, problems: &mut Vec<Problem>) {
    let Value::Object(fields) = metadata else {
        return problems.push(Problem::warning(pointer, "metadata are an object"));
    };
    for (name, value) in fields {
        if matches!(value, Value::Null | Value::Array(_) | Value::Object(_)) {
            problems.push(Problem::warning(step(pointer, name), "metadata hold text, numbers and booleans"));
        }
    }
    for name in ["flagSetId", "version"] {
        if fields.get(name).is_some_and(|value| !value.is_string()) {
            problems.push(Problem::warning(step(pointer, name), format!("{name} is text")));
        }
    }
}
