//! `POST /actions/{number}/{verb}`: done, decided against, given to another, put off, reopened.

use ::actions::Command as ActionCommand;
use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use world::Command;

use super::{
    show::drawn,
    wish::{by_number, deadline, deprioritise},
};
use crate::{
    App,
    api::{not_found, reference},
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::screen,
};

/// What a form says; each uses its own part.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filled {
    pub(super) note: String,
    pub(super) link: String,
    pub(super) reason: String,
    pub(super) owner: String,
    pub(super) deadline: String,
}

/// Does it, and goes back to the item's screen; what is refused is shown there, with what was filled in.
///
/// # Errors
/// If there is no such item or verb, or the command is refused for another reason than its values or the item's state.
pub async fn act(
    State(app): State<App>,
    frame: Frame,
    by: By,
    Path((number, verb)): Path<(String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let action = by_number(&frame.world, &number)?;
    let number = action.number;
    let text = |text: &String| text.clone();
    let wished = match verb.as_str() {
        "done" => Ok(Command::Actions(ActionCommand::Done {
            action: number,
            note: text(&filled.note),
            link: text(&filled.link),
        })),
        "deprioritise" => deprioritise(&by.0, number, text(&filled.reason), None),
        "reassign" => reference("/owner", &filled.owner, "user")
            .map(|owner| Command::Actions(ActionCommand::Reassign { action: number, owner })),
        "postpone" => deadline(&filled.deadline).map(|deadline| {
            Command::Actions(ActionCommand::Postpone { action: number, deadline, reason: text(&filled.reason) })
        }),
        "reopen" => Ok(Command::Actions(ActionCommand::Reopen { action: number, reason: text(&filled.reason) })),
        other => return Err(not_found("verb", other)),
    };
    let receipt = match wished {
        Ok(command) => app.submit(by.request(command, None, None)?).await,
        Err(refusal) => Err(refusal),
    };
    match receipt {
        Ok(receipt) => {
            let done = if receipt.recorded.is_empty() { Done::Nothing } else { Done::Promise };
            Ok(back(&format!("/actions/{number}"), done))
        }
        Err(refusal) if refusal.class() == kernel::Class::UserFixable => {
            let status = Problem::status_of(&refusal);
            let shown = screen(&drawn(&frame, action, Some((&refusal, &verb, &filled))));
            Ok((status, shown).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}
