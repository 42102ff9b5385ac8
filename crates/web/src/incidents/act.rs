//! What is done to an incident: acknowledge, resolve, note, judge a suspect. Each goes back to the incident's screen.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use incidents::{Command as IncidentCommand, Verdict};
use kernel::{EventId, IncidentId};
use serde::Deserialize;
use world::Command;

use crate::{App, api::incidents::by_number, guard::By, problem::Problem, security::csrf::PostedForm};

/// A form that asks for nothing.
#[derive(Debug, Deserialize)]
pub struct Pressed {}

/// `POST /incidents/{number}/acknowledge`: takes it on.
pub async fn acknowledge(
    State(app): State<App>,
    by: By,
    Path(number): Path<String>,
    PostedForm(Pressed {}): PostedForm<Pressed>,
) -> Result<Response, Problem> {
    act(&app, &by, &number, |incident| IncidentCommand::Acknowledge { incident }).await
}

/// `POST /incidents/{number}/resolve`: ends it by hand.
pub async fn resolve(
    State(app): State<App>,
    by: By,
    Path(number): Path<String>,
    PostedForm(Pressed {}): PostedForm<Pressed>,
) -> Result<Response, Problem> {
    act(&app, &by, &number, |incident| IncidentCommand::Resolve { incident }).await
}

/// Something to be written down.
#[derive(Debug, Deserialize)]
pub struct Note {
    note: String,
}

/// `POST /incidents/{number}/notes`: writes something down.
pub async fn note(
    State(app): State<App>,
    by: By,
    Path(number): Path<String>,
    PostedForm(Note { note: text }): PostedForm<Note>,
) -> Result<Response, Problem> {
    act(&app, &by, &number, |incident| IncidentCommand::AddNote { incident, text }).await
}

/// What somebody found about a suspect.
#[derive(Debug, Deserialize)]
pub struct Judgement {
    event: EventId,
    verdict: Verdict,
}

/// `POST /incidents/{number}/suspects`: says that a suspect was it, or not.
pub async fn judge(
    State(app): State<App>,
    by: By,
    Path(number): Path<String>,
    PostedForm(Judgement { event, verdict }): PostedForm<Judgement>,
) -> Result<Response, Problem> {
    act(&app, &by, &number, |incident| IncidentCommand::MarkSuspect { incident, event, verdict }).await
}

async fn act(
    app: &App,
    by: &By,
    number: &str,
    command: impl FnOnce(IncidentId) -> IncidentCommand,
) -> Result<Response, Problem> {
    let (incident, number) = {
        let world = app.world();
        let incident = by_number(&world, number)?;
        (incident.about.incident, incident.number())
    };
    app.submit(by.request(Command::Incidents(command(incident)), None, None)?).await?;
    Ok(Redirect::to(&format!("/incidents/{number}")).into_response())
}
