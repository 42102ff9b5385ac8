//! Bounds of numbers, lengths and counts.

use serde_json::{Map, Value};

use super::Pair;
use crate::{
    Level::{self, Breaking, Compatible, Risky},
    openapi::report::Report,
};

/// A bound: its keyword, its word in rules, whether it is an upper one, and whether its absence means zero.
const BOUNDS: [(&str, &str, bool, bool); 8] = [
    ("maximum", "max", true, false),
    ("minimum", "min", false, false),
    ("exclusiveMaximum", "exclusive-max", true, false),
    ("exclusiveMinimum", "exclusive-min", false, false),
    ("maxLength", "max-length", true, false),
    ("minLength", "min-length", false, true),
    ("maxItems", "max-items", true, false),
    ("minItems", "min-items", false, false),
];

pub(super) fn compare(pair: &Pair<'_, '_>, report: &mut Report) {
    let request = pair.part.is_request();
    let is_parameter = pair.part.parameter().is_some();
    if is_parameter && pair.is_within() {
        return;
    }
    for (key, word, upper, zero) in BOUNDS {
        // Lists are bounded from above only where they are parameters: that is where oasdiff looks.
        if word == "max-items" && !is_parameter {
            continue;
        }
        let bound = |schema: &Map<String, Value>| {
            let number = schema.get(key).and_then(Value::as_f64);
            if zero { Some(number.unwrap_or_default()) } else { number }
        };
        let (what, level): (&str, Level) = match (bound(pair.before), bound(pair.after)) {
            (Some(had), Some(has)) if has > had => match (upper, request) {
                (true, true) => ("increased", Compatible),
                (true, false) | (false, true) => ("increased", Breaking),
                (false, false) => continue,
            },
            (Some(had), Some(has)) if has < had => match (upper, request) {
                (true, true) => ("decreased", Breaking),
                (true, false) => continue,
                // It is told of parameters only.
                (false, true) if word == "min-items" && !is_parameter => continue,
                (false, true) => ("decreased", Compatible),
                (false, false) => ("decreased", Breaking),
            },
            (None, Some(_)) if request && word != "max-items" => ("set", Risky),
            (Some(_), None) if !request && matches!(word, "max-length" | "min-items") => ("unset", Breaking),
            (Some(_) | None, Some(_) | None) => continue,
        };
        let Some((rule, level)) = told(pair, word, what, level) else { continue };
        let said = |schema: &Map<String, Value>| schema.get(key).map_or_else(|| "none".to_owned(), Value::to_string);
        let text = format!("{key} changed from {} to {}", said(pair.before), said(pair.after));
        report.put(rule, level, pair.place, text);
    }
}

/// What a change of a bound is called. What only the other side says is bound by nobody here.
fn told(pair: &Pair<'_, '_>, word: &str, what: &str, level: Level) -> Option<(String, Level)> {
    let rule = format!("{}-{word}-{what}", pair.prefix);
    match (pair.is_said(), pair.part.is_request(), word, level) {
        (true, ..) | (false, true, "min-length", _) | (false, true, _, Compatible) => Some((rule, level)),
        (false, false, ..) | (false, true, "min-items", _) | (false, true, _, Risky) => None,
        (false, true, _, Breaking) => Some((format!("request-read-only-property-{word}-{what}"), Compatible)),
    }
}
