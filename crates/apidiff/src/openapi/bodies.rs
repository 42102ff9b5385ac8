//! Request bodies, and responses with their bodies and headers.

use serde_json::{Map, Value};

use super::{
    document::{Document, Operation},
    parameters::schema,
    report::{Place, Report},
    schema::{Part, Walk},
};
use crate::Level::{Breaking, Compatible, Risky};

fn object<'d>(document: &'d Document, value: Option<&'d Value>) -> Option<&'d Map<String, Value>> {
    document.here(value?)?.as_object()
}

/// A media type without its parameters.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or(media_type).trim().to_lowercase()
}

fn find<'v>(content: Option<&'v Value>, media_type: &str) -> Option<&'v Value> {
    let content = content.and_then(Value::as_object)?;
    content.iter().find(|(known, _)| essence(known) == essence(media_type)).map(|(_, value)| value)
}

fn keys(content: Option<&Value>) -> Vec<String> {
    content.and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

pub(super) fn request<'d>(walk: &mut Walk<'d>, before: &Operation<'d>, after: &Operation<'d>, report: &mut Report) {
    let name = before.name();
    let place = Place::of(&name, "request body");
    let had = object(walk.earlier, before.fields.get("requestBody"));
    let has = object(walk.later, after.fields.get("requestBody"));
    let is_required = |body: &Map<String, Value>| body.get("required") == Some(&Value::Bool(true));
    let (had, has) = match (had, has) {
        (None, None) => return,
        (Some(_), None) => {
            report.put("request-body-removed", Breaking, &place, "the request has no body any more");
            return;
        }
        (None, Some(has)) => {
            let (rule, level, text) = if is_required(has) {
                ("request-body-added-required", Breaking, "the request must have a body now")
            } else {
                ("request-body-added-optional", Compatible, "the request may have a body now")
            };
            report.put(rule, level, &place, text);
            return;
        }
        (Some(had), Some(has)) => (had, has),
    };
    match (is_required(had), is_required(has)) {
        (false, true) => {
            report.put("request-body-became-required", Breaking, &place, "the request must have a body now")
        }
        (true, false) => {
            report.put("request-body-became-optional", Compatible, &place, "the request may have no body now");
        }
        (true, true) | (false, false) => {}
    }
    for media_type in keys(had.get("content")) {
        let place = Place::of(&name, format!("request body {media_type}"));
        match (find(had.get("content"), &media_type), find(has.get("content"), &media_type)) {
            (_, None) => {
                let text = format!("a body of {media_type} is not taken any more");
                report.put("request-body-media-type-removed", Breaking, &place, text);
            }
            (Some(before), Some(after)) => match (before.get("schema"), after.get("schema")) {
                (Some(before), Some(after)) => walk.compare(Part::RequestBody, before, after, &place, report),
                (None, Some(_)) => {
                    report.put("request-body-media-type-schema-added", Breaking, &place, "the body has a schema now");
                }
                (Some(_), None) => {
                    report.put(
                        "request-body-media-type-schema-removed",
                        Compatible,
                        &place,
                        "the body has no schema any more",
                    );
                }
                (None, None) => {}
            },
            (None, Some(_)) => {}
        }
    }
    for media_type in keys(has.get("content")) {
        if find(had.get("content"), &media_type).is_none() {
            let place = Place::of(&name, format!("request body {media_type}"));
            let text = format!("a body of {media_type} is taken too");
            report.put("request-body-media-type-added", Compatible, &place, text);
        }
    }
}

pub(super) fn responses<'d>(walk: &mut Walk<'d>, before: &Operation<'d>, after: &Operation<'d>, report: &mut Report) {
    let name = before.name();
    let (had, has) = (before.fields.get("responses"), after.fields.get("responses"));
    for status in keys(had) {
        let place = Place::of(&name, format!("response {status}"));
        let (earlier, later) = (walk.earlier, walk.later);
        let before = object(earlier, had.and_then(|had| had.get(&status)));
        let after = object(later, has.and_then(|has| has.get(&status)));
        match (before, after) {
            (Some(before), Some(after)) => response(walk, (&name, &status), before, after, report),
            (_, None) => {
                let text = format!("the status {status} is not answered any more");
                if is_success(&status) {
                    report.put("response-success-status-removed", Breaking, &place, text);
                } else {
                    report.put("response-non-success-status-removed", Compatible, &place, text);
                }
            }
            (None, Some(_)) => {}
        }
    }
    for status in keys(has) {
        if had.and_then(|had| had.get(&status)).is_none() {
            let place = Place::of(&name, format!("response {status}"));
            let rule =
                if is_success(&status) { "response-success-status-added" } else { "response-non-success-status-added" };
            report.put(rule, Compatible, &place, format!("the status {status} may be answered too"));
        }
    }
}

fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

fn response<'d>(
    walk: &mut Walk<'d>,
    (name, status): (&str, &str),
    before: &'d Map<String, Value>,
    after: &'d Map<String, Value>,
    report: &mut Report,
) {
    for media_type in keys(before.get("content")) {
        let place = Place::of(name, format!("response {status} body {media_type}"));
        match (find(before.get("content"), &media_type), find(after.get("content"), &media_type)) {
            (_, None) => {
                let text = format!("{status} is not answered as {media_type} any more");
                report.put("response-media-type-removed", Breaking, &place, text);
            }
            (Some(before), Some(after)) => match (before.get("schema"), after.get("schema")) {
                (Some(before), Some(after)) => walk.compare(Part::ResponseBody, before, after, &place, report),
                (None, Some(_)) => {
                    report.put(
                        "response-body-media-type-schema-added",
                        Compatible,
                        &place,
                        "the body has a schema now",
                    );
                }
                (Some(_), None) => {
                    report.put(
                        "response-body-media-type-schema-removed",
                        Risky,
                        &place,
                        "the body has no schema any more",
                    );
                }
                (None, None) => {}
            },
            (None, Some(_)) => {}
        }
    }
    for media_type in keys(after.get("content")) {
        if find(before.get("content"), &media_type).is_none() {
            let place = Place::of(name, format!("response {status} body {media_type}"));
            report.put(
                "response-media-type-added",
                Compatible,
                &place,
                format!("{status} may be answered as {media_type} too"),
            );
        }
    }
    headers(walk, (name, status), before.get("headers"), after.get("headers"), report);
}

fn headers<'d>(
    walk: &mut Walk<'d>,
    (name, status): (&str, &str),
    before: Option<&'d Value>,
    after: Option<&'d Value>,
    report: &mut Report,
) {
    let get = |headers: Option<&'d Value>, wanted: &str| -> Option<&'d Value> {
        let headers = headers.and_then(Value::as_object)?;
        headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    let is_required = |header: &Map<String, Value>| header.get("required") == Some(&Value::Bool(true));
    for header in keys(before) {
        let place = Place::of(name, format!("response {status} header {header}"));
        let (earlier, later) = (walk.earlier, walk.later);
        let Some(had) = object(earlier, get(before, &header)) else { continue };
        let Some(has) = object(later, get(after, &header)) else {
            let text = format!("{status} is answered without the header {header}");
            if is_required(had) {
                report.put("required-response-header-removed", Breaking, &place, text);
            } else {
                report.put("optional-response-header-removed", Risky, &place, text);
            }
            continue;
        };
        if is_required(had) && !is_required(has) {
            let text = format!("{status} may be answered without the header {header}");
            report.put("response-header-became-optional", Breaking, &place, text);
        }
        if let (Some(before), Some(after)) = (schema(had), schema(has)) {
            walk.compare(Part::Header, before, after, &place, report);
        }
    }
    for header in keys(after) {
        if get(before, &header).is_none() {
            let place = Place::of(name, format!("response {status} header {header}"));
            report.put(
                "response-header-added",
                Compatible,
                &place,
                format!("{status} is answered with the header {header}"),
            );
        }
    }
}
