//! A handler that panics or takes too long ends its own request and no other.

use std::{any::Any, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use kernel::{Refusal, codes};

use crate::problem::Problem;

/// What a panic is answered with. What it said is for the log alone, which has the request's id from its span.
#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(exception.message = message, "a handler panicked");
    Problem(Refusal::new(&codes::INTERNAL, "Something happened that should be impossible.")).into_response()
}

pub(crate) async fn time_out(State(longest): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(longest, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = format!("No answer within {} s.", longest.as_secs());
            Problem(Refusal::new(&codes::TIMEOUT, detail)).into_response()
        }
    }
}
