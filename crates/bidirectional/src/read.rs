//! Bytes become JSON values, within bounds.

use serde_json::Value;

use crate::{INTERACTIONS_MAX, OPENAPI_BYTES_MAX, PACT_BYTES_MAX};

/// How deep YAML may nest. Reading a level takes up to 25 KB of stack when not optimised, and a thread has 2 MB.
const YAML_NESTING_MAX: usize = 48;
/// How many values a YAML document may hold after its aliases are expanded.
const YAML_NODES_MAX: usize = 2_000_000;
/// How many values may come out of aliases: enough for shared parameters, too few for a bomb.
const YAML_ALIASED_NODES_MAX: usize = 100_000;

/// Why two documents can't be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The OpenAPI document has too many bytes.
    #[error("the OpenAPI document has more than {OPENAPI_BYTES_MAX} bytes")]
    OpenapiTooLarge,
    /// The pact has too many bytes.
    #[error("the pact has more than {PACT_BYTES_MAX} bytes")]
    PactTooLarge,
    /// The pact has too many interactions.
    #[error("the pact has more than {INTERACTIONS_MAX} interactions")]
    TooManyInteractions,
    /// The OpenAPI document is neither JSON nor YAML, or no document of OpenAPI 3 or Swagger 2.
    #[error("the OpenAPI document can't be read: {0}")]
    Openapi(String),
    /// The pact isn't JSON, or not a pact.
    #[error("the pact can't be read: {0}")]
    Pact(String),
}

/// An OpenAPI document: JSON, or else YAML.
pub(crate) fn openapi(bytes: &[u8]) -> Result<Value, Unreadable> {
    if bytes.len() > OPENAPI_BYTES_MAX {
        return Err(Unreadable::OpenapiTooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::Openapi("it is not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).or_else(|error| yaml(text).map_err(|_| error.to_string()))
    } else {
        yaml(text)
    };
    value.map_err(Unreadable::Openapi)
}

/// A pact: JSON.
pub(crate) fn pact(bytes: &[u8]) -> Result<Value, Unreadable> {
    if bytes.len() > PACT_BYTES_MAX {
        return Err(Unreadable::PactTooLarge);
    }
    serde_json::from_slice(bytes).map_err(|error| Unreadable::Pact(error.to_string()))
}

fn yaml(text: &str) -> Result<Value, String> {
    let mut budget = serde_saphyr::Budget::default();
    budget.max_depth = YAML_NESTING_MAX;
    budget.max_nodes = YAML_NODES_MAX;
    budget.max_events = YAML_NODES_MAX * 3;
    budget.max_documents = 1;
    budget.max_total_scalar_bytes = OPENAPI_BYTES_MAX * 2;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = YAML_ALIASED_NODES_MAX;
    // YAML 1.2, as the specification wants it: `NO` and `on` are texts.
    options.strict_booleans = true;
    options.non_finite_float_policy = serde_saphyr::NonFiniteFloatPolicy::AsString;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.without_snippet().to_string())
}
