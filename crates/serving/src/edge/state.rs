//! How current the relay's flags are, for orchestrators and Prometheus.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use axum::{Json, Router, http::StatusCode, routing::get};
use prometheus_client::metrics::gauge::Gauge;
use serde::Serialize;

use crate::{Serving, clock, metrics::Metrics};

/// How current the flags are.
#[derive(Default)]
pub(super) struct State {
    /// The event stream is open.
    connected: AtomicBool,
    /// When the flags were known to be the server's, in seconds since 1970; 0 if there are none.
    current_at: AtomicU64,
    /// What went wrong last, until it goes well again.
    problem: Mutex<Option<String>>,
}

/// What `/readyz` says.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    connected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stale_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl State {
    /// The flags were the server's at that time.
    pub(super) fn current(&self, at: u64) {
        self.current_at.store(at, Ordering::Relaxed);
    }

    /// The event stream is open.
    pub(super) fn connected(&self) {
        self.connected.store(true, Ordering::Relaxed);
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The server is away, or there is something wrong with what it says.
    pub(super) fn failed(&self, problem: String) {
        self.connected.store(false, Ordering::Relaxed);
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }

    fn readiness(&self) -> (StatusCode, Json<Readiness>) {
        let current_at = self.current_at.load(Ordering::Relaxed);
        let ready = current_at > 0;
        let readiness = Readiness {
            ready,
            connected: self.connected.load(Ordering::Relaxed),
            stale_seconds: ready.then(|| clock::now().saturating_sub(current_at)),
            problem: self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(readiness))
    }
}

/// `/healthz`, `/readyz` and `/metrics`.
pub(super) fn router(state: Arc<State>, serving: Serving) -> Router {
    let mut metrics = Metrics::default();
    let (connected, current_at) = (Gauge::<i64>::default(), Gauge::<i64>::default());
    let registry = metrics.registry();
    registry.register("relay_connected", "1 if the server's event stream is open", connected.clone());
    registry.register(
        "relay_current_timestamp_seconds",
        "When the flags were known to be the server's",
        current_at.clone(),
    );
    let metrics = Arc::new(metrics);
    let seen = Arc::clone(&state);
    let measures = async move || {
        connected.set(i64::from(seen.connected.load(Ordering::Relaxed)));
        current_at.set(i64::try_from(seen.current_at.load(Ordering::Relaxed)).unwrap_or(i64::MAX));
        metrics.answer(&serving)
    };
    let readyz = async move || state.readiness();
    Router::new().route("/healthz", get(StatusCode::OK)).route("/readyz", get(readyz)).route("/metrics", get(measures))
}
