//! A form of several parts (RFC 7578), as far as its fields' names and texts go.

use serde_json::{Map, Value};

/// The fields of a body; of a name that comes twice the last.
pub(crate) fn fields(body: &str, boundary: &str) -> Value {
    let mut fields = Map::new();
    let delimiter = format!("--{boundary}");
    let mut parts = body.split(delimiter.as_str());
    parts.next();
    for part in parts {
        let Some(part) = part.strip_prefix("\r\n") else { continue };
        let Some((head, content)) = part.split_once("\r\n\r\n") else { continue };
        let Some(name) = head.lines().find_map(name) else { continue };
        // A part whose end never comes is no part.
        let Some(content) = content.strip_suffix("\r\n") else { continue };
        fields.insert(name, Value::from(content));
    }
    Value::Object(fields)
}

fn name(line: &str) -> Option<String> {
    let (field, value) = line.split_once(':')?;
    if !field.eq_ignore_ascii_case("content-disposition") {
        return None;
    }
    let (_, name) = value.split(';').nth(1)?.split_once('=')?;
    Some(name.replace('"', ""))
}
