//! The path's parameters. A path whose parameter doesn't suit its schema is one that the document doesn't have.

use serde_json::Value;

use super::{TOO_LONG, schema_of};
use crate::compare::{Case, Comparison, Mismatch};
use crate::findings::Kind;
use crate::query;
use crate::schema::Side;
use crate::value::{present, text};

/// Whether the path is the operation's; if not, nothing else is worth comparing.
pub(crate) fn compare<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>) -> bool {
    let mut fits = true;
    for (index, parameter) in case.operation.parameters.iter().enumerate() {
        if text(parameter, "in") != Some("path") {
            continue;
        }
        let name = text(parameter, "name").unwrap_or_default().replace('-', "");
        let Some((_, value)) = case.found.parameters.iter().rev().find(|(known, _)| *known == name) else { continue };
        let schema = schema_of(parameter);
        let kind = text(&schema, "type");
        let plain = (kind == Some("string")).then(|| Value::from(value.as_str()));
        let Some(mut read) = plain.or_else(|| query::parameter(value, &comparison.budget)) else {
            comparison.incomplete(case, "request.path", &case.spec(""), TOO_LONG);
            continue;
        };
        if kind == Some("array")
            && let Value::String(text) = &read
        {
            read = text.split(separator(parameter)).map(Value::from).collect();
        }
        let place = case.spec(&format!(".parameters[{index}]"));
        for _ in comparison.faults(case, &schema, &place, Side::Sent, true, Some(read)) {
            fits = false;
            let message =
                format!("Path or method not defined in spec file: {} {}", case.operation.method, case.interaction.path);
            comparison.push(
                case,
                Mismatch {
                    code: "request.path-or-method.unknown",
                    kind: Kind::Error,
                    message,
                    mock: "request.path".to_owned(),
                    spec: "[root].paths".to_owned(),
                },
            );
        }
    }
    fits
}

/// What stands between a list's items.
fn separator(parameter: &Value) -> char {
    let style = text(parameter, "style").unwrap_or_default().to_lowercase();
    match style.as_str() {
        "label" if present(parameter, "explode").is_some() => '.',
        "matrix" if present(parameter, "explode").is_some() => ';',
        _ => ',',
    }
}
