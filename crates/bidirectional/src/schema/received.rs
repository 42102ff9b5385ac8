//! A schema for what a consumer receives: its objects are closed, for a property that the document doesn't name is one that the
//! provider never promised; and nothing is required, for a pact names only what its consumer uses.
//!
//! Objects with branches stay open, and what a discriminator chooses by stays required.

use std::{collections::HashSet, rc::Rc};

use serde_json::Value;

use super::DEPTH_MAX;
use crate::value::{Budget, at, at_mut, pointer, truthy};

pub(super) fn close(root: &mut Value, budget: &Budget, incomplete: &mut bool) {
    let mut walk = Walk { root, budget, visited: HashSet::new(), path: Path::default(), steps: Vec::new(), cut: false };
    walk.schema(root, 0);
    let Walk { steps, cut, .. } = walk;
    *incomplete |= cut;
    for step in &steps {
        match step {
            Step::Nullable(path, value) => nullable(root, &path.keys(), value),
            Step::Close(path) => close_one(root, &path.keys()),
        }
    }
    for step in &steps {
        if let Step::Close(path) = step
            && let Some(Value::Object(map)) = at_mut(root, &path.keys())
            && !map.get("oneOf").is_some_and(truthy)
        {
            map.shift_remove("required");
        }
    }
}

/// What is to be done to the schema at a path.
enum Step {
    Nullable(Path, Value),
    Close(Path),
}

/// Keys on the way to a schema. Many schemas lie below one key, which may be long: they share it.
#[derive(Debug, Clone, Default)]
struct Path(Option<Rc<Key>>);

#[derive(Debug)]
struct Key {
    parent: Path,
    name: String,
    length: u64,
}

impl Path {
    fn below(&self, name: &str) -> Self {
        Self(Some(Rc::new(Key { parent: self.clone(), name: name.to_owned(), length: self.length() + 1 })))
    }

    fn length(&self) -> u64 {
        self.0.as_ref().map_or(0, |key| key.length)
    }

    fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = std::iter::successors(self.0.as_deref(), |key| key.parent.0.as_deref())
            .map(|key| key.name.as_str())
            .collect();
        keys.reverse();
        keys
    }
}

fn nullable(root: &mut Value, path: &[&str], value: &Value) {
    if let Some(Value::Object(map)) = at_mut(root, path) {
        map.insert("nullable".to_owned(), value.clone());
        if !map.get("type").is_some_and(truthy) {
            map.insert("type".to_owned(), Value::from("object"));
        }
    }
}

fn close_one(root: &mut Value, path: &[&str]) {
    if let Some(Value::Object(map)) = at_mut(root, path) {
        let open = matches!(map.get("additionalProperties"), None | Some(Value::Bool(true)));
        let branches = ["oneOf", "allOf", "anyOf"].iter().any(|key| map.get(*key).is_some_and(truthy));
        if open && !branches && map.get("type").and_then(Value::as_str) == Some("object") {
            map.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
}

struct Walk<'r> {
    root: &'r Value,
    budget: &'r Budget,
    /// References that were followed: each once.
    visited: HashSet<&'r str>,
    path: Path,
    steps: Vec<Step>,
    cut: bool,
}

impl<'r> Walk<'r> {
    fn schema(&mut self, schema: &'r Value, depth: usize) {
        if !schema.is_object() {
            return;
        }
        if depth > DEPTH_MAX || !self.budget.spend(1 + self.path.length()) {
            self.cut = true;
            return;
        }
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return self.target(schema, schema, depth);
        };
        if !self.visited.insert(reference) {
            return;
        }
        match self.followed(reference) {
            Some((path, target)) => {
                let path = path.iter().fold(Path::default(), |path, key| path.below(key));
                let before = std::mem::replace(&mut self.path, path);
                self.target(schema, target, depth);
                self.path = before;
            }
            None => self.target(schema, schema, depth),
        }
    }

    /// Where a chain of references ends.
    fn followed(&self, reference: &str) -> Option<(Vec<String>, &'r Value)> {
        let root = self.root;
        let mut path = pointer(reference)?;
        for _ in 0..DEPTH_MAX {
            let target = at(root, &path)?;
            match target.get("$ref").and_then(Value::as_str) {
                Some(next) => path = pointer(next)?,
                None => return Some((path, target)),
            }
        }
        None
    }

    fn target(&mut self, site: &'r Value, target: &'r Value, depth: usize) {
        if let Some(value) = site.get("nullable").filter(|value| truthy(value)) {
            self.steps.push(Step::Nullable(self.path.clone(), value.clone()));
        }
        for key in ["allOf", "oneOf", "anyOf", "properties"] {
            match target.get(key) {
                Some(Value::Array(list)) => {
                    for (index, schema) in list.iter().enumerate() {
                        self.below(&[key, &index.to_string()], schema, depth);
                    }
                }
                Some(Value::Object(named)) => {
                    for (name, schema) in named {
                        self.below(&[key, name], schema, depth);
                    }
                }
                None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {}
            }
        }
        for key in ["not", "items", "additionalProperties"] {
            if let Some(schema) = target.get(key) {
                self.below(&[key], schema, depth);
            }
        }
        self.steps.push(Step::Close(self.path.clone()));
    }

    fn below(&mut self, keys: &[&str], schema: &'r Value, depth: usize) {
        if !schema.is_object() {
            return;
        }
        let path = keys.iter().fold(self.path.clone(), |path, key| path.below(key));
        let before = std::mem::replace(&mut self.path, path);
        self.schema(schema, depth + 1);
        self.path = before;
    }
}
