//! The properties of objects.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Part, Walk};
use crate::{
    Level::{Breaking, Compatible, Risky},
    openapi::report::{Place, Report},
};

fn properties(schema: &Map<String, Value>) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

fn required(schema: &Map<String, Value>) -> BTreeSet<&str> {
    let list = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

pub(super) fn compare<'d>(
    walk: &mut Walk<'d>,
    part: Part,
    before: &'d Map<String, Value>,
    after: &'d Map<String, Value>,
    place: &Place,
    report: &mut Report,
) {
    if part == Part::Header {
        return;
    }
    let (required_before, required_after) = (required(before), required(after));
    let empty = Map::new();
    let had = properties(before);
    let has = properties(after);
    let names = |of: Option<&'d Map<String, Value>>| of.into_iter().flatten().map(|(name, _)| name.as_str());
    for name in names(had) {
        let at = place.at(name);
        let (Some(was), now) = (had.and_then(|had| had.get(name)), has.and_then(|has| has.get(name))) else { continue };
        let was_here = walk.earlier.here(was).and_then(Value::as_object).unwrap_or(&empty);
        let Some(now) = now else {
            removed(part, name, required_before.contains(name), was_here, &at, report);
            continue;
        };
        let now_here = walk.later.here(now).and_then(Value::as_object).unwrap_or(&empty);
        became(part, name, (required_before.contains(name), required_after.contains(name)), now_here, &at, report);
        access(part, required_after.contains(name), was_here, now_here, &at, report);
        walk.compare(part, was, now, &at, report);
    }
    for name in names(has) {
        if had.is_some_and(|had| had.contains_key(name)) {
            continue;
        }
        let Some(now) = has.and_then(|has| has.get(name)) else { continue };
        let now = walk.later.here(now).and_then(Value::as_object).unwrap_or(&empty);
        added(part, name, required_after.contains(name), now, &place.at(name), report);
    }
}

fn is(schema: &Map<String, Value>, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

fn removed(part: Part, name: &str, was_required: bool, was: &Map<String, Value>, place: &Place, report: &mut Report) {
    if part.is_request() {
        report.put("request-property-removed", Risky, place, format!("the property {name} is not known any more"));
        return;
    }
    let text = format!("the property {name} is not answered any more");
    let (rule, level) = match (was_required, is(was, "writeOnly")) {
        (true, true) => ("response-required-write-only-property-removed", Compatible),
        (false, true) => ("response-optional-write-only-property-removed", Compatible),
        (true, false) => ("response-required-property-removed", Breaking),
        (false, false) => ("response-optional-property-removed", Risky),
    };
    report.put(rule, level, place, text);
}

fn added(part: Part, name: &str, is_required: bool, now: &Map<String, Value>, place: &Place, report: &mut Report) {
    if part.is_request() {
        let (rule, level) = match (is_required && !is(now, "readOnly"), now.contains_key("default")) {
            (true, true) => ("new-required-request-property-with-default", Breaking),
            (true, false) => ("new-required-request-property", Breaking),
            (false, _) => ("new-optional-request-property", Compatible),
        };
        let must = if level == Breaking { "must" } else { "may" };
        report.put(rule, level, place, format!("the property {name} is new and {must} be given"));
        return;
    }
    let rule = match (is_required, is(now, "writeOnly")) {
        (true, true) => "response-required-write-only-property-added",
        (false, true) => "response-optional-write-only-property-added",
        (true, false) => "response-required-property-added",
        (false, false) => "response-optional-property-added",
    };
    report.put(rule, Compatible, place, format!("the property {name} is new"));
}

fn became(
    part: Part,
    name: &str,
    (was, is_required): (bool, bool),
    now: &Map<String, Value>,
    place: &Place,
    report: &mut Report,
) {
    let request = part.is_request();
    let (rule, level, text) = match (was, is_required) {
        (false, true) if request && is(now, "readOnly") => return,
        (false, true) if request && now.contains_key("default") => {
            ("request-property-became-required-with-default", Breaking, "must be given now")
        }
        (false, true) if request => ("request-property-became-required", Breaking, "must be given now"),
        (true, false) if request => ("request-property-became-optional", Compatible, "may be left out now"),
        (true, false) if is(now, "writeOnly") => {
            ("response-write-only-property-became-optional", Compatible, "may be left out now")
        }
        (false, true) if is(now, "writeOnly") => {
            ("response-write-only-property-became-required", Compatible, "is always there now")
        }
        (true, false) => ("response-property-became-optional", Breaking, "may be missing in the answer now"),
        (false, true) => ("response-property-became-required", Compatible, "is always in the answer now"),
        (true, true) | (false, false) => return,
    };
    report.put(rule, level, place, format!("the property {name} {text}"));
}

/// `readOnly` and `writeOnly`.
fn access(
    part: Part,
    is_required: bool,
    was: &Map<String, Value>,
    now: &Map<String, Value>,
    place: &Place,
    report: &mut Report,
) {
    let way = if part.is_request() { "request" } else { "response" };
    let need = if is_required { "required" } else { "optional" };
    for (key, word) in [("readOnly", "read-only"), ("writeOnly", "write-only")] {
        let (what, level) = match (is(was, key), is(now, key)) {
            (false, true) => (format!("became-{word}"), Compatible),
            (true, false) if !part.is_request() && is_required && key == "writeOnly" => {
                (format!("became-not-{word}"), Risky)
            }
            (true, false) => (format!("became-not-{word}"), Compatible),
            (true, true) | (false, false) => continue,
        };
        let text = format!("it is {}{word} now", if is(now, key) { "" } else { "not " });
        report.put(format!("{way}-{need}-property-{what}"), level, place, text);
    }
}
