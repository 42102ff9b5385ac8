//! `POST /api/v2/alerts`: Prometheus takes us for an Alertmanager.

use alerts::formats::prometheus::read;
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::door::{Keyed, receive};
use crate::{App, problem::Problem};

/// Takes what Prometheus sends to an Alertmanager.
#[utoipa::path(post, path = "/api/v2/alerts", tag = "alerts", request_body(content = Vec<Object>, content_type = "application/json"),
    responses((status = 200, description = "they are on disk"),
        (status = 400, description = "some could not be read; the others are on disk")))]
pub async fn post(State(app): State<App>, Keyed(integration): Keyed, body: Bytes) -> Result<Response, Problem> {
    let batch = read(&body, &integration, app.now())?;
    receive(&app, &integration, batch.signals).await?;
    if batch.problems.is_empty() {
        return Ok(StatusCode::OK.into_response());
    }
    // Alertmanager's answer is a JSON string.
    Ok((StatusCode::BAD_REQUEST, Json(batch.problems.join("; "))).into_response())
}
