//! The event stream in the way of Connect's streaming calls, for providers in browsers: each message of JSON follows a
//! byte of flags and its length (<https://connectrpc.com/docs/protocol#streaming-rpcs>).

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use serde_json::{Map, Value, json};
use tonic::Status;

use super::{
    events::{self, Event},
    json::error,
    values,
};
use crate::{Scope, Serving};

/// What the body is.
pub(super) const CONTENT_TYPE: &str = "application/connect+json";

/// Answers a call of the method, of which there is one. What the request says does not matter, as it has no fields.
pub(super) fn answer(serving: &Serving, method: &str, request: &Request) -> Response {
    if method != "EventStream" {
        return StatusCode::NOT_FOUND.into_response();
    }
    let scope = request.extensions().get::<Scope>().ok_or_else(|| Status::unauthenticated("the caller is not known"));
    match scope.and_then(|scope| events::open(serving, scope, request.extensions())) {
        Ok(events) => {
            let end = stream::once(async { envelope(END, &json!({})) });
            let messages = events.map(|event| envelope(MESSAGE, &message(&event))).chain(end);
            streamed(Body::from_stream(messages.map(Ok::<_, std::convert::Infallible>)))
        }
        Err(status) => failed(&status),
    }
}

/// Ends a stream that did not begin.
pub(super) fn failed(status: &Status) -> Response {
    streamed(Body::from(envelope(END, &json!({ "error": error(status).1 }))))
}

fn streamed(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    response
}

fn message(event: &Event) -> Value {
    let mut message = Map::from_iter([("type".to_owned(), event.kind().into())]);
    message.extend(event.data().map(|data| ("data".to_owned(), values::object(data))));
    Value::Object(message)
}

const MESSAGE: u8 = 0;
/// The last message tells how the call ended.
const END: u8 = 2;

fn envelope(flags: u8, message: &Value) -> Bytes {
    let message = message.to_string();
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[flags][..], &length.to_be_bytes(), message.as_bytes()].concat().into()
}
