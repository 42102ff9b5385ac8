//! Pages: list, show, page somebody, answer.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{EntityRef, PageId, RefDefaults, Refusal, Timestamp, codes};
use paging::{Command as PageCommand, Opening, Page, Urgency, Via};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{Command, World};

use super::{Asked, Done, Listed, Paging, carry_out, event::ActorView, not_found, undo::Why};
use crate::{App, guard::By, problem::Problem};

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageView {
    /// Its number.
    pub number: u64,
    /// `open`, `acknowledged`, `unanswered` or `closed`.
    pub state: &'static str,
    /// What it is about, in one line.
    pub title: String,
    /// The entity that it is about.
    #[schema(value_type = String)]
    pub subject: EntityRef,
    /// The team that is paged.
    #[schema(value_type = Option<String>)]
    pub team: Option<EntityRef>,
    /// `high` or `low`.
    pub urgency: &'static str,
    /// The number of its incident.
    pub incident: Option<u64>,
    /// When it was opened.
    #[schema(value_type = String, format = "date-time")]
    pub opened: Timestamp,
    /// When it escalates, unless somebody answers.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub escalates: Option<Timestamp>,
    /// Who was told.
    #[schema(value_type = Vec<String>)]
    pub told: Vec<EntityRef>,
    /// What was done and what comes next, in words.
    pub explained: Vec<String>,
}

impl PageView {
    fn of(page: &Page, now: Timestamp) -> Self {
        Self {
            number: page.page.number,
            state: page.status.word(),
            title: page.about.title.clone(),
            subject: page.about.subject.clone(),
            team: page.about.team.clone(),
            urgency: page.about.urgency.word(),
            incident: page.about.incident.map(|incident| incident.number),
            opened: page.opened,
            escalates: page.next_at.filter(|_| !page.status.is_finished()),
            told: page.people.keys().cloned().collect(),
            explained: paging::explain(page, now),
        }
    }
}

/// One line of a page's log.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageLogView {
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Who.
    pub by: ActorView,
    /// What.
    pub words: String,
    /// True for what somebody must look into.
    pub loud: bool,
}

/// A page with its log.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageDetail {
    /// The page.
    #[serde(flatten)]
    pub page: PageView,
    /// What happened, oldest first.
    pub log: Vec<PageLogView>,
}

/// Which pages are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `unanswered` for those that nobody has answered; all if left out.
    pub state: Option<String>,
    /// Only this team's.
    pub team: Option<String>,
    /// Only those that reached this person; `me` is you.
    pub person: Option<String>,
}

/// Lists pages, the latest first.
#[utoipa::path(get, path = "/api/v1/pages", tag = "oncall", params(Which, Paging),
    responses((status = 200, body = Listed<PageView>)))]
pub async fn list(
    State(app): State<App>,
    by: By,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<PageView>>, Problem> {
    let world = app.world();
    let now = app.now();
    let team = which.team.as_deref().map(|team| super::reference("team", team, "group")).transpose()?;
    let person = match which.person.as_deref() {
        Some("me") => Some(crate::oncall::wish::in_name_of(&by.0, None)?),
        other => other.map(|person| super::reference("person", person, "user")).transpose()?,
    };
    let fits = |page: &&Page| {
        team.as_ref().is_none_or(|team| page.about.team.as_ref() == Some(team))
            && person.as_ref().is_none_or(|person| page.people.contains_key(person))
    };
    let pages: Vec<&Page> = match which.state.as_deref() {
        None => world.paging.pages().collect(),
        Some("unanswered") => world.paging.unfinished().collect(),
        Some(other) => {
            let refusal = Refusal::new(&codes::INVALID, format!("\"{other}\" is no state")).field("state");
            return Err(refusal.fix("unanswered, or leave it out").into());
        }
    };
    paging.page(pages.into_iter().filter(fits).collect(), |page| PageView::of(page, now))
}

/// Shows a page with its log.
#[utoipa::path(get, path = "/api/v1/pages/{number}", tag = "oncall",
    params(("number", description = "the page's number")), responses((status = 200, body = PageDetail)))]
pub async fn show(State(app): State<App>, Path(number): Path<String>) -> Result<Json<PageDetail>, Problem> {
    let world = app.world();
    let page = by_number(&world, &number)?;
    let page = world.paging.page(page).ok_or_else(|| not_found("page", &number))?;
    let log = page.log.iter().map(|entry| PageLogView {
        at: entry.at,
        by: ActorView::of(&entry.by),
        words: entry.words.clone(),
        loud: entry.loud,
    });
    Ok(Json(PageDetail { page: PageView::of(page, app.now()), log: log.collect() }))
}

/// Somebody is to be told of something.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewPage {
    /// The entity that it is about, or the team that is wanted; a component if no kind is said.
    pub about: String,
    /// One line.
    pub title: String,
    /// `high`, which wakes people, or `low`; `high` if left out.
    pub urgency: Option<String>,
}

/// Pages whoever is on call for an entity's owner, or for a team.
#[utoipa::path(post, path = "/api/v1/pages", tag = "oncall", request_body = NewPage,
    responses((status = 200, body = Done)))]
pub async fn open(State(app): State<App>, asked: Asked<NewPage>) -> Result<Json<Done>, Problem> {
    let world = app.world();
    let new = &asked.body;
    let defaults = RefDefaults { kind: Some("component"), namespace: EntityRef::DEFAULT_NAMESPACE };
    let subject = EntityRef::parse(&new.about, defaults)
        .map_err(|error| Refusal::new(&codes::INVALID, error.to_string()).field("/about"))?;
    if world.catalog.get(&subject).is_none() {
        return Err(not_found(subject.kind(), subject.short()));
    }
    let team = if subject.kind() == "group" { Some(subject.clone()) } else { world.owner_of(&subject) };
    if team.is_none() {
        let refusal =
            Refusal::new(&codes::INVALID, format!("{} has no owner, so nobody can be paged", subject.short()));
        return Err(refusal.field("/about").fix("page a team, such as group:payments").into());
    }
    let urgency = match new.urgency.as_deref() {
        None | Some("high") => Urgency::High,
        Some("low") => Urgency::Low,
        Some(other) => {
            let refusal = Refusal::new(&codes::INVALID, format!("\"{other}\" is no urgency")).field("/urgency");
            return Err(refusal.fix("high or low").into());
        }
    };
    let policy = world::paging::policy_of(&world, &subject, team.as_ref());
    let about = Opening { incident: None, subject, team, policy, urgency, title: new.title.clone() };
    carry_out(&app, &asked, Command::Paging(PageCommand::Open { about }), None).await
}

/// Answers a page: nobody else is told.
#[utoipa::path(post, path = "/api/v1/pages/{number}/acknowledge", tag = "oncall", request_body = Why,
    params(("number", description = "the page's number")), responses((status = 200, body = Done)))]
pub async fn acknowledge(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    act(&app, &number, &asked, |page| PageCommand::Acknowledge { page, via: Via::ByHand }).await
}

/// Takes the next step of a page now.
#[utoipa::path(post, path = "/api/v1/pages/{number}/escalate", tag = "oncall", request_body = Why,
    params(("number", description = "the page's number")), responses((status = 200, body = Done)))]
pub async fn escalate(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    act(&app, &number, &asked, |page| PageCommand::Escalate { page }).await
}

/// Tells everybody who was reached once more.
#[utoipa::path(post, path = "/api/v1/pages/{number}/renotify", tag = "oncall", request_body = Why,
    params(("number", description = "the page's number")), responses((status = 200, body = Done)))]
pub async fn renotify(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    act(&app, &number, &asked, |page| PageCommand::Renotify { page }).await
}

/// Who is to be told instead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherPolicy {
    /// The policy.
    pub policy: String,
    /// Why.
    pub reason: Option<String>,
}

/// Gives a page to another policy, which begins at once.
#[utoipa::path(post, path = "/api/v1/pages/{number}/reassign", tag = "oncall", request_body = OtherPolicy,
    params(("number", description = "the page's number")), responses((status = 200, body = Done)))]
pub async fn reassign(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<OtherPolicy>,
) -> Result<Json<Done>, Problem> {
    let page = by_number(&app.world(), &number)?;
    let policy = super::reference("policy", &asked.body.policy, paging::POLICY_KIND)?;
    let command = Command::Paging(PageCommand::Reassign { page, policy });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// Closes a page by hand.
#[utoipa::path(post, path = "/api/v1/pages/{number}/close", tag = "oncall", request_body = Why,
    params(("number", description = "the page's number")), responses((status = 200, body = Done)))]
pub async fn close(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    act(&app, &number, &asked, |page| PageCommand::Close { page }).await
}

async fn act(
    app: &App,
    number: &str,
    asked: &Asked<Why>,
    command: impl FnOnce(PageId) -> PageCommand,
) -> Result<Json<Done>, Problem> {
    let page = by_number(&app.world(), number)?;
    carry_out(app, asked, Command::Paging(command(page)), asked.body.reason.as_deref()).await
}

/// The page of this number.
pub(crate) fn by_number(world: &World, number: &str) -> Result<PageId, Problem> {
    let found = number.parse().ok().and_then(|number| world.paging.numbered(number));
    found.map(Page::id).ok_or_else(|| not_found("page", number))
}
