//! Schemas: what may be said, before and after.

mod keywords;
mod limits;
mod members;

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use super::{
    document::{Document, Found},
    report::{Place, Report},
};
use crate::Level::{Breaking, Compatible, Risky};

/// Nested this deep at most.
const DEPTH_MAX: usize = 40;
/// Pairs of schemas that are compared at most.
const PAIRS_MAX: usize = 200_000;

/// Which part of an operation a schema is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Parameter,
    RequestBody,
    ResponseBody,
    Header,
}

impl Part {
    /// True where the caller says it: what may be said may grow.
    pub(super) fn is_request(self) -> bool {
        matches!(self, Self::Parameter | Self::RequestBody)
    }

    /// How rules begin that are about it: about the whole, or about a property of it.
    pub(super) fn prefix(self, within: bool) -> &'static str {
        match (self, within) {
            (Self::Parameter, false) => "request-parameter",
            (Self::Parameter, true) => "request-parameter-property",
            (Self::RequestBody, false) => "request-body",
            (Self::RequestBody, true) => "request-property",
            (Self::ResponseBody, false) => "response-body",
            (Self::ResponseBody, true) => "response-property",
            (Self::Header, _) => "response-header",
        }
    }
}

impl Part {
    /// The same for bounds and patterns, where what is within a parameter is said of the parameter.
    fn bounds_prefix(self, place: &Place) -> &'static str {
        self.prefix(self != Self::Parameter && !place.path.is_empty())
    }
}

/// Two documents, and which pairs of their schemas were compared already.
pub(super) struct Walk<'d> {
    pub(super) earlier: &'d Document,
    pub(super) later: &'d Document,
    /// Pairs under way: a schema that holds itself ends there.
    open: HashSet<(usize, usize, bool)>,
    pairs: usize,
    depth: usize,
}

/// A schema's own identity: where it is.
fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

impl<'d> Walk<'d> {
    pub(super) fn new(earlier: &'d Document, later: &'d Document) -> Self {
        Self { earlier, later, open: HashSet::new(), pairs: 0, depth: 0 }
    }

    pub(super) fn compare(
        &mut self,
        part: Part,
        before: &'d Value,
        after: &'d Value,
        place: &Place,
        report: &mut Report,
    ) {
        let (before, after) = match (self.earlier.resolve(before), self.later.resolve(after)) {
            (Found::Value(before), Found::Value(after)) => (before, after),
            (Found::Elsewhere(one), Found::Elsewhere(other)) if one == other => return,
            (Found::Elsewhere(reference), _) | (_, Found::Elsewhere(reference)) => {
                let text = format!("the reference {reference} leads outside of the document, and was not compared");
                report.put("reference-not-compared", Risky, place, text);
                return;
            }
        };
        let key = (address(before), address(after), part.is_request());
        self.pairs += 1;
        if self.depth > DEPTH_MAX || self.pairs > PAIRS_MAX || before == after && !has_reference(before) {
            return;
        }
        if !self.open.insert(key) {
            return;
        }
        self.depth += 1;
        if let (Some(before), Some(after)) = (before.as_object(), after.as_object()) {
            self.objects(part, before, after, place, report);
        }
        self.depth -= 1;
        self.open.remove(&key);
    }

    fn objects(
        &mut self,
        part: Part,
        before: &'d Map<String, Value>,
        after: &'d Map<String, Value>,
        place: &Place,
        report: &mut Report,
    ) {
        let prefix = part.prefix(!place.path.is_empty());
        if !before.contains_key("oneOf")
            && before.contains_key("properties")
            && after.contains_key("oneOf")
            && !after.contains_key("properties")
        {
            let text = "what was one object is one of several now";
            report.put(format!("{prefix}-wrapped-in-one-of"), Breaking, place, text);
            return;
        }
        types(part, prefix, before, after, place, report);
        values(part, prefix, before, after, place, report);
        limits::compare(part, part.bounds_prefix(place), before, after, place, report);
        keywords::compare(part, prefix, before, after, place, report);
        members::compare(self, part, before, after, place, report);
        self.alternatives(part, prefix, before, after, place, report);
        if let (Some(before), Some(after)) = (before.get("items"), after.get("items")) {
            self.compare(part, before, after, &place.at("items"), report);
        }
        let additional =
            |schema: &'d Map<String, Value>| schema.get("additionalProperties").filter(|value| value.is_object());
        if let (Some(before), Some(after)) = (additional(before), additional(after)) {
            self.compare(part, before, after, &place.at("*"), report);
        }
    }

    fn alternatives(
        &mut self,
        part: Part,
        prefix: &str,
        before: &'d Map<String, Value>,
        after: &'d Map<String, Value>,
        place: &Place,
        report: &mut Report,
    ) {
        if part == Part::Parameter || part == Part::Header {
            return;
        }
        for (key, word) in [("oneOf", "one-of"), ("anyOf", "any-of"), ("allOf", "all-of")] {
            let list = |schema: &'d Map<String, Value>| {
                schema.get(key).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice)
            };
            let (had, has) = (list(before), list(after));
            let mut taken: BTreeSet<usize> = BTreeSet::new();
            let mut gone = Vec::new();
            for (at, one) in had.iter().enumerate() {
                match has.iter().enumerate().find(|(i, other)| !taken.contains(i) && self.is_same(one, other)) {
                    Some((i, other)) => {
                        taken.insert(i);
                        self.compare(part, one, other, &place.at(&format!("{key}[{}]", name_of(one, at))), report);
                    }
                    None => gone.push((at, one)),
                }
            }
            let fresh: Vec<(usize, &Value)> = has.iter().enumerate().filter(|(i, _)| !taken.contains(i)).collect();
            // What only changed in place is compared rather than said to be gone and new.
            if gone.len() == 1 && fresh.len() == 1 && had.len() == has.len() && key == "allOf" {
                if let (Some((at, one)), Some((_, other))) = (gone.first(), fresh.first()) {
                    self.compare(part, one, other, &place.at(&format!("{key}[{}]", name_of(one, *at))), report);
                }
                continue;
            }
            let request = part.is_request();
            let (added, removed) = match (word, request) {
                ("all-of", true) => (Breaking, Risky),
                ("all-of", false) | ("any-of", false) => (Compatible, Compatible),
                ("one-of", false) => (Breaking, Compatible),
                (_, true) => (Compatible, Breaking),
                (_, false) => (Breaking, Compatible),
            };
            for (at, one) in gone {
                let text = format!("{} is not among {key} any more", name_of(one, at));
                report.put(format!("{prefix}-{word}-removed"), removed, place, text);
            }
            for (at, one) in fresh {
                report.put(
                    format!("{prefix}-{word}-added"),
                    added,
                    place,
                    format!("{} is among {key} now", name_of(one, at)),
                );
            }
        }
    }

    /// The same reference, the same title, or the same schema.
    fn is_same(&self, one: &Value, other: &Value) -> bool {
        let named = |value: &Value| value.get("$ref").or(value.get("title")).and_then(Value::as_str).map(str::to_owned);
        match (named(one), named(other)) {
            (Some(one), Some(other)) => one == other,
            (None, None) => one == other,
            (Some(_), None) | (None, Some(_)) => {
                self.earlier.here(one).is_some() && self.earlier.here(one) == self.later.here(other)
            }
        }
    }
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.contains_key("$ref") || fields.values().any(has_reference),
        Value::Array(items) => items.iter().any(has_reference),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn name_of(schema: &Value, at: usize) -> String {
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.rsplit('/').next());
    let title = schema.get("title").and_then(Value::as_str);
    reference.or(title).map_or_else(|| format!("alternative {}", at + 1), str::to_owned)
}

/// The types that a schema names, without null; none if it names none.
fn type_names(schema: &Map<String, Value>) -> BTreeSet<&str> {
    let types = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => Vec::new(),
    };
    types.into_iter().filter(|name| *name != "null").collect()
}

/// Whether null may be said: 3.0's `nullable`, 3.1's type.
fn is_nullable(schema: &Map<String, Value>) -> bool {
    let listed = match schema.get("type") {
        Some(Value::Array(list)) => list.iter().any(|name| name == "null"),
        Some(Value::String(name)) => name == "null",
        Some(_) | None => false,
    };
    listed || schema.get("nullable") == Some(&Value::Bool(true))
}

fn types(
    part: Part,
    prefix: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    place: &Place,
    report: &mut Report,
) {
    let (had, has) = (type_names(before), type_names(after));
    let format = |schema: &Map<String, Value>| schema.get("format").and_then(Value::as_str).map(str::to_owned);
    let (format_had, format_has) = (format(before), format(after));
    let shown = |types: &BTreeSet<&str>, format: &Option<String>| {
        let types = if types.is_empty() {
            "anything".to_owned()
        } else {
            types.iter().copied().collect::<Vec<_>>().join(" or ")
        };
        format.as_ref().map_or(types.clone(), |format| format!("{types} ({format})"))
    };
    let text = format!("the type changed from {} to {}", shown(&had, &format_had), shown(&has, &format_has));
    let holds = |wide: &BTreeSet<&str>, narrow: &BTreeSet<&str>| {
        wide.is_empty()
            || (!narrow.is_empty()
                && narrow.iter().all(|name| wide.contains(name) || (*name == "integer" && wide.contains("number"))))
    };
    if had != has || format_had != format_has {
        let widened = holds(&has, &had) && (format_has.is_none() || format_has == format_had);
        let narrowed = holds(&had, &has) && (format_had.is_none() || format_has == format_had);
        let listed = had.len() > 1 || has.len() > 1;
        let (what, level) = match (part.is_request(), widened, narrowed) {
            (true, true, _) if listed => ("list-of-types-widened", Compatible),
            (true, _, true) if listed => ("list-of-types-narrowed", Breaking),
            (false, true, false) if listed => ("list-of-types-widened", Breaking),
            (false, _, true) if listed => ("list-of-types-narrowed", Compatible),
            (true, true, _) => ("type-generalized", Compatible),
            (true, false, _) => ("type-changed", Breaking),
            (false, _, true) => ("type-specialized", Compatible),
            (false, true, false) => ("type-generalized", Breaking),
            (false, false, false) => ("type-changed", Breaking),
        };
        report.put(format!("{prefix}-{what}"), level, place, text);
    }
    match (is_nullable(before), is_nullable(after)) {
        (false, true) => {
            let level = if part.is_request() { Compatible } else { Breaking };
            report.put(format!("{prefix}-became-nullable"), level, place, "it may be null now");
        }
        (true, false) => {
            let level = if part.is_request() { Breaking } else { Compatible };
            report.put(format!("{prefix}-became-not-nullable"), level, place, "it may not be null any more");
        }
        (true, true) | (false, false) => {}
    }
}

/// Enums, constants, defaults and patterns.
fn values(
    part: Part,
    prefix: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    place: &Place,
    report: &mut Report,
) {
    let request = part.is_request();
    let list = |schema: &Map<String, Value>| schema.get("enum").and_then(Value::as_array).cloned();
    match (list(before), list(after)) {
        (None, Some(_)) if request => {
            report.put(format!("{prefix}-became-enum"), Breaking, place, "only certain values are taken now");
        }
        (Some(had), Some(has)) => {
            for gone in had.iter().filter(|value| !has.contains(value)) {
                let (level, text) = if request {
                    (Breaking, format!("the value {gone} is not taken any more"))
                } else {
                    (Compatible, format!("the value {gone} is not answered any more"))
                };
                // oasdiff calls the body itself by another name here, and here only.
                let prefix = if prefix == "response-body" { "response-mediatype" } else { prefix };
                report.put(format!("{prefix}-enum-value-removed"), level, place, text);
            }
            for fresh in has.iter().filter(|value| !had.contains(value)) {
                let (level, text) = if request {
                    (Compatible, format!("the value {fresh} is taken too"))
                } else {
                    (Risky, format!("the value {fresh} may be answered too"))
                };
                report.put(format!("{prefix}-enum-value-added"), level, place, text);
            }
        }
        (Some(_), None) if !request => {
            report.put(format!("{prefix}-enum-value-added"), Risky, place, "any value may be answered now");
        }
        _ => {}
    }
    let judge = |bad_for_request: bool| if bad_for_request == request { Breaking } else { Compatible };
    match (before.get("const"), after.get("const")) {
        (None, Some(value)) => {
            report.put(format!("{prefix}-const-added"), judge(true), place, format!("only {value} may be said now"));
        }
        (Some(value), None) => {
            report.put(
                format!("{prefix}-const-removed"),
                judge(false),
                place,
                format!("other values than {value} may be said"),
            );
        }
        (Some(had), Some(has)) if had != has => {
            report.put(
                format!("{prefix}-const-changed"),
                Breaking,
                place,
                format!("only {has} may be said, not {had}"),
            );
        }
        _ => {}
    }
    let level = if part == Part::Parameter { Breaking } else { Compatible };
    if part != Part::Header {
        match (before.get("default"), after.get("default")) {
            (None, Some(value)) => {
                report.put(
                    format!("{prefix}-default-value-added"),
                    level,
                    place,
                    format!("left out, it means {value} now"),
                );
            }
            (Some(value), None) => {
                let text = format!("left out, it does not mean {value} any more");
                report.put(format!("{prefix}-default-value-removed"), level, place, text);
            }
            (Some(had), Some(has)) if had != has => {
                let text = format!("left out, it means {has} rather than {had}");
                report.put(format!("{prefix}-default-value-changed"), level, place, text);
            }
            _ => {}
        }
    }
    let prefix = part.bounds_prefix(place);
    let pattern = |schema: &Map<String, Value>| {
        let pattern = schema.get("pattern").and_then(Value::as_str).filter(|pattern| !pattern.is_empty());
        pattern.map(str::to_owned)
    };
    let is_body = place.path.is_empty() && matches!(part, Part::RequestBody | Part::ResponseBody);
    if !is_body && part != Part::Header {
        match (pattern(before), pattern(after)) {
            (None, Some(new)) => {
                let level = if request { Breaking } else { Compatible };
                report.put(format!("{prefix}-pattern-added"), level, place, format!("it must match {new} now"));
            }
            (Some(old), None) => {
                report.put(
                    format!("{prefix}-pattern-removed"),
                    Compatible,
                    place,
                    format!("it need not match {old} any more"),
                );
            }
            (Some(old), Some(new)) if old != new => {
                let generalized = request && new == ".*";
                let (what, level) = match (request, generalized) {
                    (true, true) => ("pattern-generalized", Compatible),
                    (true, false) => ("pattern-changed", Risky),
                    (false, _) => ("pattern-changed", Compatible),
                };
                report.put(format!("{prefix}-{what}"), level, place, format!("it must match {new} rather than {old}"));
            }
            _ => {}
        }
    }
}
