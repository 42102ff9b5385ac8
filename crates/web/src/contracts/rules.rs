//! A pact's matching rules, in words: what of an example may differ, and how.

use serde_json::{Map, Value};

/// Where a rule holds, and what it says.
pub(super) type Rule = (String, String);

/// The rules of a request, a response or a message: v2's flat list, or the categories of v3 and v4.
pub(super) fn rules(of: Option<&Value>) -> Vec<Rule> {
    let Some(Value::Object(rules)) = of else { return Vec::new() };
    let mut found = Vec::new();
    for (key, value) in rules {
        if key.starts_with('$') {
            found.push((place("", key), matcher(value)));
            continue;
        }
        let Value::Object(inside) = value else { continue };
        if inside.contains_key("matchers") {
            found.push((category(key).to_owned(), matchers(inside)));
            continue;
        }
        for (path, of_path) in inside {
            let Value::Object(of_path) = of_path else { continue };
            found.push((place(category(key), path), matchers(of_path)));
        }
    }
    found
}

fn category(key: &str) -> &str {
    match key {
        "headers" => "header",
        other => other,
    }
}

/// `$.body.items[0].id` and, of the category `body`, `$.items[0].id` are both `body.items[0].id`.
fn place(category: &str, path: &str) -> String {
    let inner = path.strip_prefix('$').unwrap_or(path);
    let inner = inner.replace("['", ".").replace("']", "");
    let inner = inner.trim_start_matches('.');
    match (category, inner) {
        ("", "") => "all of it".to_owned(),
        ("", inner) => inner.to_owned(),
        (category, "") => category.to_owned(),
        ("body", inner) if inner.starts_with('[') => format!("body{inner}"),
        ("body", inner) => format!("body.{inner}"),
        (category, inner) => format!("{category} {inner}"),
    }
}

fn matchers(of: &Map<String, Value>) -> String {
    let joint = match of.get("combine").and_then(Value::as_str) {
        Some("OR") => " or ",
        Some(_) | None => ", and ",
    };
    let all = of.get("matchers").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    all.iter().map(matcher).collect::<Vec<_>>().join(joint)
}

fn matcher(of: &Value) -> String {
    let text = |key: &str| of.get(key).and_then(Value::as_str);
    let number = |key: &str| of.get(key).and_then(Value::as_u64);
    let sort = text("match").unwrap_or_else(|| match (text("regex"), number("min"), number("max")) {
        (Some(_), ..) => "regex",
        (None, None, None) => "",
        (None, ..) => "type",
    });
    let format = |what: &str| match text("format").or_else(|| text(sort)) {
        Some(format) => format!("{what} written as {format}"),
        None => what.to_owned(),
    };
    let inner = |key: &str| {
        let rules = of.get(key).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
        rules.iter().map(matcher).collect::<Vec<_>>().join(", and ")
    };
    match sort {
        "type" => sized(number("min"), number("max"), "of the same type"),
        "regex" => format!("matches {}", text("regex").unwrap_or_default()),
        "equality" => "exactly this".to_owned(),
        "include" => format!("contains “{}”", text("value").unwrap_or_default()),
        "integer" => "any whole number".to_owned(),
        "decimal" => "any number with a fraction".to_owned(),
        "number" => "any number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "null" => "null".to_owned(),
        "date" => format("a date"),
        "time" => format("a time"),
        "timestamp" | "datetime" => format("a date and time"),
        "semver" => "a semantic version".to_owned(),
        "notEmpty" => "not empty".to_owned(),
        "contentType" => format!("of the type {}", text("value").unwrap_or_default()),
        "values" => "any keys, with values like this".to_owned(),
        "eachKey" => format!("each key: {}", inner("rules")),
        "eachValue" => format!("each value: {}", inner("rules")),
        "arrayContains" => "contains these, in any order".to_owned(),
        "statusCode" => match (text("status"), of.get("status")) {
            (Some(word), _) => format!("any {word} status"),
            (None, Some(list)) => format!("one of {list}"),
            (None, None) => "any status".to_owned(),
        },
        _ => of.to_string(),
    }
}

fn sized(min: Option<u64>, max: Option<u64>, like: &str) -> String {
    match (min, max) {
        (None, None) => like.to_owned(),
        (Some(min), None) => format!("at least {min}, each like this"),
        (None, Some(max)) => format!("at most {max}, each like this"),
        (Some(min), Some(max)) => format!("{min} to {max}, each like this"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(rules_json: Value, expect: &[(&str, &str)]) {
        let found = rules(Some(&rules_json));
        let found: Vec<(&str, &str)> = found.iter().map(|(place, words)| (place.as_str(), words.as_str())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn rules_of_every_specification_are_told_in_the_same_words() {
        check(
            json!({"$.body.items": {"min": 1, "match": "type"}, "$.headers.X": {"match": "regex", "regex": "a+"}}),
            &[("body.items", "at least 1, each like this"), ("headers.X", "matches a+")],
        );
        check(
            json!({
                "path": {"combine": "AND", "matchers": [{"match": "regex", "regex": "/o/\\d+"}]},
                "body": {"$.id": {"combine": "AND", "matchers": [{"match": "integer"}]},
                         "$[0]['a b'].at": {"combine": "OR", "matchers": [{"match": "null"}, {"match": "timestamp", "timestamp": "yyyy"}]}},
                "header": {"Accept": {"matchers": [{"match": "include", "value": "json"}]}},
                "status": {"matchers": [{"match": "statusCode", "status": "success"}]}
            }),
            &[
                ("path", "matches /o/\\d+"),
                ("body.id", "any whole number"),
                ("body[0].a b.at", "null or a date and time written as yyyy"),
                ("header Accept", "contains “json”"),
                ("status", "any success status"),
            ],
        );
        check(
            json!({"body": {"$": {"matchers": [{"match": "own", "x": 1}]}}}),
            &[("body", r#"{"match":"own","x":1}"#)],
        );
        check(json!(null), &[]);
    }
}
