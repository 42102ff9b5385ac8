//! flagd's evaluation service: `flagd.evaluation.v1` and `v2`, over gRPC, and as HTTP with JSON at the same addresses, as
//! Connect does it (<https://connectrpc.com/docs/protocol>).
//!
//! The two versions differ in what an absent value is. In v2 it is absent. v1 can't say so: a flag that leaves it to the
//! code's default is `FLAG_NOT_FOUND` there, and a disabled one has its type's zero and no variant.

mod connect;
pub(crate) mod events;
mod json;
mod resolve;
mod v1;
mod v2;
pub(crate) mod values;

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use flagd::ErrorCode;
use tonic::{Code, Status};
use tower::ServiceExt;

use crate::{
    Scope, Serving, ofrep,
    proto::{evaluation_v1, evaluation_v2},
    scope::ScopeError,
};

/// A flag's answer in v1 or v2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

/// The service's routes. A request must carry a [`Scope`] among its extensions.
pub fn router(serving: Serving) -> Router {
    let v1 = evaluation_v1::service_server::ServiceServer::new(v1::Service(serving.clone()))
        .max_decoding_message_size(ofrep::BODY_BYTES_MAX);
    let v2 = evaluation_v2::service_server::ServiceServer::new(v2::Service(serving.clone()))
        .max_decoding_message_size(ofrep::BODY_BYTES_MAX);
    let answer_v1 =
        async move |State(serving): State<Serving>, Path(method): Path<String>, request: Request| match face(request) {
            Face::Grpc(request) => v1.oneshot(request).await.into_response(),
            Face::Json(request) => json::answer(&serving, Version::V1, &method, request).await,
            Face::Stream(request) => connect::answer(&serving, &method, &request),
            Face::Refused(response) => response,
        };
    let answer_v2 =
        async move |State(serving): State<Serving>, Path(method): Path<String>, request: Request| match face(request) {
            Face::Grpc(request) => v2.oneshot(request).await.into_response(),
            Face::Json(request) => json::answer(&serving, Version::V2, &method, request).await,
            Face::Stream(request) => connect::answer(&serving, &method, &request),
            Face::Refused(response) => response,
        };
    Router::new()
        .route("/flagd.evaluation.v1.Service/{method}", post(answer_v1))
        .route("/flagd.evaluation.v2.Service/{method}", post(answer_v2))
        .with_state(serving)
}

/// What a request speaks.
enum Face {
    Grpc(Request),
    Json(Request),
    Stream(Request),
    Refused(Response),
}

type AsFace = fn(Request) -> Face;
type AsRefusal = fn(&Status) -> Response;

/// Tells the protocols apart, and narrows the scope by the selector, so that none of them needs to look at the headers.
fn face(mut request: Request) -> Face {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (kind, _) = kind.split_once(';').unwrap_or((kind, ""));
    let (as_face, as_refusal): (AsFace, AsRefusal) = match kind.trim() {
        "application/grpc" | "application/grpc+proto" => (Face::Grpc, |status| status.clone().into_http()),
        "application/json" => (Face::Json, json::failed),
        connect::CONTENT_TYPE => (Face::Stream, connect::failed),
        _ => return Face::Refused(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response()),
    };
    match Scope::of(request.extensions(), request.headers()) {
        Ok(scope) => {
            request.extensions_mut().insert(scope);
            as_face(request)
        }
        Err(error) => Face::Refused(as_refusal(&refused(&error))),
    }
}

pub(crate) fn refused(error: &ScopeError) -> Status {
    let code = match error {
        ScopeError::Unknown => Code::Unauthenticated,
        ScopeError::Forbidden(_) => Code::PermissionDenied,
        ScopeError::Selector(_) => Code::InvalidArgument,
    };
    Status::new(code, error.to_string())
}

/// There are no flags yet, or no longer. Clients try again.
pub(crate) fn unavailable(scope: &Scope) -> Status {
    Status::unavailable(format!("there are no flags for environment '{}' yet", scope.environment))
}

/// The server stops. A stream that just ended would be taken for one that had said all there is: flagd's providers come
/// back after an error only.
pub(crate) fn stopped() -> Status {
    Status::unavailable("the server stops; connect again")
}

/// flagd's codes, from which its providers make OpenFeature's again.
fn code(error: ErrorCode) -> Code {
    match error {
        ErrorCode::FlagNotFound => Code::NotFound,
        ErrorCode::TypeMismatch => Code::InvalidArgument,
        ErrorCode::ParseError => Code::DataLoss,
        ErrorCode::TargetingKeyMissing | ErrorCode::InvalidContext | ErrorCode::General => Code::Unknown,
    }
}
