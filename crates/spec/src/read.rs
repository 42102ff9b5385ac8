//! Readers of single values.

use jiff::SignedDuration;
use kernel::{EntityRef, RefDefaults, Weekday, closest, zone, zone_names};
use serde_json::Value;

use crate::Wrong;

/// A text that isn't empty, of at most `max` bytes.
pub fn text(max: usize) -> impl Fn(&Value) -> Result<String, Wrong> {
    move |value| {
        let text = as_text(value)?;
        if text.trim().is_empty() {
            return Err(Wrong::new("must not be empty"));
        }
        if text.len() > max {
            return Err(Wrong::new(format!("has {} bytes; at most {max} are allowed", text.len())));
        }
        Ok(text.to_owned())
    }
}

/// A whole number from `min` to `max`.
pub fn whole(min: u64, max: u64) -> impl Fn(&Value) -> Result<u64, Wrong> {
    move |value| {
        let number = value.as_u64().filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| Wrong::new(format!("must be a whole number from {min} to {max}")))
    }
}

/// A number of times: a whole number from one to `max`.
pub fn times(max: u32) -> impl Fn(&Value) -> Result<u32, Wrong> {
    move |value| {
        let number = whole(1, u64::from(max))(value)?;
        Ok(u32::try_from(number).unwrap_or(max))
    }
}

/// A duration with its unit, such as `30s` or `1m 30s`, in milliseconds from `min` to `max`.
pub fn duration_ms(min: u64, max: u64) -> impl Fn(&Value) -> Result<u64, Wrong> {
    move |value| {
        let form = || Wrong::new("must be a duration with its unit, such as \"30s\"");
        let Some(text) = value.as_str() else {
            return Err(form().suggesting(value.as_u64().map(|seconds| format!("{seconds}s"))));
        };
        let duration: SignedDuration = text.parse().map_err(|_| form())?;
        let millis = u64::try_from(duration.as_millis()).ok().filter(|millis| (min..=max).contains(millis));
        millis.ok_or_else(|| Wrong::new(format!("must be from {} to {}", in_words(min), in_words(max))))
    }
}

fn in_words(millis: u64) -> String {
    format!("{:#}", SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)))
}

/// One of a few words, and what it stands for.
pub fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(&Value) -> Result<T, Wrong> {
    move |value| {
        let text = as_text(value)?;
        words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known = || words.iter().map(|(word, _)| *word);
            Wrong::new(format!("must be one of {}", known().collect::<Vec<_>>().join(", ")))
                .suggesting(closest(text, known()))
        })
    }
}

/// A reference to an entity, with the kind that the field has by default, and the namespace of the referring entity.
pub fn reference(kind: Option<&str>, namespace: &str) -> impl Fn(&Value) -> Result<EntityRef, Wrong> {
    move |value| {
        let defaults = RefDefaults { kind, namespace };
        EntityRef::parse(as_text(value)?, defaults).map_err(|error| Wrong::new(error.to_string()))
    }
}

/// The IANA name of a time zone.
///
/// # Errors
/// If there is no such zone.
pub fn time_zone(value: &Value) -> Result<String, Wrong> {
    let name = text(100)(value)?;
    if zone(&name).is_some() {
        return Ok(name);
    }
    let names = zone_names();
    let suggestion = closest(&name, names.iter().map(String::as_str));
    Err(Wrong::new("is not an IANA time zone, such as \"Europe/Lisbon\"").suggesting(suggestion))
}

/// A day of the week, by its name.
///
/// # Errors
/// If it is none.
pub fn weekday(value: &Value) -> Result<Weekday, Wrong> {
    let text = text(100)(value)?.to_lowercase();
    Weekday::ALL.into_iter().find(|weekday| weekday.as_str() == text).ok_or_else(|| {
        let day = closest(&text, Weekday::ALL.map(Weekday::as_str));
        Wrong::new("must be a day of the week, such as \"monday\"").suggesting(day)
    })
}

fn as_text(value: &Value) -> Result<&str, Wrong> {
    value.as_str().ok_or_else(|| match value {
        Value::Number(number) => Wrong::new("must be a text").suggesting(Some(format!("\"{number}\""))),
        Value::Bool(word) => Wrong::new("must be a text").suggesting(Some(format!("\"{word}\""))),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => Wrong::new("must be a text"),
    })
}
