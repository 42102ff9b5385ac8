//! What is given on the command line in more than a word: JSON, files, pairs.

use std::{collections::BTreeMap, fs, path::Path};

use kernel::{Refusal, codes};
use serde_json::{Map, Value};

/// Larger files are no flags.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A refusal of what was given for a field.
pub(super) fn wrong(field: &str, why: impl Into<String>) -> Refusal {
    Refusal::new(&codes::INVALID, why).field(field)
}

/// Reads a whole file.
///
/// # Errors
/// If it can't be read, or is too large.
pub(super) fn file(field: &str, path: &Path) -> Result<Vec<u8>, Refusal> {
    let failed = |error: std::io::Error| wrong(field, format!("{} can't be read: {error}", path.display()));
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(wrong(field, format!("{} has {bytes} bytes; at most {FILE_BYTES_MAX} are read", path.display())));
    }
    fs::read(path).map_err(failed)
}

/// Reads JSON, or with `@` in front a file of JSON.
///
/// # Errors
/// If it is none.
pub(super) fn json(field: &str, text: &str) -> Result<Value, Refusal> {
    let read = match text.strip_prefix('@') {
        Some(path) => serde_json::from_slice(&file(field, Path::new(path))?),
        None => serde_json::from_str(text),
    };
    read.map_err(|error| {
        wrong(field, format!("this is no JSON: {error}")).fix("write JSON, or @ and the name of a file")
    })
}

/// Reads a JSON object, or with `@` in front a file of one.
///
/// # Errors
/// If it is none.
pub(super) fn object(field: &str, text: &str) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(object) = json(field, text)? else {
        return Err(wrong(field, "this is JSON, but no object").fix("write it as {\"name\": \"value\"}"));
    };
    Ok(object)
}

/// Reads `name=value` pairs; no name twice.
///
/// # Errors
/// If one of them is no pair.
pub(super) fn pairs<'a>(
    field: &str,
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<(&'a str, &'a str)>, Refusal> {
    let mut pairs = BTreeMap::new();
    let mut ordered = Vec::new();
    for text in texts {
        let pair = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
        let Some((name, value)) = pair else {
            return Err(wrong(field, format!("\"{text}\" is not of the form name=value")));
        };
        if pairs.insert(name, value).is_some() {
            return Err(wrong(field, format!("\"{name}\" is given twice")));
        }
        ordered.push((name, value));
    }
    Ok(ordered)
}

/// The value that a text stands for: JSON if it is some, else the text.
pub(super) fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Shares by weight: `on=20,off=80`.
///
/// # Errors
/// If a weight is no whole number.
pub(super) fn shares(field: &str, text: &str) -> Result<Map<String, Value>, Refusal> {
    let shares = pairs(field, text.split(','))?.into_iter().map(|(variant, weight)| {
        let number: Result<u32, _> = weight.parse();
        let number = number.map_err(|_| wrong(field, format!("\"{weight}\" is no whole number")))?;
        Ok((variant.to_owned(), Value::from(number)))
    });
    shares.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pairs_and_shares_are_read_in_their_order() {
        assert_eq!(pairs("--x", ["b=1", "a=x=y"]).unwrap(), [("b", "1"), ("a", "x=y")]);
        assert_eq!(Value::Object(shares("--x", "on=20,off=80").unwrap()), json!({"on": 20, "off": 80}));
        for wrong in ["on", "on=", "=20", "on=1,on=2", "on=2.5", "on=-1", ""] {
            let refusal = shares("--rollout", wrong).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("--rollout"), "{wrong}");
        }
    }

    #[test]
    fn values_are_json_or_texts() {
        assert_eq!([value("1"), value("blue"), value("{\"a\": true}")], [json!(1), json!("blue"), json!({"a": true})]);
    }

    #[test]
    fn what_is_no_json_is_refused_with_the_flag_at_fault() {
        for text in ["{", "@/nowhere/file.json"] {
            let refusal = json("--context", text).unwrap_err();
            assert_eq!((refusal.code.name, refusal.field.as_deref()), ("invalid", Some("--context")), "{text}");
        }
    }
}
