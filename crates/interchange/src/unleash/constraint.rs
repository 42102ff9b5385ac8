//! Constraints as JsonLogic.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::document::Constraint;
use crate::{
    imported::About,
    logic::{self, Condition, TARGETING_KEY},
    pattern,
};

/// Fields of the context that Unleash's SDKs fill in by themselves.
const FILLED_IN: [&str; 3] = ["appName", "environment", "remoteAddress"];
const NOW: &str = "currentTime";

/// The attribute here of a field there.
pub(super) fn attribute<'a>(field: &'a str, about: &mut About<'_>) -> &'a str {
    if FILLED_IN.contains(&field) {
        about.changed(
            format!("the field {field}"),
            format!("Unleash's SDK fills it in by itself; here the program must put \"{field}\" into the context"),
        );
    }
    if field == "userId" { TARGETING_KEY } else { field }
}

/// Who meets all of these.
pub(super) fn all(constraints: &[Constraint], about: &mut About<'_>) -> Condition {
    let conditions = constraints.iter().enumerate().map(|(index, constraint)| {
        let mut about = about.at(format!("constraint {}", index + 1));
        met(constraint, &mut about).unwrap_or_else(|| {
            about.lost(words(constraint), "JsonLogic can't say it; what asks for it matches nobody");
            Condition::Never
        })
    });
    // All of them, also behind the first that nobody meets: what is lost is to be said of each.
    Condition::all(conditions.collect::<Vec<_>>())
}

fn words(constraint: &Constraint) -> String {
    let Constraint { context_name, operator, values, value, inverted, .. } = constraint;
    let not = if *inverted { "not " } else { "" };
    match value {
        Some(value) => format!("{not}{context_name} {operator} {value}"),
        None => format!("{not}{context_name} {operator} {}", values.join(", ")),
    }
}

/// Who meets a constraint; none if that can't be said.
fn met(constraint: &Constraint, about: &mut About<'_>) -> Option<Condition> {
    let Constraint { context_name, operator, values, value, inverted, case_insensitive } = constraint;
    let attribute = attribute(context_name, about);
    let any = |each: &dyn Fn(&str) -> Condition| Condition::any(values.iter().map(|value| each(value)));
    let text = || match value {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(_) | None => None,
    };
    let number = || text()?.parse::<serde_json::Number>().ok().map(Value::Number);
    let compares = |operator: &str| Some(logic::compares(attribute, operator, &number()?));
    let version = |operator: &str| Some(logic::version(attribute, operator, &text()?));
    if *case_insensitive && operator.starts_with("STR_") {
        return Some(in_any_case(constraint, attribute, about)?.inverted_if(*inverted));
    }
    let condition = match operator.as_str() {
        "IN" => logic::is_one_of(attribute, &texts(values)),
        "NOT_IN" => logic::is_one_of(attribute, &texts(values)).inverted(),
        "STR_STARTS_WITH" => any(&|start| logic::starts_with(attribute, start)),
        "STR_ENDS_WITH" => any(&|end| logic::ends_with(attribute, end)),
        "STR_CONTAINS" => any(&|part| logic::contains(attribute, part)),
        "NUM_EQ" => compares("==")?,
        "NUM_GT" => compares(">")?,
        "NUM_GTE" => compares(">=")?,
        "NUM_LT" => compares("<")?,
        "NUM_LTE" => compares("<=")?,
        "DATE_AFTER" => date(attribute, ">", &text()?, about)?,
        "DATE_BEFORE" => date(attribute, "<", &text()?, about)?,
        "SEMVER_EQ" => version("=")?,
        "SEMVER_GT" => version(">")?,
        "SEMVER_GTE" => version(">=")?,
        "SEMVER_LT" => version("<")?,
        "SEMVER_LTE" => version("<=")?,
        "REGEX" if !case_insensitive => pattern::plain(attribute, &text().or_else(|| values.first().cloned())?)?,
        _ => return None,
    };
    Some(condition.inverted_if(*inverted))
}

fn texts(values: &[String]) -> Vec<Value> {
    values.iter().map(|value| json!(value)).collect()
}

/// A comparison that ignores case, as near as JsonLogic, which doesn't, comes to it.
fn in_any_case(constraint: &Constraint, attribute: &str, about: &mut About<'_>) -> Option<Condition> {
    about.changed(
        words(constraint),
        "texts are compared with their case here: it matches as written, in lower case and in upper case",
    );
    let compare = match constraint.operator.as_str() {
        "STR_STARTS_WITH" => logic::starts_with,
        "STR_ENDS_WITH" => logic::ends_with,
        "STR_CONTAINS" => logic::contains,
        _ => return None,
    };
    let mut spellings: Vec<String> = Vec::new();
    for value in &constraint.values {
        for spelling in [value.clone(), value.to_lowercase(), value.to_uppercase()] {
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
    }
    Some(Condition::any(spellings.iter().map(|spelling| compare(attribute, spelling))))
}

/// Before or after a moment. The time of the evaluation is flagd's `$flagd.timestamp`, in seconds.
fn date(attribute: &str, operator: &str, text: &str, about: &mut About<'_>) -> Option<Condition> {
    let seconds = json!(text.parse::<Timestamp>().ok()?.as_second());
    if attribute == NOW {
        return Some(logic::compares("$flagd.timestamp", operator, &seconds));
    }
    about.changed(
        format!("the date {attribute}"),
        format!("dates are numbers here: the program must send \"{attribute}\" in seconds since 1970"),
    );
    Some(logic::compares(attribute, operator, &seconds))
}
