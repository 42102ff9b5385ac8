//! What is known about the one who asks.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
};

use datalogic_rs::{DataValue, ParsedData};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::{
    ErrorCode, Failure,
    limits::{DEPTH_MAX, ITEMS_MAX, TEXT_BYTES_MAX},
};

/// The caller's context, parsed once and then used for any number of flags.
///
/// Of several fields with the same name the first counts.
#[derive(Debug)]
pub struct Context {
    now: u64,
    /// The context's fields, after a field of our own.
    data: ParsedData,
}

/// What rules find the time in. It stands before all fields of the caller, so that theirs doesn't count.
const OWN: &str = "$flagd";

impl Context {
    /// Reads the context from JSON; nothing at all and `null` are an empty one. `now` is in seconds since 1970, and is
    /// what rules read as `$flagd.timestamp`.
    ///
    /// # Errors
    /// `InvalidContext` if it is no JSON object, or is nested deeper, has a longer array or a longer text than is accepted.
    pub fn parse(json: &[u8], now: u64) -> Result<Self, Failure> {
        let text = str::from_utf8(json).map_err(|error| invalid(format!("the context is not UTF-8: {error}")))?;
        let text = match text.trim_ascii() {
            "" | "null" => "{}",
            text => text,
        };
        if is_deep(text) {
            return Err(invalid(format!("the context is nested deeper than {DEPTH_MAX} levels")));
        }
        let Some(fields) = text.strip_prefix('{') else {
            return Err(serde_json::from_str::<IgnoredAny>(text)
                .map_or_else(not_json, |_| invalid("the context must be a JSON object")));
        };
        let comma = if fields.trim_ascii_start().starts_with('}') { "" } else { "," };
        let with_own = format!(r#"{{"{OWN}":{{"timestamp":{now}}}{comma}{fields}"#);
        let data = ParsedData::from_json(&with_own).map_err(|error| {
            // Of the two parsers this one counts from where the caller's text begins.
            serde_json::from_str::<IgnoredAny>(text).map_or_else(not_json, |_| invalid(error.to_string()))
        })?;
        check_lengths(data.value())?;
        Ok(Self { now, data })
    }

    /// The same from JSON that is already parsed.
    ///
    /// # Errors
    /// `InvalidContext` if it is no JSON object, or is nested deeper, has a longer array or a longer text than is accepted.
    pub fn from_value(value: &Value, now: u64) -> Result<Self, Failure> {
        Self::parse(value.to_string().as_bytes(), now)
    }

    /// The subject that users are bucketed by; nothing if it is absent, empty or no text.
    pub fn targeting_key(&self) -> Option<&str> {
        self.data().get("targetingKey")?.as_str().filter(|key| !key.is_empty())
    }

    /// One of the context's fields.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.fields().iter().find(|(field, _)| *field == name).map(|(_, value)| to_json(value))
    }

    /// Seconds since 1970, as rules read them.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// A hash of the context without the time, the same whatever order its fields come in. For ETags.
    pub fn digest(&self) -> u64 {
        digest_fields(self.fields())
    }

    pub(crate) fn data(&self) -> &DataValue<'_> {
        self.data.value()
    }

    fn fields(&self) -> &[(&str, DataValue<'_>)] {
        self.data().as_object().and_then(|fields| fields.split_first()).map(|(_, fields)| fields).unwrap_or_default()
    }
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(ErrorCode::InvalidContext, message)
}

fn not_json(error: serde_json::Error) -> Failure {
    invalid(format!("the context is not JSON: {error}"))
}

/// True if the text is nested deeper than is accepted. Looked at before it is parsed, since parsers recurse.
fn is_deep(text: &str) -> bool {
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'{' | b'[' if !is_quoted => depth += 1,
            b'}' | b']' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}

/// What a rule costs is known before it is evaluated, because nothing in a context is longer than this.
fn check_lengths(value: &DataValue<'_>) -> Result<(), Failure> {
    match value {
        DataValue::Null | DataValue::Bool(_) | DataValue::Number(_) => Ok(()),
        DataValue::String(text) if text.len() > TEXT_BYTES_MAX => {
            Err(invalid(format!("the context has a text of {} bytes: {TEXT_BYTES_MAX} are accepted", text.len())))
        }
        DataValue::String(_) => Ok(()),
        DataValue::Array(items) if items.len() > ITEMS_MAX => {
            Err(invalid(format!("the context has an array of {} items: {ITEMS_MAX} are accepted", items.len())))
        }
        DataValue::Array(items) => items.iter().try_for_each(check_lengths),
        DataValue::Object(fields) => fields.iter().try_for_each(|(_, value)| check_lengths(value)),
    }
}

/// A hash that doesn't depend on the order of an object's fields.
fn digest(value: &DataValue<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        DataValue::Null => 0_u8.hash(&mut hasher),
        DataValue::Bool(bool) => (1_u8, bool).hash(&mut hasher),
        DataValue::Number(number) => (2_u8, number.as_f64().to_bits()).hash(&mut hasher),
        DataValue::String(text) => (3_u8, text).hash(&mut hasher),
        DataValue::Array(items) => {
            (4_u8, items.len()).hash(&mut hasher);
            items.iter().for_each(|item| digest(item).hash(&mut hasher));
        }
        DataValue::Object(fields) => (5_u8, digest_fields(fields)).hash(&mut hasher),
    }
    hasher.finish()
}

fn digest_fields(fields: &[(&str, DataValue<'_>)]) -> u64 {
    let field = |(name, value): &(&str, DataValue<'_>)| {
        let mut hasher = DefaultHasher::new();
        (name, digest(value)).hash(&mut hasher);
        hasher.finish()
    };
    fields.iter().map(field).fold(0, u64::wrapping_add)
}

/// The value as everybody else has it.
pub(crate) fn to_json(value: &DataValue<'_>) -> Value {
    match value {
        DataValue::Null => Value::Null,
        DataValue::Bool(bool) => Value::Bool(*bool),
        DataValue::Number(number) => number.as_i64().map_or_else(|| Value::from(number.as_f64()), Value::from),
        DataValue::String(text) => Value::from(*text),
        DataValue::Array(items) => Value::Array(items.iter().map(to_json).collect()),
        DataValue::Object(fields) => {
            let mut map = Map::new();
            for (name, value) in *fields {
                map.entry(*name).or_insert_with(|| to_json(value));
            }
            Value::Object(map)
        }
    }
}
