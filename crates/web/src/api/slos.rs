//! Service level objectives: list, show.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{EntityRef, Timestamp};
use serde::Serialize;
use slo::{Slo, moment_of};
use utoipa::ToSchema;
use world::World;

use super::{Listed, Paging, not_found, reference};
use crate::{App, problem::Problem, slos::standing_word};

/// A service level objective and its budgets.
#[derive(Debug, Serialize, ToSchema)]
pub struct SloView {
    /// The SLO.
    #[schema(value_type = String)]
    pub slo: EntityRef,
    /// Its name for people.
    pub display: Option<String>,
    /// The service that it is of.
    pub service: String,
    /// What it is about, whose owner is told; none while it is incomplete.
    #[schema(value_type = Option<String>)]
    pub entity: Option<EntityRef>,
    /// `in budget`, `burning slowly`, `burning`, `used up`, `unknown` or `incomplete`.
    pub state: String,
    /// What is missing, if it is incomplete.
    pub trouble: Option<String>,
    /// Beginning of the period.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub from: Option<Timestamp>,
    /// End of the period.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub to: Option<Timestamp>,
    /// Its objectives.
    pub objectives: Vec<ObjectiveView>,
    /// What is not followed, or can't work.
    pub notes: Vec<String>,
}

/// An objective and its budget.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObjectiveView {
    /// Its name.
    pub display: Option<String>,
    /// What is wanted, in percent.
    pub target_percent: f64,
    /// What is, in percent; none if it is unknown.
    pub good_percent: Option<f64>,
    /// The share of the budget that is left: 1 is all, below 0 it was overspent; none if it is unknown.
    pub left: Option<f64>,
    /// The bad events, seconds or slices.
    pub bad: Option<f64>,
    /// All of them.
    pub total: Option<f64>,
    /// How many times too fast it burnt in the last hour.
    pub burn: Option<f64>,
    /// After how many minutes it is used up if that goes on.
    pub exhausted_in_minutes: Option<f64>,
    /// The alerts that fire.
    pub firing: Vec<FiringView>,
}

/// An alert that fires.
#[derive(Debug, Serialize, ToSchema)]
pub struct FiringView {
    /// Its name.
    pub alert: String,
    /// `page` or `ticket`.
    pub severity: &'static str,
    /// Since when.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
}

impl SloView {
    fn of(app: &App, world: &World, slo: &EntityRef, definition: &Slo, now: Timestamp) -> Self {
        let held = world.slos.standing(slo);
        let look = app.slos().look(world, slo, now).unwrap_or_else(|| Err("it is gone".to_owned()));
        let state = standing_word(&look, &held);
        let looked = look.as_ref().ok();
        let objectives = definition.objectives.iter().enumerate().map(|(at, objective)| {
            let now = looked.and_then(|look| look.report.objectives.get(at));
            let budget = now.and_then(|now| now.budget);
            let firing = held.firing.iter().filter(|it| usize::from(it.about.objective) == at);
            ObjectiveView {
                display: objective.display.clone(),
                target_percent: objective.percent(),
                good_percent: budget.map(|budget| (1.0 - budget.error) * 100.0),
                left: budget.map(|budget| budget.left),
                bad: budget.map(|budget| budget.counts.bad()),
                total: budget.map(|budget| budget.counts.total()),
                burn: now.and_then(|now| now.burn),
                exhausted_in_minutes: now.and_then(|now| now.exhausted_in),
                firing: firing
                    .map(|it| FiringView { alert: it.alert.clone(), severity: it.severity.word(), since: it.since })
                    .collect(),
            }
        });
        let objectives = objectives.collect();
        Self {
            slo: slo.clone(),
            display: definition.display.clone(),
            service: definition.service.clone(),
            entity: looked.map(|look| look.entity.clone()),
            state,
            trouble: look.as_ref().err().cloned().or_else(|| looked.and_then(|look| look.trouble.clone())),
            from: looked.map(|look| moment_of(look.report.period.from)),
            to: looked.map(|look| moment_of(look.report.period.to)),
            objectives,
            notes: looked.map(|look| look.resolved.notes.clone()).unwrap_or_default(),
        }
    }
}

/// Lists the service level objectives by name.
#[utoipa::path(get, path = "/api/v1/slos", tag = "slos", params(Paging),
    responses((status = 200, body = Listed<SloView>)))]
pub async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Json<Listed<SloView>>, Problem> {
    let (world, now) = (app.world(), app.now());
    paging.page(world.slos.slos().collect(), |(slo, definition)| SloView::of(&app, &world, slo, definition, now))
}

/// Shows a service level objective.
#[utoipa::path(get, path = "/api/v1/slos/{name}", tag = "slos", params(("name", description = "the SLO's name")),
    responses((status = 200, body = SloView)))]
pub async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Json<SloView>, Problem> {
    let (world, now) = (app.world(), app.now());
    let slo = reference("name", &name, "slo")?;
    let definition = world.slos.slo(&slo).ok_or_else(|| not_found("SLO", &name))?;
    Ok(Json(SloView::of(&app, &world, &slo, definition, now)))
}
