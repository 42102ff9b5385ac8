//! The faces of the protocols. What a body says is read by `alerts::formats`.

use alerts::{
    Integration, Signal,
    formats::{Batch, alertmanager as am, events_v2, generic as own, grafana as graf, opsgenie, prometheus as prom},
};
use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use engine::Request;
use kernel::{Actor, Refusal, Sha256, codes};
use serde::Deserialize;
use world::{Command, World};

use crate::{App, credentials, problem::Problem};

/// The largest body that is read, which is PagerDuty's limit too.
const BODY_BYTES_MAX: usize = 512 * 1024;

/// A key in the address, for senders that can't set headers.
#[derive(Debug, Default, Deserialize)]
pub struct KeyInAddress {
    key: Option<String>,
}

/// `POST /v2/enqueue`: PagerDuty's Events API v2.
pub async fn enqueue(State(app): State<App>, body: Bytes) -> Response {
    if body.len() > BODY_BYTES_MAX {
        return json(
            StatusCode::PAYLOAD_TOO_LARGE,
            events_v2::Invalid { errors: vec!["Event is too large".to_owned()] }.body(),
        );
    }
    let event = match events_v2::read(&body) {
        Ok(event) => event,
        Err(invalid) => return json(StatusCode::BAD_REQUEST, invalid.body()),
    };
    let world = app.world();
    let Some(integration) = known(&world, &event.routing_key) else {
        return json(StatusCode::BAD_REQUEST, events_v2::Invalid::routing_key(&event.routing_key).body());
    };
    let fresh = match credentials::new_key() {
        Ok(fresh) => fresh,
        Err(refusal) => return Problem::from(refusal).into_response(),
    };
    let signal = event.into_signal(integration, &fresh);
    let key = signal.key.clone();
    match receive(&app, &world, integration, vec![signal]).await {
        Ok(()) => json(StatusCode::ACCEPTED, events_v2::accepted(&key)),
        // Its clients try again after 429 and 5xx alone.
        Err(refusal) => Problem::from(refusal).into_response(),
    }
}

/// Takes Prometheus' alerts: it takes this server for an Alertmanager. The key is an integration's.
#[utoipa::path(post, path = "/api/v2/alerts", tag = "alerts", request_body(content = Vec<Object>),
    responses((status = 200, description = "all of it is taken")))]
pub async fn prometheus(
    State(app): State<App>,
    Query(at): Query<KeyInAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = app.now();
    batch(&app, &headers, &at, &body, |body, integration| prom::read(body, integration, now)).await
}

/// `POST /hooks/alertmanager`: Alertmanager's webhook.
pub async fn alertmanager(
    State(app): State<App>,
    Query(at): Query<KeyInAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    batch(&app, &headers, &at, &body, am::read).await
}

/// `POST /hooks/grafana`: Grafana's webhook contact point.
pub async fn grafana(
    State(app): State<App>,
    Query(at): Query<KeyInAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    batch(&app, &headers, &at, &body, graf::read).await
}

/// `POST /hooks/alerts`: our own simple JSON, or a form.
pub async fn generic(
    State(app): State<App>,
    Query(at): Query<KeyInAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|sort| sort.to_str().ok())
        .is_some_and(|sort| sort.starts_with("application/x-www-form-urlencoded"));
    batch(&app, &headers, &at, &body, |body, integration| {
        let signal = if is_form { own::read_form(body, integration) } else { own::read(body, integration) };
        signal.map(|signal| Batch { signals: vec![signal], truncated: 0, problems: Vec::new() })
    })
    .await
}

/// `POST /v2/alerts`: Opsgenie's way to create an alert.
pub async fn opsgenie_create(
    State(app): State<App>,
    Query(at): Query<KeyInAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let fresh = credentials::new_key()?;
    let alias = fresh.clone();
    let read = |body: &[u8], integration: &Integration| opsgenie::read_create(body, integration, &alias).map(single);
    batch(&app, &headers, &at, &body, read).await?;
    Ok(json(StatusCode::ACCEPTED, opsgenie::accepted(&fresh)))
}

/// `POST /v2/alerts/{id}/close`: Opsgenie's way to end one.
pub async fn opsgenie_close(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(at): Query<KeyInAddress>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    batch(&app, &headers, &at, &[], |_, _| Ok(single(opsgenie::close(&id)))).await?;
    Ok(json(StatusCode::ACCEPTED, opsgenie::accepted(&credentials::new_key()?)))
}

/// `POST /v2/alerts/{id}/acknowledge`: Opsgenie's way to take one on.
pub async fn opsgenie_acknowledge(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(at): Query<KeyInAddress>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    batch(&app, &headers, &at, &[], |_, _| Ok(single(opsgenie::acknowledge(&id)))).await?;
    Ok(json(StatusCode::ACCEPTED, opsgenie::accepted(&credentials::new_key()?)))
}

fn single(signal: Signal) -> Batch {
    Batch { signals: vec![signal], truncated: 0, problems: Vec::new() }
}

/// Takes a body that may say several things. What could be read of it is taken, even if something could not.
async fn batch(
    app: &App,
    headers: &HeaderMap,
    at: &KeyInAddress,
    body: &[u8],
    read: impl FnOnce(&[u8], &Integration) -> Result<Batch, Refusal>,
) -> Result<Response, Problem> {
    if body.len() > BODY_BYTES_MAX {
        let detail = format!("the body has {} bytes; at most {BODY_BYTES_MAX} are read", body.len());
        return Err(Refusal::new(&codes::TOO_LARGE, detail).into());
    }
    let world = app.world();
    let key = shown(headers).or_else(|| at.key.clone());
    let integration = key.as_deref().and_then(|key| known(&world, key)).ok_or_else(|| {
        Refusal::new(&codes::UNAUTHENTICATED, "no integration has this key")
            .fix("show the key that `mainstay integration create` printed, as `Authorization: Bearer KEY`")
    })?;
    let Batch { signals, truncated, problems } = read(body, integration)?;
    if truncated > 0 {
        tracing::warn!(alerts = truncated, integration = %integration.settings.name, "its sender left out alerts");
    }
    receive(app, &world, integration, signals).await?;
    if problems.is_empty() {
        return Ok(json(StatusCode::OK, "{}".to_owned()));
    }
    Err(Refusal::new(&codes::INVALID, problems.join("; ")).into())
}

/// The key that a request shows.
fn shown(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, value) = said.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "geniekey" => Some(value.trim().to_owned()),
        "basic" => {
            let pair = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
            pair.split_once(':').map(|(_, password)| password.to_owned())
        }
        _ => None,
    }
}

/// True if a request shows an integration's key.
pub(crate) fn is_sender(app: &App, headers: &HeaderMap) -> bool {
    shown(headers).is_some_and(|key| known(&app.world(), &key).is_some())
}

fn known<'a>(world: &'a World, key: &str) -> Option<&'a Integration> {
    world.alerts.by_key(&Sha256::of(key.as_bytes()))
}

async fn receive(app: &App, world: &World, integration: &Integration, mut signals: Vec<Signal>) -> Result<(), Refusal> {
    if signals.is_empty() {
        return Ok(());
    }
    for signal in &mut signals {
        signal.keep_entity_if(|entity| world.catalog.get(entity).is_some());
    }
    let command = Command::Alerts(alerts::Command::Receive { integration: integration.id, signals });
    let actor = Actor::Token(format!("integration {}", integration.settings.name));
    app.submit(Request { command, actor, reason: None, id: None }).await.map(drop)
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
