//! All flags of an environment as one flagd document.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use kernel::{Refusal, codes};
use serde::Deserialize;
use serde_json::Value;
use serving::Scope;

use super::production;
use crate::{App, guard::By, problem::Problem};

/// Which environment.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Where {
    /// The environment; `production` if left out.
    #[serde(default = "production")]
    #[param(max_length = 63)]
    pub environment: String,
}

/// Exports an environment as a flagd document: segments, prerequisites and shares are written as flagd's rules.
#[utoipa::path(get, path = "/api/v1/flags/export", tag = "flags", params(Where),
    responses((status = 200, body = Object)))]
pub async fn export(State(app): State<App>, Query(Where { environment }): Query<Where>) -> Json<Value> {
    Json(flags::export(&app.world().flags, &environment, app.now()))
}

/// Sends what a relay or provider needs to evaluate by itself: the flags that the token may see, as a flagd document. Its
/// `ETag` is another one if any of them may evaluate otherwise.
#[utoipa::path(get, path = "/api/v1/flags/sets/{environment}", tag = "flags",
    params(("environment", description = "the environment"),
        ("If-None-Match" = Option<String>, Header, description = "the `ETag` of the last answer")),
    responses((status = 200, body = Object), (status = 304, description = "All is as it was.")))]
pub async fn set(
    State(app): State<App>,
    By(grant): By,
    Path(environment): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !grant.reach.holds(&environment) {
        let detail = format!("the token evaluates flags in another environment than {environment}");
        return Err(Refusal::new(&codes::FORBIDDEN, detail).into());
    }
    let published = app.published();
    let environment = published.environment(&app, environment).await;
    let flag_sets = (!grant.reach.flag_sets.is_empty()).then_some(grant.reach.flag_sets);
    let set = published.serving().board().set(&Scope { environment, flag_sets });
    let set = set.ok_or_else(|| Refusal::new(&codes::BUSY, "the flags are not published yet").retry_after(1))?;
    let etag = format!("\"{:016x}\"", set.revision());
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|tags| tags.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    let tag = (header::ETAG, HeaderValue::try_from(etag.as_str()).unwrap_or(HeaderValue::from_static("\"\"")));
    if known.any(|tag| tag == etag) {
        return Ok((axum::http::StatusCode::NOT_MODIFIED, [tag]).into_response());
    }
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(([tag, kind], set.document().to_string()).into_response())
}
