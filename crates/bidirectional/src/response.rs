//! The response's parts.

pub(crate) mod body;
pub(crate) mod headers;

use serde_json::Value;

use crate::compare::{Case, Comparison};
use crate::value::{items, present};

/// What an operation says of a response.
struct Declared<'d> {
    /// Resolved.
    value: &'d Value,
    /// Whether it is said of this status, or else only of all others.
    by_status: bool,
    /// The media types that it may have.
    types: Vec<&'d str>,
}

fn declared<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>) -> Option<Declared<'d>> {
    let responses = case.operation.value.get("responses")?;
    let status = case.interaction.status;
    let by_status = present(responses, &status.to_string()).or_else(|| present(responses, &status.range()));
    let response = by_status.or_else(|| present(responses, "default"))?;
    let value = comparison.resolved(case, response);
    let types = match comparison.document.inherited(case.operation, "produces") {
        Some(produces) => items(Some(produces)).filter_map(Value::as_str).collect(),
        None => crate::media::types(value.get("content")),
    };
    Some(Declared { value, by_status: by_status.is_some(), types })
}
