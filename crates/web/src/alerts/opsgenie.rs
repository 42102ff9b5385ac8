//! `POST /v2/alerts` and `/v2/alerts/{identifier}/close` and `/acknowledge`: Opsgenie's alert API. Alerts go by their
//! alias: what Opsgenie calls an id is never given out here.

use alerts::{
    Integration, Signal,
    formats::opsgenie::{accepted, acknowledge, close, read_create},
};
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use super::door::{Keyed, json, receive};
use crate::{App, credentials, problem::Problem};

async fn take(app: &App, integration: &Integration, signal: Signal) -> Result<Response, Problem> {
    let request = credentials::new_key()?;
    receive(app, integration, vec![signal]).await?;
    Ok(json(StatusCode::ACCEPTED, accepted(&request)))
}

/// Takes an alert as Opsgenie does.
#[utoipa::path(post, path = "/v2/alerts", tag = "alerts", request_body(content = Object, content_type = "application/json"),
    responses((status = 202, description = "it is on disk")))]
pub async fn create(State(app): State<App>, Keyed(integration): Keyed, body: Bytes) -> Result<Response, Problem> {
    let signal = read_create(&body, &integration, &credentials::new_key()?)?;
    take(&app, &integration, signal).await
}

/// Closes the alert with this alias.
#[utoipa::path(post, path = "/v2/alerts/{identifier}/close", tag = "alerts",
    params(("identifier", description = "the alert's alias")), responses((status = 202, description = "it is on disk")))]
pub async fn closed(
    State(app): State<App>,
    Keyed(integration): Keyed,
    Path(identifier): Path<String>,
) -> Result<Response, Problem> {
    take(&app, &integration, close(&identifier)).await
}

/// Acknowledges the alert with this alias.
#[utoipa::path(post, path = "/v2/alerts/{identifier}/acknowledge", tag = "alerts",
    params(("identifier", description = "the alert's alias")), responses((status = 202, description = "it is on disk")))]
pub async fn acknowledged(
    State(app): State<App>,
    Keyed(integration): Keyed,
    Path(identifier): Path<String>,
) -> Result<Response, Problem> {
    take(&app, &integration, acknowledge(&identifier)).await
}
