//! The query's parameters: those that the operation declares, and the rest.

use serde_json::Value;

use super::{TOO_LONG, schema_of};
use crate::compare::{Case, Comparison, Mismatch};
use crate::findings::Kind;
use crate::query;
use crate::schema::Side;
use crate::value::{entries, items, present, text};

pub(crate) fn compare<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>) {
    if !case.interaction.is_accepted() {
        return;
    }
    let document = comparison.document;
    let budget = &comparison.budget;
    let read = query::structured(&case.found.query, budget).zip(query::plain(&case.found.query, budget));
    let Some((mut structured, mut plain)) = read else {
        return comparison.incomplete(case, "request.query", &case.spec(""), TOO_LONG);
    };
    for (index, parameter) in case.operation.parameters.iter().enumerate() {
        if text(parameter, "in") != Some("query") {
            continue;
        }
        let Some(name) = text(parameter, "name") else { continue };
        let schema = schema_of(parameter);
        let declared = parameter.get("schema").and_then(|schema| text(schema, "type"));
        let read = structured.shift_remove(name);
        let value = if declared == Some("string") { plain.shift_remove(name) } else { read };
        if value.is_none() && present(parameter, "required").is_none() {
            continue;
        }
        let listed = text(&schema, "type") == Some("array");
        let separator = separator(&schema, document.is_openapi());
        let value = value.map(|value| match value.as_str() {
            Some(text) if listed => text.split(separator).map(Value::from).collect(),
            _ => value,
        });
        let place = case.spec(&format!(".parameters[{index}]"));
        for fault in comparison.faults(case, &schema, &place, Side::Sent, true, value) {
            comparison.push(
                case,
                Mismatch {
                    code: "request.query.incompatible",
                    kind: Kind::Error,
                    message: format!(
                        "Value is incompatible with the parameter defined in the spec file: {}",
                        fault.message
                    ),
                    mock: format!("request.query.{name}{}", fault.in_value()),
                    spec: format!("{place}.schema.{}", fault.in_schema()),
                },
            );
        }
    }
    let keys: Vec<&str> = items(document.inherited(case.operation, "security"))
        .flat_map(|requirement| entries(Some(requirement)))
        .filter_map(|(name, _)| document.security_scheme(name))
        .filter(|scheme| text(scheme, "type") == Some("apiKey") && text(scheme, "in") == Some("query"))
        .filter_map(|scheme| text(scheme, "name"))
        .collect();
    for name in structured.keys().filter(|name| !keys.contains(&name.as_str())) {
        comparison.push(
            case,
            Mismatch {
                code: "request.query.unknown",
                kind: Kind::Warning,
                message: format!("Query parameter is not defined in the spec file: {name}"),
                mock: format!("request.query.{name}"),
                spec: case.spec(""),
            },
        );
    }
}

/// What stands between a list's items; only Swagger 2 has a choice.
fn separator(schema: &Value, openapi: bool) -> char {
    match text(schema, "collectionFormat") {
        Some("ssv") if !openapi => ' ',
        Some("tsv") if !openapi => '\t',
        Some("pipes") if !openapi => '|',
        _ => ',',
    }
}
