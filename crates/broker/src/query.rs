//! Query strings as Rack reads them, because the Pact Broker's clients write them for it: `q[][pacticipant]=A&q[][version]=1`
//! is a list of objects, where a new object begins when a key comes again.

use serde_json::{Map, Value};

/// Nested this deep at most.
const DEPTH_MAX: usize = 8;
/// This many parameters at most.
const PARAMETERS_MAX: usize = 10_000;

/// Reads a query string.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn parse(query: &str) -> Result<Map<String, Value>, String> {
    let mut all = Map::new();
    for (count, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if count >= PARAMETERS_MAX {
            return Err(format!("there are more than {PARAMETERS_MAX} parameters"));
        }
        let (key, value) = pair.split_once('=').map_or((pair, None), |(key, value)| (key, Some(value)));
        let value = value.map_or(Value::Null, |value| Value::String(decode(value)));
        put(&mut all, &decode(key), value, 0)?;
    }
    Ok(all)
}

fn put(into: &mut Map<String, Value>, name: &str, value: Value, depth: usize) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err("a parameter is nested too deep".to_owned());
    }
    let name = name.trim_start_matches(['[', ']']);
    let (key, after) = match name.find(['[', ']']) {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let after = after.strip_prefix(']').unwrap_or(after);
    if key.is_empty() {
        return Ok(());
    }
    match after {
        "" => {
            into.insert(key.to_owned(), value);
        }
        "[]" => list(into, key)?.push(value),
        _ if after.starts_with("[]") => {
            let rest = after.trim_start_matches("[]");
            let rest = rest.strip_prefix('[').map_or(rest, |rest| rest.strip_suffix(']').unwrap_or(rest));
            let list = list(into, key)?;
            match list.last_mut() {
                Some(Value::Object(last)) if !has(last, rest) => put(last, rest, value, depth + 1)?,
                _ => {
                    let mut fresh = Map::new();
                    put(&mut fresh, rest, value, depth + 1)?;
                    list.push(Value::Object(fresh));
                }
            }
        }
        _ => {
            let nested = into.entry(key.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(nested) = nested else { return Err(format!("expected Hash for param `{key}'")) };
            put(nested, after, value, depth + 1)?;
        }
    }
    Ok(())
}

fn list<'a>(into: &'a mut Map<String, Value>, key: &str) -> Result<&'a mut Vec<Value>, String> {
    match into.entry(key.to_owned()).or_insert_with(|| Value::Array(Vec::new())) {
        Value::Array(list) => Ok(list),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(format!("expected Array for param `{key}'"))
        }
    }
}

/// True if the object has this key already; for a nested one, all of its parts.
fn has(object: &Map<String, Value>, key: &str) -> bool {
    if key.contains("[]") {
        return false;
    }
    let mut parts = key.split(['[', ']']).filter(|part| !part.is_empty());
    let Some(first) = parts.next() else { return false };
    let mut at = object.get(first);
    for part in parts {
        at = at.and_then(|value| value.get(part));
    }
    at.is_some()
}

/// `application/x-www-form-urlencoded`, decoded.
fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decoded(&spaced)
}

/// Percent-encoding undone; what is none stays.
pub(crate) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(real) => {
                decoded.push(real);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(query: &str, expected: Value) {
        assert_eq!(parse(query).map(Value::Object), Ok(expected), "{query}");
    }

    #[test]
    fn a_new_object_begins_when_a_key_comes_again() {
        check(
            "q[][pacticipant]=Foo&q[][version]=1&q[][pacticipant]=Bar&q[][latest]=true&latestby=cvpv",
            json!({"q": [{"pacticipant": "Foo", "version": "1"}, {"pacticipant": "Bar", "latest": "true"}], "latestby": "cvpv"}),
        );
        check("q%5B%5D%5Bpacticipant%5D=A+B", json!({"q": [{"pacticipant": "A B"}]}));
    }

    #[test]
    fn lists_objects_and_texts_are_read() {
        check("success[]=true&success[]=false", json!({"success": ["true", "false"]}));
        check("ignore[]=a&a=%2F&b", json!({"ignore": ["a"], "a": "/", "b": null}));
        check("s[][b]=main&s[][cv]=3&p=false", json!({"s": [{"b": "main", "cv": "3"}], "p": "false"}));
        check("a[b][c]=1&a[b][d]=2", json!({"a": {"b": {"c": "1", "d": "2"}}}));
    }

    #[test]
    fn what_contradicts_itself_is_an_error() {
        assert!(parse("a=1&a[]=2").is_err());
        assert!(parse("a=1&a[b]=2").is_err());
        assert!(parse(&format!("a{}=1", "[b]".repeat(50))).is_err());
        assert!(parse(&"a=1&".repeat(20_000)).is_err());
    }
}
