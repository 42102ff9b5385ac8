//! Keywords of JSON Schema that bind further: what they say is not weighed, that they came or went is.

use serde_json::{Map, Value};

use super::Pair;
use crate::{
    Level::{self, Breaking, Compatible},
    openapi::report::{Place, Report},
};

/// A keyword, and its word in rules. There now, it binds who says something more; gone, less.
const BINDING: [(&str, &str); 8] = [
    ("propertyNames", "property-names"),
    ("if", "if"),
    ("then", "then"),
    ("else", "else"),
    ("unevaluatedItems", "unevaluated-items"),
    ("unevaluatedProperties", "unevaluated-properties"),
    ("contentSchema", "content-schema"),
    ("contains", "contains"),
];

/// The same for each of their keys.
const BINDING_EACH: [(&str, &str); 3] = [
    ("patternProperties", "pattern-property"),
    ("dependentSchemas", "dependent-schema"),
    ("dependentRequired", "dependent-required"),
];

/// Another value is another format.
const CHANGED: [(&str, &str); 2] =
    [("contentMediaType", "content-media-type"), ("contentEncoding", "content-encoding")];

pub(super) fn compare(pair: &Pair<'_, '_>, report: &mut Report) {
    if !pair.part.has_body() {
        return;
    }
    let (prefix, before, after, place) = (pair.prefix, pair.before, pair.after, pair.place);
    let request = pair.part.is_request();
    // More is bad for who says it, less for who hears it.
    let more = |binds: bool| -> Level { if binds == request { Breaking } else { Compatible } };
    let mut put = |word: &str, what: &str, level: Level, key: &str| {
        report.put(format!("{prefix}-{word}-{what}"), level, place, format!("{key} was {what}"));
    };
    for (key, word) in BINDING {
        match (before.get(key), after.get(key)) {
            (None, Some(_)) => put(word, "added", more(true), key),
            (Some(_), None) => put(word, "removed", more(false), key),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    for (key, word) in BINDING_EACH {
        let each =
            |schema: &Map<String, Value>| schema.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        let (had, has) = (each(before), each(after));
        for name in has.keys().filter(|name| !had.contains_key(*name)) {
            put(word, "added", more(true), &format!("{key} {name}"));
        }
        for (name, was) in &had {
            match has.get(name) {
                None => put(word, "removed", more(false), &format!("{key} {name}")),
                Some(now) if now != was && word == "dependent-required" => {
                    put(word, "changed", Breaking, &format!("{key} {name}"));
                }
                Some(_) => {}
            }
        }
    }
    for (key, word) in CHANGED {
        if before.get(key) != after.get(key) {
            put(word, "changed", Breaking, key);
        }
    }
    for (key, word, upper) in [("minContains", "min-contains", false), ("maxContains", "max-contains", true)] {
        let bound = |schema: &Map<String, Value>| schema.get(key).and_then(Value::as_u64);
        if let (Some(had), Some(has)) = (bound(before), bound(after)) {
            if has > had {
                put(word, "increased", if upper { more(false) } else { more(true) }, key);
            } else if has < had {
                put(word, "decreased", if upper { more(true) } else { more(false) }, key);
            }
        }
    }
    discriminator(prefix, before.get("discriminator"), after.get("discriminator"), place, report);
}

fn discriminator(prefix: &str, before: Option<&Value>, after: Option<&Value>, place: &Place, report: &mut Report) {
    let mut put =
        |what: &str, text: String| report.put(format!("{prefix}-discriminator-{what}"), Compatible, place, text);
    let (had, has) = match (before, after) {
        (None, None) => return,
        (None, Some(_)) => return put("added", "there is a discriminator now".to_owned()),
        (Some(_), None) => return put("removed", "there is no discriminator any more".to_owned()),
        (Some(had), Some(has)) => (had, has),
    };
    let name = |of: &Value| of.get("propertyName").and_then(Value::as_str).map(str::to_owned).unwrap_or_default();
    if name(had) != name(has) {
        put("property-name-changed", format!("the discriminator is {} rather than {}", name(has), name(had)));
    }
    let mapping = |of: &Value| of.get("mapping").and_then(Value::as_object).cloned().unwrap_or_default();
    let (had, has) = (mapping(had), mapping(has));
    for key in has.keys().filter(|key| !had.contains_key(*key)) {
        put("mapping-added", format!("the discriminator has the value {key}"));
    }
    for (key, was) in &had {
        match has.get(key) {
            None => put("mapping-deleted", format!("the discriminator has the value {key} no more")),
            Some(now) if now != was => {
                put("mapping-changed", format!("the discriminator's value {key} means another schema"))
            }
            Some(_) => {}
        }
    }
}
