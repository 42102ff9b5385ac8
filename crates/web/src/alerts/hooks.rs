//! `POST /hooks/...`: Alertmanager's and Grafana's webhooks, and our own simple JSON and form.

use alerts::formats::{Batch, alertmanager, generic, grafana};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::door::{Keyed, receive};
use crate::{App, problem::Problem};

/// What was taken of a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    /// How many alerts were read.
    pub taken: usize,
    /// How many alerts the sender left out of the message itself.
    pub truncated: u64,
    /// Why others could not be read.
    pub problems: Vec<String>,
}

/// Takes Alertmanager's webhook.
#[utoipa::path(post, path = "/hooks/alertmanager", tag = "alerts", request_body(content = Object, content_type = "application/json"),
    responses((status = 200, body = Taken)))]
pub async fn from_alertmanager(
    State(app): State<App>,
    Keyed(integration): Keyed,
    body: Bytes,
) -> Result<Json<Taken>, Problem> {
    let batch = alertmanager::read(&body, &integration)?;
    take(&app, &integration, batch).await
}

/// Takes the webhook of Grafana's contact point.
#[utoipa::path(post, path = "/hooks/grafana", tag = "alerts", request_body(content = Object, content_type = "application/json"),
    responses((status = 200, body = Taken)))]
pub async fn from_grafana(
    State(app): State<App>,
    Keyed(integration): Keyed,
    body: Bytes,
) -> Result<Json<Taken>, Problem> {
    let batch = grafana::read(&body, &integration)?;
    take(&app, &integration, batch).await
}

async fn take(app: &App, integration: &alerts::Integration, batch: Batch) -> Result<Json<Taken>, Problem> {
    let Batch { signals, truncated, problems } = batch;
    let taken = signals.len();
    if truncated > 0 {
        let name = integration.settings.name.as_str();
        tracing::warn!(integration = name, truncated, "a sender left alerts out of its message: raise its max_alerts");
    }
    receive(app, integration, signals).await?;
    Ok(Json(Taken { taken, truncated, problems }))
}

/// The alert that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenAlert {
    /// The key to close it by.
    pub dedup: String,
}

/// Takes one alert as simple JSON, or as a form.
#[utoipa::path(post, path = "/hooks/alerts", tag = "alerts", request_body(content = Object, content_type = "application/json"),
    responses((status = 202, body = TakenAlert)))]
pub async fn from_anything(
    State(app): State<App>,
    Keyed(integration): Keyed,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<TakenAlert>), Problem> {
    let sort = headers.get(header::CONTENT_TYPE).and_then(|sort| sort.to_str().ok()).unwrap_or_default();
    let is_form = sort.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded");
    // curl says that its data is a form, also where it is JSON.
    let is_json = body.trim_ascii_start().first() == Some(&b'{');
    let signal = if is_form && !is_json {
        generic::read_form(&body, &integration)?
    } else {
        generic::read(&body, &integration)?
    };
    let dedup = signal.key.clone();
    receive(&app, &integration, vec![signal]).await?;
    Ok((StatusCode::ACCEPTED, Json(TakenAlert { dedup })))
}
