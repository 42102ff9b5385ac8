//! Whether two schemas take the same values, whatever they say of themselves in words.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Walk;
use crate::openapi::document::{Document, Found};

/// Values that are looked at before two schemas are taken to differ.
const LOOKS_MAX: usize = 20_000;
const DEPTH_MAX: u32 = 48;
/// What explains, and binds nobody.
const ANNOTATIONS: [&str; 7] = ["title", "description", "default", "example", "examples", "externalDocs", "$comment"];

/// True if the two, of the earlier and of the later document, differ at most in annotations. What is too large to tell
/// is taken to differ.
pub(super) fn is_equivalent(walk: &Walk<'_>, one: &Map<String, Value>, other: &Value) -> bool {
    walk.later.here(other).and_then(Value::as_object).is_some_and(|other| is_equivalent_to(walk, one, other))
}

/// The same of two that are no references.
pub(super) fn is_equivalent_to(walk: &Walk<'_>, one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let (earlier, later) = (walk.earlier, walk.later);
    let mut look = Look { earlier, later, left: LOOKS_MAX, depth: 0, open: HashSet::new() };
    let is_same = look.fields(one, other);
    walk.spend(LOOKS_MAX - look.left) && is_same
}

/// True if every value is taken: there are annotations at most.
pub(super) fn is_annotation(document: &Document, schema: &Value) -> bool {
    document.here(schema).and_then(Value::as_object).is_some_and(|schema| says_only(schema, ""))
}

/// True if there are annotations at most, besides this keyword.
pub(super) fn says_only(schema: &Map<String, Value>, keyword: &str) -> bool {
    schema.keys().all(|key| is_silent(key) || key == keyword)
}

/// The same without some keywords, for schemas that are small.
pub(super) fn without(schema: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    let kept = schema.iter().filter(|(key, _)| !keys.contains(&key.as_str()));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn is_silent(key: &str) -> bool {
    ANNOTATIONS.contains(&key)
}

struct Look<'d> {
    earlier: &'d Document,
    later: &'d Document,
    left: usize,
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
        let (Value::Object(a), Value::Object(b)) = (one, other) else { return self.are_same(one, other) };
        if !self.may_go_on() {
            return false;
        }
        let pair = (std::ptr::from_ref(one).addr(), std::ptr::from_ref(other).addr());
        if !self.open.insert(pair) {
            return true;
        }
        self.depth += 1;
        let is_same = self.fields(a, b);
        self.depth -= 1;
        self.open.remove(&pair);
        is_same
    }

    fn fields(&mut self, a: &'d Map<String, Value>, b: &'d Map<String, Value>) -> bool {
        // Each keyword once: looking twice at each level would look for ever.
        b.keys().all(|key| is_silent(key) || a.contains_key(key))
            && a.iter()
                .filter(|(key, _)| !is_silent(key))
                .all(|(key, one)| b.get(key).is_some_and(|other| self.keyword(key, one, other)))
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
                self.may_look_at(one)
                    && self.may_look_at(other)
                    && a.iter().collect::<HashSet<_>>() == b.iter().collect::<HashSet<_>>()
            }
            (_, Value::Object(_), Value::Object(_)) => self.schemas(one, other),
            _ => self.are_same(one, other),
        }
    }

    fn are_same(&mut self, one: &Value, other: &Value) -> bool {
        self.may_look_at(one) && one == other
    }

    /// Takes what it costs to look at all of a value.
    fn may_look_at(&mut self, value: &Value) -> bool {
        let cost = if let Value::String(text) = value { 1 + text.len() / 64 } else { 1 };
        self.left = self.left.saturating_sub(cost);
        self.left > 0
            && match value {
                Value::Array(list) => list.iter().all(|value| self.may_look_at(value)),
                Value::Object(map) => map.values().all(|value| self.may_look_at(value)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            }
    }
}
