//! Retrospectives: list, show, open, say, vote, close.

use ::actions::{Card, Retro, RetroCommand, Source};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::World;

use super::{Asked, Done, Listed, Paging, carry_out, event::ActorView, reference, undo::Why};
use crate::{
    App,
    problem::Problem,
    retros::{
        act::{column, command},
        by_number,
    },
};

/// A retrospective.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetroView {
    /// Its number.
    pub number: u64,
    /// Whose it is.
    #[schema(value_type = String)]
    pub team: EntityRef,
    /// What it is about.
    pub title: String,
    /// `open` or `closed`.
    pub state: &'static str,
    /// When it was opened.
    #[schema(value_type = String, format = "date-time")]
    pub opened: Timestamp,
    /// The team's retrospective before.
    pub previous: Option<u64>,
    /// What had become of what was promised there, when this one was opened.
    pub verdict: Vec<VerdictView>,
    /// What was said.
    pub cards: Vec<CardView>,
    /// The numbers of the actions that were promised in it.
    pub actions: Vec<u64>,
}

/// What became of something that was promised.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictView {
    /// The action's number.
    pub action: u64,
    /// What was promised.
    pub what: String,
    /// By whom.
    #[schema(value_type = String)]
    pub owner: EntityRef,
    /// `done in time`, `done late`, `open`, `late`, `escalated` or `decided against`.
    pub outcome: &'static str,
}

/// Something that was said.
#[derive(Debug, Serialize, ToSchema)]
pub struct CardView {
    /// Its number.
    pub number: u32,
    /// `well`, `badly` or `puzzle`.
    pub column: &'static str,
    /// What.
    pub text: String,
    /// Who said it.
    pub by: ActorView,
    /// How many vote for it.
    pub votes: usize,
}

impl RetroView {
    fn of(world: &World, retro: &Retro) -> Self {
        let card = |card: &Card| CardView {
            number: card.number,
            column: card.column.as_str(),
            text: card.text.clone(),
            by: ActorView::of(&card.by),
            votes: card.votes.len(),
        };
        let number = retro.about.number;
        Self {
            number,
            team: retro.about.team.clone(),
            title: retro.about.title.clone(),
            state: if retro.closed.is_some() { "closed" } else { "open" },
            opened: retro.opened,
            previous: retro.previous,
            verdict: retro
                .verdict
                .iter()
                .map(|verdict| VerdictView {
                    action: verdict.action,
                    what: verdict.what.clone(),
                    owner: verdict.owner.clone(),
                    outcome: verdict.outcome.in_words(),
                })
                .collect(),
            cards: retro.cards.iter().map(card).collect(),
            actions: world
                .actions
                .of_source(&Source::Retrospective { retrospective: number })
                .map(|action| action.number)
                .collect(),
        }
    }
}

/// Whose retrospectives are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only this team's.
    pub team: Option<String>,
}

/// Lists retrospectives, the newest first.
#[utoipa::path(get, path = "/api/v1/retrospectives", tag = "actions", params(Which, Paging),
    responses((status = 200, body = Listed<RetroView>)))]
pub async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<RetroView>>, Problem> {
    let world = app.world();
    let retros = world.actions.retros();
    let team = which.team.as_deref().map(|team| reference("team", team, "group")).transpose()?;
    let found: Vec<&Retro> = match &team {
        Some(team) => retros.of_team(team).collect(),
        None => retros.iter().collect(),
    };
    paging.page(found, |retro| RetroView::of(&world, retro))
}

/// Shows a retrospective.
#[utoipa::path(get, path = "/api/v1/retrospectives/{number}", tag = "actions",
    params(("number", description = "its number")), responses((status = 200, body = RetroView)))]
pub async fn show(State(app): State<App>, Path(number): Path<String>) -> Result<Json<RetroView>, Problem> {
    let world = app.world();
    Ok(Json(RetroView::of(&world, by_number(&world, &number)?)))
}

/// A retrospective to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRetro {
    /// Whose.
    pub team: String,
    /// What it is about; the sprint that is now, if left out.
    #[serde(default)]
    pub title: String,
}

/// Opens a retrospective, with the verdict on what was promised in the last.
#[utoipa::path(post, path = "/api/v1/retrospectives", tag = "actions", request_body = NewRetro,
    responses((status = 200, body = Done)))]
pub async fn open(State(app): State<App>, asked: Asked<NewRetro>) -> Result<Json<Done>, Problem> {
    let (asked, NewRetro { team, title }) = asked.split();
    let team = reference("/team", &team, "group")?;
    carry_out(&app, &asked, command(RetroCommand::Open { team, title }), None).await
}

/// Something to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCard {
    /// `well`, `badly` or `puzzle`.
    pub column: String,
    /// What.
    pub text: String,
}

/// Says something.
#[utoipa::path(post, path = "/api/v1/retrospectives/{number}/cards", tag = "actions", request_body = NewCard,
    params(("number", description = "its number")), responses((status = 200, body = Done)))]
pub async fn say(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<NewCard>,
) -> Result<Json<Done>, Problem> {
    let (asked, NewCard { column: word, text }) = asked.split();
    let retro = by_number(&app.world(), &number)?.about.number;
    let column = column(&word)?;
    carry_out(&app, &asked, command(RetroCommand::Say { retro, column, text }), None).await
}

/// A vote.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// The card's number.
    pub card: u32,
    /// False takes the vote back.
    #[serde(default = "yes")]
    pub on: bool,
}

fn yes() -> bool {
    true
}

/// Votes for a card, or takes the vote back: everybody who is signed in has five votes, and a token has none.
#[utoipa::path(post, path = "/api/v1/retrospectives/{number}/votes", tag = "actions", request_body = Vote,
    params(("number", description = "its number")), responses((status = 200, body = Done)))]
pub async fn vote(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Vote>,
) -> Result<Json<Done>, Problem> {
    let retro = by_number(&app.world(), &number)?.about.number;
    let Vote { card, on } = asked.body;
    carry_out(&app, &asked, command(RetroCommand::Vote { retro, card, on }), None).await
}

/// Ends a retrospective.
#[utoipa::path(post, path = "/api/v1/retrospectives/{number}/close", tag = "actions", request_body = Why,
    params(("number", description = "its number")), responses((status = 200, body = Done)))]
pub async fn close(
    State(app): State<App>,
    Path(number): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let retro = by_number(&app.world(), &number)?.about.number;
    carry_out(&app, &asked, command(RetroCommand::Close { retro }), asked.body.reason.as_deref()).await
}
