//! `POST /flags/{namespace}/{name}`: turns a flag on or off in one environment.

use ::flags::Change;
use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;

use super::wish::{self, Terms};
use crate::{
    App,
    guard::By,
    problem::Problem,
    remark::Done,
    security::csrf::PostedForm,
    show::{address, named},
};

/// Where, to what, and why.
#[derive(Debug, Deserialize)]
pub struct Turn {
    environment: String,
    act: Position,
    #[serde(default)]
    reason: String,
    emergency: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Position {
    On,
    Off,
}

/// Turns it and goes back to its screen; where others must agree, asks for it instead.
pub async fn turn(
    State(app): State<App>,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(Turn { environment, act, reason, emergency }): PostedForm<Turn>,
) -> Result<Response, Problem> {
    let flag = named("flag", &namespace, &name)?;
    let home = address(&flag);
    let change = Change::Turn { flag, environment, on: act == Position::On };
    let terms = Terms { reason, emergency, ..Terms::default() };
    Ok(wish::carry_out(&app, &by, change, &terms, &home, Done::Turned).await?)
}
