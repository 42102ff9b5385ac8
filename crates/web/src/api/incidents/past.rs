//! What an incident's answer has besides its suspects: roles, times, the runbook's steps, its log, what it is like; and how
//! often the ranking was right.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use incidents::{Incident, Similar};
use kernel::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{World, culprits};

use super::by_number;
use crate::{
    App,
    api::event::{ActorView, EventView},
    incidents::{log, past, runbook},
    problem::Problem,
};

/// Who has a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleView {
    /// `commander`, `communications` or `scribe`.
    pub role: &'static str,
    /// Who has it.
    #[schema(value_type = String)]
    pub person: EntityRef,
    /// Since when.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
}

/// When was what.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimesView {
    /// When users were first hit.
    #[schema(value_type = String, format = "date-time")]
    pub impact_began: Timestamp,
    /// When it was seen.
    #[schema(value_type = String, format = "date-time")]
    pub detected: Timestamp,
    /// When somebody took it on.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub acknowledged: Option<Timestamp>,
    /// When users were well again.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub mitigated: Option<Timestamp>,
    /// When it was over.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub resolved: Option<Timestamp>,
    /// For how many minutes users were hit, until now if they are.
    pub impact_minutes: i64,
}

impl TimesView {
    pub(super) fn of(incident: &Incident, now: Timestamp) -> Self {
        Self {
            impact_began: incident.since,
            detected: incident.opened,
            acknowledged: incident.acknowledged.as_ref().map(|taken| taken.at),
            mitigated: incident.mitigated,
            resolved: incident.ended.as_ref().map(|ending| ending.at),
            impact_minutes: incident.impact(now).as_mins(),
        }
    }
}

pub(super) fn roles(incident: &Incident) -> Vec<RoleView> {
    let view = |assigned: &incidents::Assignment| RoleView {
        role: assigned.role.word(),
        person: assigned.person.clone(),
        since: assigned.at,
    };
    incident.roles.iter().map(view).collect()
}

/// A step of the runbook.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepView {
    /// What it is ticked by.
    pub id: String,
    /// What it says.
    pub words: String,
    /// How deep it is nested.
    pub depth: usize,
    /// The heading that it stands under.
    pub under: Option<String>,
    /// Who did it.
    pub done_by: Option<ActorView>,
    /// When it was ticked.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub done_at: Option<Timestamp>,
}

pub(super) fn step(incident: &Incident, step: runbook::Step) -> StepView {
    let tick = incident.tick(&step.id);
    let (done_by, done_at) = (tick.map(|tick| ActorView::of(&tick.by)), tick.map(|tick| tick.at));
    StepView { id: step.id, words: step.words, depth: step.depth, under: step.under, done_by, done_at }
}

/// An incident like this one.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarView {
    /// Its number.
    pub number: u64,
    /// What it is called.
    pub title: String,
    /// `open`, `acknowledged`, `mitigated` or `resolved`.
    pub status: &'static str,
    /// When it began.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
    /// Why it is like this one.
    pub reasons: Vec<String>,
}

pub(super) fn similar(world: &World, incident: &Incident) -> Vec<SimilarView> {
    let view = |similar: Similar<'_>| SimilarView {
        number: similar.incident.number(),
        title: similar.incident.title.clone(),
        status: similar.incident.status().word(),
        since: similar.incident.since,
        reasons: similar.reasons,
    };
    past::like(world, incident).into_iter().map(view).collect()
}

/// One entry of the running log.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogEntryView {
    /// What happened.
    #[serde(flatten)]
    pub event: EventView,
    /// What a person wrote, as Markdown.
    pub text: Option<String>,
    /// True for a decision.
    pub decision: bool,
}

/// The running log.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogPage {
    /// What happened while it lasted, the newest last; 150 entries at most, the newest.
    pub items: Vec<LogEntryView>,
}

/// Which part of the log.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct WhichPart {
    /// `all`, `people`, `changes`, `checks`, `pages` or `public`.
    pub part: log::Part,
}

/// Shows what happened while an incident lasts, by itself from the timeline, with what people wrote.
#[utoipa::path(get, path = "/api/v1/incidents/{number}/log", tag = "incidents", params(WhichPart,
    ("number", description = "the incident's number")), responses((status = 200, body = LogPage)))]
pub async fn running_log(
    State(app): State<App>,
    Path(number): Path<String>,
    Query(which): Query<WhichPart>,
) -> Result<Json<LogPage>, Problem> {
    let world = app.world();
    let incident = by_number(&world, &number)?;
    let culprits = culprits(&world, incident, app.now());
    let (_, since) = log::entries(&app, &world, incident, &culprits, which.part, None).await?;
    let view = |entry: &timeline::Entry| {
        let written = log::written(entry);
        LogEntryView {
            event: EventView::of_entry(entry),
            decision: written.as_ref().is_some_and(|(_, decision)| *decision),
            text: written.map(|(text, _)| text),
        }
    };
    Ok(Json(LogPage { items: since.iter().map(view).collect() }))
}

/// How often the ranking of suspects was right, where people said which change it was.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccuracyView {
    /// Incidents of which somebody said which change it was.
    pub judged: u32,
    /// Those in which the ranking had it first.
    pub first: u32,
    /// Those in which it was among the first three.
    pub first_three: u32,
    /// Those in which the ranking did not have it.
    pub missed: u32,
    /// Incidents in which all judged changes were innocent.
    pub innocent_only: u32,
    /// `first` in percent of `judged`.
    pub first_percent: Option<u32>,
    /// `first_three` in percent of `judged`.
    pub first_three_percent: Option<u32>,
}

/// Says how often the ranking of suspects was right.
#[utoipa::path(get, path = "/api/v1/incidents/accuracy", tag = "incidents", responses((status = 200, body = AccuracyView)))]
pub async fn accuracy(State(app): State<App>) -> Json<AccuracyView> {
    let counted = incidents::accuracy(app.world().incidents.recent());
    Json(AccuracyView {
        judged: counted.judged,
        first: counted.first,
        first_three: counted.first_three,
        missed: counted.missed,
        innocent_only: counted.innocent_only,
        first_percent: counted.percent(counted.first),
        first_three_percent: counted.percent(counted.first_three),
    })
}
