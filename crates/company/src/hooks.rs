//! The deployer's hooks, which Mainstay calls to take a change back.
//!
//! `POST /hooks/deploy` and `POST /hooks/config` answer 202 when the request is queued; one worker carries requests out in
//! their order, after the short while that a deployment takes, and reports each to Mainstay like any other change.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    estate::{EstateError, Settings, Version},
    pipeline::Pipeline,
};

const QUEUE_MAX: usize = 64;
const KEYS_MAX: usize = 1000;
const BODY_BYTES_MAX: usize = 16 * 1024;

/// What was asked of the deployer.
enum Order {
    Deploy { component: String, version: Version, rollback_of: Option<String> },
    Configure { component: String, settings: Settings },
}

#[derive(Deserialize)]
struct DeployHook {
    component: String,
    version: String,
    #[serde(default)]
    rollback_of: Option<String>,
    #[serde(default)]
    idempotency_key: Option<String>,
}

#[derive(Deserialize)]
struct ConfigHook {
    component: String,
    config: Settings,
    #[serde(default)]
    idempotency_key: Option<String>,
}

struct Deployer {
    pipeline: Pipeline,
    /// `Bearer` and the secret.
    authorization: String,
    queue: mpsc::Sender<Order>,
    /// The newest idempotency keys that were taken.
    keys: Mutex<VecDeque<String>>,
}

/// Why a hook was not taken.
enum Refused {
    NotAuthorised,
    Unreadable(String),
    Impossible(EstateError),
    Busy,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::NotAuthorised => (StatusCode::UNAUTHORIZED, "the secret is another".to_owned()),
            Self::Unreadable(why) => (StatusCode::BAD_REQUEST, why),
            Self::Impossible(why) => (StatusCode::UNPROCESSABLE_ENTITY, why.to_string()),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too much is queued; try again".to_owned()),
        };
        (status, Json(json!({"error": error}))).into_response()
    }
}

/// The hooks' routes, and the worker that carries out what they take.
pub(crate) fn deployer(
    pipeline: Pipeline,
    secret: &str,
    takes: Duration,
) -> (Router, impl Future<Output = ()> + use<>) {
    let (queue, orders) = mpsc::channel(QUEUE_MAX);
    let worker = work(pipeline.clone(), orders, takes);
    let deployer = Deployer { pipeline, authorization: format!("Bearer {secret}"), queue, keys: Mutex::default() };
    let router = Router::new()
        .route("/hooks/deploy", post(deploy))
        .route("/hooks/config", post(configure))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(deployer));
    (router, worker)
}

async fn work(pipeline: Pipeline, mut orders: mpsc::Receiver<Order>, takes: Duration) {
    while let Some(order) = orders.recv().await {
        tokio::time::sleep(takes).await;
        let done = match order {
            Order::Deploy { component, version, rollback_of } => {
                pipeline.deploy(&component, version, rollback_of).await
            }
            Order::Configure { component, settings } => pipeline.configure(&component, settings, None).await,
        };
        if let Err(error) = done {
            tracing::warn!(error.message = %error, "the sample company's deployer failed");
        }
    }
}

async fn deploy(State(deployer): State<Arc<Deployer>>, headers: HeaderMap, body: Bytes) -> Result<Response, Refused> {
    let hook: DeployHook = deployer.read(&headers, &body)?;
    let component = component_name(&hook.component);
    let version = Version::parse(&hook.version)
        .ok_or_else(|| Refused::Unreadable(format!("version: \"{}\" is none", hook.version)))?;
    deployer.pipeline.estate.check_built(component, version).map_err(Refused::Impossible)?;
    let order = Order::Deploy { component: component.to_owned(), version, rollback_of: hook.rollback_of };
    deployer.take(order, hook.idempotency_key)
}

async fn configure(
    State(deployer): State<Arc<Deployer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let hook: ConfigHook = deployer.read(&headers, &body)?;
    let component = component_name(&hook.component);
    deployer.pipeline.estate.deployed(component).map_err(Refused::Impossible)?;
    let order = Order::Configure { component: component.to_owned(), settings: hook.config };
    deployer.take(order, hook.idempotency_key)
}

/// The name in `component:default/payments`, or in `payments`.
fn component_name(reference: &str) -> &str {
    reference.rsplit(['/', ':']).next().unwrap_or(reference)
}

impl Deployer {
    fn read<'a, T: Deserialize<'a>>(&self, headers: &HeaderMap, body: &'a [u8]) -> Result<T, Refused> {
        if headers.get(AUTHORIZATION).is_none_or(|value| value.as_bytes() != self.authorization.as_bytes()) {
            return Err(Refused::NotAuthorised);
        }
        serde_json::from_slice(body).map_err(|error| Refused::Unreadable(error.to_string()))
    }

    /// Queues an order, unless its key was taken before.
    fn take(&self, order: Order, key: Option<String>) -> Result<Response, Refused> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if key.as_ref().is_none_or(|key| !keys.contains(key)) {
            self.queue.try_send(order).map_err(|_| Refused::Busy)?;
            keys.extend(key);
            if keys.len() > KEYS_MAX {
                keys.pop_front();
            }
        }
        Ok((StatusCode::ACCEPTED, Json(json!({"accepted": true}))).into_response())
    }
}
