//! Operations: which there are, and what is said of each besides its parameters and bodies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    bodies,
    document::{Document, Operation},
    parameters,
    report::{Place, Report},
    schema::Walk,
};
use crate::Level::{Breaking, Compatible, Risky};

pub(super) fn compare<'d>(earlier: &'d Document, later: &'d Document, report: &mut Report) {
    let before = earlier.operations();
    let after = later.operations();
    let known: BTreeMap<String, &Operation<'_>> = after.iter().map(|operation| (operation.key(), operation)).collect();
    let paths = |operations: &[Operation<'_>]| -> BTreeSet<String> {
        operations
            .iter()
            .map(|operation| operation.key().split_once(' ').map(|(_, path)| path.to_owned()).unwrap_or_default())
            .collect()
    };
    let paths_after = paths(&after);
    let mut walk = Walk::new(earlier, later);
    let mut seen = BTreeSet::new();
    for operation in &before {
        let key = operation.key();
        seen.insert(key.clone());
        match known.get(&key) {
            Some(now) => both(&mut walk, operation, now, report),
            None => {
                let path = key.split_once(' ').map(|(_, path)| path.to_owned()).unwrap_or_default();
                removed(operation, paths_after.contains(&path), report);
            }
        }
    }
    for operation in after.iter().filter(|operation| !seen.contains(&operation.key())) {
        let place = Place::of(&operation.name(), "operation");
        report.put("endpoint-added", Compatible, &place, format!("{} was added", operation.name()));
    }
    security(
        earlier.root(),
        later.root(),
        "api-global-security",
        &Place { operation: None, part: "security".to_owned(), path: String::new() },
        report,
    );
}

fn is_true(operation: &Operation<'_>, key: &str) -> bool {
    operation.fields.get(key) == Some(&Value::Bool(true))
}

fn sunset<'o>(operation: &'o Operation<'_>) -> Option<&'o str> {
    operation.fields.get("x-sunset").and_then(Value::as_str)
}

fn removed(operation: &Operation<'_>, path_remains: bool, report: &mut Report) {
    let what = if path_remains { "api" } else { "api-path" };
    let name = operation.name();
    let place = Place::of(&name, "operation");
    match (is_true(operation, "deprecated"), sunset(operation)) {
        (true, Some(date)) => {
            let text = format!("{name} was removed; it was deprecated, to be removed after {date}");
            report.put(format!("{what}-removed-with-deprecation"), Risky, &place, text);
        }
        (true, None) => {
            let text = format!("{name} was removed after it had been deprecated");
            report.put(format!("{what}-removed-with-deprecation"), Compatible, &place, text);
        }
        (false, _) => {
            let text = format!("{name} was removed without having been deprecated");
            report.put(format!("{what}-removed-without-deprecation"), Breaking, &place, text);
        }
    }
}

fn both<'d>(walk: &mut Walk<'d>, before: &Operation<'d>, after: &Operation<'d>, report: &mut Report) {
    let name = before.name();
    let place = Place::of(&name, "operation");
    match (is_true(before, "deprecated"), is_true(after, "deprecated")) {
        (false, true) => {
            let (rule, text) = match sunset(after) {
                Some(date) => {
                    ("endpoint-deprecated-with-sunset", format!("{name} was deprecated, to be removed after {date}"))
                }
                None => ("endpoint-deprecated", format!("{name} was deprecated")),
            };
            report.put(rule, Compatible, &place, text);
        }
        (true, false) => {
            report.put("endpoint-reactivated", Compatible, &place, format!("{name} is not deprecated any more"))
        }
        (true, true) if sunset(before).is_some() && sunset(after).is_none() => {
            report.put("sunset-deleted", Breaking, &place, format!("{name} doesn't say any more until when it stays"));
        }
        (true, true) | (false, false) => {}
    }
    let text =
        |operation: &Operation<'_>, key: &str| operation.fields.get(key).and_then(Value::as_str).map(str::to_owned);
    if text(before, "operationId") != text(after, "operationId") {
        if let Some(id) = text(before, "operationId") {
            report.put(
                "api-operation-id-removed",
                Compatible,
                &place,
                format!("the operation id {id} of {name} is gone"),
            );
        } else if let Some(id) = text(after, "operationId") {
            report.put("api-operation-id-added", Compatible, &place, format!("{name} has the operation id {id}"));
        }
    }
    let tags = |operation: &Operation<'_>| -> BTreeSet<String> {
        let tags = operation.fields.get("tags").and_then(Value::as_array).into_iter().flatten();
        tags.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (tags_before, tags_after) = (tags(before), tags(after));
    for tag in tags_before.difference(&tags_after) {
        report.put("api-tag-removed", Compatible, &place, format!("{name} has the tag {tag} no more"));
    }
    for tag in tags_after.difference(&tags_before) {
        report.put("api-tag-added", Compatible, &place, format!("{name} has the tag {tag}"));
    }
    let fields = |operation: &Operation<'_>| Value::Object(operation.fields.clone());
    if before.fields.get("security") != after.fields.get("security") {
        security(&fields(before), &fields(after), "api-security", &place, report);
    }
    parameters::compare(walk, before, after, report);
    bodies::request(walk, before, after, report);
    bodies::responses(walk, before, after, report);
}

/// Ways in, by name; more of them is no harm, and which are wanted is said.
fn security(before: &Value, after: &Value, rule: &str, place: &Place, report: &mut Report) {
    let names = |value: &Value| -> BTreeSet<String> {
        let list = value.get("security").and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_object).flat_map(|ways| ways.keys().cloned()).collect()
    };
    let (names_before, names_after) = (names(before), names(after));
    for name in names_after.difference(&names_before) {
        report.put(format!("{rule}-added"), Compatible, place, format!("the security scheme {name} may be used"));
    }
    for name in names_before.difference(&names_after) {
        report.put(
            format!("{rule}-removed"),
            Compatible,
            place,
            format!("the security scheme {name} is not asked for any more"),
        );
    }
}
