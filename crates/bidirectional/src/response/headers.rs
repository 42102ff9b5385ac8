//! The response's header fields: the body's form, what the document declares, and the rest.

use super::declared;
use crate::compare::{Case, Comparison, Mismatch};
use crate::findings::Kind;
use crate::headers::Headers;
use crate::media::{STANDARD_IN_RESPONSES, matching};
use crate::schema::Side;
use crate::value::{entries, present};

/// Whether the body is in a form that the document names.
pub(crate) fn compare<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>) -> bool {
    let Some(response) = declared(comparison, case) else { return true };
    let mut headers = case.response_headers();
    let given = headers.media_type("content-type");
    let status = case.interaction.status;
    let mut readable = true;
    if !given.is_empty() && response.types.is_empty() {
        comparison.push(
            case,
            Mismatch {
                code: "response.content-type.unknown",
                kind: Kind::Warning,
                message:
                    "Response Content-Type header is defined but the spec does not specify any mime-types to produce"
                        .to_owned(),
                mock: "response.headers.content-type".to_owned(),
                spec: case.spec(""),
            },
        );
    } else if !given.is_empty() && matching(given, &response.types).is_none() {
        readable = false;
        comparison.push(
            case,
            Mismatch {
                code: "response.content-type.incompatible",
                kind: Kind::Error,
                message: "Response Content-Type header is incompatible with the mime-types the spec defines to produce"
                    .to_owned(),
                mock: "response.headers.content-type".to_owned(),
                spec: case.spec(&format!(".responses.{status}.content")),
            },
        );
    }
    headers.remove("content-type");
    for (name, header) in entries(response.value.get("headers")) {
        let schema = present(comparison.resolved(case, header), "schema").unwrap_or(header);
        if let Some(value) = headers.get(name).map(str::to_owned) {
            let place = case.spec(&format!(".responses.{status}.headers.{name}"));
            for fault in comparison.faults(case, schema, &place, Side::Sent, true, Some(value.into())) {
                comparison.push(
                    case,
                    Mismatch {
                        code: "response.header.incompatible",
                        kind: Kind::Error,
                        message: format!(
                            "Value is incompatible with the parameter defined in the spec file: {}",
                            fault.message
                        ),
                        mock: format!("response.headers.{name}{}", fault.in_value()),
                        spec: format!("{place}.schema.{}", fault.in_schema()),
                    },
                );
            }
        }
        headers.remove(name);
    }
    rest(comparison, case, headers);
    readable
}

fn rest<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>, mut headers: Headers) {
    for name in STANDARD_IN_RESPONSES {
        if headers.remove(name) {
            comparison.push(
                case,
                Mismatch {
                    code: "response.header.undefined",
                    kind: Kind::Warning,
                    message: format!("Standard http response header is not defined in the spec file: {name}"),
                    mock: format!("response.headers.{name}"),
                    spec: case.spec(""),
                },
            );
        }
    }
    for name in headers.names() {
        comparison.push(
            case,
            Mismatch {
                code: "response.header.unknown",
                kind: Kind::Error,
                message: format!("Response header is not defined in the spec file: {name}"),
                mock: format!("response.headers.{name}"),
                spec: case.spec(&format!(".responses.{}.headers", case.interaction.status)),
            },
        );
    }
}
