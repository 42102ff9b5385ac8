//! `POST /api/catalog/validate-entity`: whether an entity obeys the rules.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use catalog::{Bundle, BundleFile, Rule};
use kernel::{Refusal, codes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    error::{ErrorBody, ErrorView},
    to_json,
};
use crate::{App, problem::Problem};

/// What is to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BackstageCandidate)]
pub struct Candidate {
    /// The entity.
    #[schema(value_type = Object)]
    pub entity: Value,
    /// Where it would come from: `url:https://...` or `file:...`. Nothing is fetched there.
    pub location: String,
}

/// What is wrong with it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageInvalid)]
pub struct Invalid {
    /// Everything that is wrong.
    pub errors: Vec<ErrorView>,
}

/// Says whether an entity obeys the rules, and all that is wrong with it.
#[utoipa::path(post, path = "/api/catalog/validate-entity", tag = "Backstage", request_body = Candidate,
    responses((status = 200, description = "It does."), (status = 400, body = Invalid), ErrorBody))]
pub async fn validate(
    State(app): State<App>,
    asked: Result<Json<Candidate>, JsonRejection>,
) -> Result<Response, Problem> {
    let refusals = match asked {
        Ok(Json(asked)) => app.blocking(move |_| errors(&asked)).await?,
        Err(unreadable) => vec![Refusal::new(&codes::MALFORMED, unreadable.body_text())],
    };
    if refusals.is_empty() {
        return Ok(StatusCode::OK.into_response());
    }
    let errors = refusals.iter().map(ErrorView::of).collect();
    Ok((StatusCode::BAD_REQUEST, Json(Invalid { errors })).into_response())
}

/// What is wrong with it.
fn errors(asked: &Candidate) -> Result<Vec<Refusal>, Refusal> {
    let parts = asked.location.split_once(':');
    if parts.is_none_or(|(sort, target)| sort.is_empty() || target.is_empty()) {
        let detail = format!("\"{}\" is no location", asked.location);
        return Ok(vec![Refusal::new(&codes::INVALID, detail).field("location").fix("write url:https://host/path")]);
    }
    let file = BundleFile { path: "catalog-info.yaml".to_owned(), bytes: to_json(&asked.entity)?.into() };
    let bundle = Bundle { source: asked.location.clone(), files: vec![file], problems: Vec::new() };
    let reading = world::read_bundle(&bundle);
    let wrong = reading.problems.into_iter().filter(|problem| problem.is_error() && !is_elsewhere(problem.rule));
    Ok(wrong
        .map(|problem| {
            let refusal = Refusal::new(&codes::INVALID, problem.message);
            match problem.suggestion {
                Some(suggestion) => refusal.fix(suggestion),
                None => refusal,
            }
        })
        .collect())
}

/// What an entity alone can't show: the files beside it, which are not here.
fn is_elsewhere(rule: Rule) -> bool {
    [Rule::SubstitutionMissing, Rule::SubstitutionOutside, Rule::LocationNoMatch].contains(&rule)
}
