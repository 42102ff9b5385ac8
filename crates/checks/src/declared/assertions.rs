//! Reads what must hold: `{json: $.status, equals: ok}`, `{header: content-type, matches: "^application/json"}`.

use serde_json::Value;
use spec::{Fields, Wrong, read};

use crate::{Assertion, Phase, Relation, Subject, json_path, pattern};

use super::TEXT_BYTES;

const ASSERTIONS: usize = 100;
const ONE_OF: usize = 50;

/// Subjects that are named by themselves: `{of: status, less_than: 300}`.
const PLAIN: [(&str, Subject); 12] = [
    ("status", Subject::Status),
    ("body", Subject::Body),
    ("body_size", Subject::BodySize),
    ("response_time", Subject::ResponseTime),
    ("certificate_days", Subject::CertificateDays),
    ("tls_version", Subject::TlsVersion),
    ("http_version", Subject::HttpVersion),
    ("address", Subject::Address),
    ("connected", Subject::Connected),
    ("rcode", Subject::Rcode),
    ("answer", Subject::Answer),
    ("loss", Subject::Loss),
];

const KEYS: [&str; 19] = [
    "of",
    "header",
    "json",
    "json_length",
    "phase",
    "equals",
    "not_equals",
    "one_of",
    "none_of",
    "less_than",
    "at_most",
    "greater_than",
    "at_least",
    "contains",
    "not_contains",
    "matches",
    "not_matches",
    "exists",
    "missing",
];

/// What is said to whoever looks for a text in a time.
const NO_TEXT: &str = "looks for a text in a time; compare it by less_than, at_most, greater_than or at_least";

/// What must hold. `allowed` says what there is to see of this sort of check.
pub(super) fn assertions(fields: &Fields<'_>, allowed: impl Fn(&Subject) -> bool) -> Vec<Assertion> {
    let read = |fields: &Fields<'_>| {
        let of = subject(fields)?;
        if !allowed(&of) {
            fields.wrong("of", Wrong::new(format!("is {}, which this sort of check does not see", of.in_words())));
            return None;
        }
        Some(Assertion { is: relation(fields, &of)?, of })
    };
    fields.objects("assertions", ASSERTIONS, &KEYS).iter().filter_map(read).collect()
}

fn subject(fields: &Fields<'_>) -> Option<Subject> {
    let path = |value: &Value| {
        let text = read::text(TEXT_BYTES)(value)?;
        json_path(&text).map_err(Wrong::new)?;
        Ok(text)
    };
    let phases = Phase::ALL.map(|phase| (phase.as_str(), phase));
    let named = |value: &Value| {
        let text = read::text(TEXT_BYTES)(value)?;
        let known = PLAIN.iter().find(|(name, _)| *name == text).map(|(_, subject)| subject.clone());
        known.ok_or_else(|| {
            let names = || PLAIN.iter().map(|(name, _)| *name);
            Wrong::new(format!("must be one of {}", names().collect::<Vec<_>>().join(", ")))
                .suggesting(kernel::closest(&text, names()))
        })
    };
    let found: Vec<Subject> = [
        fields.optional("of", named),
        fields.optional("header", read::text(100)).map(Subject::Header),
        fields.optional("json", path).map(Subject::Json),
        fields.optional("json_length", path).map(Subject::JsonLength),
        fields.optional("phase", read::one_of(&phases)).map(Subject::PhaseTime),
    ]
    .into_iter()
    .flatten()
    .collect();
    match <[Subject; 1]>::try_from(found) {
        Ok([subject]) => Some(subject),
        Err(found) => {
            let number = if found.is_empty() { "one" } else { "only one" };
            fields.wrong("of", Wrong::new(format!("must say {number} thing: of, header, json, json_length or phase")));
            None
        }
    }
}

fn relation(fields: &Fields<'_>, of: &Subject) -> Option<Relation> {
    // Times are written with their unit, and compared in milliseconds.
    let is_time = matches!(of, Subject::ResponseTime | Subject::PhaseTime(_));
    let comparable = |value: &Value| {
        if is_time { read::duration_ms(1, 600_000)(value).map(|ms| ms.to_string()) } else { operand(value) }
    };
    let same = |key| fields.optional(key, comparable);
    let text = |key| fields.optional(key, |value| if is_time { Err(Wrong::new(NO_TEXT)) } else { operand(value) });
    let number = |key| {
        fields.optional(key, |value| {
            let text = comparable(value)?;
            let is_number = text.trim().parse::<f64>().is_ok_and(f64::is_finite);
            if is_number { Ok(text) } else { Err(Wrong::new("must be a number")) }
        })
    };
    let several = |key| Some(fields.list(key, ONE_OF, comparable)).filter(|all| !all.is_empty());
    let matching = |key| {
        fields.optional(key, |value| {
            if is_time {
                return Err(Wrong::new(NO_TEXT));
            }
            let text = read::text(TEXT_BYTES)(value)?;
            pattern(&text).map_err(Wrong::new)?;
            Ok(text)
        })
    };
    let yes = |key| {
        fields.optional(key, |value| if value == &Value::Bool(true) { Ok(()) } else { Err(Wrong::new("must be true")) })
    };
    let found: Vec<Relation> = [
        same("equals").map(Relation::Equals),
        same("not_equals").map(Relation::NotEquals),
        several("one_of").map(Relation::OneOf),
        several("none_of").map(Relation::NoneOf),
        number("less_than").map(Relation::LessThan),
        number("at_most").map(Relation::AtMost),
        number("greater_than").map(Relation::GreaterThan),
        number("at_least").map(Relation::AtLeast),
        text("contains").map(Relation::Contains),
        text("not_contains").map(Relation::NotContains),
        matching("matches").map(Relation::Matches),
        matching("not_matches").map(Relation::NotMatches),
        yes("exists").map(|()| Relation::Exists),
        yes("missing").map(|()| Relation::Missing),
    ]
    .into_iter()
    .flatten()
    .collect();
    match <[Relation; 1]>::try_from(found) {
        Ok([relation]) => Some(relation),
        Err(found) if found.is_empty() => {
            fields.wrong("equals", Wrong::new("is missing; say what must hold, such as equals, at_least or matches"));
            None
        }
        Err(_) => {
            fields.wrong("equals", Wrong::new("must stand alone: one assertion, one relation"));
            None
        }
    }
}

/// A text, number or truth, as it is compared.
fn operand(value: &Value) -> Result<String, Wrong> {
    match value {
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::String(text) if text.len() <= TEXT_BYTES => Ok(text.clone()),
        Value::String(_) => Err(Wrong::new(format!("is longer than {TEXT_BYTES} bytes"))),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Wrong::new("must be a text or a number")),
    }
}
