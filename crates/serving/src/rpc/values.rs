//! JSON as protobuf has it, and back.

use prost_types::{ListValue, Struct, Value as Proto, value::Kind};
use serde_json::{Map, Number, Value};

/// An object of JSON. Numbers that are whole become integers, as their authors wrote them.
pub(crate) fn object(fields: Struct) -> Value {
    Value::Object(fields.fields.into_iter().map(|(name, value)| (name, value_of(value))).collect())
}

fn value_of(value: Proto) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(bool)) => Value::Bool(bool),
        Some(Kind::NumberValue(number)) => Value::from(number_of(number)),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::ListValue(list)) => Value::Array(list.values.into_iter().map(value_of).collect()),
        Some(Kind::StructValue(fields)) => object(fields),
    }
}

/// Beyond this, not every whole number is a double.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

fn number_of(number: f64) -> Option<Number> {
    whole(number).map(Number::from).or_else(|| Number::from_f64(number))
}

/// The number if it is whole and exact.
#[expect(clippy::cast_possible_truncation, reason = "the number is whole and within what an i64 holds")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= WHOLE_MAX).then_some(number as i64)
}

/// The whole part of a number, as flagd makes integers of numbers.
pub(crate) fn integer(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| whole(number.as_f64()?.trunc()))
}

/// JSON's object as protobuf's.
pub(crate) fn structure(fields: &Map<String, Value>) -> Struct {
    Struct { fields: fields.iter().map(|(name, value)| (name.clone(), proto(value))).collect() }
}

fn proto(value: &Value) -> Proto {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(bool) => Kind::BoolValue(*bool),
        Value::Number(number) => number.as_f64().map_or(Kind::NullValue(0), Kind::NumberValue),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(items) => Kind::ListValue(ListValue { values: items.iter().map(proto).collect() }),
        Value::Object(fields) => Kind::StructValue(structure(fields)),
    };
    Proto { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_survives_the_way_through_protobuf() {
        let value = json!({
            "nothing": null, "yes": true, "count": 3, "share": 0.25, "name": "ada",
            "list": [1, "two", { "three": 3 }], "deep": { "a": { "b": [] } }, "large": 1e300,
        });
        assert_eq!(object(structure(value.as_object().unwrap())), value);
    }

    #[test]
    fn a_number_is_cut_to_its_whole_part() {
        let check = |number: Value, expect: Option<i64>| assert_eq!(integer(number.as_number().unwrap()), expect);
        check(json!(7), Some(7));
        check(json!(7.9), Some(7));
        check(json!(-7.9), Some(-7));
        check(json!(i64::MAX), Some(i64::MAX));
        check(json!(1e300), None);
    }
}
