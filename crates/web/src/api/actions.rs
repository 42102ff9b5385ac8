//! Promises: list, show, promise, done, decided against, given to another, put off, reopened; and a team's calendar.

use ::actions::{
    Action, ActionState, Command as ActionCommand, DoneWhen, Evidence, FollowThrough, Knowledge as _, Look, Source,
    Turn,
};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use jiff::SignedDuration;
use kernel::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{Command, World};

use super::{Asked, Done, Listed, Paging, carry_out, event::ActorView, reference};
use crate::{
    App,
    actions::wish::{self, Which, Wished, by_number},
    guard::By,
    oncall::feed,
    problem::Problem,
};

/// A promise and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionView {
    /// Its number.
    pub number: u64,
    /// `open`, `escalated`, `done` or `deprioritised`.
    pub state: &'static str,
    /// True if it is not done, and the deadline is over.
    pub late: bool,
    /// What was promised, in one line.
    pub what: String,
    /// Why, in Markdown.
    pub why: String,
    /// What it is about.
    #[schema(value_type = String)]
    pub subject: EntityRef,
    /// Who does it.
    #[schema(value_type = String)]
    pub owner: EntityRef,
    /// The team that answers for it.
    #[schema(value_type = Option<String>)]
    pub team: Option<EntityRef>,
    /// Until when.
    #[schema(value_type = String, format = "date-time")]
    pub deadline: Timestamp,
    /// The deadline that was promised first.
    #[schema(value_type = String, format = "date-time")]
    pub first_deadline: Timestamp,
    /// When it escalates, or would have.
    #[schema(value_type = String, format = "date-time")]
    pub escalates: Timestamp,
    /// The calendar by which that is counted; none if four weeks were.
    #[schema(value_type = Option<String>)]
    pub cycle: Option<EntityRef>,
    /// To whom it was escalated.
    #[schema(value_type = Vec<String>)]
    pub escalated_to: Vec<EntityRef>,
    /// How one can tell that it was kept.
    #[schema(value_type = Object)]
    pub done_when: DoneWhen,
    /// The same in words.
    pub done_when_words: String,
    /// What can be seen of that now, if Mainstay can see it.
    pub seen: Option<String>,
    /// Where it comes from.
    #[schema(value_type = Object)]
    pub source: Source,
    /// What shows that it was done.
    #[schema(value_type = Option<Object>)]
    pub evidence: Option<Evidence>,
    /// Why it isn't to be done.
    pub reason: Option<String>,
    /// When it was promised.
    #[schema(value_type = String, format = "date-time")]
    pub promised: Timestamp,
    /// Who promised it.
    pub promised_by: ActorView,
    /// How often it was reopened.
    pub reopened: u32,
}

impl ActionView {
    fn of(world: &World, action: &Action, now: Timestamp) -> Self {
        let promise = action.promise.clone();
        let seen = match world.look(&promise.done_when, action.promised) {
            _ if promise.done_when.is_word() => None,
            Look::Holds(words) | Look::Fails(words) | Look::Unsure(words) => Some(words),
        };
        let (evidence, reason) = match &action.state {
            ActionState::Done { evidence, .. } => (Some(evidence.clone()), None),
            ActionState::Deprioritised { reason, .. } => (None, Some(reason.clone())),
            ActionState::Open | ActionState::Escalated { .. } => (None, None),
        };
        Self {
            number: action.number,
            state: action.state.as_str(),
            late: action.is_late(now),
            what: promise.what,
            why: promise.why,
            subject: promise.subject,
            owner: promise.owner,
            team: promise.team,
            deadline: promise.deadline,
            first_deadline: action.first_deadline,
            escalates: action.clock.escalates,
            cycle: action.clock.cycle.clone(),
            escalated_to: action.escalation.as_ref().map(|escalation| escalation.to.clone()).unwrap_or_default(),
            done_when_words: promise.done_when.in_words(),
            done_when: promise.done_when,
            seen,
            source: promise.source,
            evidence,
            reason,
            promised: action.promised,
            promised_by: ActorView::of(&action.by),
            reopened: action.reopened,
        }
    }
}

/// One line of an item's log.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionLogView {
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Who.
    pub by: ActorView,
    /// What.
    pub words: String,
}

/// An item with its log.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionDetail {
    /// The item.
    #[serde(flatten)]
    pub action: ActionView,
    /// What happened, oldest first; the newest 100.
    pub log: Vec<ActionLogView>,
}

/// Lists promises: your own first, then what is late, then by deadline.
#[utoipa::path(get, path = "/api/v1/actions", tag = "actions", params(Which, Paging),
    responses((status = 200, body = Listed<ActionView>)))]
pub async fn list(
    State(app): State<App>,
    by: By,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<ActionView>>, Problem> {
    let (world, now) = (app.world(), app.now());
    let found = which.pick(&world, by.0.person.as_ref(), now)?;
    paging.page(found, |action| ActionView::of(&world, action, now))
}

/// Shows a promise with its log.
#[utoipa::path(get, path = "/api/v1/actions/{number}", tag = "actions",
    params(("number", description = "the item's number")), responses((status = 200, body = ActionDetail)))]
pub async fn show(State(app): State<App>, Path(number): Path<String>) -> Result<Json<ActionDetail>, Problem> {
    let world = app.world();
    let action = by_number(&world, &number)?;
    let log = action.log.iter().map(|entry| ActionLogView {
        at: entry.at,
        by: ActorView::of(&entry.by),
        words: entry.what.clone(),
    });
    Ok(Json(ActionDetail { action: ActionView::of(&world, action, app.now()), log: log.collect() }))
}

/// Something to promise.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAction {
    /// What, in one line.
    pub what: String,
    /// Why, in Markdown.
    #[serde(default)]
    pub why: String,
    /// What it is about; a component if no kind is said.
    pub subject: String,
    /// Who does it; you, if left out. A token is no person, and names one.
    #[serde(default)]
    pub owner: String,
    /// Whose calendar counts; the owner's team, or the subject's, if left out.
    #[serde(default)]
    pub team: String,
    /// Until when: a moment (RFC 3339), or a day, which is its end in UTC.
    pub deadline: String,
    /// How one can tell that it was kept: `{"kind": "check_up", "check": "check:buy"}`. A person's word, if left out.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub done_when: DoneWhen,
    /// Where it comes from: `{"kind": "post_mortem", "incident": 3}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub source: Source,
}

/// Promises something.
#[utoipa::path(post, path = "/api/v1/actions", tag = "actions", request_body = NewAction,
    responses((status = 200, body = Done)))]
pub async fn create(State(app): State<App>, asked: Asked<NewAction>) -> Result<Json<Done>, Problem> {
    let (asked, NewAction { what, why, subject, owner, team, deadline, done_when, source }) = asked.split();
    let wished = Wished { what, why, subject, owner, team, deadline, done_when, source };
    let command = wish::promise(&asked.by.0, wished)?;
    carry_out(&app, &asked, command, None).await
}

/// What shows that it was done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// What was done, in Markdown.
    #[serde(default)]
    pub note: String,
    /// Where it can be seen: an `https` address.
    #[serde(default)]
    pub link: String,
}

/// Says that it was done. Where the promise has a condition, that decides.
#[utoipa::path(post, path = "/api/v1/actions/{number}/done", tag = "actions", request_body = Shown,
    params(("number", description = "the item's number")), responses((status = 200, body = Done)))]
pub async fn done(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Shown>,
) -> Result<Json<Done>, Problem> {
    let (asked, Shown { note, link }) = asked.split();
    let action = by_number(&app.world(), &number)?.number;
    carry_out(&app, &asked, Command::Actions(ActionCommand::Done { action, note, link }), None).await
}

/// A decision against a promise.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Against {
    /// Why.
    pub reason: String,
    /// Whose decision it is; you, if left out. Another's takes the scope `admin`, and a token, which is no person, names
    /// one.
    pub by: Option<String>,
}

/// Decides that it isn't to be done, under a person's name.
#[utoipa::path(post, path = "/api/v1/actions/{number}/deprioritise", tag = "actions", request_body = Against,
    params(("number", description = "the item's number")), responses((status = 200, body = Done)))]
pub async fn deprioritise(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Against>,
) -> Result<Json<Done>, Problem> {
    let (asked, Against { reason, by }) = asked.split();
    let action = by_number(&app.world(), &number)?.number;
    let command = wish::deprioritise(&asked.by.0, action, reason, by.as_deref())?;
    carry_out(&app, &asked, command, None).await
}

/// Who is to do it instead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Other {
    /// The person.
    pub owner: String,
    /// Why.
    pub reason: Option<String>,
}

/// Gives it to somebody else.
#[utoipa::path(post, path = "/api/v1/actions/{number}/reassign", tag = "actions", request_body = Other,
    params(("number", description = "the item's number")), responses((status = 200, body = Done)))]
pub async fn reassign(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Other>,
) -> Result<Json<Done>, Problem> {
    let action = by_number(&app.world(), &number)?.number;
    let owner = reference("/owner", &asked.body.owner, "user")?;
    let command = Command::Actions(ActionCommand::Reassign { action, owner });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// Another deadline.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Later {
    /// A moment (RFC 3339), or a day, which is its end in UTC.
    pub deadline: String,
    /// Why.
    pub reason: String,
}

/// Puts the deadline off: once, and before it escalates. When it escalates stays as it is.
#[utoipa::path(post, path = "/api/v1/actions/{number}/postpone", tag = "actions", request_body = Later,
    params(("number", description = "the item's number")), responses((status = 200, body = Done)))]
pub async fn postpone(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Later>,
) -> Result<Json<Done>, Problem> {
    let (asked, Later { deadline, reason }) = asked.split();
    let action = by_number(&app.world(), &number)?.number;
    let deadline = wish::deadline(&deadline)?;
    carry_out(&app, &asked, Command::Actions(ActionCommand::Postpone { action, deadline, reason }), None).await
}

/// Why it is open again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// Why.
    pub reason: String,
}

/// Reopens what was done or decided against, unless its condition holds. It escalates when it would have.
#[utoipa::path(post, path = "/api/v1/actions/{number}/reopen", tag = "actions", request_body = Again,
    params(("number", description = "the item's number")), responses((status = 200, body = Done)))]
pub async fn reopen(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Again>,
) -> Result<Json<Done>, Problem> {
    let (asked, Again { reason }) = asked.split();
    let action = by_number(&app.world(), &number)?.number;
    carry_out(&app, &asked, Command::Actions(ActionCommand::Reopen { action, reason }), None).await
}

/// A sprint or cycle.
#[derive(Debug, Serialize, ToSchema)]
pub struct TurnView {
    /// Its number, from one.
    pub number: u32,
    /// What it is called.
    pub name: String,
    /// When it begins.
    #[schema(value_type = String, format = "date-time")]
    pub from: Timestamp,
    /// When its work ends.
    #[schema(value_type = String, format = "date-time")]
    pub to: Timestamp,
    /// When the next begins, after its cooldown if it has one.
    #[schema(value_type = String, format = "date-time")]
    pub until: Timestamp,
    /// True if it is the one now.
    pub now: bool,
}

/// How a team keeps its promises, and by which calendar.
#[derive(Debug, Serialize, ToSchema)]
pub struct CycleView {
    /// The team.
    #[schema(value_type = String)]
    pub team: EntityRef,
    /// Its calendar, or that of a team around it; none if there is none, and four weeks count.
    #[schema(value_type = Option<String>)]
    pub cycle: Option<EntityRef>,
    /// The calendar in words.
    pub words: Option<String>,
    /// The turns of the next half year, from the one now on.
    pub turns: Vec<TurnView>,
    /// The promises that fell due in the last 90 days: how many were done by their first deadline.
    #[schema(value_type = Object)]
    pub follow_through: FollowThrough,
    /// The address of a calendar with the team's turns and deadlines, which works without a token: it is a secret.
    pub calendar: String,
}

/// So far ahead turns are listed.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 183);

/// Shows a team's calendar of sprints, and how it keeps its promises.
#[utoipa::path(get, path = "/api/v1/cycles/{team}", tag = "actions",
    params(("team", description = "the team, such as `payments`")), responses((status = 200, body = CycleView)))]
pub async fn cycle(State(app): State<App>, Path(team): Path<String>) -> Result<Json<CycleView>, Problem> {
    let (world, now) = (app.world(), app.now());
    let team = reference("team", &team, "group")?;
    if !world.is_team(&team) {
        return Err(super::not_found("team", team.short()));
    }
    let calendar = world.calendar(&team);
    let until = now.checked_add(AHEAD).unwrap_or(now);
    let turns = calendar.map(|calendar| calendar.turns(now, until)).unwrap_or_default();
    let view = |turn: Turn| {
        let is_now = turn.from <= now && now < turn.until;
        TurnView { number: turn.number, name: turn.name, from: turn.from, to: turn.to, until: turn.until, now: is_now }
    };
    Ok(Json(CycleView {
        cycle: calendar.map(|calendar| calendar.cycle.clone()),
        words: calendar.map(::actions::Cycle::in_words),
        turns: turns.into_iter().map(view).collect(),
        follow_through: world.actions.follow_through(&team, now),
        calendar: feed::deadlines(&app, &team),
        team,
    }))
}
