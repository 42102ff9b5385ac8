//! Texts of paths, queries and headers as the values that they stand for.

use serde_json::Value;

use crate::value::{number, numeric, written};

/// The value as another type; nothing where it can't stand for one.
pub(super) fn coerced(kind: &str, value: &Value) -> Option<Value> {
    match kind {
        "string" => match value {
            Value::Number(number) => Some(Value::from(written(number))),
            Value::Bool(truth) => Some(Value::from(truth.to_string())),
            Value::Null => Some(Value::from("")),
            Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        },
        "number" => numbered(value).map(number),
        "integer" => numbered(value).filter(|number| number.is_infinite() || number.fract() == 0.0).map(number),
        "boolean" => match value {
            Value::String(text) if text == "true" => Some(Value::Bool(true)),
            Value::String(text) if text == "false" => Some(Value::Bool(false)),
            Value::Number(number) if number.as_f64() == Some(1.0) => Some(Value::Bool(true)),
            Value::Number(number) if number.as_f64() == Some(0.0) => Some(Value::Bool(false)),
            Value::Null => Some(Value::Bool(false)),
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        },
        "null" => match value {
            Value::String(text) => text.is_empty().then_some(Value::Null),
            Value::Number(number) => (number.as_f64() == Some(0.0)).then_some(Value::Null),
            Value::Bool(truth) => (!truth).then_some(Value::Null),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        },
        _ => None,
    }
}

fn numbered(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::Null => Some(0.0),
        Value::String(text) => numeric(text),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
