//! The provider's side: an OpenAPI 3 or Swagger 2 document, its operations, and what its references mean.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Unreadable;
use crate::value::{at, entries, items, pointer, present, text};

/// References that lead to references; of longer chains, the end isn't looked for.
const HOPS_MAX: usize = 32;
/// How many bytes a reference may have; a longer one leads nowhere.
const REFERENCE_BYTES_MAX: usize = 4_096;
/// How many operations a document may have, once its references are followed.
const OPERATIONS_MAX: usize = 100_000;
/// How many parameters they may have, once their references are followed.
const PARAMETERS_MAX: usize = 1_000_000;

/// Methods that a document can describe.
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];

/// A document, with the comparator's switches that lie in its `info` as `x-opc-config-…`.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) root: Value,
    pub(crate) switches: Switches,
}

/// How paths and authorisation are read. The comparator has more switches, which bring back older products' faults.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    pub(crate) base_path: String,
    pub(crate) case_insensitive: bool,
    pub(crate) ignore_duplicate_slashes: bool,
    pub(crate) ignore_trailing_slash: bool,
    pub(crate) no_authorization_schema: bool,
    pub(crate) no_percent_encoding: bool,
}

/// One operation, with what it has of its path and its document.
#[derive(Debug)]
pub(crate) struct Operation<'d> {
    /// In upper case.
    pub(crate) method: String,
    /// As the document writes it.
    pub(crate) written_method: &'d str,
    pub(crate) path: &'d str,
    pub(crate) value: &'d Value,
    /// Resolved, the operation's before its path's.
    pub(crate) parameters: Vec<&'d Value>,
    /// References of parameters that lead nowhere.
    pub(crate) unresolved: Vec<String>,
}

impl Document {
    pub(crate) fn new(root: Value) -> Result<Self, Unreadable> {
        let version = |key: &str| match root.get(key)? {
            Value::String(version) => Some(version.clone()),
            // Unquoted in YAML.
            Value::Number(version) => Some(version.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let swagger = version("swagger").is_some_and(|version| version == "2.0");
        let openapi = version("openapi").is_some_and(|version| version.starts_with("3."));
        if !swagger && !openapi {
            return Err(Unreadable::Openapi("it is neither OpenAPI 3 nor Swagger 2.0".to_owned()));
        }
        let info = root.get("info").cloned().unwrap_or_default();
        let on = |name: &str| present(&info, &format!("x-opc-config-{name}")).is_some();
        let base_path = text(&info, "x-opc-config-base-path").filter(|path| !path.is_empty());
        let switches = Switches {
            base_path: base_path.or_else(|| text(&root, "basePath")).unwrap_or_default().to_owned(),
            case_insensitive: on("case-insensitive"),
            ignore_duplicate_slashes: on("ignore-duplicate-slashes"),
            ignore_trailing_slash: on("ignore-trailing-slash"),
            no_authorization_schema: on("no-authorization-schema"),
            no_percent_encoding: on("no-percent-encoding"),
        };
        Ok(Self { root, switches })
    }

    /// Whether this is OpenAPI 3.
    pub(crate) fn is_openapi(&self) -> bool {
        self.root.get("openapi").is_some()
    }

    /// What a reference, or a chain of them, means; a value that is none is itself. Nothing where the chain leads nowhere.
    pub(crate) fn resolved<'d>(&'d self, value: &'d Value) -> Option<&'d Value> {
        resolved(value, &self.root)
    }

    /// All operations in the document's order. Paths may share what they are, and so there may be too many.
    pub(crate) fn operations(&self) -> Result<Vec<Operation<'_>>, Unreadable> {
        let too_many = |max, what| Err(Unreadable::Openapi(format!("it has more than {max} {what}")));
        let mut operations = Vec::new();
        let mut count = 0;
        for (path, item) in entries(self.root.get("paths")) {
            let item = self.resolved(item).unwrap_or(item);
            for (written_method, value) in entries(Some(item)) {
                let method = written_method.to_uppercase();
                if METHODS.contains(&method.as_str()) && value.is_object() {
                    if operations.len() == OPERATIONS_MAX {
                        return too_many(OPERATIONS_MAX, "operations");
                    }
                    let listed = [value, item].map(|part| part.get("parameters").and_then(Value::as_array));
                    count += listed.into_iter().flatten().map(Vec::len).sum::<usize>();
                    if count > PARAMETERS_MAX {
                        return too_many(PARAMETERS_MAX, "parameters");
                    }
                    let (parameters, unresolved) = self.parameters(value, item);
                    operations.push(Operation { method, written_method, path, value, parameters, unresolved });
                }
            }
        }
        Ok(operations)
    }

    fn parameters<'d>(&'d self, operation: &'d Value, item: &'d Value) -> (Vec<&'d Value>, Vec<String>) {
        let mut known = BTreeSet::new();
        let mut parameters = Vec::new();
        let mut unresolved = Vec::new();
        for parameter in items(operation.get("parameters")).chain(items(item.get("parameters"))) {
            let Some(parameter) = self.resolved(parameter) else {
                unresolved.extend(text(parameter, "$ref").map(str::to_owned));
                continue;
            };
            if known.insert((text(parameter, "name"), text(parameter, "in"))) {
                parameters.push(parameter);
            }
        }
        (parameters, unresolved)
    }

    /// What an operation says, or else its document: `security`, `consumes`, `produces`.
    pub(crate) fn inherited<'d>(&'d self, operation: &Operation<'d>, key: &str) -> Option<&'d Value> {
        present(operation.value, key).or_else(|| present(&self.root, key))
    }

    /// How a security scheme works.
    pub(crate) fn security_scheme(&self, name: &str) -> Option<&Value> {
        let schemes = present(&self.root, "securityDefinitions")
            .or_else(|| self.root.get("components").and_then(|components| components.get("securitySchemes")))?;
        self.resolved(schemes.get(name)?)
    }
}

/// What a reference within a root means; see [`Document::resolved`].
pub(crate) fn resolved<'d>(value: &'d Value, root: &'d Value) -> Option<&'d Value> {
    let mut value = value;
    for _ in 0..=HOPS_MAX {
        let Some(reference) = text(value, "$ref") else { return Some(value) };
        if reference.len() > REFERENCE_BYTES_MAX {
            return None;
        }
        value = at(root, &pointer(reference)?)?;
    }
    None
}
