//! Whether two schemas take the same values, whatever they say of themselves in words.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::openapi::document::{Document, Found};

/// Values that are looked at before two schemas are taken to differ.
const LOOKS_MAX: u32 = 20_000;
const DEPTH_MAX: u32 = 48;
/// What explains, and binds nobody.
const ANNOTATIONS: [&str; 7] = ["title", "description", "default", "example", "examples", "externalDocs", "$comment"];

/// True if the two differ at most in annotations. What is too large to tell is taken to differ.
pub(super) fn is_equivalent(earlier: &Document, one: &Value, later: &Document, other: &Value) -> bool {
    Look { earlier, later, left: LOOKS_MAX, depth: 0, open: HashSet::new() }.schemas(one, other)
}

/// True if every value is taken: there are annotations at most.
pub(super) fn is_annotation(document: &Document, schema: &Value) -> bool {
    match document.here(schema) {
        Some(Value::Object(fields)) => fields.keys().all(|key| is_silent(key)),
        Some(_) | None => false,
    }
}

/// The same without some keywords, for schemas that are small.
pub(super) fn without(schema: &Map<String, Value>, keys: &[&str]) -> Value {
    Value::Object(
        schema.iter().filter(|(key, _)| !keys.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect(),
    )
}

fn is_silent(key: &str) -> bool {
    ANNOTATIONS.contains(&key)
}

struct Look<'d> {
    earlier: &'d Document,
    later: &'d Document,
    left: u32,
    depth: u32,
    /// Pairs under way, which are taken to be the same.
    open: HashSet<(usize, usize)>,
}

impl<'d> Look<'d> {
    fn may_go_on(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0 && self.depth < DEPTH_MAX
    }

    fn schemas(&mut self, one: &'d Value, other: &'d Value) -> bool {
        let (one, other) = match (self.earlier.resolve(one), self.later.resolve(other)) {
            (Found::Value(one), Found::Value(other)) => (one, other),
            (Found::Elsewhere(one), Found::Elsewhere(other)) => return one == other,
            (Found::Elsewhere(_), Found::Value(_)) | (Found::Value(_), Found::Elsewhere(_)) => return false,
        };
        let (Value::Object(a), Value::Object(b)) = (one, other) else { return one == other };
        if !self.may_go_on() {
            return false;
        }
        let pair = (std::ptr::from_ref(one).addr(), std::ptr::from_ref(other).addr());
        if !self.open.insert(pair) {
            return true;
        }
        self.depth += 1;
        let is_same =
            a.keys().chain(b.keys()).filter(|key| !is_silent(key)).all(|key| match (a.get(key), b.get(key)) {
                (Some(one), Some(other)) => self.keyword(key, one, other),
                (Some(_), None) | (None, Some(_)) | (None, None) => false,
            });
        self.depth -= 1;
        self.open.remove(&pair);
        is_same
    }

    fn keyword(&mut self, key: &str, one: &'d Value, other: &'d Value) -> bool {
        if !self.may_go_on() {
            return false;
        }
        match (key, one, other) {
            ("properties" | "patternProperties" | "dependentSchemas", Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, one)| b.get(name).is_some_and(|other| self.schemas(one, other)))
            }
            ("oneOf" | "anyOf" | "allOf" | "prefixItems", Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(one, other)| self.schemas(one, other))
            }
            ("enum" | "required", Value::Array(a), Value::Array(b)) => {
                a.iter().collect::<HashSet<_>>() == b.iter().collect::<HashSet<_>>()
            }
            (_, Value::Object(_), Value::Object(_)) => self.schemas(one, other),
            _ => one == other,
        }
    }
}
