//! The shared rules that a rule names: `{"$ref": "segment/x"}`.

use std::collections::BTreeSet;

use kernel::{EntityRef, RefDefaults};
use serde_json::{Map, Value};

const REF: &str = "$ref";
const SEGMENT: &str = "segment/";

/// The name of the shared rule that is true for the members of a segment.
pub(crate) fn name(segment: &EntityRef) -> String {
    format!("{SEGMENT}{}", segment.short())
}

/// The reference to a shared rule.
pub(crate) fn to(name: String) -> Value {
    Value::Object(Map::from_iter([(REF.to_owned(), Value::String(name))]))
}

/// The shared rule that this is a reference to.
pub(crate) fn named(rule: &Value) -> Option<&str> {
    rule.as_object().filter(|fields| fields.len() == 1)?.get(REF)?.as_str()
}

/// The segments that a rule names.
pub(crate) fn segments(rule: &Value) -> BTreeSet<EntityRef> {
    let mut found = BTreeSet::new();
    visit(rule, &mut |name| found.extend(segment(name)));
    found
}

/// The segment that a shared rule of this name stands for.
pub(crate) fn segment(name: &str) -> Option<EntityRef> {
    let defaults = RefDefaults { kind: Some("segment"), namespace: EntityRef::DEFAULT_NAMESPACE };
    EntityRef::parse(name.strip_prefix(SEGMENT)?, defaults).ok()
}

/// Tells the name of every shared rule in a rule.
pub(crate) fn visit(rule: &Value, tell: &mut impl FnMut(&str)) {
    if let Some(name) = named(rule) {
        tell(name);
        return;
    }
    match rule {
        Value::Array(items) => items.iter().for_each(|item| visit(item, tell)),
        Value::Object(fields) => fields.values().for_each(|field| visit(field, tell)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The rule with something else in the place of every reference.
pub(crate) fn replaced(rule: Value, replacement: &mut impl FnMut(&str) -> Option<Value>) -> Value {
    if let Some(other) = named(&rule).and_then(&mut *replacement) {
        return other;
    }
    match rule {
        Value::Array(items) => items.into_iter().map(|item| replaced(item, replacement)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (name, replaced(field, replacement))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => rule,
    }
}
