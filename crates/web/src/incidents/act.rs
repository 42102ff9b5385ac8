//! What is done to an incident: acknowledge, resolve, note, judge a suspect, give roles, correct, tick, merge, split. Each
//! goes back to the incident's screen.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use incidents::{Command as IncidentCommand, Role, Verdict};
use kernel::{EventId, IncidentId, Refusal, codes};
use serde::Deserialize;
use world::Command;

use super::{pictures, runbook};
use crate::{
    App,
    api::{
        incidents::{Level, by_number},
        not_found, reference,
    },
    guard::By,
    problem::Problem,
    security::csrf::{PostedFile, PostedForm},
    timeline::list::moment,
};

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
    #[serde(default)]
    note: String,
    /// `decision` for one.
    #[serde(default)]
    sort: String,
}

/// `POST /incidents/{number}/notes`: writes something down, perhaps with a picture.
pub async fn note(
    State(app): State<App>,
    by: By,
    Path(number): Path<String>,
    PostedFile { filled, file }: PostedFile<Note>,
) -> Result<Response, Problem> {
    let Note { note: mut text, sort } = filled;
    let world = app.world();
    let incident = by_number(&world, &number)?;
    if let Some(picture) = file {
        let shown = pictures::keep(&app, &by, incident, picture).await?;
        text = if text.trim().is_empty() { shown } else { format!("{text}\n\n{shown}") };
    }
    let command = |incident| match sort.as_str() {
        "decision" => IncidentCommand::Decide { incident, text },
        _ => IncidentCommand::AddNote { incident, text },
    };
    act(&app, &by, &number, command).await
}

/// What a form about an incident says; which field counts depends on the verb.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filled {
    role: String,
    person: String,
    severity: Level,
    title: String,
    at: String,
    into: String,
    checks: Vec<String>,
    /// The step that is done.
    tick: String,
    /// The step that is not done after all.
    untick: String,
}

/// `POST /incidents/{number}/{verb}`: gives roles, corrects, ticks steps of the runbook, merges, splits.
pub async fn change(
    State(app): State<App>,
    by: By,
    Path((number, verb)): Path<(String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let world = app.world();
    let shown = by_number(&world, &number)?;
    let incident = shown.about.incident;
    let command = match verb.as_str() {
        "role" => {
            let person = filled.person.trim();
            let person = (!person.is_empty()).then(|| reference("person", person, "user")).transpose()?;
            IncidentCommand::AssignRole { incident, role: role(&filled.role)?, person }
        }
        "severity" => IncidentCommand::SetSeverity { incident, severity: filled.severity.into() },
        "title" => IncidentCommand::Retitle { incident, title: filled.title },
        "impact" => {
            let at = moment("at", Some(&filled.at))?;
            let at = at.ok_or_else(|| Refusal::new(&codes::INVALID, "Say when it began.").field("at"))?;
            IncidentCommand::CorrectImpact { incident, at }
        }
        "mitigate" => IncidentCommand::Mitigate { incident, at: moment("at", Some(&filled.at))? },
        "unmitigate" => IncidentCommand::WithdrawMitigation { incident },
        "step" => {
            let done = filled.untick.is_empty();
            let step = if done { filled.tick } else { filled.untick };
            let steps = runbook::steps(&app, &world, shown).await?.map(|(_, steps)| steps).unwrap_or_default();
            let words = steps.into_iter().find(|known| known.id == step).map(|known| known.words);
            // What was ticked can be taken back although the runbook has lost the step.
            let words = words.or_else(|| (!done).then(String::new)).ok_or_else(|| not_found("step", &step))?;
            IncidentCommand::Tick { incident, step, words, done }
        }
        "merge" => {
            let into = by_number(&world, &filled.into)?.about.incident;
            IncidentCommand::Merge { incident, into }
        }
        "split" => {
            let checks = filled.checks.iter().map(|check| reference("checks", check, "check"));
            let title = Some(filled.title).filter(|title| !title.trim().is_empty());
            IncidentCommand::Split { incident, checks: checks.collect::<Result<_, _>>()?, title, severity: None }
        }
        other => return Err(not_found("verb", other)),
    };
    act(&app, &by, &number, |_| command).await
}

/// Reads a role's word.
pub(crate) fn role(word: &str) -> Result<Role, Refusal> {
    let known = Role::ALL.into_iter().find(|role| role.word() == word);
    known.ok_or_else(|| Refusal::new(&codes::INVALID, "A role is commander, communications or scribe.").field("role"))
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
    act(&app, &by, &number, |incident| IncidentCommand::MarkSuspect { incident, event, verdict, rank: None }).await
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
