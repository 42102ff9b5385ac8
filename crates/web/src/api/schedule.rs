//! A team's schedule: who is on call when, gaps, load, overrides and swaps.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use jiff::SignedDuration;
use kernel::{EntityRef, EventId, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::Command;

use super::{Asked, Done, carry_out, reference, timeline::time, undo::Why};
use crate::{
    App,
    oncall::{
        feed,
        team::LOAD_DAYS,
        wish::{self, Answer},
    },
    problem::Problem,
};

/// Whose schedule, and how much of it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The team.
    pub team: String,
    /// From when on, RFC 3339; now if left out.
    #[param(format = DateTime)]
    pub from: Option<String>,
    /// How many weeks: 1 to 52; 4 if left out.
    #[param(minimum = 1, maximum = 52)]
    pub weeks: Option<i64>,
}

/// A team's schedule.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScheduleView {
    /// The team.
    #[schema(value_type = String)]
    pub team: EntityRef,
    /// The team's duties, the one that is asked first first.
    pub duties: Vec<DutyView>,
    /// When nobody is on call.
    pub gaps: Vec<GapView>,
    /// Overrides and swaps that hold now or later.
    pub overrides: Vec<OverrideView>,
    /// Swaps that wait for an answer.
    pub swaps: Vec<SwapView>,
    /// What each of its people carried in the last 90 days.
    pub load: Vec<LoadView>,
    /// The address of the team's calendar, which works without a token: it is a secret.
    pub calendar: String,
}

/// One duty, after layers, overrides and swaps.
#[derive(Debug, Serialize, ToSchema)]
pub struct DutyView {
    /// The schedule's name, or the rotation's.
    pub name: String,
    /// Its shifts, in order.
    pub shifts: Vec<ShiftView>,
}

/// One shift.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShiftView {
    /// Who.
    #[schema(value_type = String)]
    pub person: EntityRef,
    /// From then on.
    #[schema(value_type = String, format = "date-time")]
    pub from: Timestamp,
    /// Until then.
    #[schema(value_type = String, format = "date-time")]
    pub to: Timestamp,
    /// By which rotation.
    #[schema(value_type = String)]
    pub rotation: EntityRef,
    /// Whose turn it would have been.
    #[schema(value_type = Option<String>)]
    pub instead_of: Option<EntityRef>,
}

/// When nobody is on call.
#[derive(Debug, Serialize, ToSchema)]
pub struct GapView {
    /// From then on.
    #[schema(value_type = String, format = "date-time")]
    pub from: Timestamp,
    /// Until then.
    #[schema(value_type = String, format = "date-time")]
    pub to: Timestamp,
    /// Why, and what to do.
    pub why: String,
}

/// Somebody who is put in.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverrideView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: EventId,
    /// In which rotation.
    #[schema(value_type = String)]
    pub rotation: EntityRef,
    /// Who.
    #[schema(value_type = String)]
    pub person: EntityRef,
    /// From then on.
    #[schema(value_type = String, format = "date-time")]
    pub from: Timestamp,
    /// Until then.
    #[schema(value_type = String, format = "date-time")]
    pub to: Timestamp,
    /// True if it is one half of a swap.
    pub swap: bool,
}

/// A swap that waits for an answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct SwapView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: EventId,
    /// In which rotation.
    #[schema(value_type = String)]
    pub rotation: EntityRef,
    /// Who asks.
    #[schema(value_type = String)]
    pub from: EntityRef,
    /// When the shift begins that they give away.
    #[schema(value_type = String, format = "date-time")]
    pub from_at: Timestamp,
    /// Who is asked.
    #[schema(value_type = String)]
    pub to: EntityRef,
    /// When the shift begins that is asked for.
    #[schema(value_type = String, format = "date-time")]
    pub to_at: Timestamp,
}

/// What one person carried.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoadView {
    /// Who.
    #[schema(value_type = String)]
    pub person: EntityRef,
    /// Hours on call.
    pub hours: i64,
    /// Nights with any time on call.
    pub nights: u32,
    /// Hours at weekends.
    pub weekend_hours: i64,
    /// Shifts.
    pub shifts: u32,
    /// How often they stood in for somebody.
    pub stood_in: u32,
}

/// Shows a team's schedule: shifts, gaps, overrides, swaps, and who carries how much.
#[utoipa::path(get, path = "/api/v1/on-call/schedule", tag = "on-call", params(Which),
    responses((status = 200, body = ScheduleView)))]
pub async fn show(State(app): State<App>, Query(which): Query<Which>) -> Result<Json<ScheduleView>, Problem> {
    let team = reference("team", &which.team, "group")?;
    let now = app.now();
    let from = time("from", which.from.as_deref())?.unwrap_or(now);
    let weeks = which.weeks.unwrap_or(4);
    if !(1..=52).contains(&weeks) {
        return Err(Refusal::new(&codes::INVALID, "weeks is from 1 to 52").field("weeks").into());
    }
    let to = from.checked_add(SignedDuration::from_hours(24 * 7 * weeks)).unwrap_or(from);
    let asked = app.clone();
    Ok(Json(app.blocking(move |_| Ok(made(&asked, team, (from, to), now))).await?))
}

fn made(app: &App, team: EntityRef, (from, to): (Timestamp, Timestamp), now: Timestamp) -> ScheduleView {
    let world = app.world();
    let state = &world.oncall;
    let shift = |span: oncall::Span| ShiftView {
        person: span.person,
        from: span.from,
        to: span.to,
        rotation: span.rotation,
        instead_of: span.instead_of,
    };
    let duties = oncall::final_schedule(state, &team, from, to).into_iter();
    let gaps = oncall::gaps(state, &team, from, to, |person| world.catalog.get(person).is_some()).into_iter();
    let mut people: Vec<EntityRef> =
        state.of_team(&team).flat_map(|roster| roster.rotation.people.iter().cloned()).collect();
    people.sort();
    people.dedup();
    let since = now.checked_sub(SignedDuration::from_hours(24 * LOAD_DAYS)).unwrap_or(now);
    let load = if people.is_empty() { Default::default() } else { oncall::load(state, Some(&people), since, now) };
    let load = load.into_iter().map(|(person, load)| LoadView {
        person,
        hours: load.on_call.as_hours(),
        nights: load.nights,
        weekend_hours: load.at_weekends.as_hours(),
        shifts: load.shifts,
        stood_in: load.overrides,
    });
    let overrides = state.of_team(&team).flat_map(|roster| {
        roster.overrides.iter().filter(|set| set.to > now).map(|set| OverrideView {
            id: set.id,
            rotation: roster.rotation.rotation.clone(),
            person: set.person.clone(),
            from: set.from,
            to: set.to,
            swap: set.swap.is_some(),
        })
    });
    let swaps = state.of_team(&team).flat_map(|roster| {
        roster.proposals.iter().filter(|proposal| proposal.is_open(now)).map(|proposal| SwapView {
            id: proposal.id,
            rotation: roster.rotation.rotation.clone(),
            from: proposal.from.person.clone(),
            from_at: proposal.from.from,
            to: proposal.to.person.clone(),
            to_at: proposal.to.from,
        })
    });
    ScheduleView {
        duties: duties
            .map(|duty| DutyView { name: duty.name, shifts: duty.spans.into_iter().map(shift).collect() })
            .collect(),
        gaps: gaps.map(|gap| GapView { from: gap.from, to: gap.to, why: gap.why.in_words() }).collect(),
        overrides: overrides.collect(),
        swaps: swaps.collect(),
        load: load.collect(),
        calendar: feed::address(app, &team),
        team,
    }
}

/// Somebody is to be put in for a while.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOverride {
    /// The rotation.
    pub rotation: String,
    /// Who; you if left out.
    pub person: Option<String>,
    /// From then on, RFC 3339; now if left out.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub from: Option<Timestamp>,
    /// Until then: by 90 days at most.
    #[schema(value_type = String, format = "date-time")]
    pub to: Timestamp,
    /// Why.
    pub reason: Option<String>,
}

/// Puts somebody in for a while, whoever's turn it is.
#[utoipa::path(post, path = "/api/v1/on-call/overrides", tag = "on-call", request_body = NewOverride,
    responses((status = 200, body = Done)))]
pub async fn put_in(State(app): State<App>, asked: Asked<NewOverride>) -> Result<Json<Done>, Problem> {
    let new = &asked.body;
    let who = match &new.person {
        Some(person) => person.clone(),
        None => wish::in_name_of(&asked.by.0, None)?.to_string(),
    };
    let command = wish::put_in(&app.world(), &new.rotation, &who, new.from.unwrap_or_else(|| app.now()), new.to)?;
    carry_out(&app, &asked, command, new.reason.as_deref()).await
}

/// Takes an override away.
#[utoipa::path(post, path = "/api/v1/on-call/overrides/{id}/clear", tag = "on-call", request_body = Why,
    params(("id", description = "the override's id")), responses((status = 200, body = Done)))]
pub async fn clear(State(app): State<App>, Path(id): Path<EventId>, asked: Asked<Why>) -> Result<Json<Done>, Problem> {
    let rotation = wish::rotation_of(&app.world(), id)?;
    let command = Command::Oncall(oncall::Command::ClearOverride { rotation, id });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// Two people are to swap shifts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSwap {
    /// The rotation.
    pub rotation: String,
    /// Who asks: you. Administrators may name somebody else.
    pub from: Option<String>,
    /// A moment in the shift that they give away, RFC 3339.
    #[schema(value_type = String, format = "date-time")]
    pub from_at: Timestamp,
    /// Who is asked.
    pub to: String,
    /// A moment in the shift that they take over, RFC 3339.
    #[schema(value_type = String, format = "date-time")]
    pub to_at: Timestamp,
    /// Why.
    pub reason: Option<String>,
}

/// Asks somebody to swap shifts.
#[utoipa::path(post, path = "/api/v1/on-call/swaps", tag = "on-call", request_body = NewSwap,
    responses((status = 200, body = Done)))]
pub async fn propose(State(app): State<App>, asked: Asked<NewSwap>) -> Result<Json<Done>, Problem> {
    let new = &asked.body;
    let (from, to) = ((new.from.as_deref(), new.from_at), (new.to.as_str(), new.to_at));
    let command = wish::propose(&app.world(), &asked.by.0, &new.rotation, from, to)?;
    carry_out(&app, &asked, command, new.reason.as_deref()).await
}

/// Who answers a swap, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwapAnswer {
    /// In whose name: yours if left out. Administrators may name somebody else.
    pub person: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Agrees to a swap: whoever was asked.
#[utoipa::path(post, path = "/api/v1/on-call/swaps/{id}/accept", tag = "on-call", request_body = SwapAnswer,
    params(("id", description = "the swap's id")), responses((status = 200, body = Done)))]
pub async fn accept(
    State(app): State<App>,
    Path(id): Path<EventId>,
    asked: Asked<SwapAnswer>,
) -> Result<Json<Done>, Problem> {
    answer(&app, id, &asked, Answer::Accept).await
}

/// Declines a swap, or withdraws it.
#[utoipa::path(post, path = "/api/v1/on-call/swaps/{id}/decline", tag = "on-call", request_body = SwapAnswer,
    params(("id", description = "the swap's id")), responses((status = 200, body = Done)))]
pub async fn decline(
    State(app): State<App>,
    Path(id): Path<EventId>,
    asked: Asked<SwapAnswer>,
) -> Result<Json<Done>, Problem> {
    answer(&app, id, &asked, Answer::Decline).await
}

/// Takes back a swap that was agreed to: one of the two, by the id of the agreement.
#[utoipa::path(post, path = "/api/v1/on-call/swaps/{id}/revert", tag = "on-call", request_body = SwapAnswer,
    params(("id", description = "the id of the override that the swap made")), responses((status = 200, body = Done)))]
pub async fn revert(
    State(app): State<App>,
    Path(id): Path<EventId>,
    asked: Asked<SwapAnswer>,
) -> Result<Json<Done>, Problem> {
    answer(&app, id, &asked, Answer::Revert).await
}

async fn answer(app: &App, id: EventId, asked: &Asked<SwapAnswer>, answer: Answer) -> Result<Json<Done>, Problem> {
    let body = &asked.body;
    let command = wish::answer(&app.world(), &asked.by.0, id, answer, body.person.as_deref())?;
    carry_out(app, asked, command, body.reason.as_deref()).await
}
