//! `POST /v2/enqueue` and `/v2/change/enqueue`: PagerDuty's Events API v2. The integration's key is the body's
//! `routing_key`; headers are not looked at, since PagerDuty doesn't either.

use alerts::formats::events_v2::{Invalid, accepted, change_accepted, read, read_change};
use axum::{body::Bytes, extract::State, http::StatusCode, response::Response};

use super::door::{Sender, json, receive, report};
use crate::{App, credentials, problem::Problem};

/// Takes an event of PagerDuty's Events API v2: `trigger`, `acknowledge` or `resolve`.
#[utoipa::path(post, path = "/v2/enqueue", tag = "alerts", request_body(content = Object, content_type = "application/json"),
    responses((status = 202, description = "it is on disk"), (status = 400, description = "what is wrong, as PagerDuty says it"),
        (status = 429, description = "try again later")))]
pub async fn enqueue(State(app): State<App>, sender: Sender, body: Bytes) -> Result<Response, Problem> {
    let event = match read(&body) {
        Ok(event) => event,
        Err(invalid) => return Ok(json(StatusCode::BAD_REQUEST, invalid.body())),
    };
    let Some(integration) = sender.integration(&app, &event.routing_key, |kind| !kind.deploys())? else {
        return Ok(json(StatusCode::BAD_REQUEST, Invalid::routing_key(&event.routing_key).body()));
    };
    let signal = event.into_signal(&integration, &credentials::new_key()?);
    let answer = accepted(&signal.key);
    receive(&app, &integration, vec![signal]).await?;
    Ok(json(StatusCode::ACCEPTED, answer))
}

/// Takes a change event of PagerDuty's Events API v2: something was done to a component. It opens nothing.
#[utoipa::path(post, path = "/v2/change/enqueue", tag = "alerts", request_body(content = Object, content_type = "application/json"),
    responses((status = 202, description = "it is on disk"), (status = 400, description = "what is wrong, as PagerDuty says it"),
        (status = 429, description = "try again later")))]
pub async fn enqueue_change(State(app): State<App>, sender: Sender, body: Bytes) -> Result<Response, Problem> {
    let event = match read_change(&body) {
        Ok(event) => event,
        Err(invalid) => return Ok(json(StatusCode::BAD_REQUEST, invalid.body())),
    };
    let Some(integration) = sender.integration(&app, &event.routing_key, |kind| !kind.deploys())? else {
        return Ok(json(StatusCode::BAD_REQUEST, Invalid::routing_key(&event.routing_key).body()));
    };
    report(&app, &integration, event.entity(&integration), event.change).await?;
    Ok(json(StatusCode::ACCEPTED, change_accepted()))
}
