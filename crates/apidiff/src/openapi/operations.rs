//! Operations: which there are, and what is said of each besides its parameters and bodies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    bodies,
    document::{Document, Operation},
    parameters,
    report::{Place, Report},
    responses,
    schema::Walk,
    security,
    stability::{self, Stability},
    sunset,
};
use crate::Level::{Breaking, Compatible, Risky};

pub(super) fn compare(earlier: &Document, later: &Document, report: &mut Report) {
    let mut walk = Walk::new(earlier, later);
    all(&mut walk, earlier.operations(), later.operations(), report);
    webhooks(&mut walk, report);
    security::global(earlier.root(), later.root(), report);
    components(earlier, later, report);
}

/// Pairs operations by method and path, whatever the path's parameters are called.
fn all<'d>(walk: &mut Walk<'d>, before: Vec<Operation<'d>>, after: Vec<Operation<'d>>, report: &mut Report) {
    let known: BTreeMap<String, &Operation<'_>> = after.iter().map(|operation| (operation.key(), operation)).collect();
    let path = |key: &str| key.split_once(' ').map(|(_, path)| path.to_owned()).unwrap_or_default();
    let paths_after: BTreeSet<String> = known.keys().map(|key| path(key)).collect();
    let (far_before, far_after) = (walk.earlier.elsewhere(), walk.later.elsewhere());
    let mut seen = BTreeSet::new();
    for operation in &before {
        let key = operation.key();
        match (known.get(&key), far_after.get(&path(&key))) {
            (Some(now), _) => both(walk, operation, now, report),
            (None, Some(reference)) => report.elsewhere(reference, &Place::of(&operation.name(), "operation")),
            (None, None) => removed(operation, paths_after.contains(&path(&key)), report),
        }
        seen.insert(key);
    }
    for operation in after.iter().filter(|operation| !seen.contains(&operation.key())) {
        let place = Place::of(&operation.name(), "operation");
        match far_before.get(&path(&operation.key())) {
            Some(reference) => report.elsewhere(reference, &place),
            None => report.put("endpoint-added", Compatible, &place, format!("{} was added", operation.name())),
        }
    }
}

fn webhooks<'d>(walk: &mut Walk<'d>, report: &mut Report) {
    let (before, after) = (walk.earlier.webhooks(), walk.later.webhooks());
    let names = |operations: &[Operation<'_>]| -> BTreeSet<String> {
        operations.iter().map(|operation| operation.path.clone()).collect()
    };
    let (mut had, mut has) = (names(&before), names(&after));
    // What a webhook is may be said elsewhere; it is there all the same.
    had.extend(walk.earlier.elsewhere().into_keys().filter(|name| name.starts_with("webhook ")));
    has.extend(walk.later.elsewhere().into_keys().filter(|name| name.starts_with("webhook ")));
    for name in had.difference(&has) {
        report.put(
            "webhook-removed",
            Breaking,
            &Place::general(name.clone()),
            format!("the {name} is not called any more"),
        );
    }
    for name in has.difference(&had) {
        report.put("webhook-added", Compatible, &Place::general(name.clone()), format!("the {name} is called too"));
    }
    let common = |operations: Vec<Operation<'d>>| -> Vec<Operation<'d>> {
        operations
            .into_iter()
            .filter(|operation| had.contains(&operation.path) && has.contains(&operation.path))
            .collect()
    };
    all(walk, common(before), common(after), report);
}

fn is_deprecated(operation: &Operation<'_>) -> bool {
    operation.fields.get("deprecated") == Some(&Value::Bool(true))
}

/// How stable an operation is; what can't be read is said.
fn stability_of(operation: &Operation<'_>, place: &Place, report: &mut Report) -> Option<Stability> {
    match stability::of(operation.fields) {
        Ok(stability) => Some(stability),
        Err(said) => {
            let text = format!("{} is said to be {said}, which is no stability level", operation.name());
            report.put("api-invalid-stability-level", Breaking, place, text);
            None
        }
    }
}

fn removed(operation: &Operation<'_>, path_remains: bool, report: &mut Report) {
    let what = if path_remains { "api" } else { "api-path" };
    let name = operation.name();
    let place = Place::of(&name, "operation");
    // Nobody was promised that a draft stays.
    if !stability_of(operation, &place, report).is_some_and(Stability::is_promised) {
        return;
    }
    let (rule, level, text) = match (is_deprecated(operation), sunset::of(operation.fields)) {
        (true, Some(Ok(date))) => {
            let text = format!("{name} was removed; it was deprecated, to be removed after {date}");
            (format!("{what}-removed-with-deprecation"), Risky, text)
        }
        (true, Some(Err(said))) => {
            let text = format!("{name} was removed; it was to be removed after {said}, which is no date");
            ("api-path-sunset-parse".to_owned(), Breaking, text)
        }
        (true, None) => {
            let text = format!("{name} was removed after it had been deprecated");
            (format!("{what}-removed-with-deprecation"), Compatible, text)
        }
        (false, _) => {
            let text = format!("{name} was removed without having been deprecated");
            (format!("{what}-removed-without-deprecation"), Breaking, text)
        }
    };
    report.put(rule, level, &place, text);
}

fn both<'d>(walk: &mut Walk<'d>, before: &Operation<'d>, after: &Operation<'d>, report: &mut Report) {
    let name = before.name();
    let place = Place::of(&name, "operation");
    let had = stability_of(before, &place, report);
    let has = stability_of(after, &place, report);
    // What promises nothing may change in any way.
    if had.is_some_and(|had| !had.is_promised()) {
        return;
    }
    if let (Some(had), Some(has)) = (had, has)
        && let Some((what, level)) = stability::change(had, has)
    {
        let text = format!("{name} is {} rather than {} now", has.word(), had.word());
        report.put(format!("api-stability-{what}"), level, &place, text);
    }
    if !walk.spend(weight(before) + weight(after)) {
        return report.cut(&place);
    }
    announced(before, after, &place, report);
    named(before, after, &place, report);
    security::of(before.fields, after.fields, &place, report);
    parameters::compare(walk, before, after, report);
    bodies::request(walk, before, after, report);
    responses::compare(walk, before, after, report);
}

/// About how much there is to look at in an operation itself, besides its parameters and schemas.
fn weight(operation: &Operation<'_>) -> usize {
    let list = |key: &str| operation.fields.get(key).and_then(Value::as_array).into_iter().flatten();
    let scopes = list("security").filter_map(Value::as_object).flat_map(|way| way.values());
    let responses = operation.fields.get("responses").and_then(Value::as_object);
    list("tags").count()
        + scopes.map(|scopes| 1 + scopes.as_array().map_or(0, Vec::len)).sum::<usize>()
        + responses.map_or(0, serde_json::Map::len)
}

/// That an operation is to go, and when.
fn announced(before: &Operation<'_>, after: &Operation<'_>, place: &Place, report: &mut Report) {
    let name = before.name();
    let (was, is) = (is_deprecated(before), is_deprecated(after));
    match (was, is) {
        (false, true) => {
            let (rule, level, text) = match sunset::of(after.fields) {
                None => ("endpoint-deprecated", Compatible, format!("{name} was deprecated")),
                Some(Ok(date)) => {
                    let text = format!("{name} was deprecated, to be removed after {date}");
                    ("endpoint-deprecated-with-sunset", Compatible, text)
                }
                Some(Err(said)) => {
                    let text = format!("{name} was deprecated, to be removed after {said}, which is no date");
                    ("api-deprecated-sunset-parse", Breaking, text)
                }
            };
            report.put(rule, level, place, text);
        }
        (true, false) => {
            report.put("endpoint-reactivated", Compatible, place, format!("{name} is not deprecated any more"));
        }
        (true, true) | (false, false) => {}
    }
    if !is {
        return;
    }
    match (sunset::of(before.fields), sunset::of(after.fields)) {
        (Some(_), None) => {
            report.put("sunset-deleted", Breaking, place, format!("{name} doesn't say any more until when it stays"));
        }
        (Some(Ok(had)), Some(Ok(has))) if has < had => {
            let text = format!("{name} stays until {has} rather than {had}");
            report.put("api-sunset-date-changed-too-small", Risky, place, text);
        }
        (Some(had), Some(has)) if had != has => {
            if let Some(said) = has.err().or(had.err()) {
                let text = format!("{name} is to be removed after {said}, which is no date");
                report.put("api-path-sunset-parse", Breaking, place, text);
            }
        }
        _ => {}
    }
}

/// What an operation is called, and under which tags it is shown.
fn named(before: &Operation<'_>, after: &Operation<'_>, place: &Place, report: &mut Report) {
    let name = before.name();
    let id = |operation: &Operation<'_>| {
        let id = operation.fields.get("operationId").and_then(Value::as_str).unwrap_or_default();
        (!id.is_empty()).then(|| id.to_owned())
    };
    match (id(before), id(after)) {
        (Some(had), has) if has.as_ref() != Some(&had) => {
            let text = format!("the operation id {had} of {name} is gone");
            report.put("api-operation-id-removed", Compatible, place, text);
        }
        (None, Some(has)) => {
            report.put("api-operation-id-added", Compatible, place, format!("{name} has the operation id {has}"));
        }
        _ => {}
    }
    let tags = |operation: &Operation<'_>| -> BTreeSet<String> {
        let tags = operation.fields.get("tags").and_then(Value::as_array).into_iter().flatten();
        tags.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (had, has) = (tags(before), tags(after));
    for tag in had.difference(&has) {
        report.put("api-tag-removed", Compatible, place, format!("{name} has the tag {tag} no more"));
    }
    for tag in has.difference(&had) {
        report.put("api-tag-added", Compatible, place, format!("{name} has the tag {tag}"));
    }
}

/// Named schemas that are gone; whoever uses them is told of by what uses them.
fn components(earlier: &Document, later: &Document, report: &mut Report) {
    let schemas = |document: &Document| -> BTreeSet<String> {
        let schemas = document.root().pointer("/components/schemas").and_then(Value::as_object);
        schemas.into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    for name in schemas(earlier).difference(&schemas(later)) {
        let place = Place::general(format!("components schemas {name}"));
        report.put(
            "api-schema-removed",
            Compatible,
            &place,
            format!("the schema {name} has no name of its own any more"),
        );
    }
}
