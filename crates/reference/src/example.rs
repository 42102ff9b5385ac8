//! Examples of values, made from their schemas where the definition gives none: always the same for the same schema.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use crate::model::{Schema, Shape, TypeDoc};

/// How deep an example goes before it stops with `null` or an empty list.
const MAX_DEPTH: usize = 8;

/// How many values one example may hold.
const MAX_VALUES: usize = 300;

/// How many values all examples of a definition together may hold.
const MAX_VALUES_TOTAL: usize = 500_000;

/// Makes examples for one definition.
pub(crate) struct Examples<'t> {
    types: HashMap<&'t str, &'t Schema>,
    left_total: usize,
    left: usize,
    /// The ids of the types that are being made, so that a recursive type ends.
    open: Vec<&'t str>,
}

impl<'t> Examples<'t> {
    pub(crate) fn new(types: &'t [TypeDoc]) -> Self {
        let types = types.iter().map(|named| (named.id.as_str(), &named.schema)).collect();
        Self { types, left_total: MAX_VALUES_TOTAL, left: 0, open: Vec::new() }
    }

    /// An example as indented JSON; `None` where the schema says too little to be worth one.
    pub(crate) fn make(&mut self, schema: &Schema) -> Option<String> {
        self.left = MAX_VALUES.min(self.left_total);
        let before = self.left;
        let value = self.value(schema, 0);
        self.left_total -= before - self.left;
        self.open.clear();
        let value = value.filter(|value| !value.is_null())?;
        serde_json::to_string_pretty(&value).ok()
    }

    fn value(&mut self, schema: &Schema, depth: usize) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(given) = schema.example.as_ref().or(schema.default.as_ref()) {
            return Some(given.clone());
        }
        if let Some(first) = schema.values.first() {
            return Some(Self::listed(schema, &first.name));
        }
        match &schema.shape {
            Shape::Any | Shape::Unresolved { .. } | Shape::Cut => None,
            Shape::Scalar { name, format } => Some(scalar(name, format, schema)),
            Shape::Named { id, .. } => {
                let (&id, &target) = self.types.get_key_value(id.as_str())?;
                if self.open.contains(&id) {
                    return None;
                }
                self.open.push(id);
                let value = self.value(target, depth);
                self.open.pop();
                value
            }
            Shape::Object { fields, others } => {
                let mut map = Map::new();
                for field in fields {
                    if let Some(value) = self.value(&field.schema, depth + 1) {
                        map.insert(field.name.clone(), value);
                    }
                }
                if let Some(others) = others
                    && map.is_empty()
                    && let Some(value) = self.value(others, depth + 1)
                {
                    map.insert("key".to_owned(), value);
                }
                Some(Value::Object(map))
            }
            Shape::List(item) => Some(Value::Array(self.value(item, depth + 1).into_iter().collect())),
            Shape::AllOf(parts) => self.merged(parts, depth),
            Shape::OneOf(parts) | Shape::AnyOf(parts) => parts.iter().find_map(|part| self.value(part, depth + 1)),
        }
    }

    /// A listed value: as a number or a truth, where that is what the list is of.
    fn listed(schema: &Schema, name: &str) -> Value {
        if let Shape::Scalar { name: kind, .. } = &schema.shape
            && matches!(kind.as_str(), "integer" | "number" | "boolean")
        {
            return serde_json::from_str(name).unwrap_or_else(|_| name.into());
        }
        name.into()
    }

    /// The fields of all parts in one object; where a part isn't an object, that part.
    fn merged(&mut self, parts: &[Schema], depth: usize) -> Option<Value> {
        let mut merged = Map::new();
        let mut other = None;
        for part in parts {
            match self.value(part, depth + 1) {
                Some(Value::Object(fields)) => merged.extend(fields),
                Some(value) => other = other.or(Some(value)),
                None => {}
            }
        }
        if merged.is_empty() { other } else { Some(Value::Object(merged)) }
    }
}

/// A plausible value of a scalar type, in the names of all four languages.
fn scalar(name: &str, format: &str, schema: &Schema) -> Value {
    match name {
        "integer" | "Int" | "int32" | "uint32" | "sint32" | "fixed32" | "sfixed32" => limit(schema).unwrap_or(1).into(),
        "number" | "Float" | "float" | "double" => {
            limit(schema).map_or_else(|| Number::from_f64(1.5).map_or(Value::Null, Value::Number), Value::from)
        }
        "boolean" | "Boolean" | "bool" => true.into(),
        // 64-bit integers are strings in protobuf's JSON.
        "int64" | "uint64" | "sint64" | "fixed64" | "sfixed64" => "1".into(),
        "bytes" => "bXVn".into(),
        "ID" => "id-1".into(),
        "null" | "nothing" => Value::Null,
        "file" => "(file)".into(),
        "string" => text(format).into(),
        custom => text(if format.is_empty() { custom } else { format }).into(),
    }
}

fn text(format: &str) -> &'static str {
    match format {
        "date-time" | "DateTime" | "Timestamp" => "2026-01-31T09:30:00Z",
        "date" | "Date" => "2026-01-31",
        "time" | "Time" => "09:30:00Z",
        "duration" => "PT5M",
        "Duration" => "1.5s",
        "uuid" | "UUID" => "3f2b7c1e-5d64-4f0a-9c1b-0a1b2c3d4e5f",
        "uri" | "url" | "uri-reference" | "URL" => "https://shop.example/cart",
        "email" => "ada@shop.example",
        "hostname" => "shop.example",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "byte" | "binary" => "bXVn",
        "password" => "********",
        _ => "text",
    }
}

/// The lowest number that the constraints allow, where they set a lowest.
fn limit(schema: &Schema) -> Option<i64> {
    schema.constraints.iter().find_map(|constraint| {
        let at_least = constraint.strip_prefix("at least ").and_then(|number| number.parse().ok());
        let more_than = constraint.strip_prefix("more than ").and_then(|number| number.parse::<i64>().ok());
        at_least.or_else(|| more_than?.checked_add(1))
    })
}
