//! The request's parts.

pub(crate) mod body;
pub(crate) mod headers;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod security;

use std::borrow::Cow;

use serde_json::Value;

use crate::value::present;

/// A parameter's schema. Swagger 2 has its keywords in the parameter itself.
fn schema_of(parameter: &Value) -> Cow<'_, Value> {
    if let Some(schema) = present(parameter, "schema") {
        return Cow::Borrowed(schema);
    }
    let mut schema = parameter.clone();
    if let Value::Object(map) = &mut schema {
        for key in ["name", "in", "description", "required"] {
            map.shift_remove(key);
        }
    }
    Cow::Owned(schema)
}
