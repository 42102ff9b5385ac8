//! DORA's five measures, one deployment with its evidence, a person's word on it, and what browsers measured.

use std::ops::Range;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use deploys::measures::{Distribution, Measures, Week, Window};
use kernel::{EntityRef, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use timeline::{SampleBatch, Sketch};
use utoipa::ToSchema;
use world::{Command, measures as counted, measures::Evidence};

use super::{Asked, Done, carry_out, reference};
use crate::{
    App,
    deploys::{
        measured::{Scope, window},
        show::{at, judged},
    },
    problem::Problem,
};

/// Whose measures, and of when.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhichMeasures {
    /// The component.
    pub component: Option<String>,
    /// The team: all components that it owns, together.
    pub team: Option<String>,
    /// The beginning: a day, or a time of RFC 3339; 90 days before the end if left out.
    pub from: Option<String>,
    /// The end, not in it; now if left out.
    pub to: Option<String>,
}

/// The five measures of a window, beside those of as long a time before it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasuresView {
    /// The window.
    pub now: WindowView,
    /// As long before it.
    pub before: WindowView,
    /// Week by week, oldest first.
    pub weeks: Vec<WeekView>,
    /// Each service's own, where several were asked for.
    pub services: Vec<ServiceView>,
}

/// One service's measures.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceView {
    /// The component.
    #[schema(value_type = String)]
    pub component: EntityRef,
    /// Its measures.
    #[serde(flatten)]
    pub measures: WindowView,
}

/// The five measures of one window.
#[derive(Debug, Serialize, ToSchema)]
pub struct WindowView {
    /// The beginning.
    #[schema(value_type = String, format = "date-time")]
    pub from: Timestamp,
    /// The end, not in it.
    #[schema(value_type = String, format = "date-time")]
    pub to: Timestamp,
    /// Change lead time: seconds from a commit to its deployment.
    pub lead_time: DistributionView,
    /// How many deployments said what commits they brought.
    pub with_commits: usize,
    /// Deployments to production that went live.
    pub deployments: usize,
    /// Deployment frequency: how many a day.
    pub per_day: f64,
    /// Seconds between two deployments of a service.
    pub between: DistributionView,
    /// Failed-deployment recovery time: seconds from a failed deployment until the service was good again.
    pub recovery: DistributionView,
    /// How many failed.
    pub failed: usize,
    /// How many of those are not known to be over.
    pub unrecovered: usize,
    /// Change fail rate, from 0 to 1; none without deployments.
    pub change_fail_rate: Option<f64>,
    /// How many an incident was the reason for.
    pub unplanned: usize,
    /// Rework rate, from 0 to 1; none without deployments.
    pub rework_rate: Option<f64>,
}

/// How long something took.
#[derive(Debug, Serialize, ToSchema)]
pub struct DistributionView {
    /// How many observations.
    pub count: u64,
    /// Half took at most so many seconds.
    pub p50_s: Option<u64>,
    /// Nine of ten.
    pub p90_s: Option<u64>,
    /// The longest.
    pub max_s: Option<u64>,
    /// How many took at most 15 min, 1 h, 4 h, 1 day, 2 days, a week, 30 days, 90 days, and longer: each apart.
    pub histogram: Vec<u64>,
}

/// One week.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeekView {
    /// Its beginning.
    #[schema(value_type = String, format = "date-time")]
    pub from: Timestamp,
    /// Deployments that went live.
    pub deployments: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those that were unplanned.
    pub unplanned: usize,
    /// Lead time: half.
    pub lead_p50_s: Option<u64>,
    /// Lead time: nine of ten.
    pub lead_p90_s: Option<u64>,
}

impl DistributionView {
    fn of(of: &Distribution) -> Self {
        let Distribution { count, p50_s, p90_s, max_s, histogram } = of.clone();
        Self { count, p50_s, p90_s, max_s, histogram: histogram.to_vec() }
    }
}

impl WindowView {
    fn of(of: &Measures) -> Self {
        Self {
            from: of.window.from,
            to: of.window.to,
            lead_time: DistributionView::of(&of.lead_time),
            with_commits: of.with_commits,
            deployments: of.deployments,
            per_day: of.per_day(),
            between: DistributionView::of(&of.between),
            recovery: DistributionView::of(&of.recovery),
            failed: of.failed,
            unrecovered: of.unrecovered,
            change_fail_rate: of.change_fail_rate(),
            unplanned: of.unplanned,
            rework_rate: of.rework_rate(),
        }
    }
}

impl WeekView {
    fn of(week: &Week) -> Self {
        let Week { from, deployments, failed, unplanned, lead_p50_s, lead_p90_s } = week.clone();
        Self { from, deployments, failed, unplanned, lead_p50_s, lead_p90_s }
    }
}

/// Shows DORA's five measures of a component, a team or everything.
#[utoipa::path(get, path = "/api/v1/measures", tag = "deploys", params(WhichMeasures),
    responses((status = 200, body = MeasuresView)))]
pub async fn show(State(app): State<App>, Query(which): Query<WhichMeasures>) -> Result<Json<MeasuresView>, Problem> {
    let named = |field: &str, text: &Option<String>, kind: &str| {
        text.as_deref().map(|text| reference(field, text, kind)).transpose()
    };
    let scope = Scope {
        component: named("component", &which.component, "component")?,
        team: named("team", &which.team, "group")?,
        environment: None,
        window: window(which.from.as_deref(), which.to.as_deref(), app.now())?,
    };
    let world = app.world();
    let view = app.blocking(move |_| {
        let services = scope.services(&world);
        let now = counted::measures(scope.window, &services);
        let before = counted::measures(scope.window.before(), &services);
        let groups = services.chunk_by(|one, other| one.component == other.component);
        let own = |group: &[counted::Service]| {
            let component = group.first()?.component.clone();
            Some(ServiceView { component, measures: WindowView::of(&counted::measures(scope.window, group)) })
        };
        Ok(MeasuresView {
            weeks: now.weeks.iter().map(WeekView::of).collect(),
            services: if scope.component.is_some() { Vec::new() } else { groups.filter_map(own).collect() },
            now: WindowView::of(&now),
            before: WindowView::of(&before),
        })
    });
    Ok(Json(view.await?))
}

/// A deployment, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeploymentDetail {
    /// The component.
    #[schema(value_type = String)]
    pub component: EntityRef,
    /// Where.
    pub environment: String,
    /// The version.
    pub version: String,
    /// When it ended.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// True if it counts: it went live in production.
    pub counts: bool,
    /// Whether it failed: a person's word, or else the evidence; none if it doesn't count.
    pub failed: Option<bool>,
    /// What a person said.
    pub judged: Option<bool>,
    /// What speaks for its having failed, in words.
    pub evidence: Vec<String>,
    /// When the service was good again.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub recovered: Option<Timestamp>,
    /// True if an incident was the reason for it.
    pub unplanned: bool,
    /// How many commits it brought, as far as was told.
    pub commits: usize,
}

/// Shows one deployment by its position on the timeline, with the evidence on whether it failed.
#[utoipa::path(get, path = "/api/v1/deployments/{position}", tag = "deploys",
    params(("position" = String, Path, description = "the position of its event on the timeline")),
    responses((status = 200, body = DeploymentDetail)))]
pub async fn deployment(
    State(app): State<App>,
    Path(position): Path<String>,
) -> Result<Json<DeploymentDetail>, Problem> {
    let recorded = at(&app, &position).await?;
    let judged = judged(&app.world(), &recorded.component, &recorded.environment, recorded.stamp.event);
    let at = recorded.event.took_effect(&recorded.stamp);
    let deploys::Event::DeploymentFinished { component, environment, version, told, .. } = recorded.event else {
        return Err(super::not_found("deployment", &position));
    };
    Ok(Json(DeploymentDetail {
        component,
        environment,
        version,
        at,
        counts: judged.is_some(),
        failed: judged.as_ref().map(counted::Deployment::failed),
        judged: judged.as_ref().and_then(|judged| judged.record.judged),
        evidence: judged.iter().flat_map(|judged| &judged.evidence).map(in_words).collect(),
        recovered: judged.as_ref().filter(|judged| judged.failed()).and_then(|judged| judged.recovered),
        unplanned: judged.as_ref().is_some_and(|judged| judged.unplanned.is_some()),
        commits: told.commits.len(),
    }))
}

fn in_words(evidence: &Evidence) -> String {
    match evidence {
        Evidence::TurnedBad { incident, check, since } => {
            format!("{check} turned bad at {since}: incident {incident}")
        }
        Evidence::Guilty { incident } => format!("a person found it guilty of incident {incident}"),
        Evidence::TakenBack { position, at } => format!("taken back at {at} by deployment {position}"),
        Evidence::Hotfixed { incident, position } => {
            format!("deployment {position} was made during incident {incident}, which began soon after it")
        }
    }
}

/// A person's word on a deployment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// Whether it failed; `null` leaves it to the evidence.
    pub failed: Option<bool>,
    /// Why: shown on the timeline.
    pub reason: Option<String>,
}

/// Says whether a deployment failed, whatever the evidence says.
#[utoipa::path(post, path = "/api/v1/deployments/{position}/judge", tag = "deploys", request_body = Judgement,
    params(("position" = String, Path, description = "the position of its event on the timeline")),
    responses((status = 200, body = Done)))]
pub async fn judge(
    State(app): State<App>,
    Path(position): Path<String>,
    asked: Asked<Judgement>,
) -> Result<Json<Done>, Problem> {
    let recorded = at(&app, &position).await?;
    let (component, environment, of) = (recorded.component, recorded.environment, recorded.stamp.event);
    let command = deploys::Command::Judge { component, environment, of, failed: asked.body.failed };
    carry_out(&app, &asked, Command::Deploys(command), asked.body.reason.as_deref()).await
}

/// What browsers measured.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Interactions {
    /// The component whose screen it was.
    pub component: String,
    /// Milliseconds from the start of the navigation until the reader could first do what the screen is for; at most
    /// 1,000 values, each from 0 to 600,000.
    pub milliseconds: Vec<f64>,
}

/// What was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenInteractions {
    /// How many values.
    pub taken: usize,
}

const VALUES_MAX: usize = 1_000;
const MILLISECONDS_MAX: f64 = 600_000.0;
const DAY_S: i64 = 86_400;

/// The series of a component's times to first meaningful interaction, in milliseconds; one sample for each day (UTC).
#[must_use]
pub fn interaction_series(component: &EntityRef) -> String {
    format!("tfmi/{component}")
}

/// The minute that a day's sample has.
#[must_use]
pub fn day_minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(DAY_S) * 1_440
}

/// The minutes of the days that begin in a window, the end excluded: so each day is of one window alone, of those that
/// follow one another.
#[must_use]
pub fn day_minutes(window: &Window) -> Range<i64> {
    let first_of = |at: Timestamp| (at.as_second() + DAY_S - 1).div_euclid(DAY_S) * 1_440;
    first_of(window.from)..first_of(window.to)
}

/// Takes times to first meaningful interaction. They are kept by day, and are not on the timeline.
#[utoipa::path(post, path = "/api/v1/interactions", tag = "deploys", request_body = Interactions,
    responses((status = 200, body = TakenInteractions)))]
pub async fn interactions(
    State(app): State<App>,
    Json(told): Json<Interactions>,
) -> Result<Json<TakenInteractions>, Problem> {
    let component = reference("component", &told.component, "component")?;
    if app.world().catalog.get(&component).is_none() {
        let detail = format!("{component} is not in the catalog");
        return Err(Refusal::new(&codes::INVALID, detail).field("component").into());
    }
    let taken = told.milliseconds.len();
    let refuse = |detail: String| Refusal::new(&codes::INVALID, detail).field("milliseconds");
    if taken == 0 || taken > VALUES_MAX {
        return Err(refuse(format!("has {taken} values; 1 to {VALUES_MAX} are allowed")).into());
    }
    if let Some(value) = told.milliseconds.iter().find(|value| !(0.0..=MILLISECONDS_MAX).contains(*value)) {
        return Err(refuse(format!("{value} is not from 0 to {MILLISECONDS_MAX}")).into());
    }
    let measured = Sketch::of(&told.milliseconds).map_err(|_| refuse("a value is no number".to_owned()))?;
    let (series, minute) = (interaction_series(&component), day_minute(app.now()));
    let batch = SampleBatch { series, minute, measured, errors: 0, parts: Vec::new() };
    app.blocking(move |engine| engine.store().add_samples(vec![batch]).map_err(Refusal::from)).await?;
    Ok(Json(TakenInteractions { taken }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_of_the_window_that_it_begins_in() {
        let window = |from: &str, to: &str| Window { from: from.parse().unwrap(), to: to.parse().unwrap() };
        let now = window("2026-11-18T15:00:00Z", "2026-11-20T15:00:00Z");
        let days = |window: &Window| {
            let minutes = day_minutes(window);
            (minutes.start / 1_440, minutes.end / 1_440)
        };
        let day = |text: &str| day_minute(text.parse().unwrap()) / 1_440;
        let (first, today) = (day("2026-11-19T23:59:59Z"), day("2026-11-20T00:00:00Z"));
        assert_eq!(days(&now), (first, today + 1), "the day on which it begins is of the window before");
        assert_eq!(days(&now.before()), (first - 2, first));
        assert_eq!(
            days(&window("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z")),
            (first, today),
            "a day that begins at its end is not"
        );
    }
}
