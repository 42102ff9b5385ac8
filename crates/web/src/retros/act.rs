//! `POST /retrospectives` and `POST /retrospectives/{number}/{verb}`: opens one, says something, votes, closes it.

use ::actions::{Column, Command as ActionCommand, RetroCommand};
use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use kernel::{Class, Refusal, codes};
use serde::Deserialize;
use world::{Command, Event};

use super::{by_number, list, show};
use crate::{
    App,
    api::{not_found, reference},
    frame::Frame,
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
    shell::screen,
};

/// The command that it is.
pub(crate) fn command(command: RetroCommand) -> Command {
    Command::Actions(ActionCommand::Retro { command })
}

/// A column by its word.
///
/// # Errors
/// `invalid` if it is none.
pub(crate) fn column(word: &str) -> Result<Column, Refusal> {
    let found = Column::ALL.into_iter().find(|column| column.as_str() == word);
    found.ok_or_else(|| {
        let shown: String = word.chars().take(40).collect();
        let refusal = Refusal::new(&codes::INVALID, format!("\"{shown}\" is no column")).field("/column");
        refusal.fix("well, badly or puzzle")
    })
}

/// What opens a retrospective.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Opening {
    team: String,
    title: String,
}

/// Opens one and goes to its screen.
///
/// # Errors
/// If it is refused for another reason than its values or the team's state.
pub async fn open(
    State(app): State<App>,
    frame: Frame,
    by: By,
    PostedForm(Opening { team, title }): PostedForm<Opening>,
) -> Result<Response, Problem> {
    let receipt = match reference("/team", team.trim(), "group") {
        Ok(team) => app.submit(by.request(command(RetroCommand::Open { team, title }), None, None)?).await,
        Err(refusal) => Err(refusal),
    };
    match receipt {
        Ok(receipt) => {
            let number = receipt.recorded.iter().find_map(|recorded| {
                if let Event::Actions(event) = recorded.event.as_ref() {
                    event.retro().map(|about| about.number)
                } else {
                    None
                }
            });
            let number = number.ok_or_else(|| Refusal::new(&codes::INTERNAL, "no retrospective was opened"))?;
            Ok(Redirect::to(&format!("/retrospectives/{number}")).into_response())
        }
        Err(refusal) if refusal.class() == Class::UserFixable => {
            let status = Problem::status_of(&refusal);
            let shown = list::drawn(&frame, &list::Asked::default(), Some(&refusal))?;
            Ok((status, screen(&shown)).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// What a form says; each uses its own part.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filled {
    text: String,
    column: String,
    card: u32,
}

/// Does it, and goes back; what is refused is shown there, with what was filled in.
///
/// # Errors
/// If there is no such retrospective or verb.
pub async fn act(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path((number, verb)): Path<(String, String)>,
    PostedForm(Filled { text, column: word, card }): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let shown = by_number(&frame.world, &number)?;
    let retro = shown.about.number;
    let wished = match verb.as_str() {
        "say" => column(&word).map(|column| RetroCommand::Say { retro, column, text: text.clone() }),
        "take-back" => Ok(RetroCommand::TakeBack { retro, card }),
        "vote" => Ok(RetroCommand::Vote { retro, card, on: true }),
        "unvote" => Ok(RetroCommand::Vote { retro, card, on: false }),
        "close" => Ok(RetroCommand::Close { retro }),
        other => return Err(not_found("verb", other)),
    };
    let receipt = match wished {
        Ok(wished) => app.submit(by.request(command(wished), None, None)?).await,
        Err(refusal) => Err(refusal),
    };
    match receipt {
        Ok(_) => Ok(Redirect::to(&format!("/retrospectives/{retro}")).into_response()),
        Err(refusal) if refusal.class() == Class::UserFixable => {
            let status = Problem::status_of(&refusal);
            let drawn = show::drawn(&frame, shown, Some((&refusal, &word, &text)));
            Ok((status, screen(&drawn)).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}
