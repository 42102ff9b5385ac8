//! `POST /flags/{namespace}/{name}`: turns a flag on or off in one environment.

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use world::Command;

use crate::{
    App,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    show::{address, named},
};

/// Where, to what, and why.
#[derive(Debug, Deserialize)]
pub struct Turn {
    environment: String,
    to: Position,
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Position {
    On,
    Off,
}

/// Turns it and goes back to its screen.
pub async fn turn(
    State(app): State<App>,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(turn): PostedForm<Turn>,
) -> Result<Response, Problem> {
    let flag = named("flag", &namespace, &name)?;
    let screen = address(&flag);
    let command = flags::Command::Turn { flag, environment: turn.environment, on: turn.to == Position::On };
    let receipt = app.submit(by.request(Command::Flags(command), turn.reason.as_deref(), None)?).await?;
    Ok(back(&screen, if receipt.recorded.is_empty() { Done::Nothing } else { Done::Turned }))
}
