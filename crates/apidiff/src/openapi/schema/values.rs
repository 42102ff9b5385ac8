//! Which values: enums, constants, defaults, patterns.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Pair;
use crate::{
    Level::{self, Breaking, Compatible, Risky},
    openapi::report::{Report, quoted, short},
};

pub(super) fn compare(pair: &Pair<'_, '_>, report: &mut Report) {
    enums(pair, report);
    extensible(pair, report);
    if pair.part.has_body() {
        constant(pair, report);
    }
    default(pair, report);
    pattern(pair, report);
}

fn list<'d>(schema: &'d Map<String, Value>, key: &str) -> Option<&'d Vec<Value>> {
    schema.get(key).and_then(Value::as_array)
}

/// What is in the one and not in the other.
fn without<'d>(one: &'d [Value], other: &[Value]) -> Vec<&'d Value> {
    let other: HashSet<&Value> = other.iter().collect();
    one.iter().filter(|value| !other.contains(value)).collect()
}

fn enums(pair: &Pair<'_, '_>, report: &mut Report) {
    let (prefix, place, within) = (pair.prefix, pair.place, pair.is_within());
    match (list(pair.before, "enum"), list(pair.after, "enum")) {
        (None, Some(_)) if pair.part.is_request() => {
            let in_header = pair.part.parameter().is_some_and(|given| given.in_header);
            let rules: &[&str] = match (pair.part.parameter(), within) {
                (None, false) => &["request-body-became-enum"],
                (None, true) => &["request-property-became-enum"],
                (Some(_), false) if in_header => {
                    &["request-parameter-became-enum", "request-header-property-became-enum"]
                }
                (Some(_), false) => &["request-parameter-became-enum"],
                (Some(_), true) if in_header => &["request-header-property-became-enum"],
                (Some(_), true) => &[],
            };
            for rule in rules {
                report.put(*rule, Breaking, place, "only certain values are taken now");
            }
        }
        (Some(had), Some(has)) => {
            let (gone, fresh) = (without(had, has), without(has, had));
            if pair.part.is_request() {
                let (rule, level) = match (prefix, pair.is_said()) {
                    ("request-property", false) => {
                        ("request-read-only-property-enum-value-removed".to_owned(), Compatible)
                    }
                    _ => (format!("{prefix}-enum-value-removed"), Breaking),
                };
                for gone in gone {
                    report.put(rule.clone(), level, place, format!("the value {} is not taken any more", quoted(gone)));
                }
                // Of a body as a whole it isn't told.
                for fresh in fresh.into_iter().filter(|_| prefix != "request-body") {
                    let text = format!("the value {} is taken too", quoted(fresh));
                    report.put(format!("{prefix}-enum-value-added"), Compatible, place, text);
                }
            } else {
                // oasdiff calls the body itself by another name here, and here only.
                let removed = if within {
                    "response-property-enum-value-removed"
                } else {
                    "response-mediatype-enum-value-removed"
                };
                for gone in gone {
                    report.put(
                        removed,
                        Compatible,
                        place,
                        format!("the value {} is not answered any more", quoted(gone)),
                    );
                }
                let (added, level) = answered(pair);
                for fresh in fresh {
                    report.put(added, level, place, format!("the value {} may be answered too", quoted(fresh)));
                }
            }
        }
        (Some(_), None) if !pair.part.is_request() => {
            let (added, level) = answered(pair);
            report.put(added, level, place, "any value may be answered now");
        }
        _ => {}
    }
}

fn answered(pair: &Pair<'_, '_>) -> (&'static str, Level) {
    if pair.is_said() {
        ("response-property-enum-value-added", Risky)
    } else {
        ("response-write-only-property-enum-value-added", Compatible)
    }
}

/// `x-extensible-enum`: values that may grow, and be others too.
fn extensible(pair: &Pair<'_, '_>, report: &mut Report) {
    let is_whole = if pair.part.parameter().is_some() { !pair.is_within() } else { pair.is_within() };
    if !pair.part.is_request() || !is_whole || !pair.is_said() {
        return;
    }
    let key = "x-extensible-enum";
    if let (Some(had), Some(has)) = (list(pair.before, key), list(pair.after, key)) {
        for gone in without(had, has) {
            let text = format!("the value {} is not among those that are known any more", quoted(gone));
            report.put(format!("{}-{key}-value-removed", pair.prefix), Breaking, pair.place, text);
        }
    }
}

fn constant(pair: &Pair<'_, '_>, report: &mut Report) {
    let (prefix, place) = (pair.prefix, pair.place);
    let judge = |binds: bool| if binds == pair.part.is_request() { Breaking } else { Compatible };
    match (pair.before.get("const"), pair.after.get("const")) {
        (None, Some(value)) => {
            report.put(
                format!("{prefix}-const-added"),
                judge(true),
                place,
                format!("only {} may be said now", quoted(value)),
            );
        }
        (Some(value), None) => {
            let text = format!("other values than {} may be said", quoted(value));
            report.put(format!("{prefix}-const-removed"), judge(false), place, text);
        }
        (Some(had), Some(has)) if had != has => {
            let text = format!("only {} may be said, not {}", quoted(has), quoted(had));
            report.put(format!("{prefix}-const-changed"), Breaking, place, text);
        }
        _ => {}
    }
}

/// A default means something where a parameter may be left out; in a body it is a hint.
fn default(pair: &Pair<'_, '_>, report: &mut Report) {
    let level = match pair.part.parameter() {
        Some(given) if pair.is_within() || !given.is_optional => return,
        Some(_) => Breaking,
        None => Compatible,
    };
    let given = |schema| Map::get(schema, "default").filter(|value| !value.is_null());
    let (what, text) = match (given(pair.before), given(pair.after)) {
        (None, Some(value)) => ("added", format!("left out, it means {} now", quoted(value))),
        (Some(value), None) => ("removed", format!("left out, it does not mean {} any more", quoted(value))),
        (Some(had), Some(has)) if had != has => {
            ("changed", format!("left out, it means {} rather than {}", quoted(has), quoted(had)))
        }
        _ => return,
    };
    report.put(format!("{}-default-value-{what}", pair.prefix), level, pair.place, text);
}

fn pattern(pair: &Pair<'_, '_>, report: &mut Report) {
    // Told of parameters as a whole, and of what is within bodies.
    if pair.part.parameter().is_some() == pair.is_within() {
        return;
    }
    let pattern = |schema| Map::get(schema, "pattern").and_then(Value::as_str).filter(|pattern| !pattern.is_empty());
    let request = pair.part.is_request();
    let (what, level, text) = match (pattern(pair.before), pattern(pair.after)) {
        (None, Some(new)) => {
            ("added", if request { Breaking } else { Compatible }, format!("it must match {} now", short(new)))
        }
        (Some(old), None) => ("removed", Compatible, format!("it need not match {} any more", short(old))),
        (Some(old), Some(new)) if old != new => {
            let text = format!("it must match {} rather than {}", short(new), short(old));
            match (request, new) {
                (true, ".*") => ("generalized", Compatible, text),
                (true, _) => ("changed", Risky, text),
                (false, _) => ("changed", Compatible, text),
            }
        }
        _ => return,
    };
    report.put(format!("{}-pattern-{what}", pair.prefix), level, pair.place, text);
}
