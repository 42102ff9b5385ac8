//! The request's header fields: what is asked for, what is sent, what the operation declares, and the rest.

use serde_json::Value;

use super::{TOO_LONG, schema_of};
use crate::compare::{Case, Comparison, Mismatch};
use crate::findings::Kind;
use crate::headers::Headers;
use crate::media::{STANDARD_IN_REQUESTS, matching, types};
use crate::query;
use crate::schema::Side;
use crate::value::{entries, items, present, text};

/// Whether the body is in a form that the operation takes.
pub(crate) fn compare<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>) -> bool {
    let mut headers = case.request_headers();
    accept(comparison, case, &headers);
    let readable = content_type(comparison, case, &headers);
    declared(comparison, case, &mut headers);
    rest(comparison, case, headers);
    readable
}

/// The media types that an operation takes.
pub(super) fn consumed<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>) -> Vec<&'d str> {
    if let Some(consumes) = comparison.document.inherited(case.operation, "consumes") {
        return items(Some(consumes)).filter_map(Value::as_str).collect();
    }
    let Some(body) = case.operation.value.get("requestBody") else { return Vec::new() };
    types(comparison.resolved(case, body).get("content"))
}

fn accept<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>, headers: &Headers) {
    let asked = headers.media_type("accept");
    if asked.is_empty() {
        return;
    }
    let status = case.interaction.status.to_string();
    let (mut all, mut here) = (Vec::new(), Vec::new());
    if let Some(produces) = comparison.document.inherited(case.operation, "produces") {
        all = items(Some(produces)).filter_map(Value::as_str).collect();
        here.clone_from(&all);
    } else {
        for (code, response) in entries(case.operation.value.get("responses")) {
            let offered = types(comparison.document.resolved(response).and_then(|response| response.get("content")));
            if *code == status {
                here.clone_from(&offered);
            }
            all.extend(offered);
        }
    }
    if all.is_empty() {
        comparison.push(
            case,
            Mismatch {
                code: "request.accept.unknown",
                kind: Kind::Warning,
                message: "Request Accept header is defined but the spec does not specify any mime-types to produce"
                    .to_owned(),
                mock: "request.headers.accept".to_owned(),
                spec: case.spec(""),
            },
        );
    }
    if !here.is_empty() && matching(asked, &all).is_none() {
        comparison.push(
            case,
            Mismatch {
                code: "request.accept.incompatible",
                kind: Kind::Error,
                message: "Request Accept header is incompatible with the mime-types the spec defines to produce"
                    .to_owned(),
                mock: "request.headers.accept".to_owned(),
                spec: case.spec(""),
            },
        );
    }
}

fn content_type<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>, headers: &Headers) -> bool {
    let consumed = consumed(comparison, case);
    let sent = headers.media_type("content-type");
    let mock = "request.headers.content-type".to_owned();
    if !sent.is_empty() && consumed.is_empty() {
        comparison.push(
            case,
            Mismatch {
                code: "request.content-type.unknown",
                kind: Kind::Warning,
                message:
                    "Request content-type header is defined but the spec does not specify any mime-types to consume"
                        .to_owned(),
                mock,
                spec: case.spec(""),
            },
        );
    } else if !sent.is_empty() && matching(sent, &consumed).is_none() {
        comparison.push(
            case,
            Mismatch {
                code: "request.content-type.incompatible",
                kind: Kind::Error,
                message: "Request Content-Type header is incompatible with the mime-types the spec accepts to consume"
                    .to_owned(),
                mock,
                spec: case.spec(".requestBody.content"),
            },
        );
        return false;
    } else if sent.is_empty()
        && !consumed.is_empty()
        && case.interaction.request.body.as_ref().is_some_and(crate::value::truthy)
    {
        comparison.push(
            case,
            Mismatch {
                code: "request.content-type.missing",
                kind: Kind::Warning,
                message: "Request content type header is not defined but spec specifies mime-types to consume"
                    .to_owned(),
                mock,
                spec: case.spec(""),
            },
        );
    }
    true
}

fn declared<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>, headers: &mut Headers) {
    for (index, parameter) in case.operation.parameters.iter().enumerate() {
        if text(parameter, "in") != Some("header") {
            continue;
        }
        let Some(name) = text(parameter, "name") else { continue };
        let place = case.spec(&format!(".parameters[{index}]"));
        match headers.get(name).map(str::to_owned) {
            _ if !case.interaction.is_accepted() => {}
            Some(value) => {
                let plain = (is_text(parameter) || value.is_empty()).then(|| Value::from(value.as_str()));
                let read = plain.or_else(|| query::parameter(&value, &comparison.budget));
                if read.is_none() {
                    comparison.incomplete(case, &format!("request.headers.{name}"), &place, TOO_LONG);
                }
                let faults = read.map(|value| comparison.faults(case, &schema_of(parameter), &place, Side::Sent, true, Some(value)));
                for fault in faults.into_iter().flatten() {
                    comparison.push(case, Mismatch {
                        code: "request.header.incompatible",
                        kind: Kind::Error,
                        message: format!(
                            "Value is incompatible with the parameter defined in the spec file: {}",
                            fault.message
                        ),
                        mock: format!("request.headers.{name}{}", fault.in_value()),
                        spec: format!("{place}.schema.{}", fault.in_schema()),
                    });
                }
            }
            None if present(parameter, "required").is_some() => comparison.push(case, Mismatch {
                code: "request.header.incompatible",
                kind: Kind::Error,
                message: format!(
                    "Value is incompatible with the parameter defined in the spec file: must have required property '{name}'"
                ),
                mock: format!("request.headers.{name}"),
                spec: place,
            }),
            None => {}
        }
        headers.remove(name);
    }
}

/// Whether a field's value is one text, commas and all.
fn is_text(parameter: &Value) -> bool {
    let Some(schema) = parameter.get("schema") else { return false };
    let typed = |schema: &Value| text(schema, "type") == Some("string");
    typed(schema) || ["anyOf", "oneOf"].iter().any(|key| items(schema.get(*key)).any(typed))
}

fn rest<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>, headers: Headers) {
    if !case.interaction.is_accepted() {
        return;
    }
    let document = comparison.document;
    let keys: Vec<String> = items(document.inherited(case.operation, "security"))
        .flat_map(|requirement| entries(Some(requirement)))
        .filter_map(|(name, _)| document.security_scheme(name))
        .filter(|scheme| text(scheme, "type") == Some("apiKey") && text(scheme, "in") == Some("header"))
        .filter_map(|scheme| text(scheme, "name").map(str::to_lowercase))
        .collect();
    for name in headers.names() {
        if STANDARD_IN_REQUESTS.contains(&name) || keys.iter().any(|key| key == name) {
            continue;
        }
        comparison.push(
            case,
            Mismatch {
                code: "request.header.unknown",
                kind: Kind::Warning,
                message: format!("Request header is not defined in the spec file: {name}"),
                mock: format!("request.headers.{name}"),
                spec: case.spec(""),
            },
        );
    }
}
