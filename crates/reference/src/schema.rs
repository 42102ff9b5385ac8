//! JSON Schema, in every dialect that OpenAPI and AsyncAPI have used, as a [`Schema`].

use std::collections::HashSet;

use serde_json::Value;

use crate::MAX_DEPTH;
use crate::document::{entries, flag, items, plain, short, text};
use crate::model::{EnumValue, Field, Schema, Shape};
use crate::walk::Walk;

/// How many listed values are shown.
const MAX_VALUES: usize = 500;

impl<'v> Walk<'v> {
    /// Reads a schema. A reference to a named type stays a name; any other reference is shown in its place.
    pub(crate) fn schema(&mut self, value: &'v Value) -> Schema {
        self.schema_at(value, 0)
    }

    fn schema_at(&mut self, value: &'v Value, depth: usize) -> Schema {
        if depth >= MAX_DEPTH {
            self.warnings.add(format!("a schema is nested deeper than {MAX_DEPTH} levels; the rest of it is left out"));
            return Schema::of(Shape::Cut);
        }
        if !self.may_add_schema() {
            return Schema::of(Shape::Cut);
        }
        if value.as_bool() == Some(false) {
            return Schema::scalar("nothing", "");
        }
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.reference(reference, value, depth),
            None => self.inline_schema(value, depth),
        }
    }

    /// A reference, with what stands beside it (allowed since OpenAPI 3.1).
    fn reference(&mut self, reference: &'v str, value: &'v Value, depth: usize) -> Schema {
        let description = self.text(value, "description");
        if let Some((id, name)) = self.named(reference).cloned() {
            let shape = Shape::Named { id, name };
            return Schema { shape, description, deprecated: flag(value, "deprecated"), ..Schema::default() };
        }
        let Some(target) = self.lookup(reference) else {
            self.unresolved(reference);
            return Schema { shape: Shape::Unresolved { name: short(reference) }, description, ..Schema::default() };
        };
        if self.inline.contains(&reference) {
            return Schema {
                shape: Shape::Cut,
                description: format!("Repeats {}.", short(reference)),
                ..Schema::default()
            };
        }
        self.inline.push(reference);
        let schema = self.schema_at(target, depth + 1);
        self.inline.pop();
        if description.is_empty() { schema } else { Schema { description, ..schema } }
    }

    fn inline_schema(&mut self, value: &'v Value, depth: usize) -> Schema {
        let types = type_names(value);
        let mut nullable = types.contains(&"null") || flag(value, "nullable") || flag(value, "x-nullable");
        let mut parts = Vec::new();

        let own: Vec<Shape> =
            types.iter().filter(|name| **name != "null").map(|name| self.shape_of_type(name, value, depth)).collect();
        match <[Shape; 1]>::try_from(own) {
            Ok([shape]) => parts.push(shape),
            Err(own) if own.is_empty() => parts.extend(self.shape_by_keywords(value, depth)),
            Err(own) => parts.push(Shape::AnyOf(own.into_iter().map(Schema::of).collect())),
        }
        for (keyword, shape) in
            [("allOf", Shape::AllOf as fn(Vec<Schema>) -> Shape), ("oneOf", Shape::OneOf), ("anyOf", Shape::AnyOf)]
        {
            let all: Vec<&Value> = items(value, keyword).collect();
            let named: Vec<&Value> = all.iter().copied().filter(|part| type_names(part) != ["null"]).collect();
            nullable |= named.len() < all.len();
            if !named.is_empty() {
                parts.push(shape(named.into_iter().map(|part| self.schema_at(part, depth + 1)).collect()));
            }
        }
        let shape = combine(parts);
        Schema {
            shape,
            nullable,
            description: self.text(value, "description"),
            deprecated: flag(value, "deprecated"),
            read_only: flag(value, "readOnly"),
            write_only: flag(value, "writeOnly"),
            values: self.values(value),
            constraints: self.constraints(value),
            default: value.get("default").and_then(|default| self.copy(default)),
            example: self.given_example(value),
        }
    }

    fn values(&mut self, value: &Value) -> Vec<EnumValue> {
        items(value, "enum")
            .take(MAX_VALUES)
            .map(|listed| EnumValue { name: plain(listed), ..EnumValue::default() })
            .take_while(|listed| self.may_add_text(listed.name.len() + size_of::<EnumValue>()))
            .collect()
    }

    fn constraints(&mut self, value: &Value) -> Vec<String> {
        constraints(value).into_iter().take_while(|constraint| self.may_add_text(constraint.len())).collect()
    }

    fn given_example(&mut self, value: &Value) -> Option<Value> {
        let example =
            value.get("example").or_else(|| items(value, "examples").next()).or_else(|| value.get("const"))?;
        self.copy(example)
    }

    fn shape_of_type(&mut self, name: &str, value: &'v Value, depth: usize) -> Shape {
        match name {
            "object" => self.object(value, depth),
            "array" => self.list(value, depth),
            scalar => Shape::Scalar { name: short(scalar), format: text(value, "format") },
        }
    }

    /// The shape of a schema that doesn't say its type.
    fn shape_by_keywords(&mut self, value: &'v Value, depth: usize) -> Option<Shape> {
        if value.get("properties").is_some() || value.get("additionalProperties").is_some() {
            return Some(self.object(value, depth));
        }
        if value.get("items").is_some() || value.get("prefixItems").is_some() {
            return Some(self.list(value, depth));
        }
        let first_value = items(value, "enum").next().or_else(|| value.get("const"))?;
        Some(Shape::Scalar { name: type_of(first_value).to_owned(), format: String::new() })
    }

    fn object(&mut self, value: &'v Value, depth: usize) -> Shape {
        let required: HashSet<&str> = items(value, "required").filter_map(Value::as_str).collect();
        let fields = entries(value, "properties")
            .map(|(name, property)| Field {
                name: short(name),
                required: required.contains(name.as_str()),
                schema: self.schema_at(property, depth + 1),
            })
            .collect();
        let others = match value.get("additionalProperties") {
            Some(Value::Bool(false)) | None => None,
            Some(others) => Some(Box::new(self.schema_at(others, depth + 1))),
        };
        Shape::Object { fields, others }
    }

    fn list(&mut self, value: &'v Value, depth: usize) -> Shape {
        let item = match (value.get("items"), items(value, "prefixItems").next()) {
            (Some(Value::Array(tuple)), _) => self.any_of(tuple, depth),
            (Some(item), None) => self.schema_at(item, depth + 1),
            (item, Some(_)) => {
                let tuple = items(value, "prefixItems").chain(item.filter(|item| item.is_object()));
                self.any_of(tuple, depth)
            }
            (None, None) => Schema::default(),
        };
        Shape::List(Box::new(item))
    }

    fn any_of(&mut self, parts: impl IntoIterator<Item = &'v Value>, depth: usize) -> Schema {
        Schema::of(Shape::AnyOf(parts.into_iter().map(|part| self.schema_at(part, depth + 1)).collect()))
    }
}

/// One shape of several that hold at once.
fn combine(mut parts: Vec<Shape>) -> Shape {
    // `type: object` beside `allOf` says nothing that its parts don't.
    if parts.len() > 1 {
        parts.retain(|part| !matches!(part, Shape::Object { fields, others: None } if fields.is_empty()));
    }
    match parts.len() {
        0 | 1 => parts.pop().unwrap_or_default(),
        _ => Shape::AllOf(parts.into_iter().map(Schema::of).collect()),
    }
}

fn type_names(value: &Value) -> Vec<&str> {
    match value.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The keywords that limit a value, in words.
fn constraints(value: &Value) -> Vec<String> {
    let exclusive = |key: &str| value.get(key).and_then(Value::as_bool) == Some(true);
    let (above, below) = (exclusive("exclusiveMinimum"), exclusive("exclusiveMaximum"));
    let phrases: [(&str, &str, &str); 14] = [
        ("minimum", if above { "more than " } else { "at least " }, ""),
        ("exclusiveMinimum", "more than ", ""),
        ("maximum", if below { "less than " } else { "at most " }, ""),
        ("exclusiveMaximum", "less than ", ""),
        ("multipleOf", "a multiple of ", ""),
        ("minLength", "at least ", " characters"),
        ("maxLength", "at most ", " characters"),
        ("pattern", "matches ", ""),
        ("minItems", "at least ", " items"),
        ("maxItems", "at most ", " items"),
        ("minProperties", "at least ", " fields"),
        ("maxProperties", "at most ", " fields"),
        ("contentMediaType", "contains ", ""),
        ("const", "always ", ""),
    ];
    let mut constraints: Vec<String> = phrases
        .into_iter()
        .filter_map(|(key, before, after)| {
            let limit = value.get(key).filter(|limit| limit.is_number() || limit.is_string() || key == "const")?;
            let after = if limit.as_u64() == Some(1) { after.trim_end_matches('s') } else { after };
            Some(format!("{before}{}{after}", plain(limit)))
        })
        .collect();
    if flag(value, "uniqueItems") {
        constraints.push("no item twice".to_owned());
    }
    if value.get("additionalProperties") == Some(&Value::Bool(false)) {
        constraints.push("no other fields".to_owned());
    }
    if let Some(told_apart_by) = value.pointer("/discriminator/propertyName").or_else(|| value.get("discriminator"))
        && let Some(name) = told_apart_by.as_str()
    {
        constraints.push(format!("told apart by {name}"));
    }
    constraints
}
