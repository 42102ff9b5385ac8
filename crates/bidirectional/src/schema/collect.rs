//! A schema with all that it refers to, in one value, in the words of one dialect.
//!
//! OpenAPI 3.0's `nullable` becomes a type, its boolean `exclusiveMinimum` a number, and a discriminator stays only where there
//! are branches that it can choose from.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::{DEPTH_MAX, NODES_MAX};
use crate::document::resolved;
use crate::value::{Budget, at, pointer, put, truthy, weight};

/// What was collected.
pub(super) struct Collected {
    pub(super) root: Value,
    /// Where in the root the copies of what is referred to are.
    pub(super) references: Vec<Vec<String>>,
    pub(super) unresolved: Vec<String>,
    pub(super) incomplete: bool,
}

pub(super) fn collect(schema: &Value, document: &Value, budget: &Budget) -> Collected {
    let mut walk = Walk { document, found: VecDeque::new(), known: BTreeSet::new(), nodes: 0, incomplete: false };
    let mut collected = Collected {
        root: walk.copy(schema, budget),
        references: Vec::new(),
        unresolved: Vec::new(),
        incomplete: false,
    };
    while let Some(reference) = walk.found.pop_front() {
        let found = pointer(&reference).and_then(|path| Some((at(document, &path)?, path)));
        let Some((target, path)) = found else {
            collected.unresolved.push(reference);
            continue;
        };
        // A chain that never ends in a schema is no schema.
        if resolved(target, document).is_none() {
            collected.unresolved.push(reference.clone());
        }
        let copy = walk.copy(target, budget);
        put(&mut collected.root, &path, copy);
        collected.references.push(path);
    }
    collected.incomplete = walk.incomplete;
    collected
}

struct Walk<'d> {
    document: &'d Value,
    found: VecDeque<String>,
    known: BTreeSet<String>,
    nodes: u64,
    incomplete: bool,
}

impl Walk<'_> {
    /// A copy in which everything that is a schema is adapted; one that fits everything where the budget ends.
    fn copy(&mut self, schema: &Value, budget: &Budget) -> Value {
        let weight = weight(schema);
        self.nodes = self.nodes.saturating_add(weight);
        if self.nodes > NODES_MAX || !budget.spend(weight) {
            self.incomplete = true;
            return Value::Bool(true);
        }
        let mut copy = schema.clone();
        if let Value::Object(map) = &mut copy {
            map.shift_remove("description");
            map.shift_remove("example");
        }
        self.visit(&mut copy, 0);
        copy
    }

    fn visit(&mut self, schema: &mut Value, depth: usize) {
        let Value::Object(map) = schema else { return };
        if depth > DEPTH_MAX {
            self.incomplete = true;
            return;
        }
        for key in ["allOf", "oneOf", "anyOf", "properties"] {
            match map.get_mut(key) {
                Some(Value::Array(list)) => list.iter_mut().for_each(|schema| self.visit(schema, depth + 1)),
                Some(Value::Object(named)) => named.values_mut().for_each(|schema| self.visit(schema, depth + 1)),
                None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {}
            }
        }
        for key in ["not", "items", "additionalProperties"] {
            if let Some(schema) = map.get_mut(key) {
                self.visit(schema, depth + 1);
            }
        }
        // Those that OpenAPI 3.0 doesn't know keep their words, but what they refer to is needed.
        for key in [
            "if",
            "then",
            "else",
            "contains",
            "propertyNames",
            "additionalItems",
            "unevaluatedProperties",
            "unevaluatedItems",
        ] {
            if let Some(schema) = map.get(key) {
                self.references(schema, depth + 1);
            }
        }
        for key in ["patternProperties", "dependentSchemas", "dependencies"] {
            if let Some(Value::Object(named)) = map.get(key) {
                named.values().for_each(|schema| self.references(schema, depth + 1));
            }
        }
        discriminators(map);
        if let Some(Value::String(reference)) = map.get("$ref") {
            self.refer(reference.clone());
        }
        self.nullable(map);
        exclusive(map, "exclusiveMaximum", "maximum");
        exclusive(map, "exclusiveMinimum", "minimum");
    }

    fn refer(&mut self, reference: String) {
        if self.known.insert(reference.clone()) {
            self.found.push_back(reference);
        }
    }

    fn references(&mut self, value: &Value, depth: usize) {
        if depth > DEPTH_MAX {
            self.incomplete = true;
            return;
        }
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    self.refer(reference.clone());
                }
                map.values().for_each(|value| self.references(value, depth + 1));
            }
            Value::Array(list) => list.iter().for_each(|value| self.references(value, depth + 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn nullable(&self, map: &mut Map<String, Value>) {
        if !map.get("nullable").is_some_and(truthy) {
            return;
        }
        let typed = map.get("type").is_some_and(truthy);
        if map.get("$ref").is_some_and(truthy) {
            let target = pointer_of(map).and_then(|path| resolved(at(self.document, &path)?, self.document));
            if let Some(kind) = target.and_then(|target| target.get("type")).filter(|_| !typed) {
                map.insert("type".to_owned(), kind.clone());
            }
            return;
        }
        if !typed {
            map.insert("type".to_owned(), Value::from("object"));
        }
        if let Some(kind) = map.get_mut("type").filter(|kind| !kind.is_array()) {
            *kind = Value::Array(vec![kind.take(), Value::from("null")]);
        }
    }
}

fn pointer_of(map: &Map<String, Value>) -> Option<Vec<String>> {
    pointer(map.get("$ref")?.as_str()?)
}

fn discriminators(map: &mut Map<String, Value>) {
    let branches = map.get("oneOf").is_some_and(truthy);
    let name = map.get("discriminator").and_then(|value| value.get("propertyName")).cloned();
    match name {
        Some(name) if branches && truthy(&name) => {
            let required = map.entry("required").or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = required
                && !list.contains(&name)
            {
                list.push(name);
            }
        }
        _ if !branches => {
            map.shift_remove("discriminator");
        }
        _ => {}
    }
}

fn exclusive(map: &mut Map<String, Value>, exclusive: &str, inclusive: &str) {
    match map.get(exclusive) {
        Some(Value::Bool(true)) => {
            map.shift_remove(exclusive);
            if let Some(bound) = map.shift_remove(inclusive) {
                map.insert(exclusive.to_owned(), bound);
            }
        }
        Some(Value::Bool(false)) => {
            map.shift_remove(exclusive);
        }
        _ => {}
    }
}
