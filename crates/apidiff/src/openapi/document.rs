//! A document, and the way through its references.

use serde_json::{Map, Value};

use super::BYTES_MAX;
use crate::Unreadable;

/// References that lead to references.
const HOPS_MAX: usize = 32;
const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// An OpenAPI 3 document.
pub(super) struct Document {
    root: Value,
}

/// An operation of it.
pub(super) struct Operation<'d> {
    /// In upper case.
    pub(super) method: String,
    pub(super) path: String,
    /// The item that it is part of: parameters that all of them have.
    pub(super) item: &'d Map<String, Value>,
    pub(super) fields: &'d Map<String, Value>,
}

impl Operation<'_> {
    /// `GET /orders/{id}`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The same whatever its parameters are called.
    pub(super) fn key(&self) -> String {
        let mut key = format!("{} ", self.method);
        let mut depth = 0_u32;
        for letter in self.path.chars() {
            match letter {
                '{' => {
                    depth += 1;
                    key.push_str("{}");
                }
                '}' => depth = depth.saturating_sub(1),
                _ if depth == 0 => key.push(letter),
                _ => {}
            }
        }
        key
    }
}

/// Where a reference leads.
pub(super) enum Found<'d> {
    /// Here.
    Value(&'d Value),
    /// Outside of the document, or nowhere in it.
    Elsewhere(&'d str),
}

impl Document {
    pub(super) fn read(which: &'static str, bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.len() > BYTES_MAX {
            return Err(Unreadable::TooLarge { which, problem: format!("{} bytes", bytes.len()) });
        }
        let malformed = |problem: String| Unreadable::Malformed { which, problem };
        let text = std::str::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
        let root: Value = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?
        } else {
            serde_saphyr::from_str(text).map_err(|error| malformed(first_line(&error.to_string())))?
        };
        match root.get("openapi") {
            Some(Value::String(version)) if version.starts_with("3.") => Ok(Self { root }),
            Some(version) => Err(malformed(format!("OpenAPI {version} is not compared; 3.0 and 3.1 are"))),
            None if root.get("swagger").is_some() => {
                Err(malformed("Swagger 2 is not compared; OpenAPI 3 is".to_owned()))
            }
            None => Err(malformed("there is no \"openapi\" in it".to_owned())),
        }
    }

    pub(super) fn root(&self) -> &Value {
        &self.root
    }

    /// Follows references.
    pub(super) fn resolve<'d>(&'d self, value: &'d Value) -> Found<'d> {
        let mut at = value;
        for _ in 0..HOPS_MAX {
            let Some(reference) = at.get("$ref").and_then(Value::as_str) else { return Found::Value(at) };
            let Some(pointer) = reference.strip_prefix('#') else { return Found::Elsewhere(reference) };
            match self.root.pointer(&decoded(pointer)) {
                Some(found) => at = found,
                None => return Found::Elsewhere(reference),
            }
        }
        Found::Elsewhere("a circle of references")
    }

    /// The value behind references; none if it is not in the document.
    pub(super) fn here<'d>(&'d self, value: &'d Value) -> Option<&'d Value> {
        match self.resolve(value) {
            Found::Value(value) => Some(value),
            Found::Elsewhere(_) => None,
        }
    }

    pub(super) fn operations(&self) -> Vec<Operation<'_>> {
        let mut operations = Vec::new();
        let paths = self.root.get("paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            let Some(item) = self.here(item).and_then(Value::as_object) else { continue };
            for method in METHODS {
                if let Some(fields) = item.get(method).and_then(Value::as_object) {
                    operations.push(Operation { method: method.to_uppercase(), path: path.clone(), item, fields });
                }
            }
        }
        operations
    }
}

fn decoded(pointer: &str) -> String {
    // A JSON pointer in a URI fragment is percent-encoded; braces and slashes of paths are the usual ones.
    pointer
        .replace("%7B", "{")
        .replace("%7b", "{")
        .replace("%7D", "}")
        .replace("%7d", "}")
        .replace("%2F", "/")
        .replace("%20", " ")
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
