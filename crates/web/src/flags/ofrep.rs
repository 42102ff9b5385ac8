//! OpenFeature Remote Evaluation Protocol 0.3.0: the evaluation of one flag.
//!
//! The environment is the token's business later; until then it is `context.environment`, or `production`. A context with
//! `service` (or `app`) names the component that asks: who evaluates a flag is what a change of it affects.

use ::flags::evaluate;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use kernel::EntityRef;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use world::Command;

use crate::{App, api::reference, guard::By};

/// What a client knows.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EvaluationRequest {
    /// Who asks and for whom: `targetingKey`, and whatever else rules may look at.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub context: Map<String, Value>,
}

/// The flag's value.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvaluationSuccess {
    /// The flag.
    pub key: String,
    /// The value.
    pub value: bool,
    /// The name of the value.
    pub variant: String,
    /// Why.
    pub reason: String,
    /// What else is known of the flag.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

/// Why there is no value.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvaluationFailure {
    /// The flag.
    pub key: String,
    /// OpenFeature's code.
    #[serde(rename = "errorCode")]
    pub error_code: String,
    /// The error in words.
    #[serde(rename = "errorDetails")]
    pub error_details: String,
}

/// Evaluates a flag.
#[utoipa::path(post, path = "/ofrep/v1/evaluate/flags/{key}", tag = "OFREP", request_body = EvaluationRequest,
    params(("key", description = "the flag's name")),
    responses((status = 200, body = EvaluationSuccess), (status = 400, body = EvaluationFailure),
        (status = 404, body = EvaluationFailure)))]
pub async fn evaluate_one(
    State(app): State<App>,
    By(grant): By,
    Path(key): Path<String>,
    body: Result<Json<EvaluationRequest>, JsonRejection>,
) -> Response {
    let context = match body {
        Ok(Json(request)) => request.context,
        Err(rejection) => return failure(StatusCode::BAD_REQUEST, &key, "PARSE_ERROR", &rejection.body_text()),
    };
    let unknown = || failure(StatusCode::NOT_FOUND, &key, "FLAG_NOT_FOUND", "there is no such flag");
    let Ok(flag) = reference("key", &key, "flag") else { return unknown() };
    let environment = context.get("environment").and_then(Value::as_str).unwrap_or("production");
    let world = app.world();
    let Some(evaluation) = evaluate(&world.flags, &flag, environment) else { return unknown() };
    if let Some(component) = asking(&context) {
        note_user(&app, &flag, component, grant.actor);
    }
    Json(EvaluationSuccess {
        key: key.clone(),
        value: evaluation.value,
        variant: evaluation.variant.to_owned(),
        reason: evaluation.reason.as_str().to_owned(),
        metadata: Map::new(),
    })
    .into_response()
}

fn failure(status: StatusCode, key: &str, code: &str, details: &str) -> Response {
    let failure =
        EvaluationFailure { key: key.to_owned(), error_code: code.to_owned(), error_details: details.to_owned() };
    (status, Json(failure)).into_response()
}

/// The component that asks, if the context names one.
fn asking(context: &Map<String, Value>) -> Option<EntityRef> {
    let name = ["service", "app"].iter().find_map(|key| context.get(*key)?.as_str())?;
    reference("service", name, "component").ok().filter(|component| component.kind() == "component")
}

/// Remembers who evaluates the flag, if that is new and the component exists; the client does not wait for it.
fn note_user(app: &App, flag: &EntityRef, component: EntityRef, actor: kernel::Actor) {
    let world = app.world();
    let known = world.flags.flag(flag).is_none_or(|flag| flag.users().any(|user| *user == component));
    if known || world.catalog.get(&component).is_none() {
        return;
    }
    let command = Command::Flags(::flags::Command::See { flag: flag.clone(), component });
    let app = app.clone();
    tokio::spawn(async move {
        let request = engine::Request { command, actor, reason: None, id: None };
        if let Err(refusal) = app.submit(request).await {
            tracing::debug!(error.code = refusal.code.name, "a flag's user was not noted: {refusal}");
        }
    });
}
