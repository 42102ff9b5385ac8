//! Responses: their statuses, bodies and headers.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    document::{Met, Operation},
    media::{self, Renamed},
    parameters,
    report::{Place, Report},
    schema::{Part, Walk},
};
use crate::Level::{Breaking, Compatible, Risky};

type Fields = Map<String, Value>;

pub(super) fn compare<'d>(walk: &mut Walk<'d>, before: &Operation<'d>, after: &Operation<'d>, report: &mut Report) {
    let name = before.name();
    let responses = |operation: &Operation<'d>| operation.fields.get("responses").and_then(Value::as_object);
    let (had, has) = (responses(before), responses(after));
    for (status, before) in had.into_iter().flatten().filter(|(status, _)| is_status(status)) {
        let place = Place::of(&name, format!("response {status}"));
        let Some(after) = has.and_then(|has| has.get(status)) else {
            let text = format!("the status {status} is not answered any more");
            let (rule, level) = if is_success(status) {
                ("response-success-status-removed", Breaking)
            } else {
                ("response-non-success-status-removed", Compatible)
            };
            report.put(rule, level, &place, text);
            continue;
        };
        match walk.meet(Some(before), Some(after)) {
            Met::Values(Some(Value::Object(before)), Some(Value::Object(after))) => {
                // Many statuses may refer to one large response.
                if !walk.spend((weight(before) + weight(after)) * 10) {
                    return report.cut(&place);
                }
                content(walk, (&name, status), (before, after), report);
                headers(walk, (&name, status), (before, after), report);
            }
            Met::Elsewhere(reference) => report.elsewhere(reference, &place),
            Met::Values(..) | Met::Same => {}
        }
    }
    let is_new = |status: &str| !had.is_some_and(|had| had.contains_key(status));
    for (status, _) in has.into_iter().flatten().filter(|(status, _)| is_status(status) && is_new(status)) {
        let place = Place::of(&name, format!("response {status}"));
        let rule =
            if is_success(status) { "response-success-status-added" } else { "response-non-success-status-added" };
        report.put(rule, Compatible, &place, format!("the status {status} may be answered too"));
    }
}

/// About how much there is to look at in a response itself.
fn weight(response: &Fields) -> usize {
    ["content", "headers"].map(|key| response.get(key).and_then(Value::as_object).map_or(0, Map::len)).iter().sum()
}

fn is_status(status: &str) -> bool {
    !status.starts_with("x-")
}

fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

fn content<'d>(
    walk: &mut Walk<'d>,
    (name, status): (&str, &str),
    (before, after): (&'d Fields, &'d Fields),
    report: &mut Report,
) {
    let media = media::pair(before.get("content"), after.get("content"));
    let place = |media_type: &str| Place::of(name, format!("response {status} body {media_type}"));
    for both in media.both {
        let place = place(both.is);
        if let Some(renamed) = both.renamed() {
            let (what, level) = match renamed {
                Renamed::Parameters => ("changed", Compatible),
                Renamed::Narrower => ("specialized", Compatible),
                Renamed::Wider => ("generalized", Breaking),
            };
            let text = format!("{status} is answered as {} rather than {}", both.is, both.was);
            report.put(format!("response-media-type-name-{what}"), level, &place, text);
        }
        match (both.before.get("schema"), both.after.get("schema")) {
            (Some(before), Some(after)) => walk.compare(Part::response(both.is), before, after, &place, report),
            (None, Some(_)) => {
                let text = "the body has a schema now";
                report.put("response-body-media-type-schema-added", Compatible, &place, text);
            }
            (Some(_), None) => {
                let text = "the body has no schema any more";
                report.put("response-body-media-type-schema-removed", Risky, &place, text);
            }
            (None, None) => {}
        }
    }
    for media_type in media.removed {
        let text = format!("{status} is not answered as {media_type} any more");
        report.put("response-media-type-removed", Breaking, &place(media_type), text);
    }
    for media_type in media.added {
        let text = format!("{status} may be answered as {media_type} too");
        report.put("response-media-type-added", Compatible, &place(media_type), text);
    }
}

fn headers<'d>(
    walk: &mut Walk<'d>,
    (name, status): (&str, &str),
    (before, after): (&'d Fields, &'d Fields),
    report: &mut Report,
) {
    // HTTP's headers have no case.
    let headers = |of: &'d Fields| -> BTreeMap<String, (&'d str, &'d Value)> {
        let headers = of.get("headers").and_then(Value::as_object).into_iter().flatten();
        headers.map(|(name, header)| (name.to_lowercase(), (name.as_str(), header))).collect()
    };
    let (had, has) = (headers(before), headers(after));
    let place = |header: &str| Place::of(name, format!("response {status} header {header}"));
    let is_required = |header: &Fields| header.get("required") == Some(&Value::Bool(true));
    for (key, (header, was)) in &had {
        let place = place(header);
        match walk.meet(Some(was), has.get(key).map(|(_, is)| *is)) {
            Met::Values(Some(Value::Object(was)), Some(Value::Object(is))) => {
                if is_required(was) && !is_required(is) {
                    let text = format!("{status} may be answered without the header {header}");
                    report.put("response-header-became-optional", Breaking, &place, text);
                }
                if let (Some(before), Some(after)) = (parameters::schema(was), parameters::schema(is)) {
                    walk.compare(Part::Header, before, after, &place, report);
                }
            }
            Met::Values(Some(was), None) => {
                let text = format!("{status} is answered without the header {header}");
                let (rule, level) = if was.as_object().is_some_and(is_required) {
                    ("required-response-header-removed", Breaking)
                } else {
                    ("optional-response-header-removed", Risky)
                };
                report.put(rule, level, &place, text);
            }
            Met::Elsewhere(reference) => report.elsewhere(reference, &place),
            Met::Values(..) | Met::Same => {}
        }
    }
    for (key, (header, _)) in &has {
        if !had.contains_key(key) {
            let text = format!("{status} is answered with the header {header}");
            report.put("response-header-added", Compatible, &place(header), text);
        }
    }
}
