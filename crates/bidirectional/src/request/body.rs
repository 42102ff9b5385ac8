//! The request's body: JSON, or a form, which is read first.

use serde_json::Value;

use super::TOO_LONG;
use crate::compare::{Case, Comparison, Mismatch};
use crate::findings::Kind;
use crate::media::{self, Treatment, matching, treatment};
use crate::schema::Side;
use crate::value::{Budget, present, text, truthy};
use crate::{multipart, query};

pub(crate) fn compare<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>) {
    let body = case.interaction.request.body.as_ref();
    let headers = case.request_headers();
    let sent = headers.get("content-type").unwrap_or_default();
    let consumed = super::headers::consumed(comparison, case);
    let media_type = if sent.is_empty() { "application/json" } else { matching(sent, &consumed).unwrap_or(sent) };
    let declared = case.operation.value.get("requestBody").map(|declared| comparison.resolved(case, declared));
    let parameter = case.operation.parameters.iter().copied().find(|parameter| text(parameter, "in") == Some("body"));
    let schema = media::of(declared.and_then(|declared| declared.get("content")), media_type)
        .and_then(|content| present(content, "schema"))
        .or_else(|| parameter.and_then(|parameter| present(parameter, "schema")));
    let required = [declared, parameter].into_iter().flatten().any(|part| present(part, "required").is_some());
    if (!required && body.is_none()) || !case.interaction.is_accepted() {
        return;
    }
    match (treatment(media_type, body), schema) {
        (Treatment::Skip, _) => {}
        (Treatment::Warn, _) => comparison.push(
            case,
            Mismatch {
                code: "request.body.unvalidatable",
                kind: Kind::Warning,
                message: format!("Body with content type '{media_type}' is not supported by the spec comparator"),
                mock: "request.body".to_owned(),
                spec: case.spec(".requestBody.content"),
            },
        ),
        (Treatment::Compare, Some(schema)) => {
            let place = case.spec(&format!(".requestBody.content.{media_type}"));
            let value = match body.map(|body| read(body, sent, &comparison.budget)) {
                None => None,
                Some(Some(value)) => Some(value),
                Some(None) => return comparison.incomplete(case, "request.body", &place, TOO_LONG),
            };
            for fault in comparison.faults(case, schema, &place, Side::Sent, false, value) {
                comparison.push(
                    case,
                    Mismatch {
                        code: "request.body.incompatible",
                        kind: Kind::Error,
                        message: format!(
                            "Request body is incompatible with the request body schema in the spec file: {}",
                            fault.message
                        ),
                        mock: format!("request.body{}", fault.in_value()),
                        spec: format!("{place}.schema.{}", fault.in_schema()),
                    },
                );
            }
        }
        (Treatment::Compare, None) if body.is_some_and(truthy) => comparison.push(
            case,
            Mismatch {
                code: "request.body.unknown",
                kind: Kind::Warning,
                message: "No matching schema found for request body".to_owned(),
                mock: "request.body".to_owned(),
                spec: case.spec(".requestBody.content"),
            },
        ),
        (Treatment::Compare, None) => {}
    }
}

/// A form becomes the map that it stands for. Nothing where there is too much to read.
fn read(body: &Value, content_type: &str, budget: &Budget) -> Option<Value> {
    let Value::String(form) = body else { return Some(body.clone()) };
    if content_type.contains("application/x-www-form-urlencoded") {
        return query::structured(form, budget).map(Value::Object);
    }
    let boundary =
        content_type.split_once("boundary=").map(|(_, boundary)| boundary).filter(|boundary| !boundary.is_empty());
    Some(match boundary {
        Some(boundary) if content_type.contains("multipart/form-data") => multipart::fields(form, boundary),
        _ => body.clone(),
    })
}
