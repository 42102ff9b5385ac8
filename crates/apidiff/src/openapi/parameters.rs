//! Parameters: of an operation, and those that all operations of a path have.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::{
    document::{Document, Found, Operation},
    report::{Place, Report},
    schema::{Given, Part, Walk},
    sunset,
};
use crate::Level::{Breaking, Compatible, Risky};

/// What a parameter is known by: where it is, and its name, or its position in the path, where names don't count.
type Key<'d> = (&'d str, String);

/// A parameter, wherever it is declared.
struct Parameter<'d> {
    within: &'d str,
    name: &'d str,
    fields: &'d Map<String, Value>,
    /// All operations of the path have it.
    is_shared: bool,
}

impl Parameter<'_> {
    fn is_required(&self) -> bool {
        self.within == "path" || self.is("required")
    }

    fn is(&self, key: &str) -> bool {
        self.fields.get(key) == Some(&Value::Bool(true))
    }

    fn words(&self) -> String {
        format!("the {} parameter {}", self.within, self.name)
    }

    fn place(&self, operation: &str) -> Place {
        Place::of(operation, format!("{} parameter {}", self.within, self.name))
    }

    /// A list is written by repeating the name, which is what queries and cookies do unless they say otherwise.
    fn is_exploded(&self) -> bool {
        let style = self.fields.get("style").and_then(Value::as_str);
        let is_form = matches!(self.within, "query" | "cookie") && style.is_none_or(|style| style == "form");
        is_form && self.fields.get("explode") != Some(&Value::Bool(false))
    }
}

/// The parameters of an operation, in order.
#[derive(Default)]
struct Parameters<'d> {
    list: Vec<(Key<'d>, Parameter<'d>)>,
    by_key: HashMap<Key<'d>, usize>,
    /// References that lead elsewhere: what they would be is not known.
    elsewhere: BTreeSet<&'d str>,
}

impl<'d> Parameters<'d> {
    fn of(document: &'d Document, operation: &Operation<'d>) -> Self {
        let mut parameters = Self::default();
        let positions = positions(&operation.path);
        for (fields, is_shared) in [(operation.fields, false), (operation.item, true)] {
            for value in fields.get("parameters").and_then(Value::as_array).into_iter().flatten() {
                let fields = match document.resolve(value) {
                    Found::Value(Value::Object(fields)) => fields,
                    Found::Value(_) => continue,
                    Found::Elsewhere(reference) => {
                        parameters.elsewhere.insert(reference);
                        continue;
                    }
                };
                let text = |key: &str| fields.get(key).and_then(Value::as_str);
                let (Some(within), Some(name)) = (text("in"), text("name")) else { continue };
                let key = match within {
                    "path" => positions.get(name).map_or_else(|| name.to_owned(), |at| format!("#{at}")),
                    // HTTP's headers have no case.
                    "header" => name.to_lowercase(),
                    _ => name.to_owned(),
                };
                parameters.add((within, key), Parameter { within, name, fields, is_shared });
            }
        }
        parameters
    }

    /// Adds a parameter, unless the operation itself has said of it already.
    fn add(&mut self, key: Key<'d>, parameter: Parameter<'d>) {
        if !self.by_key.contains_key(&key) {
            self.by_key.insert(key.clone(), self.list.len());
            self.list.push((key, parameter));
        }
    }

    fn get(&self, key: &Key<'d>) -> Option<&Parameter<'d>> {
        self.by_key.get(key).and_then(|at| self.list.get(*at)).map(|(_, parameter)| parameter)
    }
}

/// Where in a path which parameter is.
fn positions(path: &str) -> HashMap<&str, usize> {
    let braced = path.split('{').skip(1).filter_map(|part| part.split_once('}'));
    braced.enumerate().map(|(at, (name, _))| (name, at)).collect()
}

pub(super) fn compare<'d>(walk: &mut Walk<'d>, before: &Operation<'d>, after: &Operation<'d>, report: &mut Report) {
    let name = before.name();
    let (had, has) = (Parameters::of(walk.earlier, before), Parameters::of(walk.later, after));
    let general = Place::of(&name, "parameters");
    if !walk.spend((had.list.len() + has.list.len()) * 10) {
        return report.cut(&general);
    }
    for reference in had.elsewhere.symmetric_difference(&has.elsewhere) {
        report.elsewhere(reference, &general);
    }
    // What seems to be gone or new may be behind a reference that nobody follows.
    let may_be_gone = has.elsewhere.is_subset(&had.elsewhere);
    let may_be_new = had.elsewhere.is_subset(&has.elsewhere);
    for (key, parameter) in &had.list {
        match has.get(key) {
            Some(now) => both(walk, &name, (parameter, now), report),
            None if may_be_gone => removed(&name, parameter, report),
            None => {}
        }
    }
    for (key, parameter) in has.list.iter().filter(|_| may_be_new) {
        if had.get(key).is_none() {
            added(&name, parameter, report);
        }
    }
}

fn removed(name: &str, parameter: &Parameter<'_>, report: &mut Report) {
    let words = parameter.words();
    let (rule, level, text) = match (parameter.is("deprecated"), sunset::of(parameter.fields)) {
        (false, _) => ("request-parameter-removed", Risky, format!("{words} was removed")),
        (true, None) => {
            let text = format!("{words} was removed after it had been deprecated");
            ("request-parameter-removed-with-deprecation", Compatible, text)
        }
        (true, Some(Ok(date))) => {
            let text = format!("{words} was removed; it was deprecated, to be removed after {date}");
            ("request-parameter-removed-with-deprecation", Risky, text)
        }
        (true, Some(Err(said))) => {
            let text = format!("{words} was removed; it was to be removed after {said}, which is no date");
            ("request-parameter-sunset-parse", Breaking, text)
        }
    };
    report.put(rule, level, &parameter.place(name), text);
}

fn added(name: &str, parameter: &Parameter<'_>, report: &mut Report) {
    let (rule, level) = match (parameter.within, parameter.is_required(), parameter.is_shared) {
        ("path", ..) => ("new-request-path-parameter", Breaking),
        (_, true, true) => ("new-required-request-default-parameter-to-existing-path", Breaking),
        (_, false, true) => ("new-optional-request-default-parameter-to-existing-path", Compatible),
        (_, true, false) => ("new-required-request-parameter", Breaking),
        (_, false, false) => ("new-optional-request-parameter", Compatible),
    };
    let must = if parameter.is_required() { "must" } else { "may" };
    report.put(rule, level, &parameter.place(name), format!("{} is new and {must} be given", parameter.words()));
}

fn both<'d>(walk: &mut Walk<'d>, name: &str, (was, is): (&Parameter<'d>, &Parameter<'d>), report: &mut Report) {
    let (place, words) = (was.place(name), was.words());
    match (was.is_required(), is.is_required()) {
        (false, true) => {
            report.put("request-parameter-became-required", Breaking, &place, format!("{words} must be given now"));
        }
        (true, false) => {
            let text = format!("{words} may be left out now");
            report.put("request-parameter-became-optional", Compatible, &place, text);
        }
        (true, true) | (false, false) => {}
    }
    announced((was, is), &place, report);
    if let (Some(before), Some(after)) = (schema(was.fields), schema(is.fields)) {
        let part = Part::Parameter(Given {
            in_header: was.within == "header",
            is_optional: !was.is_required() && !is.is_required(),
            is_exploded: is.is_exploded(),
        });
        walk.compare(part, before, after, &place, report);
    }
}

/// That a parameter is to go, and when.
fn announced((was, is): (&Parameter<'_>, &Parameter<'_>), place: &Place, report: &mut Report) {
    let words = was.words();
    let no_date = |said: &str| format!("{words} is to be removed after {said}, which is no date");
    let sunsets = (sunset::of(was.fields), sunset::of(is.fields));
    match (was.is("deprecated"), is.is("deprecated"), &sunsets.1) {
        (false, true, None) => {
            report.put("request-parameter-deprecated", Compatible, place, format!("{words} was deprecated"));
        }
        (false, true, Some(Ok(date))) => {
            let text = format!("{words} was deprecated, to be removed after {date}");
            report.put("request-parameter-deprecated", Compatible, place, text);
        }
        (false, true, Some(Err(said))) => report.put("request-parameter-sunset-parse", Breaking, place, no_date(said)),
        (true, false, _) => {
            let text = format!("{words} is not deprecated any more");
            report.put("request-parameter-reactivated", Compatible, place, text);
        }
        (true, true, _) => match sunsets {
            (Some(_), None) => {
                let text = format!("{words} doesn't say any more until when it stays");
                report.put("request-parameter-sunset-deleted", Breaking, place, text);
            }
            (Some(Ok(had)), Some(Ok(has))) if has < had => {
                let text = format!("{words} stays until {has} rather than {had}");
                report.put("request-parameter-sunset-date-changed-too-small", Risky, place, text);
            }
            (had, Some(Err(said))) if had != Some(Err(said.clone())) => {
                report.put("request-parameter-sunset-parse", Breaking, place, no_date(&said));
            }
            _ => {}
        },
        (false, false, _) => {}
    }
}

/// The schema of a parameter or header, also where it has a media type.
pub(super) fn schema(fields: &Map<String, Value>) -> Option<&Value> {
    let content = || fields.get("content")?.as_object()?.values().next()?.get("schema");
    fields.get("schema").or_else(content)
}
