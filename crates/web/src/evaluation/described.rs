//! The OpenFeature Remote Evaluation Protocol as our OpenAPI document has it. [`serving::ofrep`] answers these routes.
#![expect(dead_code, reason = "utoipa describes functions, and these routes are answered by another crate's")]

use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What there is to say of the routes.
#[derive(utoipa::OpenApi)]
#[openapi(paths(evaluate_one, evaluate_all, events))]
pub(crate) struct Ofrep;

/// What a client knows.
#[derive(ToSchema)]
struct EvaluationRequest {
    /// Who asks and for whom: `targetingKey`, and whatever else rules may look at. `environment` chooses the environment
    /// unless the token does; `service` or `app` names the component that asks.
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
}

/// A flag's value. Without `value`, the client uses its own default.
#[derive(ToSchema)]
struct EvaluationSuccess {
    /// The flag.
    key: String,
    /// The value: a boolean, string, number or object.
    value: Option<Value>,
    /// The name of the value.
    variant: Option<String>,
    /// Why: `STATIC`, `DEFAULT`, `TARGETING_MATCH` or `DISABLED`.
    reason: String,
    /// What else is known of the flag.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

/// Why there is no value.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct EvaluationFailure {
    /// The flag.
    key: String,
    /// OpenFeature's code.
    error_code: String,
    /// The error in words.
    error_details: Option<String>,
}

/// Why nothing could be evaluated.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct BulkFailure {
    /// OpenFeature's code.
    error_code: String,
    /// The error in words.
    error_details: Option<String>,
}

/// All values.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct BulkEvaluation {
    /// Each an evaluation, or why there is none.
    flags: Vec<EvaluationSuccess>,
    /// What is known of the flags together.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Where to hear of changes.
    #[schema(value_type = Vec<Object>)]
    event_streams: Vec<Value>,
}

/// Evaluates a flag.
#[utoipa::path(post, path = "/ofrep/v1/evaluate/flags/{key}", tag = "OFREP", request_body = EvaluationRequest,
    params(("key" = String, Path, description = "the flag's name")),
    responses((status = 200, body = EvaluationSuccess), (status = 400, body = EvaluationFailure),
        (status = 401, description = "The token is missing or unknown."),
        (status = 403, description = "The token does not evaluate flags, or not these."),
        (status = 404, body = EvaluationFailure),
        (status = 413, description = "The body is larger than 1 MiB."),
        (status = 429, description = "The token asked too often: see `Retry-After`.")))]
fn evaluate_one() {}

/// Evaluates all flags. The answer's `ETag` stands for the flags and the context.
#[utoipa::path(post, path = "/ofrep/v1/evaluate/flags", tag = "OFREP", request_body = EvaluationRequest,
    params(("If-None-Match" = Option<String>, Header, description = "the `ETag` of the last answer")),
    responses((status = 200, body = BulkEvaluation), (status = 400, body = BulkFailure),
        (status = 304, description = "All is as it was."),
        (status = 401, description = "The token is missing or unknown."),
        (status = 403, description = "The token does not evaluate flags, or not these."),
        (status = 413, description = "The body is larger than 1 MiB."),
        (status = 429, description = "The token asked too often: see `Retry-After`.")))]
fn evaluate_all() {}

/// Streams that flags changed: server-sent events whose data tells the client to evaluate anew.
#[utoipa::path(get, path = "/ofrep/v1/events", tag = "OFREP",
    params(("environment" = Option<String>, Query, max_length = 63,
            description = "the environment, unless the token or the key chooses it; `production` if nothing does"),
        ("key" = Option<String>, Query, max_length = 200,
            description = "the key of an announced stream, for clients that can't send a token"),
        ("Last-Event-ID" = Option<String>, Header, description = "the last event that was seen")),
    responses((status = 200, description = "Server-sent events, for as long as the client listens."),
        (status = 401, description = "The token or key is missing or unknown."),
        (status = 403, description = "The token does not evaluate flags, or not these."),
        (status = 429, description = "Streams are opened too often: see `Retry-After`.")))]
fn events() {}
