//! The properties of objects.
//!
//! oasdiff says nothing of the properties of parameters that are not headers. What a caller must say now breaks it there
//! too, and is told of by the names that rules have for bodies.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Pair, Part, Walk, is_true};
use crate::{
    Level::{Breaking, Compatible, Risky},
    openapi::{
        report::{Place, Report},
        stability as level_of, sunset,
    },
};

type Fields = Map<String, Value>;

/// A property of one of two schemas.
struct Member<'m> {
    name: &'m str,
    was_required: bool,
    is_required: bool,
    place: &'m Place,
}

fn properties(schema: &Fields) -> Option<&Fields> {
    schema.get("properties").and_then(Value::as_object)
}

fn required(schema: &Fields) -> HashSet<&str> {
    let list = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

/// Compares properties; `moved` are those that aren't gone but within alternatives.
pub(super) fn compare<'d>(walk: &mut Walk<'d>, pair: &Pair<'d, '_>, moved: &[&str], report: &mut Report) {
    let (required_before, required_after) = (required(pair.before), required(pair.after));
    let (had, has) = (properties(pair.before), properties(pair.after));
    let moved: HashSet<&str> = moved.iter().copied().collect();
    let empty = Map::new();
    for (name, was) in had.into_iter().flatten() {
        let place = pair.place.at(name);
        let (was_required, is_required) =
            (required_before.contains(name.as_str()), required_after.contains(name.as_str()));
        let member = Member { name, was_required, is_required, place: &place };
        let was_here = walk.earlier.here(was).and_then(Value::as_object).unwrap_or(&empty);
        let Some(now) = has.and_then(|has| has.get(name)) else {
            if !moved.contains(name.as_str()) {
                removed(pair.part, &member, was_here, report);
            }
            continue;
        };
        let now_here = walk.later.here(now).and_then(Value::as_object).unwrap_or(&empty);
        became(pair.part, &member, was_here, now_here, report);
        if pair.part.has_body() {
            access(pair.part, &member, was_here, now_here, report);
            announced(pair.part, &member, was_here, now_here, report);
            stability(pair.part, &member, was_here, now_here, report);
        }
        walk.compare(pair.part, was, now, &place, report);
    }
    for (name, now) in has.into_iter().flatten().filter(|(name, _)| !had.is_some_and(|had| had.contains_key(*name))) {
        let place = pair.place.at(name);
        let is_required = required_after.contains(name.as_str());
        let member = Member { name, was_required: false, is_required, place: &place };
        let now = walk.later.here(now).and_then(Value::as_object).unwrap_or(&empty);
        added(pair.part, &member, now, report);
    }
}

fn removed(part: Part, member: &Member<'_>, was: &Fields, report: &mut Report) {
    let name = member.name;
    if part.is_request() {
        if part.has_body() && !is_true(was, "readOnly") {
            let text = format!("the property {name} is not known any more");
            report.put("request-property-removed", Risky, member.place, text);
        }
        return;
    }
    let text = format!("the property {name} is not answered any more");
    let (rule, level) = match (member.was_required, is_true(was, "writeOnly")) {
        (true, true) => ("response-required-write-only-property-removed", Compatible),
        (false, true) => ("response-optional-write-only-property-removed", Compatible),
        (true, false) => ("response-required-property-removed", Breaking),
        (false, false) => ("response-optional-property-removed", Risky),
    };
    report.put(rule, level, member.place, text);
}

fn added(part: Part, member: &Member<'_>, now: &Fields, report: &mut Report) {
    let name = member.name;
    if part.is_request() {
        if is_true(now, "readOnly") {
            return;
        }
        let in_header = part.parameter().map(|given| given.in_header);
        let (rule, level) = match (in_header, member.is_required, now.contains_key("default")) {
            (Some(true), true, _) => ("new-required-request-header-property", Breaking),
            (None | Some(false), true, true) => ("new-required-request-property-with-default", Breaking),
            (None | Some(false), true, false) => ("new-required-request-property", Breaking),
            (None, false, _) => ("new-optional-request-property", Compatible),
            (Some(_), false, _) => return,
        };
        let must = if level == Breaking { "must" } else { "may" };
        report.put(rule, level, member.place, format!("the property {name} is new and {must} be given"));
        return;
    }
    let rule = match (member.is_required, is_true(now, "writeOnly")) {
        (true, true) => "response-required-write-only-property-added",
        (false, true) => "response-optional-write-only-property-added",
        (true, false) => "response-required-property-added",
        (false, false) => "response-optional-property-added",
    };
    report.put(rule, Compatible, member.place, format!("the property {name} is new"));
}

fn became(part: Part, member: &Member<'_>, was: &Fields, now: &Fields, report: &mut Report) {
    let is_read = is_true(now, "readOnly");
    let is_written = is_true(was, "writeOnly") || is_true(now, "writeOnly");
    let in_header = part.parameter().map(|given| given.in_header);
    let (rule, level, text) = match (member.was_required, member.is_required, part.is_request()) {
        (true, true, _) | (false, false, _) => return,
        (_, _, true) if is_read => return,
        (false, true, true) => {
            let rule = match (in_header, now.contains_key("default")) {
                (Some(true), _) => "request-header-property-became-required",
                (None | Some(false), true) => "request-property-became-required-with-default",
                (None | Some(false), false) => "request-property-became-required",
            };
            (rule, Breaking, "must be given now")
        }
        (true, false, true) if in_header.is_some() => return,
        (true, false, true) => ("request-property-became-optional", Compatible, "may be left out now"),
        (true, false, false) if is_written => {
            ("response-write-only-property-became-optional", Compatible, "may be left out now")
        }
        (false, true, false) if is_written => {
            ("response-write-only-property-became-required", Compatible, "is always there now")
        }
        (true, false, false) => ("response-property-became-optional", Breaking, "may be missing in the answer now"),
        (false, true, false) => ("response-property-became-required", Compatible, "is always in the answer now"),
    };
    report.put(rule, level, member.place, format!("the property {} {text}", member.name));
}

/// How rules begin that are about a property, by who says it.
fn way(part: Part) -> &'static str {
    if part.is_request() { "request" } else { "response" }
}

/// `readOnly` and `writeOnly`.
fn access(part: Part, member: &Member<'_>, was: &Fields, now: &Fields, report: &mut Report) {
    let need = if member.was_required { "required" } else { "optional" };
    for (key, word) in [("readOnly", "read-only"), ("writeOnly", "write-only")] {
        let (no, level) = match (is_true(was, key), is_true(now, key)) {
            (false, true) => ("", Compatible),
            // What wasn't answered is answered now, though it was said to be required.
            (true, false) if !part.is_request() && member.was_required && key == "writeOnly" => ("not-", Risky),
            (true, false) => ("not-", Compatible),
            (true, true) | (false, false) => continue,
        };
        let text = format!("it is {}{word} now", if no.is_empty() { "" } else { "not " });
        report.put(format!("{}-{need}-property-became-{no}{word}", way(part)), level, member.place, text);
    }
}

/// What was announced to go, or isn't any more.
fn announced(part: Part, member: &Member<'_>, was: &Fields, now: &Fields, report: &mut Report) {
    let (way, name) = (way(part), member.name);
    match (is_true(was, "deprecated"), is_true(now, "deprecated")) {
        (false, true) => {
            let (rule, level, text) = match sunset::of(now) {
                None => ("deprecated", Compatible, format!("the property {name} was deprecated")),
                Some(Ok(date)) => {
                    let text = format!("the property {name} was deprecated, to be removed after {date}");
                    ("deprecated-with-sunset", Compatible, text)
                }
                Some(Err(said)) => {
                    let text =
                        format!("the property {name} was deprecated, to be removed after {said}, which is no date");
                    ("deprecated-sunset-invalid", Breaking, text)
                }
            };
            report.put(format!("{way}-property-{rule}"), level, member.place, text);
        }
        (true, false) => {
            let text = format!("the property {name} is not deprecated any more");
            report.put(format!("{way}-property-reactivated"), Compatible, member.place, text);
        }
        (true, true) | (false, false) => {}
    }
}

fn stability(part: Part, member: &Member<'_>, was: &Fields, now: &Fields, report: &mut Report) {
    if let (Ok(had), Ok(has)) = (level_of::of(was), level_of::of(now))
        && let Some((what, level)) = level_of::change(had, has)
    {
        let text = format!("the property {} is {} rather than {} now", member.name, has.word(), had.word());
        report.put(format!("{}-property-stability-{what}", way(part)), level, member.place, text);
    }
}
