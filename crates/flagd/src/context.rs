//! What is known about the one who asks.

use std::hash::{DefaultHasher, Hash, Hasher};

use datalogic_rs::ParsedData;
use serde_json::{Map, Value, json};

use crate::{ErrorCode, Failure, limits};

/// The caller's context, parsed once and then used for any number of flags.
#[derive(Debug)]
pub struct Context {
    given: Value,
    now: u64,
    data: ParsedData,
}

impl Context {
    /// Reads the context from JSON; nothing at all and `null` are an empty one. `now` is in seconds since 1970, and is
    /// what rules read as `$flagd.timestamp`.
    ///
    /// # Errors
    /// `InvalidContext` if it is no JSON object, or nested deeper than 64 levels.
    pub fn parse(json: &[u8], now: u64) -> Result<Self, Failure> {
        if json.trim_ascii().is_empty() {
            return Self::from_value(&Value::Null, now);
        }
        let value = serde_json::from_slice(json);
        let value: Value = value.map_err(|error| invalid(format!("the context is not JSON: {error}")))?;
        Self::from_value(&value, now)
    }

    /// The same from JSON that is already parsed.
    ///
    /// # Errors
    /// `InvalidContext` if it is no JSON object, or nested deeper than 64 levels.
    pub fn from_value(value: &Value, now: u64) -> Result<Self, Failure> {
        let mut fields = match value {
            Value::Null => Map::new(),
            Value::Object(fields) => fields.clone(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(invalid("the context must be a JSON object"));
            }
        };
        if !limits::is_shallow(value) {
            return Err(invalid(format!("the context is nested deeper than {} levels", limits::DEPTH_MAX)));
        }
        fields.remove("$flagd");
        let given = Value::Object(fields.clone());
        fields.insert("$flagd".to_owned(), json!({ "timestamp": now }));
        let data = ParsedData::from_json(&Value::Object(fields).to_string());
        Ok(Self { given, now, data: data.map_err(|error| invalid(error.to_string()))? })
    }

    /// The subject that users are bucketed by; nothing if it is absent, empty or no text.
    pub fn targeting_key(&self) -> Option<&str> {
        self.given.get("targetingKey")?.as_str().filter(|key| !key.is_empty())
    }

    /// One of the context's fields.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.given.get(name).cloned()
    }

    /// Seconds since 1970, as rules read them.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// A hash of the context without the time, the same whatever order its fields come in. For ETags.
    pub fn digest(&self) -> u64 {
        digest(&self.given)
    }

    pub(crate) fn data(&self) -> &ParsedData {
        &self.data
    }
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(ErrorCode::InvalidContext, message)
}

/// A hash of JSON that doesn't depend on the order of an object's fields.
pub(crate) fn digest(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        Value::Null => 0_u8.hash(&mut hasher),
        Value::Bool(bool) => (1_u8, bool).hash(&mut hasher),
        Value::Number(number) => (2_u8, number.as_f64().map(f64::to_bits)).hash(&mut hasher),
        Value::String(text) => (3_u8, text).hash(&mut hasher),
        Value::Array(items) => {
            (4_u8, items.len()).hash(&mut hasher);
            items.iter().for_each(|item| digest(item).hash(&mut hasher));
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let mut hasher = DefaultHasher::new();
                (name, digest(value)).hash(&mut hasher);
                hasher.finish()
            };
            (5_u8, fields.iter().map(field).fold(0_u64, u64::wrapping_add)).hash(&mut hasher);
        }
    }
    hasher.finish()
}
