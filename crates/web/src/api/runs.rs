//! Running a check now, and what its locations answer.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use checks::{Hop, Outcome, Phases, RunResult};
use kernel::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Asked, event::ActorView, not_found, reference};
use crate::{
    App,
    checks::runs::{self, Run},
    problem::Problem,
};

/// The longest that somebody waits for an answer.
const WAIT_S_MAX: u64 = 25;

/// Where to run it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Where {
    /// The locations; all that run it and are heard, if left out.
    #[serde(default)]
    pub locations: Vec<String>,
}

/// A run that was asked for, and what has come in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RunView {
    /// What to ask for it by.
    pub id: String,
    /// The check.
    #[schema(value_type = String)]
    pub check: EntityRef,
    /// `running` or `over`.
    pub state: String,
    /// When it was asked for.
    #[schema(value_type = String, format = "date-time")]
    pub asked: Timestamp,
    /// Until then locations are waited for.
    #[schema(value_type = String, format = "date-time")]
    pub until: Timestamp,
    /// Who asked.
    #[serde(skip_deserializing)]
    pub by: Option<ActorView>,
    /// What is judged of the check now: `up`, `degraded`, `down` or `unknown`.
    pub verdict: String,
    /// How many locations have answered.
    pub answers: usize,
    /// Every location that was asked, by name.
    pub locations: Vec<AnswerView>,
}

/// What one location saw.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct AnswerView {
    /// Where.
    pub location: String,
    /// `waiting`, `no answer`, `passed`, `slow`, `failed`, or `unable` where the probe can't run it.
    pub outcome: String,
    /// When the run began.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub at: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub latency_ms: Option<u64>,
    /// How long each phase took in milliseconds, over all exchanges; those that took no time are left out.
    pub phases: Vec<PhaseView>,
    /// What was wrong, in one sentence.
    pub error: Option<String>,
    /// The address that was asked last.
    pub url: Option<String>,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// The beginning of the last answer's body, where something was wrong.
    pub body: Option<String>,
    /// Every exchange, in order.
    pub hops: Vec<HopView>,
}

/// How long a phase took.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PhaseView {
    /// `resolve`, `connect`, `tls`, `processing` or `transfer`.
    pub phase: String,
    /// In milliseconds.
    pub ms: f64,
}

/// One exchange.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HopView {
    /// The journey's step.
    pub step: Option<String>,
    /// What was asked for.
    pub request: String,
    /// The status of the answer.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

fn phases(phases: &Phases) -> Vec<PhaseView> {
    let all = checks::Phase::ALL.into_iter().filter(|phase| phases.of(*phase) > 0);
    all.map(|phase| PhaseView { phase: phase.as_str().to_owned(), ms: millis(phases.of(phase)) }).collect()
}

/// Microseconds as milliseconds, to the tenth.
fn millis(us: u64) -> f64 {
    (us as f64 / 100.0).round() / 10.0
}

fn hop(hop: &Hop) -> HopView {
    let us = checks::Phase::ALL.into_iter().map(|phase| hop.phases.of(phase)).sum();
    HopView { step: hop.step.clone(), request: hop.request.clone(), status: hop.status, ms: millis(us) }
}

impl AnswerView {
    /// A location's result.
    #[must_use]
    pub fn of(result: &RunResult) -> Self {
        let (outcome, evidence, unable) = match &result.outcome {
            Outcome::Passed => ("passed", None, None),
            Outcome::Slow { evidence } => ("slow", Some(evidence), None),
            Outcome::Failed { evidence } => ("failed", Some(evidence), None),
            Outcome::Unable { why } => ("unable", None, Some(why.clone())),
        };
        let all = result.hops.iter().fold(Phases::default(), |sum, hop| sum.and(&hop.phases));
        let status = evidence.and_then(|evidence| evidence.status);
        Self {
            location: result.location.clone(),
            outcome: outcome.to_owned(),
            at: Some(result.at),
            latency_ms: Some(result.latency_ms),
            phases: phases(&all),
            error: evidence.map(|evidence| evidence.error.clone()).or(unable),
            url: evidence.map(|evidence| evidence.url.clone()).filter(|url| !url.is_empty()),
            status: status.or_else(|| result.hops.last().and_then(|hop| hop.status)),
            body: evidence.and_then(|evidence| evidence.body_excerpt.clone()),
            hops: result.hops.iter().map(hop).collect(),
        }
    }

    /// What is known of a location that was asked.
    #[must_use]
    pub fn of_location(location: &str, result: Option<&RunResult>, over: bool) -> Self {
        let outcome = if over { "no answer" } else { "waiting" };
        let none = || Self { location: location.to_owned(), outcome: outcome.to_owned(), ..Self::default() };
        result.map_or_else(none, Self::of)
    }
}

impl RunView {
    /// The run as of now.
    #[must_use]
    pub fn of(app: &App, run: &Run) -> Self {
        let over = run.is_over(app.now());
        let verdict = runs::judged(&app.world(), &run.check).as_str();
        let locations = run.locations.iter();
        let locations = locations.map(|(location, result)| AnswerView::of_location(location, result.as_deref(), over));
        Self {
            id: run.id.clone(),
            check: run.check.clone(),
            state: if over { "over" } else { "running" }.to_owned(),
            asked: run.asked,
            until: run.until,
            by: Some(ActorView::of(&run.by)),
            verdict: verdict.to_owned(),
            answers: run.answers(),
            locations: locations.collect(),
        }
    }
}

/// Runs a check now: its locations are asked at once. One request of a check is under way at a time, and there is a pause
/// between two. What they see counts as any other result.
#[utoipa::path(post, path = "/api/v1/checks/{name}/runs", tag = "checks", request_body = Where,
    params(("name", description = "the check's name")), responses((status = 202, body = RunView)))]
pub async fn start(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<Where>,
) -> Result<(StatusCode, Json<RunView>), Problem> {
    let check = reference("name", &name, "check")?;
    let by = (asked.by.0.actor.clone(), asked.id());
    let run = runs::start(&app, &check, &asked.body.locations, by)?;
    Ok((StatusCode::ACCEPTED, Json(RunView::of(&app, &run))))
}

/// How long to wait for more.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Patience {
    /// How many answers are known already: the answer comes when there are more, or the run is over.
    pub seen: Option<usize>,
    /// For how many seconds to wait for that; 25 at most.
    #[serde(default)]
    pub wait_s: u64,
}

/// Shows a run that was asked for, and what has come in. The server remembers the last 256, until it stops.
#[utoipa::path(get, path = "/api/v1/checks/{name}/runs/{id}", tag = "checks",
    params(("name", description = "the check's name"), ("id", description = "the run's id"), Patience),
    responses((status = 200, body = RunView)))]
pub async fn show(
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
    Query(patience): Query<Patience>,
) -> Result<Json<RunView>, Problem> {
    let check = reference("name", &name, "check")?;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(patience.wait_s.min(WAIT_S_MAX));
    let mut changes = app.runs().changes();
    loop {
        let run = app.runs().get(&check, &id).ok_or_else(|| not_found("run", &id))?;
        let is_news = patience.seen.is_none_or(|seen| run.answers() > seen) || run.is_over(app.now());
        if is_news || !matches!(tokio::time::timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
            return Ok(Json(RunView::of(&app, &run)));
        }
    }
}
