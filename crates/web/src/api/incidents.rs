//! Incidents: list, show with suspects, declare, acknowledge, note, judge a suspect, resolve; what else people do is in `acts`.

pub mod acts;
pub mod past;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use catalog::RunbookTarget;
use incidents::{Failed, Incident, Severity, Verdict, suspects::Suspect};
use kernel::{EntityRef, EventId, IncidentId, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{Command, World, culprits, plan_undo};

use super::{Asked, Done, Listed, Paging, carry_out, event::ActorView, not_found, oncall::Duty, reference, undo::Why};
use crate::{App, incidents::runbook, problem::Problem, show};

/// An incident in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentView {
    /// The number that people use.
    pub number: u64,
    /// One line.
    pub title: String,
    /// `open`, `acknowledged`, `mitigated`, `resolved` or `merged`.
    pub status: &'static str,
    /// `SEV1`, `SEV2` or `SEV3`.
    pub severity: &'static str,
    /// The broken entity.
    #[schema(value_type = String)]
    pub entity: EntityRef,
    /// The first failure.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub ended: Option<Timestamp>,
    /// Who took it on.
    pub acknowledged_by: Option<ActorView>,
}

/// An incident with all that somebody needs who is woken by it.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentDetail {
    /// The incident.
    #[serde(flatten)]
    pub incident: IncidentView,
    /// Whose it is.
    #[schema(value_type = Option<String>)]
    pub owner: Option<EntityRef>,
    /// Who is on call for the owner now.
    pub on_call: Vec<Duty>,
    /// Where the runbooks are, as URLs.
    pub runbooks: Vec<String>,
    /// What the failing checks said.
    pub evidence: Vec<EvidenceView>,
    /// The changes that may have caused it, likeliest first.
    pub suspects: Vec<SuspectView>,
    /// What happened, oldest first.
    pub log: Vec<LogView>,
    /// When was what.
    pub times: past::TimesView,
    /// Who does what.
    pub roles: Vec<past::RoleView>,
    /// The steps of the runbook in the docs of what is broken.
    pub steps: Vec<past::StepView>,
    /// The incident that it is a part of now.
    pub merged_into: Option<u64>,
    /// The incidents that are a part of it.
    pub absorbed: Vec<u64>,
    /// The incident that it was split off.
    pub split_off: Option<u64>,
    /// Incidents of the past that are like it.
    pub similar: Vec<past::SimilarView>,
}

/// What a failing check said.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceView {
    /// The check.
    #[schema(value_type = String)]
    pub check: EntityRef,
    /// What it said.
    pub error: String,
    /// Its first failure.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
    /// When it passed again.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub recovered: Option<Timestamp>,
}

/// A change under suspicion.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuspectView {
    /// The change: what is undone.
    #[schema(value_type = String, format = "uuid")]
    pub event: EventId,
    /// How likely it is the cause, in percent.
    pub score: u8,
    /// What was done.
    pub summary: String,
    /// To what.
    #[schema(value_type = String)]
    pub subject: EntityRef,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// By whom.
    pub actor: ActorView,
    /// Why it is suspected, the weightiest first.
    pub reasons: Vec<ReasonView>,
    /// From the broken entity to the changed one.
    #[schema(value_type = Vec<String>)]
    pub path: Vec<EntityRef>,
    /// What undoing it would do; absent if it can't be undone.
    pub undo: Option<String>,
    /// Why it can't be undone.
    pub no_undo: Option<String>,
    /// `guilty` or `innocent`, if somebody judged it.
    pub verdict: Option<&'static str>,
}

/// One observation about a suspect.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonView {
    /// For the suspicion if positive, against it if negative; in decibans.
    pub points: i32,
    /// The observation.
    pub words: String,
}

/// One line of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogView {
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Who.
    pub by: ActorView,
    /// What.
    pub words: String,
    /// The note's or the decision's text, if it is one.
    pub note: Option<String>,
    /// True for a decision.
    pub decision: bool,
}

impl IncidentView {
    pub(crate) fn of(incident: &Incident) -> Self {
        Self {
            number: incident.number(),
            title: incident.title.clone(),
            status: incident.status().word(),
            severity: incident.severity.name(),
            entity: incident.entity().clone(),
            since: incident.since,
            ended: incident.ended.as_ref().map(|ending| ending.at),
            acknowledged_by: incident.acknowledged.as_ref().map(|by| ActorView::of(&by.by)),
        }
    }
}

impl IncidentDetail {
    fn of(world: &World, incident: &Incident, steps: Vec<past::StepView>, now: Timestamp, base_url: &str) -> Self {
        let owner = world.owner_of(incident.entity());
        let on_call = owner.iter().flat_map(|team| oncall::current(&world.oncall, team, now)).map(Duty::from).collect();
        let runbooks = world.catalog.runbooks(incident.entity()).into_iter().map(|runbook| match runbook.target {
            RunbookTarget::Docs(path) => format!("{base_url}{}", show::docs_address(incident.entity(), &path)),
            RunbookTarget::Url(url) => url,
        });
        let evidence = incident.checks.iter().map(|check| EvidenceView {
            check: check.check.clone(),
            error: check.evidence.clone(),
            since: check.since,
            recovered: check.recovered,
        });
        let suspects = culprits(world, incident, now).suspects;
        let log = incident.log.iter().map(|entry| LogView {
            at: entry.at,
            by: ActorView::of(&entry.by),
            words: entry.words.clone(),
            note: entry.note.clone(),
            decision: entry.decision,
        });
        Self {
            incident: IncidentView::of(incident),
            owner,
            on_call,
            runbooks: runbooks.collect(),
            evidence: evidence.collect(),
            suspects: suspects.iter().filter_map(|suspect| SuspectView::of(world, incident, suspect)).collect(),
            log: log.collect(),
            times: past::TimesView::of(incident, now),
            roles: past::roles(incident),
            steps,
            merged_into: incident.merged.as_ref().map(|into| into.number),
            absorbed: incident.absorbed.clone(),
            split_off: incident.split_off,
            similar: past::similar(world, incident),
        }
    }
}

impl SuspectView {
    fn of(world: &World, incident: &Incident, suspect: &Suspect) -> Option<Self> {
        let change = &world.journal.get(suspect.event)?.change;
        let (undo, no_undo) = match plan_undo(world, suspect.event) {
            Ok(plan) => (Some(plan.will), None),
            Err(refusal) => (None, Some(refusal.to_string())),
        };
        let reasons = suspect.reasons.iter();
        Some(Self {
            event: suspect.event,
            score: suspect.score,
            summary: change.summary.clone(),
            subject: change.subject.clone(),
            at: change.at,
            actor: ActorView::of(&change.actor),
            reasons: reasons.map(|reason| ReasonView { points: reason.points, words: reason.words.clone() }).collect(),
            path: suspect.path.clone(),
            undo,
            no_undo,
            verdict: incident.verdict_on(suspect.event).map(Verdict::word),
        })
    }
}

/// Which incidents.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only those that are open (`true`) or over (`false`).
    pub open: Option<bool>,
}

/// Lists incidents, newest first.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "incidents", params(Which, Paging),
    responses((status = 200, body = Listed<IncidentView>)))]
pub async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<IncidentView>>, Problem> {
    let world = app.world();
    let wanted = |incident: &&Incident| which.open.is_none_or(|open| incident.is_open() == open);
    paging.page(world.incidents.recent().filter(wanted).collect(), IncidentView::of)
}

/// Shows an incident: whose it is, who is on call, the runbook, what changed, the suspects.
#[utoipa::path(get, path = "/api/v1/incidents/{number}", tag = "incidents",
    params(("number", description = "the incident's number")), responses((status = 200, body = IncidentDetail)))]
pub async fn show(State(app): State<App>, Path(number): Path<String>) -> Result<Json<IncidentDetail>, Problem> {
    let world = app.world();
    let incident = by_number(&world, &number)?;
    let steps = runbook::steps(&app, &world, incident).await?.map(|(_, steps)| steps).unwrap_or_default();
    let steps = steps.into_iter().map(|step| past::step(incident, step)).collect();
    Ok(Json(IncidentDetail::of(&world, incident, steps, app.now(), &app.settings().base_url)))
}

pub(crate) fn by_number<'a>(world: &'a World, text: &str) -> Result<&'a Incident, Problem> {
    let number: u64 =
        text.parse().map_err(|_| Refusal::new(&codes::MALFORMED, "an incident has a number").field("number"))?;
    world.incidents.by_number(number).ok_or_else(|| not_found("incident", text))
}

fn id_of(app: &App, number: &str) -> Result<IncidentId, Problem> {
    by_number(&app.world(), number).map(|incident| incident.about.incident)
}

/// An incident that a person declares.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// One line.
    pub title: String,
    /// The broken entity.
    pub entity: String,
    /// `sev1`, `sev2` or `sev3`; `sev2` if left out.
    #[serde(default)]
    pub severity: Level,
    /// What is seen.
    #[serde(default)]
    pub evidence: String,
}

/// How bad.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Customers can't do what they came for.
    Sev1,
    /// An important part fails.
    #[default]
    Sev2,
    /// Few are affected.
    Sev3,
}

impl Level {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sev1 => "sev1",
            Self::Sev2 => "sev2",
            Self::Sev3 => "sev3",
        }
    }
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Sev1 => Self::Sev1,
            Level::Sev2 => Self::Sev2,
            Level::Sev3 => Self::Sev3,
        }
    }
}

/// Declares an incident.
#[utoipa::path(post, path = "/api/v1/incidents", tag = "incidents", request_body = Declaration,
    responses((status = 200, body = Done)))]
pub async fn declare(State(app): State<App>, asked: Asked<Declaration>) -> Result<Json<Done>, Problem> {
    let command = opening(&asked.body, app.now())?;
    carry_out(&app, &asked, command, None).await
}

/// The command that opens a declared incident.
pub(crate) fn opening(new: &Declaration, now: Timestamp) -> Result<Command, Refusal> {
    let entity = reference("entity", &new.entity, "component")?;
    let failed = Failed {
        check: None,
        path: vec![entity.clone()],
        entity,
        since: now,
        last_good: None,
        upstream: Vec::new(),
        evidence: new.evidence.clone(),
    };
    let severity = new.severity.into();
    Ok(Command::Incidents(incidents::Command::Open { title: new.title.clone(), severity, failed }))
}

/// Takes an incident on.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/acknowledge", tag = "incidents", request_body = Why,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn acknowledge(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let command = incidents::Command::Acknowledge { incident: id_of(&app, &number)? };
    carry_out(&app, &asked, Command::Incidents(command), asked.body.reason.as_deref()).await
}

/// Ends an incident by hand.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/resolve", tag = "incidents", request_body = Why,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn resolve(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let command = incidents::Command::Resolve { incident: id_of(&app, &number)? };
    carry_out(&app, &asked, Command::Incidents(command), asked.body.reason.as_deref()).await
}

/// Something that a person writes down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Markdown.
    pub text: String,
}

/// Adds a note.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/notes", tag = "incidents", request_body = Note,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn note(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Note>,
) -> Result<Json<Done>, Problem> {
    let command = incidents::Command::AddNote { incident: id_of(&app, &number)?, text: asked.body.text.clone() };
    carry_out(&app, &asked, Command::Incidents(command), None).await
}

/// A judgement of a suspect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The change.
    #[schema(value_type = String, format = "uuid")]
    pub event: EventId,
    /// True if it caused the incident, false if it did not.
    pub guilty: bool,
}

/// Judges a suspect.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/suspects", tag = "incidents", request_body = Judgement,
    params(("number", description = "the incident's number")), responses((status = 200, body = Done)))]
pub async fn judge(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Judgement>,
) -> Result<Json<Done>, Problem> {
    let verdict = if asked.body.guilty { Verdict::Guilty } else { Verdict::Innocent };
    let (incident, event) = (id_of(&app, &number)?, asked.body.event);
    let command = incidents::Command::MarkSuspect { incident, event, verdict, rank: None };
    carry_out(&app, &asked, Command::Incidents(command), None).await
}
