//! Checks: list, show, pause, resume.

pub mod by_hand;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use checks::{State as Checks, Watch, why, why_paged};
use kernel::{EntityRef, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use world::Command;

use super::{Asked, Done, Listed, Paging, carry_out, not_found, reference, undo::Why};
use crate::{App, problem::Problem};

/// A check and its verdict.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckView {
    /// The check.
    #[schema(value_type = String)]
    pub check: EntityRef,
    /// The component whose critical path it is.
    #[schema(value_type = String)]
    pub target: EntityRef,
    /// What is asked for.
    pub request: String,
    /// `up`, `degraded`, `down` or `unknown`.
    pub verdict: &'static str,
    /// Since when.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
    /// Why, in words.
    pub why: String,
    /// Why it pages somebody or does not, in words.
    pub why_paged: String,
    /// When it last passed, as far as is known.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub last_good: Option<Timestamp>,
    /// What the last failing run saw.
    pub error: Option<String>,
    /// From the start of one run to the next, in milliseconds.
    pub interval_ms: u64,
    /// True if it does not judge at the moment.
    pub paused: bool,
}

impl CheckView {
    fn of(checks: &Checks, watch: &Watch, now: Timestamp) -> Self {
        let definition = &watch.definition;
        Self {
            check: definition.check.clone(),
            target: definition.target.clone(),
            request: definition.request(),
            verdict: watch.verdict.as_str(),
            since: watch.since,
            why: why(watch, now),
            why_paged: why_paged(checks, watch, now),
            last_good: watch.last_good,
            error: watch.evidence.as_ref().map(|evidence| evidence.error.clone()),
            interval_ms: definition.interval_ms,
            paused: watch.paused,
        }
    }
}

/// Lists the checks by name.
#[utoipa::path(get, path = "/api/v1/checks", tag = "checks", params(Paging),
    responses((status = 200, body = Listed<CheckView>)))]
pub async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Json<Listed<CheckView>>, Problem> {
    let world = app.world();
    let now = app.now();
    paging.page(world.checks.watches().collect(), |watch| CheckView::of(&world.checks, watch, now))
}

/// Shows a check.
#[utoipa::path(get, path = "/api/v1/checks/{name}", tag = "checks", params(("name", description = "the check's name")),
    responses((status = 200, body = CheckView)))]
pub async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Json<CheckView>, Problem> {
    let world = app.world();
    let watch = world.checks.watch(&reference("name", &name, "check")?).ok_or_else(|| not_found("check", &name))?;
    Ok(Json(CheckView::of(&world.checks, watch, app.now())))
}

/// Stops a check from judging, such as during maintenance.
#[utoipa::path(post, path = "/api/v1/checks/{name}/pause", tag = "checks", request_body = Why,
    params(("name", description = "the check's name")), responses((status = 200, body = Done)))]
pub async fn pause(State(app): State<App>, Path(name): Path<String>, asked: Asked<Why>) -> Result<Json<Done>, Problem> {
    let check = reference("name", &name, "check")?;
    let command = Command::Checks(checks::Command::Pause { check });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// Lets a paused check judge again.
#[utoipa::path(post, path = "/api/v1/checks/{name}/resume", tag = "checks", request_body = Why,
    params(("name", description = "the check's name")), responses((status = 200, body = Done)))]
pub async fn resume(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let check = reference("name", &name, "check")?;
    let command = Command::Checks(checks::Command::Resume { check });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}
