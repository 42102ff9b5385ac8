//! `GET /retrospectives/{number}`: the verdict on last time, three columns of cards, and what is promised this time.

use ::actions::{Card, Column, Outcome, Retro, Source, VOTES};
use askama::Template;
use axum::{extract::Path, response::Response};
use kernel::{Actor, Refusal};

use super::{by_number, outcome, state_of};
use crate::{
    actions::list::{ActionRow, row},
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Answer, Callout, Entry, Field, Form, Link, Press, State, Tone, Who},
};

/// One retrospective.
#[derive(Debug, Template)]
#[template(path = "retros/show.html")]
pub struct RetroScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Why the last try was refused.
    pub trouble: Option<Callout>,
    /// What it is about.
    pub title: String,
    /// State, team, votes.
    pub answers: Vec<Answer>,
    /// What became of last time's promises, in a sentence.
    pub verdict: String,
    /// Each of them.
    pub verdicts: Vec<VerdictRow>,
    /// Went well, went badly, puzzles.
    pub columns: Vec<CardColumn>,
    /// What was promised in this one.
    pub promised: Vec<ActionRow>,
    /// Promises something.
    pub promise: Option<String>,
    /// Ends it.
    pub close: Option<Press>,
}

/// What became of one promise.
#[derive(Debug)]
pub struct VerdictRow {
    /// What became of it, when the retrospective was opened.
    pub state: State,
    /// What was promised.
    pub what: String,
    /// Its screen.
    pub href: String,
    /// Whose it was.
    pub owner: Who,
}

/// One column.
#[derive(Debug)]
pub struct CardColumn {
    /// What stands above it.
    pub title: &'static str,
    /// Its cards, those with the most votes first.
    pub cards: Vec<CardRow>,
    /// Adds one; none where it is closed or the reader may not.
    pub form: Option<Form>,
}

/// One card.
#[derive(Debug)]
pub struct CardRow {
    /// What it says.
    pub text: String,
    /// Who said it.
    pub by: Who,
    /// `3 votes`.
    pub votes: String,
    /// Votes, or takes the vote back.
    pub vote: Option<Press>,
    /// Takes it back.
    pub take_back: Option<Press>,
    /// Promises something because of it.
    pub promise: Option<Link>,
}

/// Shows a retrospective.
///
/// # Errors
/// `not-found` if there is none of this number.
pub async fn show(frame: Frame, Path(number): Path<String>) -> Result<Response, Problem> {
    let retro = by_number(&frame.world, &number)?;
    Ok(screen(&drawn(&frame, retro, None)))
}

/// Its screen; what was refused is said, and a card that was refused stays in its field.
pub(super) fn drawn(frame: &Frame, retro: &Retro, refused: Option<(&Refusal, &str, &str)>) -> RetroScreen {
    let number = retro.about.number;
    let may = frame.may_write();
    let source = Source::Retrospective { retrospective: number };
    let actor = frame.grant.as_ref().map(|grant| &grant.actor);
    RetroScreen {
        chrome: frame.chrome(format!("Retrospective: {}", retro.about.title), Place::Actions),
        trouble: refused.map(|(refusal, ..)| Callout {
            state: State::new(Tone::Bad, "Not done"),
            text: refusal.to_string(),
            link: None,
        }),
        title: retro.about.title.clone(),
        answers: answers(frame, retro, actor),
        verdict: verdict(retro),
        verdicts: retro
            .verdict
            .iter()
            .map(|verdict| VerdictRow {
                state: outcome(verdict.outcome),
                what: verdict.what.clone(),
                href: frame.href(format!("/actions/{}", verdict.action)),
                owner: frame.catalog_person(&verdict.owner),
            })
            .collect(),
        columns: Column::ALL.map(|column| cards(frame, retro, column, actor, refused)).into_iter().collect(),
        promised: frame.world.actions.of_source(&source).map(|action| row(frame, action)).collect(),
        promise: (may && is_newest(frame, retro)).then(|| promise(retro, None)),
        close: (may && retro.closed.is_none())
            .then(|| frame.press(format!("/retrospectives/{number}/close"), "Close the retrospective")),
    }
}

fn answers(frame: &Frame, retro: &Retro, actor: Option<&Actor>) -> Vec<Answer> {
    let since = retro.closed.as_ref().map_or(retro.opened, |(at, _)| *at);
    let state = Answer::to("State").state(state_of(retro), Some(frame.elapsed(since)));
    let team = Answer::to("Team").entity(frame.entity(&retro.about.team));
    let mut answers = vec![state, team];
    if let Some(actor) = actor.filter(|_| retro.closed.is_none()) {
        let given = retro.votes_of(&actor.to_string());
        answers.push(Answer::to("Your votes").text(format!("{} of {VOTES} left", VOTES.saturating_sub(given))));
    }
    if let Some(previous) = retro.previous {
        let href = frame.href(format!("/retrospectives/{previous}"));
        answers.push(Answer::to("Last time").link(format!("Retrospective {previous}"), href));
    }
    answers
}

fn verdict(retro: &Retro) -> String {
    let all = retro.verdict.len();
    match (retro.previous, all) {
        (None, _) => "It is the team’s first.".to_owned(),
        (Some(_), 0) => "Nothing was promised last time.".to_owned(),
        (Some(_), all) => {
            let count = |wanted: Outcome| retro.verdict.iter().filter(|verdict| verdict.outcome == wanted).count();
            format!(
                "Of {all} promised last time, {} were done in time, {} late; {} are open, {} late, {} escalated, {} decided against.",
                count(Outcome::InTime),
                count(Outcome::Late),
                count(Outcome::Open),
                count(Outcome::Overdue),
                count(Outcome::Escalated),
                count(Outcome::Deprioritised)
            )
        }
    }
}

fn cards(
    frame: &Frame,
    retro: &Retro,
    column: Column,
    actor: Option<&Actor>,
    refused: Option<(&Refusal, &str, &str)>,
) -> CardColumn {
    let number = retro.about.number;
    let may = frame.may_write() && retro.closed.is_none();
    let typed =
        refused.filter(|(_, of, _)| *of == column.as_str()).map(|(refusal, _, text)| (refusal, text.to_owned()));
    let field = Field::new(
        "text",
        format!("Another: {}", column.title().to_lowercase()),
        Entry::Lines { value: typed.as_ref().map(|(_, text)| text.clone()).unwrap_or_default() },
    );
    let field = field.required().id(format!("text-{}", column.as_str()));
    let field = match typed {
        Some((refusal, _)) => field.error(refusal.detail.clone()),
        None => field,
    };
    let hidden = vec![("column".to_owned(), column.as_str().to_owned())];
    let form = Form { hidden, ..frame.form(format!("/retrospectives/{number}/say"), "Add", vec![field]) };
    CardColumn {
        title: column.title(),
        cards: retro.column(column).into_iter().map(|said| card(frame, retro, said, actor, may)).collect(),
        form: may.then_some(form),
    }
}

fn card(frame: &Frame, retro: &Retro, card: &Card, actor: Option<&Actor>, may: bool) -> CardRow {
    let number = retro.about.number;
    let name = actor.map(Actor::to_string).unwrap_or_default();
    let has = card.votes.contains(&name);
    let press = |verb: &str, label: &str| Press {
        hidden: vec![("card".to_owned(), card.number.to_string())],
        ..frame.press(format!("/retrospectives/{number}/{verb}"), label)
    };
    let votes = card.votes.len();
    let vote = if has {
        Some(press("unvote", "Take the vote back"))
    } else {
        (retro.votes_of(&name) < VOTES).then(|| press("vote", "Vote"))
    };
    CardRow {
        text: card.text.clone(),
        by: frame.who(&card.by),
        votes: if votes == 1 { "1 vote".to_owned() } else { format!("{votes} votes") },
        vote: vote.filter(|_| may),
        take_back: (may && actor == Some(&card.by)).then(|| press("take-back", "Take back")),
        promise: (frame.may_write() && is_newest(frame, retro))
            .then(|| Link::new("Promise something", promise(retro, Some(card)))),
    }
}

/// True of the team's newest: what is promised in it is judged when the next is opened.
fn is_newest(frame: &Frame, retro: &Retro) -> bool {
    let newest = frame.world.actions.retros().newest(&retro.about.team);
    newest.is_some_and(|newest| newest.about.number == retro.about.number)
}

/// Where something is promised because of a card, or of the retrospective.
fn promise(retro: &Retro, card: Option<&Card>) -> String {
    let mut what = card.map(|card| card.text.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default();
    what.truncate(what.floor_char_boundary(::actions::WHAT_BYTES_MAX));
    let set = [
        ("retrospective", retro.about.number.to_string()),
        ("team", retro.about.team.to_string()),
        ("subject", retro.about.team.to_string()),
        ("what", what),
    ];
    format!("/actions/new?{}", serde_html_form::to_string(set).unwrap_or_default())
}
