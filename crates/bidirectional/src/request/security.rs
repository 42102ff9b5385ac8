//! What proves who asks. One of the operation's requirements is enough; if none is met, each that could have been seen is a
//! finding. What can't be seen in a request (OAuth 2, OpenID Connect, certificates, cookies) counts as met.

use serde_json::Value;

use crate::compare::{Case, Comparison, Mismatch};
use crate::findings::Kind;
use crate::headers::Headers;
use crate::query;
use crate::value::{entries, items, text};

pub(crate) fn compare<'d>(comparison: &mut Comparison<'d>, case: &Case<'_, 'd>) {
    if !case.interaction.is_accepted() {
        return;
    }
    let document = comparison.document;
    let queried = query::names(&case.found.query);
    let mut headers = case.request_headers();
    let mut missing = Vec::new();
    for requirement in items(document.inherited(case.operation, "security")) {
        if requirement.as_object().is_some_and(serde_json::Map::is_empty) {
            return;
        }
        for (name, _) in entries(Some(requirement)) {
            let Some(scheme) = document.security_scheme(name) else { continue };
            match met(scheme, &mut headers, &queried, document.switches.no_authorization_schema) {
                Proof::Given => return missing.clear(),
                Proof::Missing(place) => missing.push(place),
                Proof::Unknown => {}
            }
        }
    }
    for place in missing {
        comparison.push(
            case,
            Mismatch {
                code: "request.authorization.missing",
                kind: Kind::Error,
                message: format!(
                    "Request Authorization {} is missing but is required by the spec file",
                    place.trim_end_matches('s')
                ),
                mock: format!("request.{place}"),
                spec: case.spec(""),
            },
        );
    }
}

enum Proof {
    Given,
    /// It would be in this part of the request.
    Missing(&'static str),
    /// Of a kind that nobody knows.
    Unknown,
}

fn met(scheme: &Value, headers: &mut Headers, queried: &[String], any: bool) -> Proof {
    let field = |key: &str| text(scheme, key).unwrap_or_default().to_lowercase();
    let name = text(scheme, "name").unwrap_or_default();
    let found = |given: bool, place| if given { Proof::Given } else { Proof::Missing(place) };
    let authorization = headers.get("authorization").map(str::to_lowercase);
    let begins = |start: &str| authorization.as_ref().is_some_and(|value| any || value.starts_with(start));
    match (field("type").as_str(), field("in").as_str(), field("scheme").as_str()) {
        ("apikey", "header", _) => found(headers.remove(name), "headers"),
        ("apikey", "query", _) => found(queried.iter().any(|queried| queried == name), "query"),
        ("apikey", "cookie", _) | ("mutualtls" | "oauth2" | "openidconnect", ..) => Proof::Given,
        ("basic", ..) | ("http", _, "basic") => found(begins("basic "), "headers"),
        ("http", _, "bearer") => found(begins("bearer "), "headers"),
        ("http", ..) => found(any && authorization.is_some(), "headers"),
        _ => Proof::Unknown,
    }
}
