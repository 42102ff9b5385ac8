//! `POST /checks/{namespace}/{name}/pause` and `/resume`: lets a check not judge for a while.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use checks::Command as CheckCommand;
use kernel::EntityRef;
use serde::Deserialize;
use world::Command;

use crate::{
    App,
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
    show::{address, named},
};

/// Why.
#[derive(Debug, Deserialize)]
pub struct Why {
    reason: Option<String>,
}

/// Stops it from judging.
pub async fn pause(
    State(app): State<App>,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(why): PostedForm<Why>,
) -> Result<Response, Problem> {
    let check = named("check", &namespace, &name)?;
    act(&app, &by, &check, CheckCommand::Pause { check: check.clone() }, &why).await
}

/// Lets it judge again.
pub async fn resume(
    State(app): State<App>,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(why): PostedForm<Why>,
) -> Result<Response, Problem> {
    let check = named("check", &namespace, &name)?;
    act(&app, &by, &check, CheckCommand::Resume { check: check.clone() }, &why).await
}

async fn act(app: &App, by: &By, check: &EntityRef, command: CheckCommand, why: &Why) -> Result<Response, Problem> {
    app.submit(by.request(Command::Checks(command), why.reason.as_deref(), None)?).await?;
    Ok(Redirect::to(&address(check)).into_response())
}
