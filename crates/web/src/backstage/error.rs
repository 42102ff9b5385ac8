//! Errors as Backstage's clients read them.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use kernel::{Refusal, codes};
use serde::Serialize;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder, response},
};

use crate::problem::refusal_in;

/// Where Backstage's routes are.
const PREFIX: &str = "/api/catalog/";

/// An error in Backstage's shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageError)]
pub struct ErrorBody {
    /// What is wrong.
    pub error: ErrorView,
    /// What was asked.
    pub request: RequestView,
    /// What was answered.
    pub response: ResponseView,
}

/// Every route of Backstage's refuses in this shape: what OpenAPI calls the default response.
impl IntoResponses for ErrorBody {
    fn responses() -> BTreeMap<String, RefOr<response::Response>> {
        let schema = ContentBuilder::new().schema(Some(Ref::from_schema_name("BackstageError"))).build();
        let refused = ResponseBuilder::new().description("It was refused.").content("application/json", schema).build();
        BTreeMap::from([("default".to_owned(), refused.into())])
    }
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageErrorDetail)]
pub struct ErrorView {
    /// `InputError`, `AuthenticationError`, `NotAllowedError`, `NotFoundError`, `ConflictError`,
    /// `ServiceUnavailableError`, or `Error`.
    pub name: &'static str,
    /// What is wrong, this time, and how to mend it.
    pub message: String,
    /// The name of the error in our own manual.
    pub code: &'static str,
}

impl ErrorView {
    /// The refusal in Backstage's words.
    #[must_use]
    pub fn of(refusal: &Refusal) -> Self {
        let message = match &refusal.fix {
            Some(fix) => format!("{}: {fix}", refusal.detail),
            None => refusal.detail.clone(),
        };
        Self { name: name(status(refusal)), message, code: refusal.code.name }
    }
}

/// What was asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageErrorRequest)]
pub struct RequestView {
    /// The method.
    pub method: String,
    /// The path and the parameters.
    pub url: String,
}

/// What was answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageErrorResponse)]
pub struct ResponseView {
    /// The HTTP status.
    #[serde(rename = "statusCode")]
    pub status_code: u16,
}

/// The layer that gives errors below `/api/catalog` Backstage's shape, wherever within the routes they come from: a
/// handler, the guard, or the framework.
pub async fn shape(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(PREFIX) {
        return next.run(request).await;
    }
    let method = request.method().to_string();
    let uri = request.uri().clone();
    let (refusal, headers) = match refusal_in(next.run(request).await, uri.path()).await {
        Ok(response) => return response,
        Err(refused) => refused,
    };
    let status = status(&refusal);
    let body = ErrorBody {
        error: ErrorView::of(&refusal),
        request: RequestView { method, url: uri.to_string() },
        response: ResponseView { status_code: status.as_u16() },
    };
    let mut response = (status, Json(body)).into_response();
    for (name, value) in &headers {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    if let Some(seconds) = refusal.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Backstage answers 400 to all that is wrong with the input.
fn status(refusal: &Refusal) -> StatusCode {
    if [&codes::INVALID, &codes::CATALOG_INVALID].contains(&refusal.code) {
        return StatusCode::BAD_REQUEST;
    }
    StatusCode::from_u16(refusal.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The names of `@backstage/errors`.
fn name(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => "InputError",
        StatusCode::UNAUTHORIZED => "AuthenticationError",
        StatusCode::FORBIDDEN => "NotAllowedError",
        StatusCode::NOT_FOUND => "NotFoundError",
        StatusCode::CONFLICT => "ConflictError",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailableError",
        _ => "Error",
    }
}
