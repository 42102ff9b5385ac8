//! A document, and the way through its references.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::BYTES_MAX;
use crate::Unreadable;

/// References that lead to references.
const HOPS_MAX: usize = 32;
/// Nested this deep at most; JSON's reader has the same bound.
const DEPTH_MAX: usize = 128;
/// Values in a YAML document.
const NODES_MAX: usize = 1_000_000;
/// Of them, those that come of aliases.
const ALIASED_MAX: usize = 200_000;
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
        format!("{} {}", self.method, template(&self.path))
    }
}

/// A path without the names of its parameters.
pub(super) fn template(path: &str) -> String {
    let mut template = String::with_capacity(path.len());
    let mut depth = 0_u32;
    for letter in path.chars() {
        match letter {
            '{' => {
                depth += 1;
                template.push_str("{}");
            }
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => template.push(letter),
            _ => {}
        }
    }
    template
}

/// Where a reference leads.
#[derive(Clone, Copy)]
pub(super) enum Found<'d> {
    /// Here.
    Value(&'d Value),
    /// Outside of the document, or nowhere in it.
    Elsewhere(&'d str),
}

/// What two values are to each other once their references were followed.
pub(super) enum Met<'d> {
    /// Both are here, or are not there at all.
    Values(Option<&'d Value>, Option<&'d Value>),
    /// Both lead to the same place elsewhere.
    Same,
    /// One of them leads elsewhere, so that nobody can say.
    Elsewhere(&'d str),
}

/// Follows the references of two values, each in its own document.
pub(super) fn meet<'d>(earlier: Option<Found<'d>>, later: Option<Found<'d>>) -> Met<'d> {
    let here = |found: Option<Found<'d>>| match found {
        Some(Found::Value(value)) => Some(value),
        Some(Found::Elsewhere(_)) | None => None,
    };
    match (earlier, later) {
        (Some(Found::Elsewhere(one)), Some(Found::Elsewhere(other))) if one == other => Met::Same,
        (Some(Found::Elsewhere(reference)), _) | (_, Some(Found::Elsewhere(reference))) => Met::Elsewhere(reference),
        (earlier, later) => Met::Values(here(earlier), here(later)),
    }
}

impl Document {
    pub(super) fn read(which: &'static str, bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.len() > BYTES_MAX {
            return Err(Unreadable::TooLarge { which, problem: format!("{} bytes", bytes.len()) });
        }
        let malformed = |problem: String| Unreadable::Malformed { which, problem };
        let text = std::str::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let root: Value = if text.trim_start().starts_with('{') {
            // YAML may begin like that too.
            serde_json::from_str(text).or_else(|error| read_yaml(text).map_err(|_| malformed(error.to_string())))?
        } else {
            read_yaml(text).map_err(malformed)?
        };
        match root.get("openapi") {
            Some(Value::String(version)) if version.starts_with("3.") => Ok(Self { root }),
            // Unquoted in YAML.
            Some(Value::Number(version)) if version.to_string().starts_with("3.") => Ok(Self { root }),
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
        Found::Elsewhere(at.get("$ref").and_then(Value::as_str).unwrap_or_default())
    }

    /// The value behind references; none if it is not in the document.
    pub(super) fn here<'d>(&'d self, value: &'d Value) -> Option<&'d Value> {
        match self.resolve(value) {
            Found::Value(value) => Some(value),
            Found::Elsewhere(_) => None,
        }
    }

    pub(super) fn operations(&self) -> Vec<Operation<'_>> {
        self.items("paths", "")
    }

    /// What the API calls at those who want to be told; their path is `webhook` and a name.
    pub(super) fn webhooks(&self) -> Vec<Operation<'_>> {
        self.items("webhooks", "webhook ")
    }

    /// Paths and webhooks of which what they are is not in the document: their templates, and where references lead.
    pub(super) fn elsewhere(&self) -> BTreeMap<String, &str> {
        let mut elsewhere = BTreeMap::new();
        for (key, before) in [("paths", ""), ("webhooks", "webhook ")] {
            for (path, item) in self.root.get(key).and_then(Value::as_object).into_iter().flatten() {
                if let Found::Elsewhere(reference) = self.resolve(item) {
                    elsewhere.insert(template(&format!("{before}{path}")), reference);
                }
            }
        }
        elsewhere
    }

    fn items(&self, key: &str, before: &str) -> Vec<Operation<'_>> {
        let mut operations = Vec::new();
        let items = self.root.get(key).and_then(Value::as_object);
        for (path, item) in items.into_iter().flatten().filter(|(path, _)| !path.starts_with("x-")) {
            let Some(item) = self.here(item).and_then(Value::as_object) else { continue };
            for method in METHODS {
                if let Some(fields) = item.get(method).and_then(Value::as_object) {
                    let path = format!("{before}{path}");
                    operations.push(Operation { method: method.to_uppercase(), path, item, fields });
                }
            }
        }
        operations
    }
}

/// Reads YAML 1.2, within bounds. `Err` says why not.
fn read_yaml(text: &str) -> Result<Value, String> {
    let mut budget = serde_saphyr::Budget::default();
    budget.max_nodes = NODES_MAX;
    budget.max_events = NODES_MAX.saturating_mul(3);
    budget.max_depth = DEPTH_MAX;
    budget.max_documents = 1;
    budget.max_total_scalar_bytes = BYTES_MAX * 2;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = ALIASED_MAX;
    // YAML 1.2, as the specification wants it: `NO` and `on` are texts.
    options.strict_booleans = true;
    options.non_finite_float_policy = serde_saphyr::NonFiniteFloatPolicy::AsString;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| first_line(&error.without_snippet().to_string()))
}

/// A JSON pointer in a URI fragment is percent-encoded (RFC 6901, section 6).
fn decoded(pointer: &str) -> String {
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = |digit: Option<&u8>| char::from(*digit?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        rest = after;
        match (*first, hex(after.first()), hex(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high * 16 + low);
                rest = after.get(2..).unwrap_or_default();
            }
            (byte, ..) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
