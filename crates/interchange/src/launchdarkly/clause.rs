//! Clauses as JsonLogic.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    document::{Clause, USER},
    segment::Known,
};
use crate::{
    imported::About,
    logic::{self, Condition, TARGETING_KEY},
    pattern,
};

/// The attribute here of one there. A user's stand at the top, as in OpenFeature; those of other kinds in an object of
/// that kind's name, as in LaunchDarkly's multi-contexts.
pub(super) fn attribute(kind: &str, reference: &str, about: &mut About<'_>) -> String {
    // A reference with a leading slash is a path, in which ~1 stands for a slash and ~0 for a tilde.
    let path = match reference.strip_prefix('/') {
        Some(path) => path.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect(),
        None => vec![reference.to_owned()],
    };
    if path.iter().any(|step| step.contains('.')) {
        about.changed(
            format!("the attribute {reference}"),
            "a dot leads into an object here: the program must send it so, or under another name",
        );
    }
    let path = path.join(".");
    if reference == "kind" {
        return path;
    }
    if kind != USER {
        about.changed(
            format!("contexts of the kind {kind}"),
            format!("the program must put an object \"{kind}\" into the context, with its key and attributes"),
        );
        return format!("{kind}.{path}");
    }
    if path == "key" { TARGETING_KEY.to_owned() } else { path }
}

/// Who meets a clause.
pub(super) fn condition(clause: &Clause, known: &mut Known, about: &mut About<'_>) -> Condition {
    met(clause, known, about).unwrap_or_else(|| {
        about.lost(words(clause), "JsonLogic can't say it; the rule matches nobody");
        Condition::Never
    })
}

fn words(clause: &Clause) -> String {
    let Clause { attribute, op, values, negate, .. } = clause;
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    format!("{attribute} {}{op} {}", if *negate { "not " } else { "" }, values.join(", "))
}

/// Who meets a clause; none if that can't be said.
fn met(clause: &Clause, known: &mut Known, about: &mut About<'_>) -> Option<Condition> {
    let Clause { attribute: reference, op, values, negate, context_kind } = clause;
    if op == "segmentMatch" {
        let keys = values.iter().filter_map(Value::as_str);
        let members: Vec<Condition> = keys.map(|key| known.members(key, about)).collect();
        return Some(Condition::any(members).inverted_if(*negate));
    }
    let attribute = attribute(context_kind, reference, about);
    let condition = match op.as_str() {
        "in" => logic::is_one_of(&attribute, values),
        "matches" => each(values, |value| pattern::plain(&attribute, value.as_str()?))?,
        "startsWith" => each(values, |value| Some(logic::starts_with(&attribute, value.as_str()?)))?,
        "endsWith" => each(values, |value| Some(logic::ends_with(&attribute, value.as_str()?)))?,
        "contains" => each(values, |value| Some(logic::contains(&attribute, value.as_str()?)))?,
        "lessThan" => number(&attribute, "<", values)?,
        "lessThanOrEqual" => number(&attribute, "<=", values)?,
        "greaterThan" => number(&attribute, ">", values)?,
        "greaterThanOrEqual" => number(&attribute, ">=", values)?,
        "before" => date(&attribute, "<", values, about)?,
        "after" => date(&attribute, ">", values, about)?,
        "semVerEqual" => version(&attribute, "=", values)?,
        "semVerLessThan" => version(&attribute, "<", values)?,
        "semVerGreaterThan" => version(&attribute, ">", values)?,
        _ => return None,
    };
    if !negate {
        return Some(condition);
    }
    // Who lacks the attribute meets no clause, not even a negated one.
    Some(condition.inverted().if_present(&attribute))
}

/// Any of these; none if one of them can't be said.
fn each(values: &[Value], say: impl Fn(&Value) -> Option<Condition>) -> Option<Condition> {
    values.iter().map(say).collect::<Option<Vec<_>>>().map(Condition::any)
}

fn number(attribute: &str, operator: &str, values: &[Value]) -> Option<Condition> {
    each(values, |value| value.is_number().then(|| logic::compares(attribute, operator, value)))
}

fn version(attribute: &str, operator: &str, values: &[Value]) -> Option<Condition> {
    each(values, |value| Some(logic::version(attribute, operator, value.as_str()?)))
}

/// Before or after a moment: a text, or milliseconds since 1970.
fn date(attribute: &str, operator: &str, values: &[Value], about: &mut About<'_>) -> Option<Condition> {
    about.changed(
        format!("the date {attribute}"),
        format!("dates are numbers here: the program must send \"{attribute}\" in milliseconds since 1970"),
    );
    each(values, |value| {
        let milliseconds = match value {
            Value::String(text) => json!(text.parse::<Timestamp>().ok()?.as_millisecond()),
            Value::Number(_) => value.clone(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(logic::compares(attribute, operator, &milliseconds))
    })
}
