//! `allOf` becomes one schema: OpenAPI's authors mean all properties of all parts, and a response's closed objects would
//! otherwise refuse each other's.
//!
//! The merge is the comparator's: maps key by key, lists position by position, of anything else the later. So of two lists of
//! `required` the later overwrites the start of the earlier. Below `properties`, what `oneOf`, `anyOf`, `not`, `items` or
//! `additionalProperties` (the first that is there) hold is merged too.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::{DEPTH_MAX, NODES_MAX};
use crate::value::{Budget, at, pointer, put, truthy, weight};

pub(super) fn flatten(root: &mut Value, references: &[Vec<String>], budget: &Budget, incomplete: &mut bool) {
    if !has_all_of(root) {
        return;
    }
    // It is copied twice as a whole.
    if !budget.spend(weight(root).saturating_mul(2)) {
        *incomplete = true;
        return;
    }
    let before = root.clone();
    let mut flat = Flat { root: &before, budget, entered: Vec::new(), nodes: 0, incomplete };
    *root = flat.schema(before.clone(), 0);
    for path in references {
        if let Some(schema) = at(&before, path) {
            if !budget.spend(weight(schema)) {
                *flat.incomplete = true;
                return;
            }
            let schema = flat.schema(schema.clone(), 0);
            put(root, path, schema);
        }
    }
}

fn has_all_of(value: &Value) -> bool {
    super::has_key(value, &|key| key == "allOf")
}

struct Flat<'r> {
    root: &'r Value,
    budget: &'r Budget,
    /// References that are being followed, each as a part or as a property: one of them within itself is left as it is.
    entered: Vec<(Site, String)>,
    /// How many values were merged or put in the place of a reference.
    nodes: u64,
    incomplete: &'r mut bool,
}

/// Where a reference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Site {
    Part,
    Property,
}

impl<'r> Flat<'r> {
    fn schema(&mut self, schema: Value, depth: usize) -> Value {
        let Value::Object(mut map) = schema else { return schema };
        if depth > DEPTH_MAX || !self.budget.spend(1) {
            *self.incomplete = true;
            return Value::Object(map);
        }
        if let Some(Value::Array(parts)) = map.get_mut("allOf").filter(|parts| parts.is_array()).map(Value::take) {
            map.shift_remove("allOf");
            for part in parts {
                let part = self.part(part, depth);
                if !self.adds(weight(&part)) {
                    *self.incomplete = true;
                    break;
                }
                if let Value::Object(part) = part {
                    merge(&mut map, part);
                }
            }
            return Value::Object(map);
        }
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            for property in properties.values_mut() {
                *property = self.schema(property.take(), depth + 1);
            }
            return Value::Object(map);
        }
        let first = ["oneOf", "anyOf", "not", "items", "additionalProperties"];
        let first = first.into_iter().find(|key| map.get(*key).is_some_and(truthy));
        match first.and_then(|key| map.get_mut(key)) {
            Some(Value::Array(list)) => {
                for schema in list {
                    *schema = self.schema(schema.take(), depth + 1);
                }
            }
            Some(schema) => *schema = self.schema(schema.take(), depth + 1),
            None => {}
        }
        Value::Object(map)
    }

    /// One of the parts of an `allOf`, with its reference followed.
    fn part(&mut self, mut part: Value, depth: usize) -> Value {
        let reference = part.get("$ref").and_then(Value::as_str).map(str::to_owned);
        if let Some(reference) = &reference {
            let entry = (Site::Part, reference.clone());
            if self.entered.contains(&entry) {
                *self.incomplete = true;
                return Value::Null;
            }
            if let Value::Object(map) = &mut part {
                map.shift_remove("$ref");
                if let Some(Value::Object(target)) = self.target(reference) {
                    if !self.budget.spend(target.values().map(weight).sum()) {
                        *self.incomplete = true;
                        return Value::Null;
                    }
                    map.extend(target.clone());
                }
            }
            self.entered.push(entry);
        }
        let mut flat = self.schema(part, depth + 1);
        self.inline(&mut flat, depth);
        if reference.is_some() {
            self.entered.pop();
        }
        flat
    }

    /// Properties that are references are replaced by what they mean, so that merging doesn't mix both.
    fn inline(&mut self, schema: &mut Value, depth: usize) {
        let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
        for property in properties.values_mut() {
            let reference = property.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("$ref"));
            let Some(reference) = reference.and_then(Value::as_str).map(str::to_owned) else { continue };
            let entry = (Site::Property, reference);
            if self.entered.contains(&entry) {
                continue;
            }
            let Some(target) = self.target(&entry.1) else { continue };
            let weight = weight(target);
            if !self.adds(weight) {
                *self.incomplete = true;
                return;
            }
            let target = target.clone();
            self.entered.push(entry);
            *property = self.schema(target, depth + 1);
            self.entered.pop();
        }
    }

    fn adds(&mut self, weight: u64) -> bool {
        self.nodes = self.nodes.saturating_add(weight);
        self.nodes <= NODES_MAX && self.budget.spend(weight)
    }

    fn target(&self, reference: &str) -> Option<&'r Value> {
        at(self.root, &pointer(reference)?)
    }
}

fn merge(map: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match map.get_mut(&key) {
            Some(known) => merge_value(known, value),
            None => {
                map.insert(key, value);
            }
        }
    }
}

fn merge_value(known: &mut Value, value: Value) {
    match (known, value) {
        (Value::Object(known), Value::Object(more)) => merge(known, more),
        (Value::Array(known), Value::Array(more)) => {
            for (index, value) in more.into_iter().enumerate() {
                match known.get_mut(index) {
                    Some(slot) => merge_value(slot, value),
                    None => known.push(value),
                }
            }
        }
        // A list stays a list.
        (Value::Array(_), Value::Object(_)) => {}
        (known, value) => *known = value,
    }
}
