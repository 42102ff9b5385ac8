//! The secret addresses at which jobs report.

use axum::{
    Json,
    extract::{Path, State},
};
use kernel::{EntityRef, Refusal, codes};
use serde::Serialize;
use utoipa::ToSchema;
use world::{Command, World};

use super::{Asked, Done, not_found, reference, undo::Why};
use crate::{App, checks::beat, problem::Problem};

/// Where a job reports without a token.
#[derive(Debug, Serialize, ToSchema)]
pub struct BeatAddress {
    /// The heartbeat.
    #[schema(value_type = String)]
    pub check: EntityRef,
    /// The address: `GET`, `HEAD` or `POST` says that the job is done; with `/start`, `/fail` or `/{exit code}` behind it,
    /// that it began, failed, or how it ended. A body is the job's output. Whoever has it can report for this job.
    pub url: String,
}

/// Where it reports from now on.
#[derive(Debug, Serialize, ToSchema)]
pub struct RenewedAddress {
    /// The new address.
    #[serde(flatten)]
    pub address: BeatAddress,
    /// What was recorded.
    #[serde(flatten)]
    pub done: Done,
}

fn of(app: &App, world: &World, check: EntityRef) -> Result<BeatAddress, Problem> {
    let watch = world.checks.watch(&check).ok_or_else(|| not_found("check", check.short()))?;
    if watch.definition.is_run() {
        let detail = format!("{} is run by probes: no job reports for it", check.short());
        return Err(Refusal::new(&codes::INVALID, detail).field("name").into());
    }
    Ok(BeatAddress { url: beat::address(app, world, &check), check })
}

/// Shows the secret address at which a job reports.
#[utoipa::path(get, path = "/api/v1/checks/{name}/beat-address", tag = "checks",
    params(("name", description = "the heartbeat's name")), responses((status = 200, body = BeatAddress)))]
pub async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Json<BeatAddress>, Problem> {
    let check = reference("name", &name, "check")?;
    Ok(Json(of(&app, &app.world(), check)?))
}

/// Gives a job another address; the one before is worth nothing from then on.
#[utoipa::path(post, path = "/api/v1/checks/{name}/beat-address/renew", tag = "checks", request_body = Why,
    params(("name", description = "the heartbeat's name")), responses((status = 200, body = RenewedAddress)))]
pub async fn renew(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<RenewedAddress>, Problem> {
    let check = reference("name", &name, "check")?;
    let command = Command::Checks(checks::Command::RenewBeatAddress { check: check.clone() });
    let receipt = app.submit(asked.request(command, asked.body.reason.as_deref())?).await?;
    let Json(done) = Done::of(&receipt);
    Ok(Json(RenewedAddress { address: of(&app, &app.world(), check)?, done }))
}
