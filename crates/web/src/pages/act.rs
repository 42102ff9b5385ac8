//! What is done to a page from its screen: acknowledge, escalate, tell again, give to another policy, close. Each goes back to it.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use paging::{Command as PageCommand, Via};
use world::Command;

use serde::Deserialize;

use crate::{
    App,
    api::{pages::by_number, reference},
    guard::By,
    problem::Problem,
    security::csrf::PostedForm,
};

/// What a page's form says.
#[derive(Debug, Deserialize)]
pub struct Filled {
    /// The policy that it is given to.
    #[serde(default)]
    policy: String,
}

/// `POST /pages/{number}/{verb}`: does it.
pub async fn act(
    State(app): State<App>,
    by: By,
    Path((number, verb)): Path<(String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let page = by_number(&app.world(), &number)?;
    let command = match verb.as_str() {
        "acknowledge" => PageCommand::Acknowledge { page, via: Via::ByHand },
        "escalate" => PageCommand::Escalate { page },
        "renotify" => PageCommand::Renotify { page },
        "reassign" => PageCommand::Reassign { page, policy: reference("policy", &filled.policy, paging::POLICY_KIND)? },
        "close" => PageCommand::Close { page },
        other => return Err(crate::api::not_found("verb", other)),
    };
    app.submit(by.request(Command::Paging(command), None, None)?).await?;
    Ok(Redirect::to(&format!("/pages/{number}")).into_response())
}
