//! Parameters.

use serde_json::{Map, Value};

use super::{
    document::{Document, Operation},
    report::{Place, Report},
    schema::{Part, Walk},
};
use crate::Level::{Breaking, Compatible, Risky};

/// A parameter, wherever it is declared.
struct Parameter<'d> {
    within: &'d str,
    name: &'d str,
    /// What it is known by: path parameters by their place, since they may be called otherwise.
    key: String,
    fields: &'d Map<String, Value>,
}

impl Parameter<'_> {
    fn is_required(&self) -> bool {
        self.within == "path" || self.fields.get("required") == Some(&Value::Bool(true))
    }

    fn is(&self, key: &str) -> bool {
        self.fields.get(key) == Some(&Value::Bool(true))
    }

    fn words(&self) -> String {
        format!("the {} parameter {}", self.within, self.name)
    }
}

fn of<'d>(document: &'d Document, operation: &Operation<'d>) -> Vec<Parameter<'d>> {
    let own = operation.fields.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let shared = operation.item.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let mut found: Vec<Parameter<'d>> = Vec::new();
    for value in own.chain(shared) {
        let Some(fields) = document.here(value).and_then(Value::as_object) else { continue };
        let text = |key: &str| fields.get(key).and_then(Value::as_str);
        let (Some(within), Some(name)) = (text("in"), text("name")) else { continue };
        let key = match within {
            "path" => position(&operation.path, name),
            // HTTP's headers have no case.
            "header" => name.to_lowercase(),
            _ => name.to_owned(),
        };
        if !found.iter().any(|known| known.within == within && known.key == key) {
            found.push(Parameter { within, name, key, fields });
        }
    }
    found
}

fn position(path: &str, name: &str) -> String {
    let parts = path.split('/').enumerate();
    let mut holding = parts.filter(|(_, part)| part.contains(&format!("{{{name}}}")));
    holding.next().map_or_else(|| name.to_owned(), |(at, _)| format!("#{at}"))
}

pub(super) fn compare<'d>(walk: &mut Walk<'d>, before: &Operation<'d>, after: &Operation<'d>, report: &mut Report) {
    let name = before.name();
    let (had, has) = (of(walk.earlier, before), of(walk.later, after));
    let same = |list: &[Parameter<'d>], of: &Parameter<'d>| {
        list.iter().position(|known| known.within == of.within && known.key == of.key)
    };
    for parameter in &had {
        let place = Place::of(&name, format!("{} parameter {}", parameter.within, parameter.name));
        let words = parameter.words();
        let Some(now) = same(&has, parameter).and_then(|at| has.get(at)) else {
            let (rule, level) = if parameter.is("deprecated") {
                ("request-parameter-removed-with-deprecation", Compatible)
            } else {
                ("request-parameter-removed", Risky)
            };
            report.put(rule, level, &place, format!("{words} was removed"));
            continue;
        };
        match (parameter.is_required(), now.is_required()) {
            (false, true) => {
                report.put("request-parameter-became-required", Breaking, &place, format!("{words} must be given now"));
            }
            (true, false) => {
                report.put(
                    "request-parameter-became-optional",
                    Compatible,
                    &place,
                    format!("{words} may be left out now"),
                );
            }
            (true, true) | (false, false) => {}
        }
        match (parameter.is("deprecated"), now.is("deprecated")) {
            (false, true) => {
                report.put("request-parameter-deprecated", Compatible, &place, format!("{words} was deprecated"));
            }
            (true, false) => {
                report.put(
                    "request-parameter-reactivated",
                    Compatible,
                    &place,
                    format!("{words} is not deprecated any more"),
                );
            }
            (true, true) | (false, false) => {}
        }
        if let (Some(before), Some(after)) = (schema(parameter.fields), schema(now.fields)) {
            walk.compare(Part::Parameter, before, after, &place, report);
        }
    }
    for parameter in has.iter().filter(|parameter| same(&had, parameter).is_none()) {
        let place = Place::of(&name, format!("{} parameter {}", parameter.within, parameter.name));
        let words = parameter.words();
        let (rule, level) = match (parameter.within, parameter.is_required()) {
            ("path", _) => ("new-request-path-parameter", Breaking),
            (_, true) => ("new-required-request-parameter", Breaking),
            (_, false) => ("new-optional-request-parameter", Compatible),
        };
        let must = if parameter.is_required() { "must" } else { "may" };
        report.put(rule, level, &place, format!("{words} is new and {must} be given"));
    }
}

/// The schema of a parameter or header, also where it has a media type.
pub(super) fn schema(fields: &Map<String, Value>) -> Option<&Value> {
    let content = || fields.get("content")?.as_object()?.values().next()?.get("schema");
    fields.get("schema").or_else(content)
}
