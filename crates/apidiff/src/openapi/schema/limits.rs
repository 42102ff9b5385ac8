//! Bounds of numbers, lengths and counts.

use serde_json::{Map, Value};

use super::Part;
use crate::{
    Level::{self, Breaking, Compatible, Risky},
    openapi::report::{Place, Report},
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

pub(super) fn compare(
    part: Part,
    prefix: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    place: &Place,
    report: &mut Report,
) {
    if part == Part::Header {
        return;
    }
    let request = part.is_request();
    for (key, word, upper, zero) in BOUNDS {
        // Lists are bounded from above only where they are parameters: that is where oasdiff looks.
        if word == "max-items" && part != Part::Parameter {
            continue;
        }
        let bound = |schema: &Map<String, Value>| {
            let number = schema.get(key).and_then(Value::as_f64);
            if zero { Some(number.unwrap_or_default()) } else { number }
        };
        let (what, level): (&str, Level) = match (bound(before), bound(after)) {
            (Some(had), Some(has)) if (has > had) => match (upper, request) {
                (true, true) => ("increased", Compatible),
                (true, false) => ("increased", Breaking),
                (false, true) => ("increased", Breaking),
                (false, false) => continue,
            },
            (Some(had), Some(has)) if (has < had) => match (upper, request) {
                (true, true) => ("decreased", Breaking),
                (true, false) => continue,
                (false, true) => ("decreased", Compatible),
                (false, false) => ("decreased", Breaking),
            },
            (None, Some(_)) if request => ("set", Risky),
            (Some(_), None) if !request && matches!(word, "max-length" | "min-items") => ("unset", Breaking),
            (Some(_) | None, Some(_) | None) => continue,
        };
        let said = |schema: &Map<String, Value>| schema.get(key).map_or_else(|| "none".to_owned(), Value::to_string);
        let text = format!("{key} changed from {} to {}", said(before), said(after));
        report.put(format!("{prefix}-{word}-{what}"), level, place, text);
    }
}
