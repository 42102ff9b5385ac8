//! Reads what is asked: parameters that may be repeated, and bodies.

use axum::{extract::FromRequestParts, http::request::Parts};
use index::Filter;
use kernel::{Refusal, codes};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Problem;

/// The parameters of the query part of the address. Each of them may be repeated where the type has a list.
#[derive(Debug)]
pub struct Parameters<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let read = serde_html_form::from_str(query);
        read.map(Self).map_err(|error| Refusal::new(&codes::MALFORMED, format!("the parameters: {error}")).into())
    }
}

/// The entities that a request is about: the `filter` parameters, a body's `query`, or both.
pub(super) fn filter(parameters: &[String], predicate: Option<&Value>) -> Result<Filter, Refusal> {
    let filter = Filter::parse(parameters.iter().map(String::as_str))?;
    let Some(predicate) = predicate else { return Ok(filter) };
    Ok(filter.and(Filter::from_predicate(predicate)?))
}
