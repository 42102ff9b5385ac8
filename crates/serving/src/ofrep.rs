//! OpenFeature's remote evaluation protocol, 0.3.0.
//!
//! The answers are written straight into bytes, from parts that were made JSON when the flags were compiled.
//!
//! Where the specification and flagd differ, flagd is followed, since it is what clients were tested with: a request
//! may lack its body, its context or its targeting key, and a flag whose rule gives nothing has the reason `DEFAULT`.

pub(crate) mod answer;
mod etag;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use flagd::Context;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::answer::{Refusal, failed, json, refused, unavailable};
use crate::{Scope, Serving, StreamKey, clock, stream};

/// The protocol's routes. A request must carry a [`Scope`] among its extensions.
pub fn router(serving: Serving) -> Router {
    Router::new()
        .route("/ofrep/v1/evaluate/flags/{key}", post(one))
        .route("/ofrep/v1/evaluate/flags", post(all))
        .route("/ofrep/v1/evaluate/flags/", post(all))
        .route(EVENTS, get(stream::events))
        .with_state(serving)
}

/// Where the event stream is.
pub const EVENTS: &str = "/ofrep/v1/events";

/// A longer body is refused.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// Evaluates one flag.
async fn one(State(serving): State<Serving>, key: Result<Path<String>, PathRejection>, request: Request) -> Response {
    let Ok(Path(key)) = key else {
        return Refusal::Body("the key in the address is not UTF-8".to_owned()).response(Some(""));
    };
    let (parts, body) = request.into_parts();
    let scope = match Scope::of(&parts.extensions, &parts.headers) {
        Ok(scope) => scope,
        Err(error) => return refused(&error, Some(&key)),
    };
    let context = match context(&parts, body).await {
        Ok(context) => context,
        Err(refusal) => return refusal.response(Some(&key)),
    };
    let Some(view) = serving.board.view(&scope) else { return unavailable() };
    match view.set.evaluate(&key, &context) {
        Ok(resolution) => {
            serving.count(&scope.environment, [(&*key, resolution.variant)], &context);
            let mut out = Vec::with_capacity(256);
            answer::success(&mut out, &key, &resolution);
            json(StatusCode::OK, out)
        }
        Err(failure) => {
            if view.set.get(&key).is_some() {
                serving.count(&scope.environment, [(&*key, None)], &context);
            }
            failed(&failure, Some(&key))
        }
    }
}

/// Evaluates all flags.
async fn all(State(serving): State<Serving>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let scope = match Scope::of(&parts.extensions, &parts.headers) {
        Ok(scope) => scope,
        Err(error) => return refused(&error, None),
    };
    let context = match context(&parts, body).await {
        Ok(context) => context,
        Err(refusal) => return refusal.response(None),
    };
    let Some(view) = serving.board.view(&scope) else { return unavailable() };
    // The content and the context say what the answers are, unless the time has a say, too.
    let known = (!view.depends_on_time).then(|| etag::of_question(&view.set, &scope, &context));
    if let Some(etag) = known
        && etag::matches(&parts.headers, etag)
    {
        return unchanged(etag);
    }
    let mut variants = Vec::new();
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(br#"{"flags":["#);
    for flag in view.set.flags() {
        if !variants.is_empty() {
            out.push(b',');
        }
        let key = flag.key();
        let resolution = view.evaluate(flag, &context);
        variants.push((key, resolution.as_ref().map_or(None, |resolution| resolution.variant)));
        match resolution {
            Ok(resolution) => answer::success(&mut out, key, &resolution),
            Err(failure) => answer::failure(&mut out, Some(key), &failure),
        }
    }
    out.push(b']');
    answer::about_set(&mut out, view.set.metadata(), parts.extensions.get::<StreamKey>());
    out.push(b'}');
    let etag = known.unwrap_or_else(|| etag::of_answer(&out));
    if known.is_none() && etag::matches(&parts.headers, etag) {
        return unchanged(etag);
    }
    serving.count(&scope.environment, variants, &context);
    let mut response = json(StatusCode::OK, out);
    response.headers_mut().insert(header::ETAG, etag::header(etag));
    response
}

fn unchanged(etag: u64) -> Response {
    (StatusCode::NOT_MODIFIED, [(header::ETAG, etag::header(etag))]).into_response()
}

/// What a request says.
#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
}

async fn context(parts: &Parts, body: Body) -> Result<Context, Refusal> {
    let body = read(&parts.headers, body).await?;
    let now = clock::now();
    let written = body.trim_ascii();
    if written.is_empty() {
        return Context::parse(b"", now).map_err(Refusal::Context);
    }
    if written.first() != Some(&b'{') {
        return Err(Refusal::Body("the body is not a JSON object".to_owned()));
    }
    let asked: Asked<'_> =
        serde_json::from_slice(written).map_err(|error| Refusal::Body(format!("the body is not JSON: {error}")))?;
    let context = asked.context.map_or("", RawValue::get);
    Context::parse(context.as_bytes(), now).map_err(Refusal::Context)
}

/// Reads the body up to the limit, without copying one that came in one piece.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(Refusal::TooLarge);
    }
    let broken = |error| Refusal::Body(format!("the body broke off: {error}"));
    let mut pieces = body.into_data_stream();
    let Some(first) = pieces.next().await.transpose().map_err(broken)? else { return Ok(Bytes::new()) };
    let mut more = Vec::new();
    while let Some(piece) = pieces.next().await.transpose().map_err(broken)? {
        if more.is_empty() {
            more.extend_from_slice(&first);
        }
        more.extend_from_slice(&piece);
        if more.len() > BODY_BYTES_MAX {
            return Err(Refusal::TooLarge);
        }
    }
    let whole = if more.is_empty() { first } else { more.into() };
    if whole.len() > BODY_BYTES_MAX { Err(Refusal::TooLarge) } else { Ok(whole) }
}
