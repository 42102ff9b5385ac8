//! What people do in an incident: roles, times, titles, decisions, steps of the runbook, pictures, merging, splitting.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use incidents::Command as Wish;
use kernel::{Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::Command;

use super::{Level, Note, by_number, id_of};
use crate::{
    App,
    api::{Asked, Done, carry_out, not_found, reference},
    guard::By,
    incidents::{act::role, pictures, runbook},
    problem::Problem,
};

/// Who is to have a role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assigned {
    /// `commander`, `communications` or `scribe`.
    pub role: String,
    /// A user of the catalog; nobody if left out.
    #[serde(default)]
    pub person: Option<String>,
}

/// Gives a role to a person, in place of whoever had it; or to nobody.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/roles", tag = "incidents", request_body = Assigned,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn assign(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Assigned>,
) -> Result<Json<Done>, Problem> {
    let person = asked.body.person.as_deref().map(|person| reference("person", person, "user")).transpose()?;
    let command = Wish::AssignRole { incident: id_of(&app, &number)?, role: role(&asked.body.role)?, person };
    carry_out(&app, &asked, Command::Incidents(command), None).await
}

/// How bad it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Weighed {
    /// `sev1`, `sev2` or `sev3`.
    pub severity: Level,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Sets how bad an incident is.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/severity", tag = "incidents", request_body = Weighed,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn weigh(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Weighed>,
) -> Result<Json<Done>, Problem> {
    let command = Wish::SetSeverity { incident: id_of(&app, &number)?, severity: asked.body.severity.into() };
    carry_out(&app, &asked, Command::Incidents(command), asked.body.reason.as_deref()).await
}

/// That users are well again, or not after all.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mitigated {
    /// Since when; now if left out.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub at: Option<Timestamp>,
    /// True to take it back.
    pub withdraw: bool,
}

/// Says that users are well again, although the cause may still be there.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/mitigate", tag = "incidents", request_body = Mitigated,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn mitigate(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Mitigated>,
) -> Result<Json<Done>, Problem> {
    let incident = id_of(&app, &number)?;
    let command = match asked.body.withdraw {
        true => Wish::WithdrawMitigation { incident },
        false => Wish::Mitigate { incident, at: asked.body.at },
    };
    carry_out(&app, &asked, Command::Incidents(command), None).await
}

/// When it began.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Began {
    /// When users were first hit.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
}

/// Corrects when an incident began.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/impact", tag = "incidents", request_body = Began,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn correct(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Began>,
) -> Result<Json<Done>, Problem> {
    let command = Wish::CorrectImpact { incident: id_of(&app, &number)?, at: asked.body.at };
    carry_out(&app, &asked, Command::Incidents(command), None).await
}

/// What it is called.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Titled {
    /// One line.
    pub title: String,
}

/// Calls an incident something else.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/title", tag = "incidents", request_body = Titled,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn retitle(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Titled>,
) -> Result<Json<Done>, Problem> {
    let command = Wish::Retitle { incident: id_of(&app, &number)?, title: asked.body.title.clone() };
    carry_out(&app, &asked, Command::Incidents(command), None).await
}

/// Writes down what was decided.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/decisions", tag = "incidents", request_body = Note,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn decide(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Note>,
) -> Result<Json<Done>, Problem> {
    let command = Wish::Decide { incident: id_of(&app, &number)?, text: asked.body.text.clone() };
    carry_out(&app, &asked, Command::Incidents(command), None).await
}

/// A step of the runbook.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ticked {
    /// Which: its `id`, or its number in the runbook, from 1.
    pub step: String,
    /// False to take it back; true if left out.
    #[serde(default = "yes")]
    pub done: bool,
}

fn yes() -> bool {
    true
}

/// Ticks a step of the runbook, or takes that back.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/steps", tag = "incidents", request_body = Ticked,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn tick(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Ticked>,
) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let incident = by_number(&world, &number)?;
    let Ticked { step: named, done } = &asked.body;
    let steps = runbook::steps(&app, &world, incident).await?.map(|(_, steps)| steps).unwrap_or_default();
    let at = named.parse::<usize>().ok().filter(|_| named.len() < 4).and_then(|number| number.checked_sub(1));
    let known = steps.iter().find(|step| step.id == *named).or_else(|| steps.get(at?));
    let step = known.map(|known| (known.id.clone(), known.words.clone()));
    let kept = || incident.tick(named).map(|tick| (tick.step.clone(), tick.words.clone()));
    let (step, words) = step.or_else(kept).ok_or_else(|| not_found("step", named))?;
    let command = Wish::Tick { incident: incident.about.incident, step, words, done: *done };
    carry_out(&app, &asked, Command::Incidents(command), None).await
}

/// Where it goes on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergedInto {
    /// The number of the incident that goes on.
    pub into: u64,
}

/// Merges an incident into another, which goes on with its checks, its log and its pages.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/merge", tag = "incidents", request_body = MergedInto,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn merge(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<MergedInto>,
) -> Result<Json<Done>, Problem> {
    let into = id_of(&app, &asked.body.into.to_string())?;
    let command = Wish::Merge { incident: id_of(&app, &number)?, into };
    carry_out(&app, &asked, Command::Incidents(command), None).await
}

/// What is another incident.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parted {
    /// Which of its failing checks.
    pub checks: Vec<String>,
    /// What the new incident is called.
    #[serde(default)]
    pub title: Option<String>,
    /// How bad it is; as bad as the first if left out.
    #[serde(default)]
    pub severity: Option<Level>,
}

/// Splits checks off an incident: they are another from now on.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/split", tag = "incidents", request_body = Parted,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn split(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Parted>,
) -> Result<Json<Done>, Problem> {
    let Parted { checks, title, severity } = &asked.body;
    let checks = checks.iter().map(|check| reference("checks", check, "check")).collect::<Result<_, _>>()?;
    let (title, severity) = (title.clone(), severity.map(incidents::Severity::from));
    let command = Wish::Split { incident: id_of(&app, &number)?, checks, title, severity };
    carry_out(&app, &asked, Command::Incidents(command), None).await
}

/// A picture that is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct Picture {
    /// What shows it in a note or a decision of the incident.
    pub markdown: String,
}

/// Keeps a picture for the log: PNG, JPEG, GIF or WebP, at most 2 MiB, as the body. An incident has at most 100, of 64 MiB
/// together.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/pictures", tag = "incidents",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    params(("number", description = "the incident's number")), responses((status = 200, body = Picture)))]
pub async fn picture(
    State(app): State<App>,
    Path(number): Path<String>,
    by: By,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<Picture>, Problem> {
    let world = app.world();
    let incident = by_number(&world, &number)?;
    let body = body.map_err(|rejection| {
        let too_large = rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE;
        let code = if too_large { &codes::TOO_LARGE } else { &codes::MALFORMED };
        Refusal::new(code, rejection.body_text())
    })?;
    Ok(Json(Picture { markdown: pictures::keep(&app, &by, incident, body).await? }))
}
