//! The protocol's answers, as bytes.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use flagd::{ErrorCode, Failure, Resolution};
use serde_json::{Map, Value};

use super::EVENTS;
use crate::{StreamKey, scope::ScopeError};

/// Why a request can't be evaluated at all.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The body is more than the limit.
    TooLarge,
    /// The body is not what it must be.
    Body(String),
    /// The context is not what it must be.
    Context(Failure),
}

impl Refusal {
    pub(super) fn response(&self, key: Option<&str>) -> Response {
        match self {
            Self::TooLarge => details(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB"),
            Self::Body(message) => failed_as("PARSE_ERROR", message, key, StatusCode::BAD_REQUEST),
            Self::Context(failure) => failed(failure, key),
        }
    }
}

/// Answers JSON.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Answers a caller who may not see what it asks for.
pub(crate) fn refused(error: &ScopeError, key: Option<&str>) -> Response {
    match error {
        ScopeError::Unknown => StatusCode::UNAUTHORIZED.into_response(),
        ScopeError::Forbidden(_) => StatusCode::FORBIDDEN.into_response(),
        ScopeError::Selector(_) => failed_as("GENERAL", &error.to_string(), key, StatusCode::BAD_REQUEST),
    }
}

/// Answers that there are no flags yet.
pub(crate) fn unavailable() -> Response {
    let mut response = details(StatusCode::SERVICE_UNAVAILABLE, "there are no flags for this environment yet");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// Answers that an evaluation failed.
pub(super) fn failed(failure: &Failure, key: Option<&str>) -> Response {
    let status = match failure.code {
        ErrorCode::FlagNotFound => StatusCode::NOT_FOUND,
        ErrorCode::ParseError
        | ErrorCode::TargetingKeyMissing
        | ErrorCode::InvalidContext
        | ErrorCode::TypeMismatch
        | ErrorCode::General => StatusCode::BAD_REQUEST,
    };
    failed_as(failure.code.as_str(), &failure.message, key, status)
}

fn failed_as(code: &str, message: &str, key: Option<&str>, status: StatusCode) -> Response {
    let mut out = Vec::with_capacity(128);
    write_failure(&mut out, key, code, message);
    json(status, out)
}

fn details(status: StatusCode, message: &str) -> Response {
    let mut out = br#"{"errorDetails":"#.to_vec();
    text(&mut out, message);
    out.push(b'}');
    json(status, out)
}

/// Writes an `evaluationSuccess`.
pub(super) fn success(out: &mut Vec<u8>, key: &str, resolution: &Resolution<'_>) {
    out.extend_from_slice(br#"{"key":"#);
    text(out, key);
    out.extend_from_slice(br#","reason":""#);
    out.extend_from_slice(resolution.reason.as_str().as_bytes());
    out.push(b'"');
    if let Some(variant) = resolution.variant {
        out.extend_from_slice(br#","variant":"#);
        text(out, variant);
    }
    if let Some(value) = resolution.value_json {
        out.extend_from_slice(br#","value":"#);
        out.extend_from_slice(value.as_bytes());
    }
    if !resolution.metadata.is_empty() {
        out.extend_from_slice(br#","metadata":"#);
        out.extend_from_slice(resolution.metadata_json.as_bytes());
    }
    out.push(b'}');
}

/// Writes an `evaluationFailure`.
pub(super) fn failure(out: &mut Vec<u8>, key: Option<&str>, failure: &Failure) {
    write_failure(out, key, failure.code.as_str(), &failure.message);
}

fn write_failure(out: &mut Vec<u8>, key: Option<&str>, code: &str, message: &str) {
    out.push(b'{');
    if let Some(key) = key {
        out.extend_from_slice(br#""key":"#);
        text(out, key);
        out.push(b',');
    }
    out.extend_from_slice(br#""errorCode":""#);
    out.extend_from_slice(code.as_bytes());
    out.extend_from_slice(br#"","errorDetails":"#);
    text(out, message);
    out.push(b'}');
}

/// Writes what a bulk answer says besides the flags: the set's metadata, and where to hear of changes.
pub(super) fn about_set(out: &mut Vec<u8>, metadata: &Map<String, Value>, key: Option<&StreamKey>) {
    if !metadata.is_empty() {
        out.extend_from_slice(br#","metadata":"#);
        // Writing JSON to memory does not fail.
        let _ = serde_json::to_writer(&mut *out, metadata);
    }
    out.extend_from_slice(br#","eventStreams":[{"type":"sse","endpoint":{"requestUri":"#);
    match key {
        None => text(out, EVENTS),
        Some(StreamKey(key)) => {
            let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
            text(out, &format!("{EVENTS}?key={key}"));
        }
    }
    out.extend_from_slice(br#"},"inactivityDelaySec":120}]"#);
}

/// Writes a JSON string.
fn text(out: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Writing JSON to memory does not fail.
        let _ = serde_json::to_writer(&mut *out, text);
    }
}
