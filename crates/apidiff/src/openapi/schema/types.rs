//! Types, formats and null.
//!
//! A type may grow where the caller says it and shrink where the caller hears it. JSON tells `1` from `"1"`; a parameter, a
//! header or XML doesn't, so that there anything may become a string.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Pair, Walk, equal, is_true};
use crate::{
    Level::{self, Breaking, Compatible, Risky},
    openapi::{document::Document, report::Report},
};

/// A change of many keywords that is one thing.
pub(super) enum Transition<'d> {
    None,
    /// Null was allowed, or forbidden, by a `oneOf` around the schema.
    Null {
        is_allowed: bool,
    },
    /// One object is one of several; these properties are within them.
    Several(Vec<&'d str>),
    /// A list of simple types grew or shrank.
    List {
        added: Vec<&'d str>,
        removed: Vec<&'d str>,
    },
}

pub(super) fn transition<'d>(walk: &Walk<'d>, pair: &Pair<'d, '_>) -> Transition<'d> {
    let (before, after) = (pair.before, pair.after);
    let has_lists = |schema: &Map<String, Value>| schema.contains_key("oneOf") || schema.contains_key("anyOf");
    if !has_lists(before) && !has_lists(after) {
        return Transition::None;
    }
    if wrapped_in_null(walk.later, before, after).is_some_and(|payload| equal::is_equivalent(walk, before, payload)) {
        return Transition::Null { is_allowed: true };
    }
    let unwrapped =
        wrapped_in_null(walk.earlier, after, before).and_then(|payload| walk.earlier.here(payload)?.as_object());
    if unwrapped.is_some_and(|payload| equal::is_equivalent_to(walk, payload, after)) {
        return Transition::Null { is_allowed: false };
    }
    if let Some(moved) = moved(walk, before, after) {
        return Transition::Several(moved);
    }
    list(walk, before, after)
}

/// The schema that a `oneOf` of it and null is about, if that is all that is said.
fn wrapped_in_null<'d>(
    document: &'d Document,
    plain: &Map<String, Value>,
    wrapped: &'d Map<String, Value>,
) -> Option<&'d Value> {
    let is_composed = ["oneOf", "anyOf", "allOf", "not"].iter().any(|key| plain.contains_key(*key));
    if is_composed || types(plain).contains(&"null") || is_true(plain, "nullable") {
        return None;
    }
    if !equal::says_only(wrapped, "oneOf") {
        return None;
    }
    let [one, other] = wrapped.get("oneOf")?.as_array()?.as_slice() else { return None };
    let is_null = |schema: &Value| {
        document
            .here(schema)
            .and_then(Value::as_object)
            .is_some_and(|schema| types(schema) == ["null"] && equal::says_only(schema, "type"))
    };
    match (is_null(one), is_null(other)) {
        (true, false) => Some(other),
        (false, true) => Some(one),
        (true, true) | (false, false) => None,
    }
}

fn moved<'d>(walk: &Walk<'d>, before: &'d Map<String, Value>, after: &'d Map<String, Value>) -> Option<Vec<&'d str>> {
    let list = |schema: &'d Map<String, Value>, key: &str| {
        schema.get(key).and_then(Value::as_array).filter(|list| !list.is_empty())
    };
    let properties = |schema: &'d Map<String, Value>| {
        schema.get("properties").and_then(Value::as_object).filter(|map| !map.is_empty())
    };
    let had = properties(before)?;
    if list(before, "oneOf").is_some() || properties(after).is_some() || !types(after).is_empty() {
        return None;
    }
    let within: BTreeSet<&str> = list(after, "oneOf")?
        .iter()
        .filter_map(|one| properties(walk.later.here(one)?.as_object()?))
        .flat_map(|properties| properties.keys().map(String::as_str))
        .collect();
    let moved: Vec<&str> = had.keys().map(String::as_str).filter(|name| within.contains(name)).collect();
    (!moved.is_empty()).then_some(moved)
}

/// One type, or a list of schemas that are a type each.
fn list<'d>(walk: &Walk<'d>, before: &'d Map<String, Value>, after: &'d Map<String, Value>) -> Transition<'d> {
    let simple = |document: &'d Document, one: &'d Value| {
        let schema = document.here(one)?.as_object()?;
        let is_composed = ["oneOf", "anyOf", "allOf", "properties"].iter().any(|key| schema.contains_key(*key));
        match types(schema).as_slice() {
            [only] if !is_composed => Some(*only),
            _ => None,
        }
    };
    let pattern = |document: &'d Document, schema: &'d Map<String, Value>| {
        if ["not", "allOf", "properties"].iter().any(|key| schema.contains_key(*key)) {
            return None;
        }
        if let Some(first) = types(schema).first() {
            return Some((BTreeSet::from([*first]), false));
        }
        ["oneOf", "anyOf"].iter().find_map(|key| {
            let list = schema.get(*key)?.as_array().filter(|list| !list.is_empty())?;
            let types: Option<BTreeSet<&str>> = list.iter().map(|one| simple(document, one)).collect();
            Some((types?, true))
        })
    };
    match (pattern(walk.earlier, before), pattern(walk.later, after)) {
        (Some((had, was_list)), Some((has, is_list))) if (was_list || is_list) && had != has => Transition::List {
            added: has.difference(&had).copied().collect(),
            removed: had.difference(&has).copied().collect(),
        },
        _ => Transition::None,
    }
}

/// Says what a transition means; false if there is none.
pub(super) fn told(pair: &Pair<'_, '_>, transition: &Transition<'_>, report: &mut Report) -> bool {
    let (prefix, is_request) = (pair.prefix, pair.part.is_request());
    match transition {
        Transition::None | Transition::Null { .. } => false,
        Transition::Several(_) => {
            if pair.part.has_body() {
                let (rule, level) = match (pair.is_within(), is_request) {
                    (false, _) => ("wrapped-in-one-of", Breaking),
                    (true, true) => ("one-of-added", Compatible),
                    (true, false) => ("one-of-added", Breaking),
                };
                report.put(format!("{prefix}-{rule}"), level, pair.place, "what was one object is one of several now");
            }
            true
        }
        Transition::List { added, removed } => {
            let is_narrowed = if is_request { !removed.is_empty() } else { added.is_empty() };
            let (what, verb, types) = if is_narrowed {
                ("narrowed", "not allowed any more", removed)
            } else {
                ("widened", "allowed too", added)
            };
            let level = if is_narrowed == is_request { Breaking } else { Compatible };
            let is_asked = !is_request || pair.is_said();
            if is_asked && !pair.part.is_header() {
                let text = format!("the type {} is {verb}", types.join(" or "));
                report.put(format!("{prefix}-list-of-types-{what}"), level, pair.place, text);
            }
            true
        }
    }
}

/// Whether null may be said now, or may not: 3.0's `nullable`, 3.1's type, or a `oneOf` with null.
pub(super) fn nullable(pair: &Pair<'_, '_>, transition: &Transition<'_>, report: &mut Report) {
    let (had, has) = (types(pair.before), types(pair.after));
    let listed = |types: &[&str]| types.contains(&"null");
    let may_be_null = match (is_true(pair.before, "nullable"), is_true(pair.after, "nullable")) {
        (false, true) => Some(true),
        (true, false) => Some(false),
        (true, true) | (false, false) => match (listed(&had), listed(&has), transition) {
            (true, false, _) if !has.is_empty() => Some(false),
            (false, true, _) if !had.is_empty() => Some(true),
            (_, _, Transition::Null { is_allowed }) => Some(*is_allowed),
            _ => None,
        },
    };
    let Some(may_be_null) = may_be_null else { return };
    let level = if may_be_null == pair.part.is_request() { Compatible } else { Breaking };
    let (what, text) = if may_be_null {
        ("became-nullable", "it may be null now")
    } else {
        ("became-not-nullable", "it may not be null any more")
    };
    report.put(format!("{}-{what}", pair.prefix), level, pair.place, text);
}

/// The types that a schema names.
fn types(schema: &Map<String, Value>) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).take(16).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

fn format(schema: &Map<String, Value>) -> &str {
    schema.get("format").and_then(Value::as_str).unwrap_or_default()
}

/// A change of type and format.
struct Shift<'d> {
    had: Vec<&'d str>,
    has: Vec<&'d str>,
    added: Vec<&'d str>,
    removed: Vec<&'d str>,
    /// From and to.
    format: Option<(&'d str, &'d str)>,
}

pub(super) fn compare<'d>(walk: &Walk<'d>, pair: &Pair<'d, '_>, report: &mut Report) {
    let (had, has) = (types(pair.before), types(pair.after));
    let without = |one: &[&'d str], other: &[&'d str]| -> Vec<&'d str> {
        one.iter().copied().filter(|name| !other.contains(name)).collect()
    };
    let (added, removed) = (without(&has, &had), without(&had, &has));
    let formats = (format(pair.before), format(pair.after));
    let format = (formats.0 != formats.1).then_some(formats);
    let is_only_null = added.iter().chain(&removed).all(|name| *name == "null");
    if is_only_null && format.is_none() {
        return;
    }
    let shift = Shift { had, has, added, removed, format };
    let Some((what, level)) = judge(walk, pair, &shift) else { return };
    let shown = |types: &[&str], format: &str| {
        let types = if types.is_empty() { "anything".to_owned() } else { types.join(" or ") };
        if format.is_empty() { types } else { format!("{types} ({format})") }
    };
    let text = format!("the type changed from {} to {}", shown(&shift.had, formats.0), shown(&shift.has, formats.1));
    report.put(format!("{}-{what}", pair.prefix), level, pair.place, text);
}

/// What the change is called and how bad it is; none if it doesn't count here.
fn judge<'d>(walk: &Walk<'d>, pair: &Pair<'d, '_>, shift: &Shift<'d>) -> Option<(&'static str, Level)> {
    let is_strict = pair.part.is_strict();
    if let Some(given) = pair.part.parameter() {
        if !pair.is_within() {
            let is_bad = shift.breaks(false, false) && !(given.is_exploded && is_wrapped_in_list(walk, pair, shift));
            return Some(if is_bad { ("type-changed", Breaking) } else { ("type-generalized", Compatible) });
        }
        // How an object is written in a parameter is not known: if it matters, that is a risk.
        return Some(match (shift.breaks(false, true), shift.breaks(false, false)) {
            (true, true) => ("type-specialized", Breaking),
            (false, false) => ("type-generalized", Compatible),
            (true, false) | (false, true) => ("type-changed", Risky),
        });
    }
    let both = !shift.had.is_empty() && !shift.has.is_empty();
    if pair.part.is_request() {
        if !pair.is_said() {
            return None;
        }
        let is_widened = is_covered(&shift.had, &shift.has);
        if !(shift.has.is_empty() && shift.is_typed()) && shift.breaks(is_widened, is_strict) {
            return Some(("type-changed", Breaking));
        }
        let is_swapped = shift.is_typed() && both && !is_widened;
        return Some((if is_swapped { "type-compatible" } else { "type-generalized" }, Compatible));
    }
    let is_narrowed = is_covered(&shift.has, &shift.had);
    let back = shift.reversed();
    // What is untyped may have been anything already.
    if !(shift.had.is_empty() && shift.is_typed()) && back.breaks(is_narrowed, is_strict) {
        let is_widened = shift.is_typed() && is_covered(&shift.had, &shift.has);
        return Some((if is_widened { "type-generalized" } else { "type-changed" }, Breaking));
    }
    let is_swapped = shift.is_typed() && both && !is_narrowed;
    Some((if is_swapped { "type-compatible" } else { "type-specialized" }, Compatible))
}

impl<'d> Shift<'d> {
    fn is_typed(&self) -> bool {
        !self.added.is_empty() || !self.removed.is_empty()
    }

    fn reversed(&self) -> Self {
        Self {
            had: self.has.clone(),
            has: self.had.clone(),
            added: self.removed.clone(),
            removed: self.added.clone(),
            format: self.format.map(|(from, to)| (to, from)),
        }
    }

    /// Whether something that could be said can't be any more. `is_forgiven`: the types alone are fine.
    fn breaks(&self, is_forgiven: bool, is_strict: bool) -> bool {
        let by_type = self.is_typed() && !is_forgiven && !is_contained(&self.added, &self.removed, is_strict);
        by_type || self.format.is_some_and(|(from, to)| !is_format_wider(&self.has, from, to))
    }
}

fn is_subtype(sub: &str, of: &str) -> bool {
    sub == of || (sub == "integer" && of == "number")
}

/// Every type of the one is one of the other.
fn is_covered(sub: &[&str], of: &[&str]) -> bool {
    !sub.is_empty() && sub.iter().all(|sub| of.iter().any(|of| is_subtype(sub, of)))
}

fn is_contained(to: &[&str], from: &[&str], is_strict: bool) -> bool {
    match (to, from) {
        ([to], [from]) if is_subtype(from, to) => true,
        ([] | ["string"], _) => !is_strict,
        _ => false,
    }
}

fn is_format_wider(types: &[&str], from: &str, to: &str) -> bool {
    matches!(
        (types, from, to),
        (_, _, "")
            | (["number"], "float", "double")
            | (["integer"], "int32", "int64" | "bigint")
            | (["integer"], "int64", "bigint")
            | (["string"], "date" | "time", "date-time")
    )
}

/// Whether a single value became a list of such values, which is written the same where there is one.
fn is_wrapped_in_list<'d>(walk: &Walk<'d>, pair: &Pair<'d, '_>, shift: &Shift<'d>) -> bool {
    let sans_null =
        |types: &[&'d str]| -> Vec<&'d str> { types.iter().copied().filter(|name| *name != "null").collect() };
    let had = sans_null(&shift.had);
    if sans_null(&shift.added) != ["array"] || had.is_empty() {
        return false;
    }
    let item = pair.after.get("items").and_then(|items| walk.later.here(items)).and_then(Value::as_object);
    item.is_some_and(|item| {
        let keys = ["type", "nullable"];
        is_contained(&sans_null(&types(item)), &had, false)
            && equal::is_equivalent_to(walk, &equal::without(pair.before, &keys), &equal::without(item, &keys))
    })
}
