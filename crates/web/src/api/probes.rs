//! Probes: what they have to run, and what they saw. And jobs, which report by themselves.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use checks::{CheckDefinition, RunResult, Signal};
use kernel::{EntityRef, Refusal, Sha256, Timestamp, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{Command, World};

use super::{Asked, Done, Listed, Paging, carry_out, reference, undo::Why};
use crate::{
    App,
    checks::{intake, runs::Told},
    problem::Problem,
};

/// Results in one batch.
const RESULTS_MAX: usize = 5_000;
/// The longest that a probe waits for changes.
const WAIT_S_MAX: u64 = 55;

/// A probe, as it is known here.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProbeView {
    /// Where it stands.
    pub location: String,
    /// `reporting` or `silent`.
    pub state: &'static str,
    /// Since when.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
    /// When it was last heard, since the server began.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub heard: Option<Timestamp>,
    /// How many checks it runs.
    pub checks: usize,
    /// Which version it is, if it said so.
    pub version: Option<String>,
    /// By how many milliseconds the server's clock is ahead of its own, if it said so.
    pub skew_ms: Option<i64>,
    /// True if it lately reached anything at all, false if not; absent if it didn't say.
    pub uplink: Option<bool>,
    /// True for one that runs within this server.
    pub inside: bool,
}

/// Lists the probes by location.
#[utoipa::path(get, path = "/api/v1/probes", tag = "checks", params(Paging),
    responses((status = 200, body = Listed<ProbeView>)))]
pub async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Json<Listed<ProbeView>>, Problem> {
    let world = app.world();
    paging.page(world.checks.probes().collect(), |(location, probe)| {
        let about = app.intake().probe_about(location).unwrap_or_default();
        ProbeView {
            location: location.to_owned(),
            state: if probe.silent { "silent" } else { "reporting" },
            since: probe.since,
            heard: app.intake().probe_heard(location),
            checks: world.checks.definitions(location).len(),
            version: about.version,
            skew_ms: about.skew_ms,
            uplink: about.uplink.map(|uplink| uplink == intake::Uplink::Works),
            inside: about.inside,
        }
    })
}

/// What a probe already has.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Known {
    /// The version that it has; an answer comes when there is another one.
    pub known: Option<String>,
    /// For how many seconds to wait for one; 55 at most.
    #[serde(default)]
    pub wait_s: u64,
    /// Which version of Mainstay the probe is.
    pub version: Option<String>,
    /// By how many milliseconds the server's clock is ahead of the probe's.
    pub skew_ms: Option<i64>,
    /// Whether the probe lately reached anything at all.
    pub uplink: Option<bool>,
}

/// Bytes of a version that are kept.
const VERSION_BYTES: usize = 40;

impl Known {
    /// What the probe says of itself.
    fn about(&self) -> intake::About {
        let version = self.version.as_ref().map(|version| {
            let shown = version.chars().filter(char::is_ascii_graphic);
            shown.take(VERSION_BYTES).collect::<String>()
        });
        let uplink = self.uplink.map(|works| if works { intake::Uplink::Works } else { intake::Uplink::Failed });
        intake::About { version, skew_ms: self.skew_ms, uplink, inside: false }
    }
}

/// What a probe has to do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Work {
    /// What to send as `known` the next time.
    pub version: String,
    /// The probe's number among all probes, from 0.
    pub index: u32,
    /// How many probes there are: runs of one check are spread over its interval.
    pub of: u32,
    /// The checks that it runs.
    #[schema(value_type = Vec<Object>)]
    pub checks: Vec<CheckDefinition>,
    /// Checks to run at once, to confirm what another location saw or because somebody asked, unless that was done after
    /// this time. The result names it as `asked`.
    #[schema(value_type = Object)]
    pub confirm: BTreeMap<EntityRef, Timestamp>,
    /// The values of the secrets that these checks name.
    #[schema(value_type = Object)]
    pub secrets: BTreeMap<String, String>,
}

/// Says what a probe has to run. The probe is known from then on.
#[utoipa::path(get, path = "/api/v1/probes/{location}/work", tag = "checks",
    params(("location", description = "where the probe stands"), Known),
    responses((status = 200, body = Work), (status = 304, description = "nothing is new")))]
pub async fn work(
    State(app): State<App>,
    Path(location): Path<String>,
    Query(known): Query<Known>,
) -> Result<Result<Json<Work>, StatusCode>, Problem> {
    intake::hear(&app, &location).await?;
    app.intake().note_about(&location, known.about());
    let mut commits = app.engine().subscribe();
    let mut requests = app.runs().changes();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(known.wait_s.min(WAIT_S_MAX));
    loop {
        let work = work_of(&app, &app.world(), &location);
        if known.known.as_ref() != Some(&work.version) {
            return Ok(Ok(Json(work)));
        }
        loop {
            let commit = tokio::select! {
                commit = tokio::time::timeout_at(deadline, commits.recv()) => commit,
                // Its sender is as old as the server.
                _ = requests.changed() => break,
            };
            match commit {
                Err(_) | Ok(Err(tokio::sync::broadcast::error::RecvError::Closed)) => {
                    return Ok(Err(StatusCode::NOT_MODIFIED));
                }
                Ok(Err(tokio::sync::broadcast::error::RecvError::Lagged(_))) => break,
                Ok(Ok(commit)) => {
                    let concerns = |event: &world::Event| matches!(event, world::Event::Checks(_));
                    if commit.recorded.iter().any(|recorded| concerns(&recorded.event)) {
                        break;
                    }
                }
            }
        }
    }
}

/// The checks that the probe at a location is to run at once, since another location saw them fail and that isn't
/// confirmed: each with the time since when a run of it confirms nothing.
#[must_use]
pub fn doubted(world: &World, location: &str) -> BTreeMap<EntityRef, Timestamp> {
    let state = &world.checks;
    let doubted = state.watches().filter_map(|watch| {
        // What is known to be down needs no further witness, and most checks are in no doubt at all.
        let unsure = watch.verdict != checks::Verdict::Down && !watch.paused;
        if !unsure || watch.falters.is_empty() && watch.failing.is_empty() || !watch.definition.is_for(location) {
            return None;
        }
        let elsewhere = |seen: &&String| seen.as_str() != location;
        let falters = watch.falters.iter().filter(|(seen, _)| elsewhere(seen)).map(|(_, falter)| falter.since);
        let failing = watch.failing.iter().filter(|(seen, failing)| elsewhere(seen) && failing.down);
        let since = falters.chain(failing.map(|(_, failing)| failing.since)).max()?;
        Some((watch.definition.check.clone(), since))
    });
    doubted.collect()
}

/// A location's number among all that have a probe, from 0, and how many there are.
#[must_use]
pub fn place(world: &World, location: &str) -> (u32, u32) {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let before = world.checks.probes().filter(|(known, _)| *known < location).count();
    let others = world.checks.probes().filter(|(known, _)| *known != location).count();
    (count(before), count(others + 1))
}

/// What the probe at a location has to do, as of now.
fn work_of(app: &App, world: &World, location: &str) -> Work {
    let Told { definitions, now: confirm } = Told::of(app, world, location);
    let (index, of) = place(world, location);
    let checks: Vec<CheckDefinition> = definitions.iter().map(|definition| (**definition).clone()).collect();
    let mut work = Work { version: String::new(), index, of, secrets: secrets_of(app, &checks), checks, confirm };
    let written = serde_json::to_vec(&work).unwrap_or_default();
    work.version = Sha256::of(&written).to_string();
    work
}

/// The secrets that these checks name, and no others: a probe is told what it needs.
fn secrets_of(app: &App, checks: &[CheckDefinition]) -> BTreeMap<String, String> {
    let known = &app.settings().check_secrets;
    let texts = checks.iter().filter(|_| !known.is_empty()).filter_map(|check| serde_json::to_string(check).ok());
    let names: std::collections::BTreeSet<String> =
        texts.flat_map(|text| checks::template::secrets(&text).collect::<Vec<_>>()).collect();
    names.into_iter().filter_map(|name| Some((name.clone(), known.get(&name)?.clone()))).collect()
}

/// What a probe saw.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Results {
    /// In the order of the runs. At most 5,000.
    #[schema(value_type = Vec<Object>)]
    pub results: Vec<RunResult>,
}

/// Takes a probe's results. When it answers, they are on disk; what gets no answer is to be sent again as it was: the same
/// batch right after itself is counted once.
#[utoipa::path(post, path = "/api/v1/probes/{location}/results", tag = "checks", request_body = Results,
    params(("location", description = "where the probe stands")), responses((status = 204)))]
pub async fn report(
    State(app): State<App>,
    Path(location): Path<String>,
    asked: Asked<Results>,
) -> Result<StatusCode, Problem> {
    let mut results = asked.body.results;
    if results.len() > RESULTS_MAX {
        let detail = format!("{} results; at most {RESULTS_MAX} are taken at once", results.len());
        return Err(Refusal::new(&codes::TOO_LARGE, detail).into());
    }
    // A probe speaks for its own location alone.
    results.iter_mut().for_each(|result| result.location.clone_from(&location));
    intake::take_once(&app, &location, results).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a probe out of service: its location counts no more.
#[utoipa::path(post, path = "/api/v1/probes/{location}/retire", tag = "checks", request_body = Why,
    params(("location", description = "where the probe stands")), responses((status = 200, body = Done)))]
pub async fn retire(
    State(app): State<App>,
    Path(location): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let command = Command::Checks(checks::Command::RetireProbe { location });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// What a job says of itself.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Beat {
    /// `started`, `succeeded` or `failed`; `succeeded` if left out.
    pub signal: Option<String>,
    /// The exit code: anything but 0 is a failure.
    pub exit: Option<i32>,
    /// The end of what it wrote.
    #[serde(default)]
    pub output: String,
}

/// Takes a job's report.
#[utoipa::path(post, path = "/api/v1/checks/{name}/beat", tag = "checks", request_body = Beat,
    params(("name", description = "the heartbeat's name")), responses((status = 200, body = Done)))]
pub async fn beat(State(app): State<App>, Path(name): Path<String>, asked: Asked<Beat>) -> Result<Json<Done>, Problem> {
    let check = reference("name", &name, "check")?;
    let Beat { signal, exit, output } = &asked.body;
    let signal = match (signal.as_deref(), exit) {
        (Some("started"), _) => Signal::Started,
        (Some("failed"), exit) => Signal::Failed { exit: *exit, output: output.clone() },
        (Some("succeeded") | None, Some(exit)) if *exit != 0 => {
            Signal::Failed { exit: Some(*exit), output: output.clone() }
        }
        (Some("succeeded") | None, _) => Signal::Succeeded,
        (Some(other), _) => {
            let detail = format!("\"{other}\" is no signal");
            let refusal = Refusal::new(&codes::INVALID, detail).field("/signal");
            return Err(refusal.fix("started, succeeded or failed").into());
        }
    };
    carry_out(&app, &asked, Command::Checks(checks::Command::Beat { check, signal }), None).await
}
