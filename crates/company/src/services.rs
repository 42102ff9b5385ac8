//! What each service does with a request: one file per service.

mod cart;
mod checkout;
mod currency;
mod email;
mod payments;
mod products;
mod recommendations;
mod shipping;
mod storefront;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Value, json};

use crate::{
    Service,
    desk::{Desk, Fault, Request},
    estate::Defect,
};

const BODY_BYTES_MAX: usize = 16 * 1024;

/// Longer than any caller waits.
const HANGING: Duration = Duration::from_secs(10);

/// One service, ready to be served.
pub(crate) fn router(desk: Desk) -> Router {
    let running = Running { desk, faults: AtomicU64::new(0), strangers: AtomicU64::new(0) };
    Router::new().fallback(handle).with_state(Arc::new(running))
}

struct Running {
    desk: Desk,
    /// How many requests a defect has spoilt.
    faults: AtomicU64,
    /// How many requests came without a customer's name.
    strangers: AtomicU64,
}

async fn handle(State(running): State<Arc<Running>>, request: axum::extract::Request) -> Response {
    let desk = &running.desk;
    let (parts, body) = request.into_parts();
    let answer = match read_body(body).await {
        Ok(body) => {
            let customer = running.customer(&parts.headers);
            let request = Request { method: parts.method, path: parts.uri.path().to_owned(), customer, body };
            running.answer(&request).await
        }
        Err(fault) => Err(fault),
    };
    desk.respond(answer)
}

async fn read_body(body: Body) -> Result<Value, Fault> {
    let bytes = to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "that is more than we read"))?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|error| Fault::new(StatusCode::BAD_REQUEST, format!("no JSON: {error}")))
}

impl Running {
    async fn answer(&self, request: &Request) -> Result<Value, Fault> {
        let desk = &self.desk;
        let deployed = desk.deployed();
        if request.path == "/healthz" {
            let version = deployed.map(|deployed| deployed.version.to_string());
            return Ok(json!({"service": desk.service.name(), "version": version, "state": "ok"}));
        }
        match deployed.and_then(|deployed| deployed.defect()) {
            Some(Defect::Fails(cause)) => return Err(self.failure(cause)),
            Some(Defect::Hangs) => {
                tokio::time::sleep(HANGING).await;
                return Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, "no connection to the database became free"));
            }
            None => {}
        }
        match desk.service {
            Service::Storefront => storefront::answer(desk, request).await,
            Service::Products => products::answer(desk, request),
            Service::Recommendations => recommendations::answer(desk, request).await,
            Service::Cart => cart::answer(desk, request),
            Service::Checkout => checkout::answer(desk, request).await,
            Service::Payments => payments::answer(request).await,
            Service::Currency => currency::answer(desk, request),
            Service::Shipping => shipping::answer(desk, request),
            Service::Email => email::answer(desk, request).await,
        }
    }

    fn customer(&self, headers: &HeaderMap) -> String {
        let named = headers.get("x-customer").and_then(|name| name.to_str().ok());
        named.map_or_else(|| format!("stranger-{}", self.strangers.fetch_add(1, Ordering::Relaxed)), str::to_owned)
    }

    /// Like real services, a broken one does not always say why.
    fn failure(&self, cause: &str) -> Fault {
        let text = if self.faults.fetch_add(1, Ordering::Relaxed) % 3 == 2 { "internal error" } else { cause };
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }
}
