//! JSON values as the comparator's language sees them: which are true, which are equal, how a number is written.

use std::cell::Cell;

use serde_json::{Map, Number, Value};

/// How many steps (nodes copied, schemas applied, routes tried) one comparison may take: a few seconds, and in unoptimised
/// tests too.
const STEPS_MAX: u64 = if cfg!(test) { 500_000 } else { 20_000_000 };

/// What is left of a comparison's steps.
#[derive(Debug)]
pub(crate) struct Budget(Cell<u64>);

impl Budget {
    pub(crate) fn new() -> Self {
        Self::of(STEPS_MAX)
    }

    pub(crate) fn of(steps: u64) -> Self {
        Self(Cell::new(steps))
    }

    /// Takes steps; false once they are used up.
    pub(crate) fn spend(&self, steps: u64) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(steps));
        left > steps
    }
}

/// Whether JavaScript takes the value for true.
pub(crate) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// The value under a key, if JavaScript takes it for true.
pub(crate) fn present<'v>(map: &'v Value, key: &str) -> Option<&'v Value> {
    map.get(key).filter(|value| truthy(value))
}

/// The text under a key.
pub(crate) fn text<'v>(map: &'v Value, key: &str) -> Option<&'v str> {
    map.get(key).and_then(Value::as_str)
}

/// The entries of a map; none of anything else.
pub(crate) fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The items of a list; none of anything else.
pub(crate) fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// Equal as JSON: `1` and `1.0` are one number, and the order of keys says nothing.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

/// A number as a value: whole where it is whole.
pub(crate) fn number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::as_conversions, reason = "whole and within 2^53")]
        return Value::from(number as i64);
    }
    let bounded = number.clamp(f64::MIN, f64::MAX);
    Number::from_f64(bounded).map_or(Value::Null, Value::Number)
}

/// A number as JavaScript writes it.
pub(crate) fn written(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() < 1e21 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// What `Number(text)` is; nothing where that is not a number.
pub(crate) fn numeric(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        let digits = text.get(2..).filter(|_| text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix)));
        if let Some(digits) = digits {
            let plain = digits.chars().all(|digit| digit.is_digit(radix)) && !digits.is_empty();
            return plain.then(|| {
                digits
                    .chars()
                    .filter_map(|digit| digit.to_digit(radix))
                    .fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit))
            });
        }
    }
    match text {
        "Infinity" | "+Infinity" => return Some(f64::INFINITY),
        "-Infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if plain { text.parse().ok() } else { None }
}

/// Where a `$ref` points within its document: the keys on the way. Nothing for what lies elsewhere.
pub(crate) fn pointer(reference: &str) -> Option<Vec<String>> {
    let path = reference.strip_prefix("#/")?;
    Some(path.split('/').map(|part| decoded(&part.replace("~1", "/").replace("~0", "~"))).collect())
}

/// A text whose percent-encoding is undone; as it was where that doesn't make UTF-8.
pub(crate) fn decoded(text: &str) -> String {
    strictly_decoded(text).unwrap_or_else(|| text.to_owned())
}

/// A text whose percent-encoding is undone. Nothing where an escape is cut short or the bytes aren't UTF-8.
pub(crate) fn strictly_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The value at the end of a path of keys.
pub(crate) fn at<'v>(root: &'v Value, path: &[impl AsRef<str>]) -> Option<&'v Value> {
    path.iter().map(AsRef::as_ref).try_fold(root, |value, key| match value {
        Value::Object(map) => map.get(key),
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// The value at the end of a path of keys, to be changed.
pub(crate) fn at_mut<'v>(root: &'v mut Value, path: &[impl AsRef<str>]) -> Option<&'v mut Value> {
    path.iter().map(AsRef::as_ref).try_fold(root, |value, key| match value {
        Value::Object(map) => map.get_mut(key),
        Value::Array(list) => list.get_mut(key.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// Puts a value at the end of a path of keys; maps on the way are made.
pub(crate) fn put(root: &mut Value, path: &[String], value: Value) {
    let mut place = root;
    for key in path {
        place = match place {
            Value::Array(list) => match key.parse::<usize>().ok().and_then(|index| list.get_mut(index)) {
                Some(item) => item,
                None => return,
            },
            Value::Object(map) => map.entry(key.as_str()).or_insert(Value::Null),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                *place = Value::Object(Map::new());
                match place {
                    Value::Object(map) => map.entry(key.as_str()).or_insert(Value::Null),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return,
                }
            }
        };
    }
    *place = value;
}

/// How many values a value is made of.
pub(crate) fn weight(value: &Value) -> u64 {
    match value {
        Value::Array(list) => 1 + list.iter().map(weight).sum::<u64>(),
        Value::Object(map) => 1 + map.values().map(weight).sum::<u64>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}
