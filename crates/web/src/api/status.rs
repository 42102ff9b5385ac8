//! How the server is: for orchestrators, for Prometheus, for people.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::incidents::IncidentView;
use crate::{App, problem::Problem};

/// Says that the process answers.
#[utoipa::path(get, path = "/healthz", tag = "server", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Says that the server can do its work: the store can be read.
#[utoipa::path(get, path = "/readyz", tag = "server", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    app.blocking(|engine| Ok(engine.store().head()?)).await?;
    Ok("ready\n")
}

/// What is going on, in one answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Status {
    /// The version of Mainstay.
    pub version: &'static str,
    /// The server's time.
    #[schema(value_type = String, format = "date-time")]
    pub now: Timestamp,
    /// The last position of the timeline.
    pub position: u64,
    /// How many entities the catalog has.
    pub entities: usize,
    /// How many checks say up, degraded, down, unknown.
    pub checks: ChecksByVerdict,
    /// The open incidents, newest first.
    pub incidents: Vec<IncidentView>,
    /// Calls of hooks that have not been taken yet.
    pub pending_effects: usize,
}

/// How many checks have which verdict.
#[derive(Debug, Default, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the names are the verdicts")]
pub struct ChecksByVerdict {
    pub up: usize,
    pub degraded: usize,
    pub down: usize,
    pub unknown: usize,
}

impl ChecksByVerdict {
    fn of(world: &world::World) -> Self {
        let mut counts = Self::default();
        for watch in world.checks.watches() {
            match watch.verdict {
                ::checks::Verdict::Up => counts.up += 1,
                ::checks::Verdict::Degraded => counts.degraded += 1,
                ::checks::Verdict::Down => counts.down += 1,
                ::checks::Verdict::Unknown => counts.unknown += 1,
            }
        }
        counts
    }
}

/// Tells what is going on.
#[utoipa::path(get, path = "/api/v1/status", tag = "server", responses((status = 200, body = Status)))]
pub async fn status(State(app): State<App>) -> Json<Status> {
    let world = app.world();
    Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        now: app.now(),
        position: world.position,
        entities: world.catalog.len(),
        checks: ChecksByVerdict::of(&world),
        incidents: world.incidents.open().map(IncidentView::of).collect(),
        pending_effects: world.effects.pending().count(),
    })
}

/// The server's own measures, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "server", responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
pub async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let text = crate::metrics::text(&app.world(), app.now())?;
    let sort = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, sort)], text).into_response())
}
