//! The response's status and body. A status that is only covered by `default` is a warning.

use super::declared;
use crate::compare::{Case, Comparison, Mismatch};
use crate::findings::Kind;
use crate::media::{self, Treatment, matching, treatment};
use crate::schema::Side;
use crate::value::{present, truthy};

pub(crate) fn compare<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>) {
    let status = case.interaction.status;
    let Some(response) = declared(comparison, case) else {
        return comparison.push(
            case,
            Mismatch {
                code: "response.status.unknown",
                kind: Kind::Error,
                message: format!("Response status code not defined in spec file: {status}"),
                mock: "response.status".to_owned(),
                spec: case.spec(".responses"),
            },
        );
    };
    if !response.by_status {
        comparison.push(
            case,
            Mismatch {
                code: "response.status.default",
                kind: Kind::Warning,
                message: format!("Response status code matched default response in spec file: {status}"),
                mock: "response.status".to_owned(),
                spec: case.spec(".responses"),
            },
        );
    }
    // The form is the one that was asked for; what the response's own header says was compared before.
    let headers = case.request_headers();
    let asked = headers.get("accept").filter(|asked| !asked.is_empty()).unwrap_or("application/json");
    let media_type = matching(asked, &response.types)
        .or_else(|| response.types.first().copied().filter(|first| !first.is_empty()))
        .unwrap_or("application/json");
    let schema = present(response.value, "schema").or_else(|| {
        media::of(response.value.get("content"), media_type).and_then(|content| present(content, "schema"))
    });
    let body = case.interaction.response.body.as_ref();
    let content = case.spec(&format!(".responses.{status}.content"));
    match (treatment(media_type, body), body.filter(|body| truthy(body)), schema) {
        (Treatment::Warn, ..) => comparison.push(
            case,
            Mismatch {
                code: "response.body.unvalidatable",
                kind: Kind::Warning,
                message: format!("Body with content type '{media_type}' is not supported by the spec comparator"),
                mock: "response.body".to_owned(),
                spec: content,
            },
        ),
        (Treatment::Compare, Some(_), None) => comparison.push(
            case,
            Mismatch {
                code: "response.body.unknown",
                kind: Kind::Error,
                message: "No matching schema found for response body".to_owned(),
                mock: "response.body".to_owned(),
                spec: content,
            },
        ),
        (Treatment::Compare, Some(body), Some(schema)) => {
            let place = format!("{content}.{media_type}");
            for fault in comparison.faults(case, schema, &place, Side::Received, false, Some(body.clone())) {
                comparison.push(
                    case,
                    Mismatch {
                        code: "response.body.incompatible",
                        kind: Kind::Error,
                        message: format!(
                            "Response body is incompatible with the response body schema in the spec file: {}",
                            fault.message
                        ),
                        mock: format!("response.body{}", fault.in_value()),
                        spec: format!("{place}.schema.{}", fault.in_schema()),
                    },
                );
            }
        }
        (Treatment::Skip | Treatment::Compare, ..) => {}
    }
}
