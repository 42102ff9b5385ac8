//! The request's parts.

pub(crate) mod body;
pub(crate) mod headers;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod security;

use std::borrow::Cow;

use serde_json::Value;

use crate::value::present;

/// Of a form, and of what is read like one.
const TOO_LONG: &str = "There is too much of it to be taken apart, so that it isn't compared";

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
