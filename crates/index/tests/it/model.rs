//! A second implementation of the rules, as slow and plain as can be, on `serde_json` values.

use std::collections::BTreeMap;

use index::{Document, Filter};
use kernel::EntityRef;
use serde_json::Value;

/// An entity as the tests write it down.
#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub(crate) reference: EntityRef,
    pub(crate) json: Value,
    pub(crate) relations: Vec<(String, EntityRef)>,
}

impl Entity {
    pub(crate) fn new(reference: &str, json: Value) -> Self {
        Self { reference: reference.parse().unwrap(), json, relations: Vec::new() }
    }

    pub(crate) fn related(mut self, kind: &str, target: &str) -> Self {
        self.relations.push((kind.to_owned(), target.parse().unwrap()));
        self
    }

    pub(crate) fn document(&self) -> Document {
        let relations = self.relations.iter().map(|(kind, target)| (kind.as_str(), target));
        Document::read(self.reference.clone(), &self.json.to_string(), relations, []).unwrap()
    }

    /// Key, and the value as written; folded and deduplicated as the search table's rows are.
    pub(crate) fn rows(&self) -> BTreeMap<(String, Option<String>), Option<String>> {
        let mut raw = Vec::new();
        traverse("", &self.json, &mut raw);
        let metadata = &self.json["metadata"];
        if metadata["namespace"].is_null() {
            raw.push(("metadata.namespace".to_owned(), Some("default".to_owned())));
        }
        if metadata["uid"].is_null() {
            raw.push(("metadata.uid".to_owned(), None));
        }
        raw.extend(self.relations.iter().map(|(kind, target)| (format!("relations.{kind}"), Some(target.to_string()))));
        let mut rows = BTreeMap::new();
        for (key, value) in raw {
            let key = key.to_lowercase();
            let value = value.filter(|value| value.encode_utf16().count() <= 200);
            if key.encode_utf16().count() <= 200 {
                rows.entry((key, value.as_ref().map(|value| value.to_lowercase()))).or_insert(value);
            }
        }
        rows
    }

    pub(crate) fn values(&self, key: &str) -> Vec<String> {
        self.rows().into_keys().filter(|(other, _)| other == key).filter_map(|(_, value)| value).collect()
    }

    pub(crate) fn matches(&self, filter: &Filter) -> bool {
        match filter {
            Filter::All(list) => list.iter().all(|filter| self.matches(filter)),
            Filter::Any(list) => list.iter().any(|filter| self.matches(filter)),
            Filter::Not(filter) => !self.matches(filter),
            Filter::Has { key } => self.rows().keys().any(|(other, _)| other == key),
            Filter::OneOf { key, values } => self.values(key).iter().any(|value| values.contains(value)),
            Filter::Prefix { key, prefix } => self.values(key).iter().any(|value| value.starts_with(prefix)),
        }
    }
}

fn traverse(path: &str, value: &Value, rows: &mut Vec<(String, Option<String>)>) {
    if ["attachments", "relations", "status", "metadata.etag"].contains(&path) {
        return;
    }
    match value {
        Value::Null => rows.push((path.to_owned(), None)),
        Value::Bool(_) | Value::Number(_) => rows.push((path.to_owned(), Some(value.to_string()))),
        Value::String(text) => rows.push((path.to_owned(), Some(text.clone()))),
        Value::Array(items) => {
            for item in items {
                traverse(path, item, rows);
                if let Value::String(text) = item {
                    rows.push((format!("{path}.{text}"), Some("true".to_owned())));
                }
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                traverse(&path, member, rows);
            }
        }
    }
}
